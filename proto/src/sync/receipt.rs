//! What became of each pushed change.

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

use crate::id::ChangeHash;
use crate::sequence::Sequence;
use crate::timestamp::Timestamp;

/// What became of one pushed change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The change, by its hash.
    pub change: ChangeHash,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a pushed change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Stored, durably, under this sequence.
    Accepted(Stored),
    /// It was there already, under this sequence.
    Duplicate(Stored),
    /// Not stored, and will not be as it is; the device keeps it and shows the reason.
    Refused(Reason),
    /// Not stored: these changes are missing; send them first, then this one again.
    Needs(Vec<ChangeHash>),
    /// Kept at the relay for a person to decide on.
    Quarantined(Reason),
    /// Not stored this time, for want of room under a quota; nothing is wrong with it. The device
    /// keeps it as unsent, shows the reason, and offers it again later.
    Later(Reason),
    /// An outcome of a newer version: not settled; the device keeps the change as unsent.
    Unknown(u8),
}

/// Why a change is put off: the codes of [`Outcome::Later`].
pub mod quota {
    /// The person has begun as many documents today as one may in a day.
    pub const PERSON_DOCUMENTS: &str = "quota.person_documents";
    /// As much of the person's work waits for a decision as may.
    pub const PERSON_WAITING: &str = "quota.person_waiting";
    /// A scope holds as many documents as one may.
    pub const SCOPE_DOCUMENTS: &str = "quota.scope_documents";
}

/// How an accepted change is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// Its number.
    pub sequence: Sequence,
    /// When the relay received it.
    pub received_at: Timestamp,
    /// The device's clock minus the relay's when it was pushed, milliseconds; 0 within
    /// [`crate::limits::CLOCK_SKEW_TOLERATED_MS`].
    pub skew_ms: i64,
}

/// Why a change was refused, quarantined or put off: a stable code, and where.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, thiserror::Error)]
#[error("{code}{}{}", in_path(path.as_ref()), in_bound(bound.as_ref()))]
#[cbor(map)]
pub struct Reason {
    /// The stable code, as listed in `docs/PROTOCOL.md`; an app translates it.
    #[n(0)]
    pub code: String,
    /// The field it is about: `services/…/quantity`.
    #[n(1)]
    pub path: Option<String>,
    /// The bound or rule that was broken, for people: `0..=10`.
    #[n(2)]
    pub bound: Option<String>,
}

fn in_path(path: Option<&String>) -> String {
    path.map_or_else(String::new, |path| format!(" at {path}"))
}

fn in_bound(bound: Option<&String>) -> String {
    bound.map_or_else(String::new, |bound| format!(" (allowed: {bound})"))
}

/// A receipt as it travels: a flat map, so that an outcome of a newer version can be skipped.
#[derive(Encode, Decode)]
#[cbor(map)]
struct ReceiptWire {
    #[n(0)]
    change: ChangeHash,
    #[n(1)]
    outcome: u8,
    #[n(2)]
    sequence: Option<Sequence>,
    #[n(3)]
    received_at: Option<Timestamp>,
    #[n(4)]
    skew_ms: Option<i64>,
    #[n(5)]
    reason: Option<Reason>,
    #[n(6)]
    #[cbor(default, skip_if = "Vec::is_empty")]
    needs: Vec<ChangeHash>,
}

const ACCEPTED: u8 = 1;
const DUPLICATE: u8 = 2;
const REFUSED: u8 = 3;
const NEEDS: u8 = 4;
const QUARANTINED: u8 = 5;
const LATER: u8 = 6;

impl From<&Receipt> for ReceiptWire {
    fn from(receipt: &Receipt) -> Self {
        let mut wire = Self {
            change: receipt.change,
            outcome: 0,
            sequence: None,
            received_at: None,
            skew_ms: None,
            reason: None,
            needs: Vec::new(),
        };
        match &receipt.outcome {
            Outcome::Accepted(stored) | Outcome::Duplicate(stored) => {
                let accepted = matches!(receipt.outcome, Outcome::Accepted(_));
                wire.outcome = if accepted { ACCEPTED } else { DUPLICATE };
                wire.sequence = Some(stored.sequence);
                wire.received_at = Some(stored.received_at);
                wire.skew_ms = (stored.skew_ms != 0).then_some(stored.skew_ms);
            }
            Outcome::Refused(reason) => {
                wire.outcome = REFUSED;
                wire.reason = Some(reason.clone());
            }
            Outcome::Needs(hashes) => {
                wire.outcome = NEEDS;
                wire.needs.clone_from(hashes);
            }
            Outcome::Quarantined(reason) => {
                wire.outcome = QUARANTINED;
                wire.reason = Some(reason.clone());
            }
            Outcome::Later(reason) => {
                wire.outcome = LATER;
                wire.reason = Some(reason.clone());
            }
            Outcome::Unknown(code) => wire.outcome = *code,
        }
        wire
    }
}

impl TryFrom<ReceiptWire> for Receipt {
    type Error = &'static str;

    fn try_from(wire: ReceiptWire) -> Result<Self, Self::Error> {
        let stored = || -> Result<Stored, Self::Error> {
            Ok(Stored {
                sequence: wire.sequence.ok_or("a stored change has a sequence")?,
                received_at: wire.received_at.ok_or("a stored change has a time")?,
                skew_ms: wire.skew_ms.unwrap_or(0),
            })
        };
        let reason = || wire.reason.clone().ok_or("a refusal has a reason");
        let outcome = match wire.outcome {
            ACCEPTED => Outcome::Accepted(stored()?),
            DUPLICATE => Outcome::Duplicate(stored()?),
            REFUSED => Outcome::Refused(reason()?),
            NEEDS => Outcome::Needs(wire.needs),
            QUARANTINED => Outcome::Quarantined(reason()?),
            LATER => Outcome::Later(reason()?),
            other => Outcome::Unknown(other),
        };
        Ok(Self {
            change: wire.change,
            outcome,
        })
    }
}

impl<C> Encode<C> for Receipt {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        ReceiptWire::from(self).encode(e, ctx)
    }
}

impl<'b, C> Decode<'b, C> for Receipt {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, decode::Error> {
        let at = d.position();
        ReceiptWire::decode(d, ctx)?
            .try_into()
            .map_err(|why| decode::Error::message(why).at(at))
    }
}
