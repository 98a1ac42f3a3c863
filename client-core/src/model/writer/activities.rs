//! What the commands of `activity` put where.

use super::{Failure, Writer, Written};
use crate::model::{Refusal, RefusalCode, activity};

impl Writer<'_> {
    pub(super) fn activity(&mut self, _: &activity::Command) -> Written {
        Err(Failure::Refused(Refusal::new(RefusalCode::KindUnsupported)))
    }
}
