//! PINs: what one may be, what is made of it, and how long to wait after wrong ones. Pure.
//!
//! A PIN is short, so what it derives is slow to compute (argon2id) and wrong ones cost time. That
//! stops whoever holds the tablet and types. It does not stop whoever copied its files and lets a
//! computer try: for four digits that takes minutes, for eight about a month; for that threat the
//! disk is to be encrypted.

use argon2::{Algorithm, Argon2, Params, Version};
use minicbor::{Decode, Encode};

use super::TabletError;
use crate::store::SealKey;

/// Digits of the shortest PIN.
const DIGITS_MIN: usize = 4;
/// Digits of the longest PIN.
const DIGITS_MAX: usize = 12;
/// Wrong PINs in a row that cost nothing.
const FREE_FAILURES: u32 = 3;
/// Milliseconds to wait after the first wrong PIN that costs something; doubled for each more.
const WAIT_MS: i64 = 30 * 1_000;
/// The longest wait, milliseconds.
const WAIT_MS_MAX: i64 = 60 * 60 * 1_000;
/// Memory of one derivation, KiB (what OWASP asks for argon2id at least), and the most that a file
/// may ask for.
const MEMORY_KIB: u32 = 19 * 1024;
const MEMORY_KIB_MAX: u32 = 256 * 1024;
/// Passes of one derivation, and the most that a file may ask for.
const PASSES: u32 = 2;
const PASSES_MAX: u32 = 16;

/// A PIN that may be one.
#[derive(Clone, PartialEq, Eq)]
pub struct Pin(String);

impl std::fmt::Debug for Pin {
    /// Never shows the PIN.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pin")
    }
}

impl Pin {
    /// Reads what was typed; full-width digits count as digits.
    ///
    /// # Errors
    /// [`TabletError::PinRule`].
    pub fn read(typed: &str) -> Result<Self, TabletError> {
        let digit = |c: char| match u32::from(c) {
            wide @ 0xff10..=0xff19 => char::from_u32(wide - 0xff10 + 0x30).unwrap_or(c),
            _ => c,
        };
        let digits: String = typed.trim().chars().map(digit).collect();
        let is_pin = (DIGITS_MIN..=DIGITS_MAX).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        if is_pin {
            Ok(Self(digits))
        } else {
            Err(TabletError::PinRule)
        }
    }
}

/// What of a PIN is kept: nothing that says it, but how to make the same key of it again.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct Recipe {
    /// Random, of this PIN.
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub(super) salt: [u8; 16],
    /// Memory, KiB.
    #[n(1)]
    memory_kib: u32,
    /// Passes.
    #[n(2)]
    passes: u32,
}

impl Recipe {
    /// As it is made today.
    pub(super) const fn new(salt: [u8; 16]) -> Self {
        Self {
            salt,
            memory_kib: MEMORY_KIB,
            passes: PASSES,
        }
    }

    /// The key that a PIN makes; `None` if the recipe asks for what no recipe of ours does.
    pub(super) fn key(&self, pin: &Pin) -> Option<SealKey> {
        if self.memory_kib > MEMORY_KIB_MAX || self.passes > PASSES_MAX {
            return None;
        }
        let params = Params::new(self.memory_kib, self.passes, 1, Some(32)).ok()?;
        let mut key = [0; 32];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(pin.0.as_bytes(), &self.salt, &mut key)
            .ok()?;
        Some(SealKey(key))
    }
}

/// Milliseconds still to wait after so many wrong PINs in a row, the last of them so many
/// milliseconds ago by the tablet's clock. A clock that was set back does not shorten the wait.
pub(super) fn wait_ms(failures: u32, since_ms: i64) -> i64 {
    let Some(costly) = failures.checked_sub(FREE_FAILURES) else {
        return 0;
    };
    let wait = 1_i64
        .checked_shl(costly)
        .filter(|factor| *factor > 0)
        .and_then(|factor| factor.checked_mul(WAIT_MS))
        .map_or(WAIT_MS_MAX, |wait| wait.min(WAIT_MS_MAX));
    (wait - since_ms.max(0)).max(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_four_to_twelve_digits() {
        for typed in ["1234", " 123456789012 ", "１２３４"] {
            assert!(Pin::read(typed).is_ok(), "{typed}");
        }
        assert_eq!(Pin::read("１２３４").unwrap(), Pin::read("1234").unwrap());
        for typed in ["", "123", "1234567890123", "12a4", "一二三四", "12 34"] {
            assert!(
                matches!(Pin::read(typed), Err(TabletError::PinRule)),
                "{typed}"
            );
        }
    }

    #[test]
    fn waits_grow_and_end() {
        for (failures, wait) in [
            (0, 0),
            (2, 0),
            (3, WAIT_MS),
            (4, 2 * WAIT_MS),
            (9, 64 * WAIT_MS),
            (10, WAIT_MS_MAX),
            (66, WAIT_MS_MAX),
            (u32::MAX, WAIT_MS_MAX),
        ] {
            assert_eq!(wait_ms(failures, 0), wait, "{failures}");
        }
        assert_eq!(wait_ms(3, WAIT_MS - 1), 1);
        assert_eq!(wait_ms(3, WAIT_MS), 0);
        assert_eq!(wait_ms(3, i64::MAX), 0);
        assert_eq!(wait_ms(3, -1), WAIT_MS, "the clock was set back");
    }

    #[test]
    fn a_recipe_makes_one_key_of_one_pin_and_asks_for_no_more_than_there_is() {
        let recipe = Recipe::new([1; 16]);
        let (pin, other) = (Pin::read("1234").unwrap(), Pin::read("1235").unwrap());
        assert_eq!(recipe.key(&pin), recipe.key(&pin));
        assert_ne!(recipe.key(&pin), recipe.key(&other));
        assert_ne!(recipe.key(&pin), Recipe::new([2; 16]).key(&pin));
        for (memory_kib, passes) in [(u32::MAX, 1), (MEMORY_KIB, u32::MAX), (0, 0)] {
            let greedy = Recipe {
                salt: [1; 16],
                memory_kib,
                passes,
            };
            assert_eq!(greedy.key(&pin), None);
        }
    }
}
