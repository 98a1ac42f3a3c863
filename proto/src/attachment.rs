//! Attachments: photos and papers. Their bytes are named by what they are (SHA-256) and travel
//! apart from documents, in pieces; a document names them.
//!
//! Knowing a hash is never a right to the bytes: the relay serves them to whoever may read a
//! document that names them.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::id::{IdError, byte_id_codec, write_hex};

/// The name of an attachment's bytes: their SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash([u8; 32]);

impl ContentHash {
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

    /// The hash of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContentHash({self})")
    }
}

impl FromStr for ContentHash {
    type Err = IdError;

    /// Reads 64 hexadecimal digits in lower case: one form only, as it stands in documents.
    fn from_str(text: &str) -> Result<Self, IdError> {
        let wrong = || IdError::new("a hash (64 of 0-9, a-f)", text);
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(wrong());
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let (high, low) = (digit(pair[0]), digit(pair[1]));
            *byte = high.zip(low).map(|(h, l)| h << 4 | l).ok_or_else(wrong)?;
        }
        Ok(Self(bytes))
    }
}

byte_id_codec!(ContentHash, 32);

/// A piece of some bytes, on its way to the relay. Travels in an HTTP request's headers and body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Which bytes.
    pub sha256: ContentHash,
    /// Where the piece begins.
    pub at: u64,
    /// The piece, at most [`crate::limits::PIECE_BYTES_MAX`]; empty: only to hear how far the upload is.
    pub bytes: Vec<u8>,
    /// How many bytes there are in all.
    pub whole: u64,
}

/// How far some bytes are on the relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upload {
    /// So many are there; the next piece begins here.
    pub have: u64,
    /// Whether they are complete, and of their hash.
    pub complete: bool,
}

macro_rules! media_types {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $extension:literal;)*) => {
        /// What an attachment may be.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum MediaType {
            $($(#[$doc])* $name,)*
        }

        impl MediaType {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
            /// The texts of [`Self::ALL`], in the same order.
            pub const TEXTS: &'static [&'static str] = &[$($text),*];

            /// The type's name in messages and documents.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The usual ending of a file's name, without the dot.
            #[must_use]
            pub const fn extension(self) -> &'static str {
                match self { $(Self::$name => $extension,)* }
            }

            /// The type of a name, if it is one of these.
            #[must_use]
            pub fn from_text(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|media| media.as_str() == text)
            }
        }
    };
}

media_types! {
    /// A photo.
    Jpeg = "image/jpeg", "jpg";
    /// A picture of a screen, a drawing.
    Png = "image/png", "png";
    /// A photo in the newer form that many phones make.
    Webp = "image/webp", "webp";
    /// A paper.
    Pdf = "application/pdf", "pdf";
}

impl MediaType {
    /// What bytes are, by how they begin; a file's name says nothing.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [
                b'R',
                b'I',
                b'F',
                b'F',
                _,
                _,
                _,
                _,
                b'W',
                b'E',
                b'B',
                b'P',
                ..,
            ] => Some(Self::Webp),
            [b'%', b'P', b'D', b'F', b'-', ..] => Some(Self::Pdf),
            _ => None,
        }
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_read_in_one_form_only() {
        let hash = ContentHash::of(b"a photo");
        let text = hash.to_string();
        assert_eq!(text.parse(), Ok(hash));
        let up = format!("../{}", "a".repeat(61));
        for wrong in [
            text.to_uppercase().as_str(),
            &text[1..],
            &format!("{text}0"),
            &"+f".repeat(32),
            &"g0".repeat(32),
            &up,
            &"站".repeat(22),
            "",
        ] {
            assert!(wrong.parse::<ContentHash>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_file_is_what_it_begins_with() {
        assert_eq!(MediaType::of_bytes(b"%PDF-1.7"), Some(MediaType::Pdf));
        assert_eq!(
            MediaType::of_bytes(b"RIFF\0\0\0\0WEBPVP8 "),
            Some(MediaType::Webp)
        );
        assert_eq!(MediaType::of_bytes(b"RIFF\0\0\0\0WAVEfmt "), None);
        assert_eq!(MediaType::of_bytes(b"MZ"), None);
        assert_eq!(MediaType::of_bytes(b""), None);
        for media in MediaType::ALL {
            assert_eq!(MediaType::from_text(media.as_str()), Some(*media));
        }
    }
}
