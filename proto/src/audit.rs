//! Reads of health checks: a device that showed somebody else's check says so, when it has
//! coverage. `POST /v1/audit/reads`.
//!
//! A read is a fact about who looked, and holds nothing of what the check says. It is uploaded
//! until the relay names it in its answer, and entered once, however often it comes.

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

use crate::id::{DocumentId, EntryId};
use crate::timestamp::Timestamp;
use crate::version::ProtocolVersion;

/// What was shown of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Screen {
    /// All of it: one check, opened.
    Opened,
    /// A line of it: among others, in a list or a history.
    Listed,
    /// It was taken along in a file.
    Exported,
    /// Something that a newer version shows.
    Other(u8),
}

impl Screen {
    /// Its number on the wire.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Opened => 1,
            Self::Listed => 2,
            Self::Exported => 3,
            Self::Other(code) => code,
        }
    }

    /// The screen of a number.
    #[must_use]
    pub const fn from_code(code: u8) -> Self {
        match code {
            1 => Self::Opened,
            2 => Self::Listed,
            3 => Self::Exported,
            other => Self::Other(other),
        }
    }

    /// Its name, as the audit log says it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Listed => "listed",
            Self::Exported => "exported",
            Self::Other(_) => "other",
        }
    }
}

impl<C> Encode<C> for Screen {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.u8(self.code())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Screen {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        Ok(Self::from_code(d.u8()?))
    }
}

/// Somebody looked at a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CheckRead {
    /// The device's id of this read.
    #[n(0)]
    pub entry: EntryId,
    /// The check.
    #[n(1)]
    pub document: DocumentId,
    /// When, by the device's clock: the first time within its hour.
    #[n(2)]
    pub at: Timestamp,
    /// What was shown of it.
    #[n(3)]
    pub screen: Screen,
}

/// `POST /v1/audit/reads`: at most [`crate::limits::AUDIT_READS_MAX`] reads.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CheckReads {
    /// The protocol version it is written in.
    #[n(0)]
    pub version: ProtocolVersion,
    /// The reads, oldest first.
    #[n(1)]
    pub reads: Vec<CheckRead>,
}

/// The answer: which of them are in the relay's audit log, from now on or since before. The others
/// are to be sent again later.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ReadsEntered {
    /// Their ids.
    #[n(0)]
    pub entries: Vec<EntryId>,
}
