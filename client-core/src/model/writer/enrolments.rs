//! What the commands of `enrolment` put where.

use super::{Failure, Writer, Written};
use crate::model::{Refusal, RefusalCode, enrolment};

impl Writer<'_> {
    pub(super) fn enrolment(&mut self, _: &enrolment::Command) -> Written {
        Err(Failure::Refused(Refusal::new(RefusalCode::KindUnsupported)))
    }
}
