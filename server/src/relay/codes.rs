//! Pairing codes and station codes: ten characters that survive being read aloud.
//!
//! Crockford's base 32: no I, L, O or U; whoever types an I or L meant 1, an O meant 0. Fifty
//! bits, so guessing is hopeless at any rate a relay answers. Pure: randomness is an argument.

use sha2::{Digest, Sha256};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters of a code, the hyphen not counted.
const CODE_CHARS: usize = 10;
/// Random bytes that a code is made of.
pub(super) const RANDOM_BYTES: usize = CODE_CHARS;

/// A code in its plain form, ten characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Code(String);

impl Code {
    /// A code of these random bytes, five bits of each.
    pub(super) fn from_random(random: [u8; RANDOM_BYTES]) -> Self {
        Self(
            random
                .iter()
                .map(|byte| char::from(ALPHABET[usize::from(byte & 31)]))
                .collect(),
        )
    }

    /// A code as somebody typed it; `None` if it cannot be one.
    pub(super) fn read(typed: &str) -> Option<Self> {
        let mut plain = String::with_capacity(CODE_CHARS);
        for typed in typed.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            let meant = match typed.to_ascii_uppercase() {
                'I' | 'L' => '1',
                'O' => '0',
                other => other,
            };
            let listed = u8::try_from(meant).is_ok_and(|byte| ALPHABET.contains(&byte));
            if !listed || plain.len() == CODE_CHARS {
                return None;
            }
            plain.push(meant);
        }
        (plain.len() == CODE_CHARS).then_some(Self(plain))
    }

    /// The plain form.
    pub(super) fn plain(&self) -> &str {
        &self.0
    }

    /// As people see it: `XXXXX-XXXXX`.
    pub(super) fn shown(&self) -> String {
        let (left, right) = self.0.split_at(CODE_CHARS / 2);
        format!("{left}-{right}")
    }

    /// What is stored of a one-time code.
    pub(super) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

/// The ten characters of a code as somebody typed it; `None` if it cannot be one.
#[must_use]
pub fn plain_code(typed: &str) -> Option<String> {
    Code::read(typed).map(|code| code.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let code = Code::from_random([0, 1, 2, 31, 30, 29, 255, 17, 16, 15]);
        assert_eq!(code.shown(), "012ZY-XZHGF");
        for typed in [
            "012ZY-XZHGF",
            "oi2zy xzhgf",
            " OL2ZYXZHGF\n",
            "0-1-2zyxzhgf",
        ] {
            assert_eq!(Code::read(typed).as_ref(), Some(&code), "{typed}");
        }
        for wrong in [
            "",
            "012ZY-XZHG",
            "012ZY-XZHGFF",
            "012ZY-XZHGU",
            "站站站站站站站站站站",
        ] {
            assert_eq!(Code::read(wrong), None, "{wrong}");
        }
    }
}
