//! Changing the key that signs: the former one is kept, and verifies what it signed, until nothing
//! that it signed can still be good.
//!
//! A crash at any point leaves either the key before or the key after; at worst a former key that is
//! also the present one, which harms nobody.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use yizhan_proto::Timestamp;
use yizhan_proto::limits::{CERTIFICATE_LIFE_MS, RELAY_KEYS_MAX, TOKEN_TTL_S};

use super::keys::{KeyError, TOKEN_KEY_FILE, damaged, make, pkcs8, read, seed};
use crate::clock::Clock;

/// What stands before the second of the change in a former key's file name.
const FORMER_PREFIX: &str = "token.key.former-";
/// Milliseconds for which a former key may still be needed: the longest that anything it signed is
/// good for, and an hour.
const KEPT_MS: i64 = CERTIFICATE_LIFE_MS + 60 * 60 * 1000;

const _: () = assert!(TOKEN_TTL_S * 1_000 < CERTIFICATE_LIFE_MS.cast_unsigned());

/// A key that signs no more, and still verifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FormerKey {
    /// Until when it signed, in seconds since 1970.
    pub(super) until_s: i64,
    pub(super) seed: [u8; 32],
}

impl FormerKey {
    /// When nothing that it signed is good any more.
    pub(super) const fn ends_at(&self) -> Timestamp {
        Timestamp::from_ms(self.until_s.saturating_mul(1_000)).saturating_add_ms(KEPT_MS)
    }
}

fn file(data: &Path, until_s: i64) -> PathBuf {
    data.join(format!("{FORMER_PREFIX}{until_s}"))
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> KeyError {
    let path = path.to_owned();
    move |source| KeyError::File { path, source }
}

/// The former keys that are still needed at `now`, the latest first; files of others are removed.
pub(super) fn kept(data: &Path, now: Timestamp) -> Result<Vec<FormerKey>, KeyError> {
    let mut kept = Vec::new();
    for entry in fs::read_dir(data).map_err(failed(data))? {
        let entry = entry.map_err(failed(data))?;
        let name = entry.file_name();
        let until_s = name
            .to_str()
            .and_then(|name| name.strip_prefix(FORMER_PREFIX))
            .and_then(|digits| digits.parse().ok());
        let Some(until_s) = until_s else {
            continue;
        };
        let path = entry.path();
        let bytes = read(&path)?;
        let seed = seed(&bytes).ok_or(KeyError::Damaged { path: path.clone() })?;
        let key = FormerKey { until_s, seed };
        if key.ends_at() <= now {
            fs::remove_file(&path).map_err(failed(&path))?;
        } else {
            kept.push(key);
        }
    }
    kept.sort_unstable_by_key(|key| std::cmp::Reverse(key.until_s));
    Ok(kept)
}

/// Makes a new key; the present one becomes a former one, or is gone with all former ones if
/// `drop_former`.
pub(super) fn rotate(data: &Path, drop_former: bool, clock: &dyn Clock) -> Result<(), KeyError> {
    let mut fresh = [0; 32];
    clock.fill_random(&mut fresh)?;
    let path = data.join(TOKEN_KEY_FILE);
    let now = clock.now();
    let former = kept(data, now)?;
    if drop_former {
        make(&path, &pkcs8(&fresh)).map_err(failed(&path))?;
        for key in former {
            let path = file(data, key.until_s);
            fs::remove_file(&path).map_err(failed(&path))?;
        }
        return Ok(());
    }
    if former.len() + 1 >= RELAY_KEYS_MAX {
        return Err(KeyError::TooMany { kept: former.len() });
    }
    let present = read(&path)?;
    if seed(&present).is_none() {
        return Err(damaged(data, TOKEN_KEY_FILE));
    }
    let mut until_s = now.as_ms().div_euclid(1_000);
    while former.iter().any(|key| key.until_s == until_s) {
        until_s += 1;
    }
    let kept = file(data, until_s);
    make(&kept, &present).map_err(failed(&kept))?;
    make(&path, &pkcs8(&fresh)).map_err(failed(&path))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};

    use super::*;
    use crate::auth::keys::Keys;
    use crate::clock::NoRandomness;

    #[derive(Debug, Default)]
    struct Held(AtomicI64, AtomicU8);

    impl Clock for Held {
        fn now(&self) -> Timestamp {
            Timestamp::from_ms(self.0.load(Ordering::Relaxed))
        }

        fn elapsed_ms(&self) -> u64 {
            0
        }

        fn fill_random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
            bytes.fill(self.1.fetch_add(1, Ordering::Relaxed));
            Ok(())
        }
    }

    #[test]
    fn a_former_key_is_kept_for_as_long_as_a_certificate_lasts() {
        let data = tempfile::tempdir().unwrap();
        let clock = Held::default();
        let before = Keys::open(data.path(), &clock).unwrap();
        rotate(data.path(), false, &clock).unwrap();
        // Twice in the same second.
        rotate(data.path(), false, &clock).unwrap();
        let after = Keys::open(data.path(), &clock).unwrap();
        assert_ne!(after.token_seed, before.token_seed);
        assert_eq!(after.former.len(), 2);
        assert_eq!(after.former[1].seed, before.token_seed);
        assert_eq!(
            after.challenge_secret, before.challenge_secret,
            "phones answer the challenges they have"
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(file(data.path(), 0))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        clock.0.store(KEPT_MS - 1, Ordering::Relaxed);
        assert_eq!(kept(data.path(), clock.now()).unwrap().len(), 2);
        clock.0.store(KEPT_MS, Ordering::Relaxed);
        assert_eq!(kept(data.path(), clock.now()).unwrap().len(), 1);
        assert!(!file(data.path(), 0).exists());
        assert!(file(data.path(), 1).exists());
    }

    #[test]
    fn no_more_are_kept_than_phones_are_told_and_all_can_be_dropped() {
        let data = tempfile::tempdir().unwrap();
        let clock = Held::default();
        Keys::open(data.path(), &clock).unwrap();
        for _ in 1..RELAY_KEYS_MAX {
            rotate(data.path(), false, &clock).unwrap();
        }
        let before = fs::read(data.path().join(TOKEN_KEY_FILE)).unwrap();
        assert!(matches!(
            rotate(data.path(), false, &clock),
            Err(KeyError::TooMany { kept: 7 })
        ));
        assert_eq!(fs::read(data.path().join(TOKEN_KEY_FILE)).unwrap(), before);
        rotate(data.path(), true, &clock).unwrap();
        assert_ne!(fs::read(data.path().join(TOKEN_KEY_FILE)).unwrap(), before);
        assert!(kept(data.path(), clock.now()).unwrap().is_empty());
    }
}
