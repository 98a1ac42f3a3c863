//! The chain: each entry's hash is made of the hash before it and of its own bytes, so that
//! nothing can be changed, removed, added or moved without every later hash being another.
//!
//! `hash(0) = SHA-256("yizhan audit 1 begin" || 0 || device || epoch)`, of the relay that began the
//! log, as its first entry says; `hash(n) = SHA-256("yizhan audit 1 entry" || 0 || hash(n-1) ||
//! bytes(n))`. What the chain alone cannot show is that its end was cut off: for that a hash
//! is written down elsewhere, and looked for later ([`Verifier`]'s anchor).

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};
use yizhan_proto::{DeviceId, Epoch};

use super::action::Action;
use super::event::{Event, Subject, decode};

const BEGIN: &[u8] = b"yizhan audit 1 begin\0";
const ENTRY: &[u8] = b"yizhan audit 1 entry\0";

/// The hash of an entry and, through it, of all before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChainHash([u8; 32]);

impl ChainHash {
    /// From its 32 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChainHash({self})")
    }
}

/// A text is no hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a hash has 64 of 0-9, a-f; copy the whole of it")]
pub struct HashError;

impl FromStr for ChainHash {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        // A hash has the same form everywhere; proto reads it.
        text.trim()
            .parse::<yizhan_proto::ContentHash>()
            .map(|hash| Self(*hash.as_bytes()))
            .map_err(|_| HashError)
    }
}

/// What the first entry follows on.
#[must_use]
pub fn begin(device: DeviceId, epoch: Epoch) -> ChainHash {
    let mut hash = Sha256::new();
    hash.update(BEGIN);
    hash.update(device.as_bytes());
    hash.update(epoch.as_bytes());
    ChainHash(hash.finalize().into())
}

/// The same, of a device and an epoch as the first entry spells it; `None` if it is no epoch.
#[must_use]
pub fn begin_of(device: DeviceId, epoch: &str) -> Option<ChainHash> {
    epoch_of(epoch).map(|epoch| begin(device, epoch))
}

/// The hash of an entry of these bytes.
#[must_use]
pub fn follow(before: &ChainHash, bytes: &[u8]) -> ChainHash {
    let mut hash = Sha256::new();
    hash.update(ENTRY);
    hash.update(before.0);
    hash.update(bytes);
    ChainHash(hash.finalize().into())
}

/// The log is not what was written. Each names the first entry at which that shows.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// Its bytes are no entry.
    #[error("entry {n} cannot be read: {source}")]
    Unreadable {
        /// Which.
        n: u64,
        /// Why.
        #[source]
        source: super::EventError,
    },
    /// Another entry stands in its place.
    #[error(
        "entry {n} is missing: entry {found} stands in its place; entries were removed, added or moved"
    )]
    Missing {
        /// Which.
        n: u64,
        /// What was found.
        found: u64,
    },
    /// Its hash does not follow.
    #[error(
        "entry {n} is not what was written: its hash does not follow from it and the hash before it"
    )]
    Hash {
        /// Which.
        n: u64,
    },
    /// What is shown beside the bytes is not what they say.
    #[error("entry {n} shows something else than its bytes say")]
    Shown {
        /// Which.
        n: u64,
    },
    /// The log does not begin with its beginning.
    #[error("entry 1 is not the beginning of a relay's log")]
    Beginning,
    /// The end is missing.
    #[error("the log ends with entry {found}, and the relay has {entries}")]
    End {
        /// The last one found.
        found: u64,
        /// How many there are.
        entries: u64,
    },
    /// The hash that was written down is not in it.
    #[error(
        "no entry has the hash {anchor}: entries at the end were cut off, or it is another relay's log, or a backup from before was put back"
    )]
    Anchor {
        /// The hash looked for.
        anchor: ChainHash,
    },
}

/// A log that is what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// How many entries.
    pub entries: u64,
    /// The last one's hash: to be written down.
    pub last: Option<ChainHash>,
    /// The entry that has the hash looked for.
    pub anchor: Option<u64>,
}

/// Goes along a log, entry by entry from the first.
#[derive(Debug)]
pub struct Verifier {
    anchor: Option<ChainHash>,
    found: Option<u64>,
    entries: u64,
    last: Option<ChainHash>,
}

impl Verifier {
    /// At the beginning; `anchor` is a hash that must be in the log.
    #[must_use]
    pub const fn new(anchor: Option<ChainHash>) -> Self {
        Self {
            anchor,
            found: None,
            entries: 0,
            last: None,
        }
    }

    /// How many entries were gone along.
    #[must_use]
    pub const fn entries(&self) -> u64 {
        self.entries
    }

    /// The next entry: its bytes, and the hash it is said to have. Returns what it says.
    ///
    /// # Errors
    /// [`Broken`].
    pub fn add(&mut self, bytes: &[u8], hash: &ChainHash) -> Result<Event, Broken> {
        let n = self.entries + 1;
        let (found, event) = decode(bytes).map_err(|source| Broken::Unreadable { n, source })?;
        if found != n {
            return Err(Broken::Missing { n, found });
        }
        let before = match self.last {
            Some(last) => last,
            None => beginning(&event).ok_or(Broken::Beginning)?,
        };
        if follow(&before, bytes) != *hash {
            return Err(Broken::Hash { n });
        }
        if self.anchor == Some(*hash) {
            self.found = Some(n);
        }
        self.last = Some(*hash);
        self.entries = n;
        Ok(event)
    }

    /// That was all.
    ///
    /// # Errors
    /// [`Broken::Anchor`] if the hash looked for was not there.
    pub fn finish(self) -> Result<Verified, Broken> {
        match self.anchor {
            Some(anchor) if self.found.is_none() => Err(Broken::Anchor { anchor }),
            Some(_) | None => Ok(Verified {
                entries: self.entries,
                last: self.last,
                anchor: self.found,
            }),
        }
    }
}

/// What the first entry follows on, if it is one.
fn beginning(event: &Event) -> Option<ChainHash> {
    match (&event.action, &event.subject, &event.detail) {
        (Action::RelayBegan, Some(Subject::Device(device)), Some(epoch)) => {
            begin_of(*device, epoch.as_str())
        }
        _ => None,
    }
}

/// An epoch of its 16 hexadecimal digits.
fn epoch_of(text: &str) -> Option<Epoch> {
    let number = u64::from_str_radix(text, 16).ok()?;
    let epoch = Epoch::from_bytes(number.to_be_bytes());
    (epoch.to_string() == text).then_some(epoch)
}
