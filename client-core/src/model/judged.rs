//! Who decides about a change that the gate does not let in: nobody (it is refused, and its author
//! corrects it), or a person at the relay (it waits there with its reason).
//!
//! One table, for all codes. What is wrong in itself (bytes, counters, ranges, types) is refused: no
//! person can make it right by looking at it. What was right where and when it was written, and
//! is not only because something else happened meanwhile that its author could not know of, waits.

use super::RefusalCode;

/// Who decides about a change that was stopped with some code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judge {
    /// It is refused; its author corrects it or lets it be.
    Nobody,
    /// It waits for a person.
    Person,
    /// It waits for a person if its author once had the right to write it, and is refused else.
    PersonIfOnceAllowed,
}

impl Judge {
    /// Who decides about a change that was stopped with this code.
    #[must_use]
    pub const fn of(code: RefusalCode) -> Self {
        match code {
            // The right ended, or the consent was withdrawn, where the author could not hear of it;
            // or the change builds on one of which that is so.
            RefusalCode::RightEnded
            | RefusalCode::ConsentWithdrawn
            | RefusalCode::DependencyHeld => Self::Person,
            RefusalCode::AuthorUnrelated | RefusalCode::FieldForbidden => Self::PersonIfOnceAllowed,
            // The bytes are not a change, or not one that fits its document.
            RefusalCode::ChangeTooLarge
            | RefusalCode::ChangeMalformed
            | RefusalCode::ChangeChecksum
            | RefusalCode::ChangeTooManyOps
            | RefusalCode::ChangeTooManyRefs
            | RefusalCode::OpUnsupported
            | RefusalCode::ActorForeign
            | RefusalCode::ActorMalformed
            | RefusalCode::SequenceReused
            | RefusalCode::SequenceGap
            | RefusalCode::StartOpLow
            | RefusalCode::StartOpHigh
            | RefusalCode::DocumentFull
            | RefusalCode::DocumentTooWide
            | RefusalCode::DocumentExists
            | RefusalCode::GenesisMissing
            | RefusalCode::IdentityMismatch
            | RefusalCode::KindUnsupported
            | RefusalCode::PathUnknown => Self::Nobody,
            // What was erased at somebody's wish stays so.
            RefusalCode::DocumentErased => Self::Nobody,
            // What it says cannot be, whoever says it.
            RefusalCode::FieldImmutable
            | RefusalCode::FieldMissing
            | RefusalCode::ValueType
            | RefusalCode::ValueRange
            | RefusalCode::ValueTooLong
            | RefusalCode::ValueUnlisted
            | RefusalCode::ValueContradiction
            | RefusalCode::ValueNotSelf
            | RefusalCode::ReferenceUnknown
            | RefusalCode::ReferenceMismatch
            | RefusalCode::ConsentMissing
            | RefusalCode::TicketConflicted
            | RefusalCode::AttachmentEmpty
            | RefusalCode::AttachmentTooLarge
            | RefusalCode::AttachmentType
            | RefusalCode::AttachmentsFull
            | RefusalCode::NothingChanged => Self::Nobody,
            // Seats that may have been given away; asking again later is the way.
            RefusalCode::LeaseSpent | RefusalCode::SeatsLeased => Self::Nobody,
            // A person has decided already.
            RefusalCode::QuarantineRejected => Self::Nobody,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_decides_about_what_changed_meanwhile_and_nothing_else() {
        let for_a_person: Vec<&str> = RefusalCode::ALL
            .iter()
            .filter(|code| Judge::of(**code) != Judge::Nobody)
            .map(|code| code.as_str())
            .collect();
        assert_eq!(
            for_a_person,
            [
                "dependency.held",
                "field.forbidden",
                "author.unrelated",
                "consent.withdrawn",
                "right.ended"
            ]
        );
    }
}
