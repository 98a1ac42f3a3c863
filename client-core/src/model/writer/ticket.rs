//! What the commands of a ticket put where.

use super::{Failure, Writer, Written};
use crate::model::{Refusal, RefusalCode, ticket};

impl Writer<'_> {
    pub(super) fn ticket(&mut self, _: &ticket::Command) -> Written {
        Err(Failure::Refused(Refusal::new(RefusalCode::KindUnsupported)))
    }
}
