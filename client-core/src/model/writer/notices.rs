//! What the commands of `notice` put where.

use super::{Failure, Writer, Written};
use crate::model::{Refusal, RefusalCode, notice};

impl Writer<'_> {
    pub(super) fn notice(&mut self, _: &notice::Command) -> Written {
        Err(Failure::Refused(Refusal::new(RefusalCode::KindUnsupported)))
    }
}
