//! One entry of the audit log, and its bytes: who, on which device, did what, to what, with what
//! result. Ids and codes only: there is no field that could hold a name or a reading.

use std::fmt;
use std::str::FromStr;

use minicbor::{Decode, Encode};
use yizhan_proto::{
    DeskKey, DeviceId, DocumentId, EntryId, PersonId, RegionKey, Role, StationId, Timestamp,
};

use super::Action;

/// Characters of a [`Detail`].
const DETAIL_CHARS_MAX: usize = 80;

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Whoever holds the operator's key.
    Operator,
    /// The relay itself.
    Relay,
    /// A person on a device.
    Device(PersonId, DeviceId),
}

/// What it was done to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A document.
    Document(DocumentId),
    /// A person.
    Person(PersonId),
    /// A device.
    Device(DeviceId),
    /// A station.
    Station(StationId),
    /// A desk.
    Desk(DeskKey),
    /// A region.
    Region(RegionKey),
    /// Something that a newer version knows.
    Other(String),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Document(id) => write!(f, "document:{id}"),
            Self::Person(id) => write!(f, "person:{id}"),
            Self::Device(id) => write!(f, "device:{id}"),
            Self::Station(id) => write!(f, "station:{id}"),
            Self::Desk(key) => write!(f, "desk:{key}"),
            Self::Region(key) => write!(f, "region:{key}"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

impl Subject {
    /// Reads what [`fmt::Display`] writes.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        fn of<T: FromStr>(id: &str, make: impl FnOnce(T) -> Subject) -> Option<Subject> {
            id.parse().ok().map(make)
        }
        let known = text.split_once(':').and_then(|(sort, id)| match sort {
            "document" => of(id, Self::Document),
            "person" => of(id, Self::Person),
            "device" => of(id, Self::Device),
            "station" => of(id, Self::Station),
            "desk" => of(id, Self::Desk),
            "region" => of(id, Self::Region),
            _ => None,
        });
        // One spelling only: what does not read back as it was written is kept as it is.
        known
            .filter(|known| known.to_string() == text)
            .unwrap_or_else(|| Self::Other(text.to_owned()))
    }
}

/// A code, a role, an id: a word of a small alphabet, so that it can hold no sentence and no name
/// in Chinese.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail(String);

impl Detail {
    /// What is written where something else than a word was given.
    const NONE: &'static str = "other";

    /// A word of at most 80 of `a–z 0–9 . _ @ : / -`; anything else becomes `other`.
    #[must_use]
    pub fn word(text: &str) -> Self {
        let plain = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._@:/-".contains(&byte)
        };
        let fits = !text.is_empty() && text.len() <= DETAIL_CHARS_MAX && text.bytes().all(plain);
        Self(if fits { text } else { Self::NONE }.to_owned())
    }

    /// A role.
    #[must_use]
    pub fn role(role: &Role) -> Self {
        Self::word(&role.to_string())
    }

    /// The word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It was done.
    Done,
    /// It was not; why.
    Refused(Detail),
}

/// What an entry says, but for its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When, by the relay's clock.
    pub at: Timestamp,
    /// Who did it.
    pub by: By,
    /// What was done.
    pub action: Action,
    /// What to.
    pub subject: Option<Subject>,
    /// Whom the subject is about, where that is somebody: the driver of a check.
    pub about: Option<PersonId>,
    /// Which role, which code.
    pub detail: Option<Detail>,
    /// When it was done by the device's own clock, if it was done offline.
    pub read_at: Option<Timestamp>,
    /// The device's own id of it, by which a repeated upload is known.
    pub entry: Option<EntryId>,
    /// What came of it.
    pub verdict: Verdict,
}

impl Event {
    /// Something that was done, and nothing more to say about it.
    #[must_use]
    pub const fn new(at: Timestamp, by: By, action: Action) -> Self {
        Self {
            at,
            by,
            action,
            subject: None,
            about: None,
            detail: None,
            read_at: None,
            entry: None,
            verdict: Verdict::Done,
        }
    }

    /// To this.
    #[must_use]
    pub fn to(mut self, subject: Subject) -> Self {
        self.subject = Some(subject);
        self
    }

    /// About this person.
    #[must_use]
    pub const fn about(mut self, person: PersonId) -> Self {
        self.about = Some(person);
        self
    }

    /// With this detail.
    #[must_use]
    pub fn detail(mut self, detail: Detail) -> Self {
        self.detail = Some(detail);
        self
    }

    /// Not done, for this reason.
    #[must_use]
    pub fn refused(mut self, why: Detail) -> Self {
        self.verdict = Verdict::Refused(why);
        self
    }
}

/// The bytes of an entry: a CBOR map with the keys below, rising, absent ones left out.
#[derive(Debug, Encode, Decode)]
#[cbor(map)]
struct Bytes {
    #[n(0)]
    n: u64,
    #[n(1)]
    at: Timestamp,
    #[n(2)]
    by: u8,
    #[n(3)]
    person: Option<PersonId>,
    #[n(4)]
    device: Option<DeviceId>,
    #[n(5)]
    action: String,
    #[n(6)]
    subject: Option<String>,
    #[n(7)]
    about: Option<PersonId>,
    #[n(8)]
    detail: Option<String>,
    #[n(9)]
    read_at: Option<Timestamp>,
    #[n(10)]
    entry: Option<EntryId>,
    #[n(11)]
    refused: Option<String>,
}

/// Bytes are no entry.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// Not CBOR, or not of this shape.
    #[error("its bytes are no entry: {0}")]
    Malformed(#[from] minicbor::decode::Error),
    /// More follows.
    #[error("its bytes go on after the entry")]
    Trailing,
    /// It names no one who did it.
    #[error("it does not say who did it")]
    Nobody,
    /// It is not spelled the one way that entries are spelled.
    #[error("its bytes are not spelled as entries are")]
    NotCanonical,
}

/// The bytes of entry `n`: the same for the same entry, always.
#[must_use]
pub fn encode(n: u64, event: &Event) -> Vec<u8> {
    let (by, person, device) = match event.by {
        By::Operator => (0, None, None),
        By::Relay => (1, None, None),
        By::Device(person, device) => (2, Some(person), Some(device)),
    };
    let refused = match &event.verdict {
        Verdict::Done => None,
        Verdict::Refused(why) => Some(why.0.clone()),
    };
    yizhan_proto::codec::encode(&Bytes {
        n,
        at: event.at,
        by,
        person,
        device,
        action: event.action.as_str().to_owned(),
        subject: event.subject.as_ref().map(ToString::to_string),
        about: event.about,
        detail: event.detail.as_ref().map(|detail| detail.0.clone()),
        read_at: event.read_at,
        entry: event.entry,
        refused,
    })
}

/// Reads an entry: its number, and what it says.
///
/// # Errors
/// [`EventError`] if the bytes are not exactly one entry, spelled as [`encode`] does.
pub fn decode(bytes: &[u8]) -> Result<(u64, Event), EventError> {
    let mut decoder = minicbor::Decoder::new(bytes);
    let read: Bytes = decoder.decode()?;
    if decoder.position() != bytes.len() {
        return Err(EventError::Trailing);
    }
    let by = match (read.by, read.person, read.device) {
        (0, None, None) => By::Operator,
        (1, None, None) => By::Relay,
        (2, Some(person), Some(device)) => By::Device(person, device),
        _ => return Err(EventError::Nobody),
    };
    let event = Event {
        at: read.at,
        by,
        action: Action::from_text(&read.action),
        subject: read.subject.as_deref().map(Subject::from_text),
        about: read.about,
        detail: read.detail.map(Detail),
        read_at: read.read_at,
        entry: read.entry,
        verdict: match read.refused {
            None => Verdict::Done,
            Some(why) => Verdict::Refused(Detail(why)),
        },
    };
    if encode(read.n, &event) != bytes {
        return Err(EventError::NotCanonical);
    }
    Ok((read.n, event))
}
