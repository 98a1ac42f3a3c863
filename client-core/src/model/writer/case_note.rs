//! What the commands of a case note put where.

use super::{Failure, Writer, Written};
use crate::model::{Refusal, RefusalCode, case_note};

impl Writer<'_> {
    pub(super) fn case_note(&mut self, _: &case_note::Command) -> Written {
        Err(Failure::Refused(Refusal::new(RefusalCode::KindUnsupported)))
    }
}
