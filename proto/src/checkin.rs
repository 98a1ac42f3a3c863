//! The signed check-in code: what a driver's phone shows, and a keeper's verifies, with no network.
//!
//! The relay signs a [`Certificate`] of each device: who it acts for, by what name, with which key.
//! The device signs a [`CheckInCode`] around it: good for 90 seconds, with a [`Nonce`] that is used
//! once. As text it is `YZ1:` and the CBOR bytes in base64url without padding: at most
//! [`CODE_CHARS_MAX`] characters, one QR frame, and exactly one text for each content.
//!
//! Here are the bytes and what is signed. Whether the signatures fit and the time is right is the
//! business of whoever holds a [`CheckInKit`]; nothing here reads a clock or checks a signature.

use std::fmt;

use minicbor::{Decode, Encode};

use crate::codec::{self, DecodeError};
use crate::id::{DeviceId, DocumentId, Nonce, PersonId};
use crate::identity::{PUBLIC_KEY_BYTES, SIGNATURE_BYTES, signed};
use crate::limits::{CERTIFICATE_NAME_BYTES_MAX, CODE_CHARS_MAX};
use crate::timestamp::Timestamp;

/// What every check-in code begins with. The digit is the format's version.
pub const PREFIX: &str = "YZ1:";
/// The format that [`PREFIX`] names, as it stands in the code.
const FORMAT: u8 = 1;

/// What the relay signs about a device.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Certificate {
    /// The device.
    #[n(0)]
    pub device: DeviceId,
    /// Who it acts for.
    #[n(1)]
    pub person: PersonId,
    /// The person's name, as [`certified_name`] makes it.
    #[n(2)]
    pub name: String,
    /// The device's Ed25519 public key.
    #[n(3)]
    #[cbor(with = "minicbor::bytes")]
    pub public_key: [u8; PUBLIC_KEY_BYTES],
    /// When it stops being good, by the relay's clock.
    #[n(4)]
    pub not_after: Timestamp,
    /// The relay's signature over [`Certificate::signed_bytes`].
    #[n(5)]
    #[cbor(with = "minicbor::bytes")]
    pub signature: [u8; SIGNATURE_BYTES],
}

impl Certificate {
    /// What the relay's signature covers: domain, device, person, name, key, end (milliseconds,
    /// eight bytes, big-endian); each prefixed with its length in bytes (four, big-endian).
    #[must_use]
    pub fn signed_bytes(&self) -> Vec<u8> {
        signed(
            b"yizhan certificate 1",
            &[
                self.device.as_bytes(),
                self.person.as_bytes(),
                self.name.as_bytes(),
                &self.public_key,
                &self.not_after.as_ms().to_be_bytes(),
            ],
        )
    }
}

/// A name as it stands in a certificate: on one line, at most [`CERTIFICATE_NAME_BYTES_MAX`] bytes,
/// cut between two characters.
#[must_use]
pub fn certified_name(name: &str) -> String {
    let mut cut = String::new();
    for character in name.chars() {
        let character = if character.is_control() {
            ' '
        } else {
            character
        };
        if cut.len() + character.len_utf8() > CERTIFICATE_NAME_BYTES_MAX {
            break;
        }
        cut.push(character);
    }
    cut
}

/// An Ed25519 public key of the relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct RelayKey(
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub [u8; PUBLIC_KEY_BYTES],
);

/// What a device needs to show codes, and to verify those of others, with no network. Comes with
/// each access, and replaces the one before.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CheckInKit {
    /// The certificate of this device.
    #[n(0)]
    pub certificate: Certificate,
    /// The relay's keys, the present one first; up to [`crate::limits::RELAY_KEYS_MAX`].
    #[n(1)]
    pub relay_keys: Vec<RelayKey>,
    /// For devices of keepers: devices revoked while a certificate of theirs may still be good, the
    /// latest first; up to [`crate::limits::REVOKED_MAX`].
    #[n(2)]
    #[cbor(default)]
    pub revoked: Vec<DeviceId>,
}

/// One showing of a driver's code.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CheckInCode {
    /// The format: 1.
    #[n(0)]
    format: u8,
    /// Who shows it.
    #[n(1)]
    pub certificate: Certificate,
    /// When it was made, by the device's estimate of the relay's time.
    #[n(2)]
    pub issued_at: Timestamp,
    /// Until when it is good; at most [`crate::limits::CODE_LIFE_MS`] later.
    #[n(3)]
    pub expires_at: Timestamp,
    /// This showing.
    #[n(4)]
    pub nonce: Nonce,
    /// The activity it is shown for, if for one.
    #[n(5)]
    pub activity: Option<DocumentId>,
    /// The device's signature over [`CheckInCode::signed_bytes`].
    #[n(6)]
    #[cbor(with = "minicbor::bytes")]
    pub signature: [u8; SIGNATURE_BYTES],
}

/// A text is not a check-in code.
#[derive(Debug, thiserror::Error)]
pub enum CodeError {
    /// It is something else.
    #[error(
        "this is not a check-in code, which begins with {PREFIX}; scan the driver's code again"
    )]
    Foreign,
    /// It is a check-in code of another version.
    #[error("this check-in code is of another version ({0}); update this program")]
    OtherVersion(String),
    /// It is longer than a code can be.
    #[error(
        "this is not a check-in code: {found} bytes, where at most {CODE_CHARS_MAX} are allowed"
    )]
    TooLong {
        /// Bytes found.
        found: usize,
    },
    /// Characters that cannot be there.
    #[error("the check-in code is damaged: it is not base64url; scan it again")]
    NotBase64,
    /// The bytes are no code.
    #[error("the check-in code is damaged; scan it again")]
    Damaged(#[from] DecodeError),
    /// The bytes say something that no code says, or say it in another way.
    #[error("the check-in code is damaged ({0}); scan it again")]
    Malformed(&'static str),
}

impl CheckInCode {
    /// A code that is not signed yet: its signature is 64 zeros.
    #[must_use]
    pub const fn unsigned(
        certificate: Certificate,
        issued_at: Timestamp,
        expires_at: Timestamp,
        nonce: Nonce,
        activity: Option<DocumentId>,
    ) -> Self {
        Self {
            format: FORMAT,
            certificate,
            issued_at,
            expires_at,
            nonce,
            activity,
            signature: [0; SIGNATURE_BYTES],
        }
    }

    /// What the device's signature covers: domain, what the relay signed, start and end
    /// (milliseconds, eight bytes, big-endian), nonce, activity (empty without one); each prefixed
    /// with its length in bytes (four, big-endian).
    #[must_use]
    pub fn signed_bytes(&self) -> Vec<u8> {
        signed(
            b"yizhan check-in 1",
            &[
                &self.certificate.signed_bytes(),
                &self.issued_at.as_ms().to_be_bytes(),
                &self.expires_at.as_ms().to_be_bytes(),
                self.nonce.as_bytes(),
                self.activity
                    .as_ref()
                    .map_or(&[][..], |activity| activity.as_bytes()),
            ],
        )
    }

    /// Reads a code's text, which must be exactly as [`CheckInCode`] is displayed.
    ///
    /// Says nothing about signatures and time.
    ///
    /// # Errors
    /// [`CodeError`] says what is wrong, and what to do.
    pub fn from_text(text: &str) -> Result<Self, CodeError> {
        if text.len() > CODE_CHARS_MAX {
            return Err(CodeError::TooLong { found: text.len() });
        }
        let Some(body) = text.strip_prefix(PREFIX) else {
            return Err(other_version(text).map_or(CodeError::Foreign, CodeError::OtherVersion));
        };
        let bytes = from_base64url(body).ok_or(CodeError::NotBase64)?;
        let code: Self = codec::decode(&bytes, CODE_CHARS_MAX)?;
        if code.format != FORMAT {
            return Err(CodeError::Malformed("its format is another"));
        }
        if code.certificate.name != certified_name(&code.certificate.name) {
            return Err(CodeError::Malformed(
                "the name is too long, or not on one line",
            ));
        }
        // One text for each content, so that a text can stand for what it says.
        if codec::encode(&code) != bytes {
            return Err(CodeError::Malformed("it is written in another way"));
        }
        Ok(code)
    }
}

impl fmt::Display for CheckInCode {
    /// The text that the QR holds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PREFIX)?;
        f.write_str(&to_base64url(&codec::encode(self)))
    }
}

/// `YZ2` of `YZ2:...`.
fn other_version(text: &str) -> Option<String> {
    let (version, _) = text.split_once(':')?;
    let digits = version.strip_prefix("YZ")?;
    let is_number = (1..=3).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| version.to_owned())
}

/// The alphabet of RFC 4648 §5.
const BASE64URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Base64url without padding.
fn to_base64url(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk
            .iter()
            .zip([16_u32, 8, 0])
            .fold(0, |group, (byte, shift)| {
                group | (u32::from(*byte) << shift)
            });
        for shift in [18_u32, 12, 6, 0].into_iter().take(chunk.len() + 1) {
            let six = (group >> shift) & 0x3f;
            text.push(char::from(BASE64URL[six as usize]));
        }
    }
    text
}

/// Reads base64url without padding, in its one form: no other characters, no left-over bits.
fn from_base64url(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    for chunk in text.as_bytes().chunks(4) {
        let mut group = 0_u32;
        for (byte, shift) in chunk.iter().zip([18_u32, 12, 6, 0]) {
            group |= u32::from(six_bits(*byte)?) << shift;
        }
        let [_, first, second, third] = group.to_be_bytes();
        let (whole, left) = match chunk.len() {
            4 => (&[first, second, third][..], 0),
            3 => (&[first, second][..], third),
            2 => (&[first][..], second),
            _ => return None,
        };
        if left != 0 {
            return None;
        }
        bytes.extend_from_slice(whole);
    }
    Some(bytes)
}

const fn six_bits(character: u8) -> Option<u8> {
    match character {
        b'A'..=b'Z' => Some(character - b'A'),
        b'a'..=b'z' => Some(character - b'a' + 26),
        b'0'..=b'9' => Some(character - b'0' + 52),
        b'-' => Some(62),
        b'_' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64url_is_that_of_the_standard_and_has_one_form() {
        // RFC 4648 §10, without its padding, and the two characters that differ from base64.
        for (bytes, text) in [
            (&b""[..], ""),
            (b"f", "Zg"),
            (b"fo", "Zm8"),
            (b"foo", "Zm9v"),
            (b"foob", "Zm9vYg"),
            (b"fooba", "Zm9vYmE"),
            (b"foobar", "Zm9vYmFy"),
            (&[0xfb, 0xff], "-_8"),
        ] {
            assert_eq!(to_base64url(bytes), text);
            assert_eq!(from_base64url(text).as_deref(), Some(bytes));
        }
        for wrong in [
            "Z", "Zg==", "Zh", "Zm9", "Zm9vY", "Zm+v", "Zm/v", "站站", "Zg ", "Z\n",
        ] {
            assert_eq!(from_base64url(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_name_is_cut_between_characters_and_stands_on_one_line() {
        assert_eq!(certified_name("李师傅"), "李师傅");
        assert_eq!(certified_name("a\nb\u{7}"), "a b ");
        let long = "李".repeat(100);
        let cut = certified_name(&long);
        assert_eq!(cut, "李".repeat(24));
        assert_eq!(certified_name(&cut), cut, "cutting again changes nothing");
        assert_eq!(certified_name(&format!("a{long}")).len(), 70);
    }
}
