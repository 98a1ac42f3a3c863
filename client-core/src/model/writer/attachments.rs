//! What an attachment puts where.

use super::{Writer, Written, ms};
use crate::model::attachment::{CONTAINER, NewAttachment};

impl Writer<'_> {
    pub(super) fn attach(&mut self, new: &NewAttachment) -> Written {
        // Beyond what any rule allows, so that the gate says what is wrong.
        let whole = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX).into();
        let mut values = vec![
            ("sha256", new.sha256.to_string().into()),
            ("bytes", whole(new.bytes)),
            ("media_type", new.media_type.as_str().into()),
            ("name", new.name.as_str().into()),
        ];
        if let Some((sha256, bytes)) = &new.thumb {
            values.push(("thumb_sha256", sha256.to_string().into()));
            values.push(("thumb_bytes", whole(*bytes)));
        }
        values.push(("by", new.by.to_string().into()));
        values.push(("at", ms(new.at)));
        self.entry(CONTAINER, new.entry, values)
    }
}
