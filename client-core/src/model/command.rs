//! The edits that people make, by name. One command is one change.

use yizhan_proto::{Kind, StationId};

use super::attachment::NewAttachment;
use super::{activity, case_note, check, consent, enrolment, notice, station, ticket, visit};

/// An edit of a document of one kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Of a `station`.
    Station(station::Command),
    /// Of a `visit`.
    Visit(visit::Command),
    /// Of a `check`.
    Check(check::Command),
    /// Of a `consent`.
    Consent(consent::Command),
    /// Of an `activity`.
    Activity(activity::Command),
    /// Of an `enrolment`.
    Enrolment(enrolment::Command),
    /// Of a `notice`.
    Notice(notice::Command),
    /// Of a `ticket`.
    Ticket(ticket::Command),
    /// Of a `case_note`.
    CaseNote(case_note::Command),
    /// Puts a photo or a paper to a document of a kind that has attachments.
    Attach {
        /// The document's kind.
        kind: Kind,
        /// What the document says of it.
        attachment: NewAttachment,
    },
}

impl Command {
    /// The kind of document it is for.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Station(_) => Kind::Station,
            Self::Visit(_) => Kind::Visit,
            Self::Check(_) => Kind::Check,
            Self::Consent(_) => Kind::Consent,
            Self::Activity(_) => Kind::Activity,
            Self::Enrolment(_) => Kind::Enrolment,
            Self::Notice(_) => Kind::Notice,
            Self::Ticket(_) => Kind::Ticket,
            Self::CaseNote(_) => Kind::CaseNote,
            Self::Attach { kind, .. } => *kind,
        }
    }

    /// Whether it makes the document.
    #[must_use]
    pub const fn creates(&self) -> bool {
        match self {
            Self::Station(command) => matches!(command, station::Command::Create(_)),
            Self::Visit(command) => matches!(
                command,
                visit::Command::CheckIn { .. } | visit::Command::CheckInByCode { .. }
            ),
            Self::Check(check::Command::Create(_)) => true,
            Self::Consent(command) => matches!(command, consent::Command::Give { .. }),
            Self::Activity(command) => matches!(command, activity::Command::Create(_)),
            Self::Enrolment(command) => matches!(command, enrolment::Command::Create(_)),
            Self::Notice(command) => matches!(command, notice::Command::Publish(_)),
            Self::Ticket(command) => matches!(command, ticket::Command::Raise(_)),
            Self::CaseNote(case_note::Command::Create(_)) => true,
            Self::Attach { .. } => false,
        }
    }

    /// The station that a new document names, if it names one.
    #[must_use]
    pub fn station(&self) -> Option<StationId> {
        match self {
            Self::Visit(
                visit::Command::CheckIn { station, .. }
                | visit::Command::CheckInByCode { station, .. },
            )
            | Self::Consent(consent::Command::Give { station, .. }) => Some(*station),
            Self::Check(check::Command::Create(new)) => Some(new.station),
            Self::Activity(activity::Command::Create(new)) => Some(new.station),
            Self::Enrolment(enrolment::Command::Create(new)) => Some(new.station),
            Self::Notice(notice::Command::Publish(new)) => new.station,
            Self::Ticket(ticket::Command::Raise(new)) => new.station,
            Self::Visit(_)
            | Self::Consent(_)
            | Self::Station(_)
            | Self::Activity(_)
            | Self::Enrolment(_)
            | Self::Notice(_)
            | Self::Ticket(_)
            | Self::CaseNote(_)
            | Self::Attach { .. } => None,
        }
    }
}
