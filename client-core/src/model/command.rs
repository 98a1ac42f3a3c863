//! The edits that people make, by name. One command is one change.

use yizhan_proto::Kind;

use super::{check, consent, station, visit};

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
        }
    }
}
