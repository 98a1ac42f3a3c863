//! Identifiers, parsed once at the edge and typed from there on.
//!
//! A UUID is 16 bytes on the wire and the hyphenated form in text. Knowing an id is never a right
//! to read what it names.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A text or a byte string is not the identifier it was taken for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not {expected}: {found}")]
pub struct IdError {
    /// What was wanted, in words.
    pub expected: &'static str,
    /// What was there, shortened.
    pub found: String,
}

impl IdError {
    pub(crate) fn new(expected: &'static str, found: &str) -> Self {
        Self {
            expected,
            found: found.chars().take(64).collect(),
        }
    }
}

macro_rules! byte_id_codec {
    ($name:ident, $len:literal) => {
        impl<C> minicbor::Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self,
                e: &mut minicbor::Encoder<W>,
                _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                e.bytes(&self.0)?.ok()
            }
        }

        impl<'b, C> minicbor::Decode<'b, C> for $name {
            fn decode(
                d: &mut minicbor::Decoder<'b>,
                _: &mut C,
            ) -> Result<Self, minicbor::decode::Error> {
                let at = d.position();
                let bytes = d.bytes()?;
                <[u8; $len]>::try_from(bytes).map(Self).map_err(|_| {
                    minicbor::decode::Error::message(concat!(
                        stringify!($name),
                        " must be ",
                        $len,
                        " bytes"
                    ))
                    .at(at)
                })
            }
        }
    };
}

pub(crate) use byte_id_codec;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $words:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// From its 16 bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// A new UUIDv7 of this time (milliseconds since the Unix epoch) with these ten
            /// random bytes. Time and randomness are the caller's.
            #[must_use]
            pub fn new_v7(unix_ms: u64, random: [u8; 10]) -> Self {
                Self(*uuid::Builder::from_unix_timestamp_millis(unix_ms, &random).as_uuid().as_bytes())
            }

            /// Its 16 bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }

            /// Whether it is a UUIDv8: one that was not drawn, but follows from something.
            #[must_use]
            pub const fn is_derived(&self) -> bool {
                self.0[6] >> 4 == 8 && self.0[8] >> 6 == 0b10
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Uuid::from_bytes(self.0).as_hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            /// Reads the hyphenated form only, in either case: 36 characters.
            fn from_str(text: &str) -> Result<Self, IdError> {
                let wrong = || IdError::new($words, text);
                if text.len() != 36 {
                    return Err(wrong());
                }
                Uuid::try_parse(text).map(|u| Self(*u.as_bytes())).map_err(|_| wrong())
            }
        }

        byte_id_codec!($name, 16);
    };
}

uuid_id!(
    /// One document: one visit, one health check, one ticket.
    DocumentId,
    "a document id (a UUID)"
);
uuid_id!(
    /// One installation of the client, with its own key pair.
    DeviceId,
    "a device id (a UUID)"
);
uuid_id!(
    /// A driver, keeper, specialist, coordinator or operator.
    PersonId,
    "a person id (a UUID)"
);
uuid_id!(
    /// A care station; the same 16 bytes as the [`DocumentId`] of its `station` document.
    StationId,
    "a station id (a UUID)"
);
uuid_id!(
    /// One entry of a keyed map inside a document: a service given, a measurement.
    EntryId,
    "an entry id (a UUID)"
);

uuid_id!(
    /// One showing of a check-in code: 16 random bytes, written as a UUID.
    Nonce,
    "a nonce (16 bytes, written as a UUID)"
);

impl PersonId {
    /// The id under which the holder of a key writes before a relay knows them: a UUIDv8 of
    /// SHA-256. Whoever learns it cannot pass for its holder without the key.
    #[must_use]
    pub fn of_key(public_key: &[u8; 32]) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"yizhan person 1");
        hash.update(public_key);
        let digest: [u8; 32] = hash.finalize().into();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Self(*uuid::Builder::from_custom_bytes(bytes).as_uuid().as_bytes())
    }
}

impl From<StationId> for DocumentId {
    fn from(station: StationId) -> Self {
        Self(station.0)
    }
}

impl From<DocumentId> for StationId {
    fn from(document: DocumentId) -> Self {
        Self(document.0)
    }
}

/// The relay's lineage: eight random bytes, made when its store is created or restored.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch([u8; 8]);

impl Epoch {
    /// From its eight bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    /// Its eight bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Epoch({self})")
    }
}

byte_id_codec!(Epoch, 8);

/// Which life of its local store a device writes from. A new one whenever the store is created,
/// restored or copied, and whenever a document goes on without a refused change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incarnation(pub u32);

/// Who wrote a change, to Automerge: 16 bytes of device id, 4 bytes of incarnation (big-endian).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActorId([u8; 20]);

impl ActorId {
    /// The actor of a device in one incarnation.
    #[must_use]
    pub fn new(device: DeviceId, incarnation: Incarnation) -> Self {
        let mut bytes = [0; 20];
        bytes[..16].copy_from_slice(device.as_bytes());
        bytes[16..].copy_from_slice(&incarnation.0.to_be_bytes());
        Self(bytes)
    }

    /// From raw bytes.
    ///
    /// # Errors
    /// If there are not exactly 20.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, IdError> {
        <[u8; 20]>::try_from(bytes)
            .map(Self)
            .map_err(|_| IdError::new("an actor id (20 bytes)", &format!("{} bytes", bytes.len())))
    }

    /// Its 20 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// The device that writes as this actor.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&self.0[..16]);
        DeviceId::from_bytes(bytes)
    }

    /// The incarnation it writes from.
    #[must_use]
    pub fn incarnation(&self) -> Incarnation {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(&self.0[16..]);
        Incarnation(u32::from_be_bytes(bytes))
    }
}

impl fmt::Display for ActorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for ActorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ActorId({self})")
    }
}

byte_id_codec!(ActorId, 20);

/// The name of a change: SHA-256 over its chunk from the chunk type on (Automerge's own rule).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChangeHash([u8; 32]);

/// Bytes of a chunk's header that its hash leaves out: 4 of magic, 4 of checksum.
const CHUNK_PREFIX_BYTES: usize = 8;

impl ChangeHash {
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

    /// The hash of a change chunk, whether or not the chunk is well formed: a receipt can name
    /// even what could not be read. Something shorter than a chunk header is hashed whole.
    #[must_use]
    pub fn of_chunk(chunk: &[u8]) -> Self {
        Self(Sha256::digest(chunk.get(CHUNK_PREFIX_BYTES..).unwrap_or(chunk)).into())
    }
}

impl fmt::Display for ChangeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for ChangeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChangeHash({self})")
    }
}

impl FromStr for ChangeHash {
    type Err = IdError;

    /// Reads 64 hexadecimal digits.
    fn from_str(text: &str) -> Result<Self, IdError> {
        let wrong = || IdError::new("a change hash (64 hexadecimal digits)", text);
        if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let mut bytes = [0; 32];
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_| wrong())?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| wrong())?;
        }
        Ok(Self(bytes))
    }
}

byte_id_codec!(ChangeHash, 32);

/// Two lower-case digits a byte.
pub(crate) fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actor_is_a_device_and_an_incarnation() {
        let device = DeviceId::from_bytes([7; 16]);
        let actor = ActorId::new(device, Incarnation(0x0102_0304));
        assert_eq!(actor.device(), device);
        assert_eq!(actor.incarnation(), Incarnation(0x0102_0304));
        assert_eq!(ActorId::from_slice(actor.as_bytes()), Ok(actor));
        assert!(ActorId::from_slice(&actor.as_bytes()[..19]).is_err());
    }

    #[test]
    fn a_uuid_is_read_in_one_form_only() {
        let id = DocumentId::from_bytes([0xab; 16]);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().to_uppercase().parse(), Ok(id));
        for wrong in [
            "",
            "abc",
            &"ab".repeat(16),
            &format!("{{{id}}}"),
            &"站".repeat(12),
        ] {
            assert!(wrong.parse::<DocumentId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_change_hash_reads_its_own_text() {
        let hash = ChangeHash::of_chunk(b"a chunk longer than its header");
        assert_eq!(hash.to_string().parse(), Ok(hash));
        for wrong in [
            "+f".repeat(32),
            "x".repeat(64),
            "0".repeat(63),
            "站".repeat(22),
        ] {
            assert!(wrong.parse::<ChangeHash>().is_err(), "{wrong}");
        }
    }
}
