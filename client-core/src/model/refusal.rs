//! Why a change is not accepted: a stable code, the path, and the bound.

use yizhan_proto::limits::LABEL_BYTES_MAX;
use yizhan_proto::sync::Reason;

macro_rules! refusal_codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal: $sentence:literal,)*) => {
        /// The stable code of a refusal or a quarantine.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum RefusalCode {
            $($(#[$doc])* $name,)*
        }

        impl RefusalCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The code as text, as it travels and as an app translates it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What was wrong and what to do, in a sentence of English.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }

            /// The code of a text, if it is one of ours.
            #[must_use]
            pub fn from_text(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.as_str() == text)
            }
        }
    };
}

refusal_codes! {
    /// The bytes are larger than one change may be.
    ChangeTooLarge = "change.too_large": "The change is too large; split it into smaller entries.",
    /// The bytes are not one uncompressed change chunk.
    ChangeMalformed = "change.malformed": "The change could not be read.",
    /// The checksum does not fit the bytes.
    ChangeChecksum = "change.checksum": "The change was damaged on its way; send it again.",
    /// More operations than one change may have.
    ChangeTooManyOps = "change.too_many_ops": "The change holds too many operations; split it.",
    /// More dependencies or other actors than one change may name.
    ChangeTooManyRefs = "change.too_many_refs": "The change refers to too many others.",
    /// An operation of a sort that no document here uses (lists, text, counters, marks, deletion).
    OpUnsupported = "op.unsupported": "This sort of edit is not used here.",
    /// The actor is not one of the author's device.
    ActorForeign = "actor.foreign": "The change was written in another device's name.",
    /// The actor is not a device and an incarnation.
    ActorMalformed = "actor.malformed": "The change's author is not a device.",
    /// The actor's sequence number was used before, for another change.
    SequenceReused = "sequence.reused": "This device wrote another change under the same number; it goes on under a new incarnation.",
    /// The actor's sequence number skips one.
    SequenceGap = "sequence.gap": "A change before this one is missing.",
    /// The first operation's counter is not beyond those it builds on.
    StartOpLow = "op.start_low": "The change does not stand beyond what it builds on.",
    /// The first operation's counter is further on than its dependencies account for.
    StartOpHigh = "op.start_high": "The change's counters skip ahead.",
    /// A dependency is waiting in quarantine, or was refused.
    DependencyHeld = "dependency.held": "It builds on a change that is waiting for a decision.",
    /// The document is full.
    DocumentFull = "document.full": "The document is full.",
    /// Too many devices wrote in the document, or too many edits stand side by side.
    DocumentTooWide = "document.too_wide": "Too many devices wrote here at once.",
    /// The document exists, and this change would create it again.
    DocumentExists = "document.exists": "The document exists already.",
    /// The change does not build on its kind's constant first change.
    GenesisMissing = "document.genesis": "The change does not build on the known beginning of such a document.",
    /// The document's own id, kind or schema field does not fit.
    IdentityMismatch = "document.identity": "The change belongs to another document.",
    /// The kind is not one this version accepts.
    KindUnsupported = "kind.unsupported": "This version does not know such documents.",
    /// The document was erased.
    DocumentErased = "document.erased": "The document was erased.",
    /// An object that is neither the root, nor a known container, nor made in this change.
    PathUnknown = "path.unknown": "There is no such place in a document of this kind.",
    /// The author may not write this field.
    FieldForbidden = "field.forbidden": "Your role does not include this entry.",
    /// The author has no relation to this document at all.
    AuthorUnrelated = "author.unrelated": "You have no part in this document.",
    /// A field that is set once was set again.
    FieldImmutable = "field.immutable": "This entry is a fact and is not changed; add a new one.",
    /// A field that must be there is not.
    FieldMissing = "field.missing": "Something that is needed is missing.",
    /// The value has the wrong type.
    ValueType = "value.type": "The value is of the wrong sort.",
    /// The value is outside what is possible.
    ValueRange = "value.range": "The value is outside what is possible.",
    /// The text is too long.
    ValueTooLong = "value.too_long": "The text is too long.",
    /// The value is not one of those listed.
    ValueUnlisted = "value.unlisted": "The value is not one of those listed.",
    /// Two values contradict each other.
    ValueContradiction = "value.contradiction": "Two values contradict each other.",
    /// The entry names another person than its author.
    ValueNotSelf = "value.not_self": "An entry is signed by the person who makes it.",
    /// A document it refers to is not known.
    ReferenceUnknown = "reference.unknown": "It refers to something that is not known here.",
    /// A document it refers to is of another kind, driver or station.
    ReferenceMismatch = "reference.mismatch": "It refers to something that does not fit.",
    /// There is no consent in force.
    ConsentMissing = "consent.missing": "The driver's consent is needed first.",
    /// The consent had been withdrawn.
    ConsentWithdrawn = "consent.withdrawn": "The driver had withdrawn the consent.",
    /// It is a step of, or for, the person complained about.
    TicketConflicted = "ticket.conflicted": "The person complained about has no part in handling the ticket.",
    /// No lease of this device has a seat left.
    LeaseSpent = "lease.spent": "No lease of this device has a seat left; ask for one and sync.",
    /// The file has no bytes.
    AttachmentEmpty = "attachment.empty": "The file is empty.",
    /// The file is larger than an attachment may be.
    AttachmentTooLarge = "attachment.too_large": "The file is too large; take the photo in a smaller size, or split the paper.",
    /// The file is not of a type that attachments may have, whatever it is called.
    AttachmentType = "attachment.type": "Only photos (JPEG, PNG, WebP) and PDF can be attached.",
    /// The document names as many attachments as it may.
    AttachmentsFull = "attachment.too_many": "The document has as many attachments as it may.",
    /// The edit changes nothing.
    NothingChanged = "edit.unchanged": "The edit changes nothing; there is nothing to keep.",
    /// Leases hold more seats than there would be.
    SeatsLeased = "seats.leased": "Devices hold more seats than that to give away offline; have them return their leases first, or choose a larger number.",
    /// The device had been revoked, and handed this over before it was erased.
    DeviceRevoked = "device.revoked": "The device had been revoked; a coordinator decides about what it had not sent.",
    /// A person looked at the change, which waited, and did not accept it.
    QuarantineRejected = "quarantine.rejected": "Somebody looked at this entry, which was waiting, and did not accept it; the reason is beside it.",
    /// The author's right had ended.
    RightEnded = "right.ended": "Your right to write here had ended; a coordinator decides about this entry.",
}

/// A change is not accepted as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} ({}{}{})", .code.sentence(), .code.as_str(), prefixed(" at ", .path), prefixed(", allowed: ", .bound))]
pub struct Refusal {
    /// The stable code.
    pub code: RefusalCode,
    /// The field, as a path in the document.
    pub path: Option<String>,
    /// The bound that was broken, for people.
    pub bound: Option<String>,
}

fn prefixed(prefix: &str, text: &Option<String>) -> String {
    text.as_ref()
        .map_or_else(String::new, |text| format!("{prefix}{text}"))
}

impl Refusal {
    /// A refusal of the whole change.
    #[must_use]
    pub const fn new(code: RefusalCode) -> Self {
        Self {
            code,
            path: None,
            bound: None,
        }
    }

    /// With the field it is about: on one line, and cut after [`LABEL_BYTES_MAX`] bytes. Every path
    /// that there is, is shorter; one that a change made up is as long as the change.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = Some(on_one_line(&path.into()));
        self
    }

    /// With the bound that was broken.
    #[must_use]
    pub fn bound(mut self, bound: impl Into<String>) -> Self {
        self.bound = Some(bound.into());
        self
    }
}

fn on_one_line(path: &str) -> String {
    let mut line = String::new();
    for character in path.chars() {
        let character = match character {
            control if control.is_control() => char::REPLACEMENT_CHARACTER,
            other => other,
        };
        if line.len() + character.len_utf8() > LABEL_BYTES_MAX {
            break;
        }
        line.push(character);
    }
    line
}

impl From<&Refusal> for Reason {
    fn from(refusal: &Refusal) -> Self {
        Self {
            code: refusal.code.as_str().to_owned(),
            path: refusal.path.clone(),
            bound: refusal.bound.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_somebody_made_up_is_told_in_a_few_words() {
        let told = |path: &str| {
            Refusal::new(RefusalCode::PathUnknown)
                .at(path)
                .path
                .unwrap()
        };
        assert_eq!(told("services/一/at"), "services/一/at");
        assert_eq!(told("a\u{1b}[2J\nb"), "a\u{fffd}[2J\u{fffd}b");
        assert_eq!(told(&"长".repeat(5_500)), "长".repeat(LABEL_BYTES_MAX / 3));
    }
}
