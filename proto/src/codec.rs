//! The only way in and out: CBOR, bounded before it is parsed.
//!
//! [`decode`] refuses, in this order: more bytes than the message may have, containers nested
//! deeper than [`NESTING_MAX`], anything that is not the message, and trailing bytes. Unknown
//! fields are skipped. Memory stays in proportion to the bytes that arrived.

use minicbor::data::Token;
use minicbor::decode::Tokenizer;
use minicbor::{Decode, Encode};

use crate::limits::NESTING_MAX;

/// Media type of every CBOR body.
pub const MEDIA_TYPE: &str = "application/cbor";

/// Why bytes were not the message they were taken for.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// More bytes than such a message may have.
    #[error("{found} bytes, where at most {bytes_max} are allowed")]
    TooLarge {
        /// Bytes found.
        found: usize,
        /// Bytes allowed.
        bytes_max: usize,
    },
    /// Containers nested deeper than [`NESTING_MAX`].
    #[error("containers nested deeper than {NESTING_MAX} levels")]
    TooDeep,
    /// Not CBOR, or not this message.
    #[error("not the expected message: {0}")]
    Malformed(#[from] minicbor::decode::Error),
    /// The message ended and more bytes followed.
    #[error("{0} bytes after the end of the message")]
    Trailing(usize),
}

/// The bytes of a message.
pub fn encode<T: Encode<()>>(message: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    match minicbor::encode(message, &mut bytes) {
        Ok(()) => bytes,
        // Writing to a Vec cannot fail (its error type has no value), and no Encode of this
        // crate makes errors of its own.
        Err(_) => Vec::new(),
    }
}

/// Reads one message of at most `bytes_max` bytes.
///
/// # Errors
/// [`DecodeError`] says which bound or rule the bytes broke.
pub fn decode<T: for<'b> Decode<'b, ()>>(bytes: &[u8], bytes_max: usize) -> Result<T, DecodeError> {
    if bytes.len() > bytes_max {
        return Err(DecodeError::TooLarge {
            found: bytes.len(),
            bytes_max,
        });
    }
    check_nesting(bytes)?;
    let mut decoder = minicbor::Decoder::new(bytes);
    let message = decoder.decode()?;
    match bytes.len() - decoder.position() {
        0 => Ok(message),
        trailing => Err(DecodeError::Trailing(trailing)),
    }
}

/// What an open container still waits for.
enum Open {
    /// So many items.
    Items(u64),
    /// Items until a break.
    Indefinite,
}

/// Walks the tokens once, without recursion, and refuses nesting past the limit.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "every other token is a scalar, whichever are added"
)]
fn check_nesting(bytes: &[u8]) -> Result<(), DecodeError> {
    let mut open: Vec<Open> = Vec::with_capacity(NESTING_MAX);
    for token in Tokenizer::new(bytes) {
        let opened = match token? {
            Token::Array(items) => Some(Open::Items(items)),
            Token::Map(pairs) => Some(Open::Items(pairs.saturating_mul(2))),
            Token::Tag(_) => Some(Open::Items(1)),
            Token::BeginArray | Token::BeginMap | Token::BeginBytes | Token::BeginString => {
                Some(Open::Indefinite)
            }
            Token::Break => {
                open.pop();
                None
            }
            _ => None,
        };
        match opened {
            Some(_) if open.len() == NESTING_MAX => return Err(DecodeError::TooDeep),
            Some(Open::Items(0)) | None => close_finished(&mut open),
            Some(container) => open.push(container),
        }
    }
    Ok(())
}

/// One item has ended: counts it in the innermost container, and closes what that completes.
fn close_finished(open: &mut Vec<Open>) {
    while let Some(Open::Items(left)) = open.last_mut() {
        *left -= 1;
        if *left > 0 {
            break;
        }
        open.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Encode, Decode)]
    #[cbor(map)]
    struct Old {
        #[n(0)]
        a: u8,
    }

    #[derive(Debug, PartialEq, Encode, Decode)]
    #[cbor(map)]
    struct New {
        #[n(0)]
        a: u8,
        #[n(7)]
        b: Vec<Vec<u8>>,
    }

    #[test]
    fn unknown_fields_are_skipped_and_trailing_bytes_refused() {
        let bytes = encode(&New {
            a: 1,
            b: vec![vec![1], vec![], vec![2, 3]],
        });
        assert_eq!(decode::<Old>(&bytes, 100).unwrap(), Old { a: 1 });
        let longer = [bytes.as_slice(), &[0]].concat();
        assert!(matches!(
            decode::<Old>(&longer, 100),
            Err(DecodeError::Trailing(1))
        ));
        assert!(matches!(
            decode::<Old>(&bytes, 5),
            Err(DecodeError::TooLarge { .. })
        ));
        assert!(matches!(
            decode::<Old>(&bytes[..3], 100),
            Err(DecodeError::Malformed(_))
        ));
    }

    #[test]
    fn nesting_is_bounded_and_siblings_are_not_nesting() {
        let nested = |levels: usize| {
            let mut bytes = vec![0x81; levels];
            bytes.push(0);
            bytes
        };
        assert!(check_nesting(&nested(NESTING_MAX)).is_ok());
        assert!(matches!(
            check_nesting(&nested(NESTING_MAX + 1)),
            Err(DecodeError::TooDeep)
        ));
        let tags = [vec![0xc1; 1_000_000], vec![0]].concat();
        assert!(matches!(check_nesting(&tags), Err(DecodeError::TooDeep)));
        let indefinite = vec![0x9f; 1_000_000];
        assert!(matches!(
            check_nesting(&indefinite),
            Err(DecodeError::TooDeep)
        ));
        let siblings = [vec![0x99, 0x03, 0xe8], [0x81, 0x00].repeat(1_000)].concat();
        assert!(check_nesting(&siblings).is_ok());
        let empties = [vec![0x99, 0x03, 0xe8], vec![0x80; 1_000]].concat();
        assert!(check_nesting(&empties).is_ok());
    }

    #[test]
    fn an_announced_length_takes_no_memory() {
        // An array that announces 2^64-1 items and brings none.
        let bytes = [0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert!(decode::<Vec<u64>>(&bytes, 100).is_err());
        // A byte string that announces 2^63 bytes.
        let bytes = [0x5b, 0x80, 0, 0, 0, 0, 0, 0, 0];
        assert!(decode::<minicbor::bytes::ByteVec>(&bytes, 100).is_err());
    }
}
