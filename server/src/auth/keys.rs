//! The relay's keys, in its data folder, readable by its user alone (mode 0600).
//!
//! | file | what | holds |
//! | --- | --- | --- |
//! | `token.key` | Ed25519, signs access tokens | PKCS#8 version 1, DER |
//! | `challenge.key` | HMAC secret of challenges | 32 bytes |
//! | `admin.key` | the operator's key for the admin API | 64 hexadecimal digits |
//!
//! | `token.key.former-N` | what signed until second N since 1970; still verifies for a while | as `token.key` |
//!
//! Each but the last is made when it is not there. Deleting one is how it is changed: phones renew their
//! access by themselves.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;
use sha2::{Digest, Sha256};

use super::former::{self, FormerKey};
use crate::clock::{Clock, NoRandomness};

/// The file of the operator's key in the data folder.
pub const ADMIN_KEY_FILE: &str = "admin.key";
pub(super) const TOKEN_KEY_FILE: &str = "token.key";
const CHALLENGE_KEY_FILE: &str = "challenge.key";
/// No key file is longer.
const FILE_BYTES_MAX: u64 = 1_024;

/// What stands before the 32 bytes of seed in the PKCS#8 version 1 form of an Ed25519 key
/// (RFC 8410 §7): a sequence of version 0, the algorithm 1.3.101.112, and the seed as an octet
/// string in an octet string.
const PKCS8_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// A key cannot be read or made.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("the key file {} cannot be used; check that it belongs to this user", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Others on this machine may read the file.
    #[error("others may read the key file {0}; run: chmod 600 {0}", path.display())]
    Exposed {
        /// Which.
        path: PathBuf,
    },
    /// The file does not hold such a key.
    #[error("the key file {} is damaged; move it away and a new one is made", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
    },
    /// As many former keys are kept as a phone is told.
    #[error(
        "{kept} former keys are still good, and phones are told of no more; wait, or drop them with --drop-former"
    )]
    TooMany {
        /// How many.
        kept: usize,
    },
    /// No random bytes to make a key from.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
}

/// The operator's key.
#[derive(Clone)]
pub struct AdminKey(String);

impl std::fmt::Debug for AdminKey {
    /// Never shows the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AdminKey")
    }
}

impl AdminKey {
    /// The key as it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the key, in time that does not depend on where it differs.
    #[must_use]
    pub fn is(&self, offered: &str) -> bool {
        let ours = Sha256::digest(self.0.as_bytes());
        let theirs = Sha256::digest(offered.as_bytes());
        ours.iter()
            .zip(theirs.iter())
            .fold(0, |differs, (a, b)| differs | (a ^ b))
            == 0
    }
}

/// All keys.
pub(super) struct Keys {
    pub(super) token_seed: [u8; 32],
    pub(super) former: Vec<FormerKey>,
    pub(super) challenge_secret: [u8; 32],
    pub(super) admin_key: AdminKey,
}

impl Keys {
    /// Reads the keys in the folder `data`, making those that are not there.
    pub(super) fn open(data: &Path, clock: &dyn Clock) -> Result<Self, KeyError> {
        let token = read_or_make(&data.join(TOKEN_KEY_FILE), clock, |seed| {
            pkcs8(&seed).to_vec()
        })?;
        let challenge = read_or_make(&data.join(CHALLENGE_KEY_FILE), clock, |secret| {
            secret.to_vec()
        })?;
        let admin = data.join(ADMIN_KEY_FILE);
        read_or_make(&admin, clock, |secret| hex(&secret).into_bytes())?;
        Ok(Self {
            token_seed: seed(&token).ok_or_else(|| damaged(data, TOKEN_KEY_FILE))?,
            former: former::kept(data, clock.now())?,
            challenge_secret: challenge
                .try_into()
                .map_err(|_| damaged(data, CHALLENGE_KEY_FILE))?,
            admin_key: read_admin_key(data)?,
        })
    }
}

/// Reads the operator's key of a data folder, as the commands do.
///
/// # Errors
/// [`KeyError`]; [`KeyError::File`] with `NotFound` if no relay ever ran on the folder.
pub fn read_admin_key(data: &Path) -> Result<AdminKey, KeyError> {
    let text = String::from_utf8(read(&data.join(ADMIN_KEY_FILE))?)
        .map_err(|_| damaged(data, ADMIN_KEY_FILE))?;
    let key = text.trim();
    if key.len() != 64 || !key.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(damaged(data, ADMIN_KEY_FILE));
    }
    Ok(AdminKey(key.to_owned()))
}

/// The seed of an Ed25519 key in its PKCS#8 form.
pub(super) fn seed(pkcs8: &[u8]) -> Option<[u8; 32]> {
    pkcs8.strip_prefix(&PKCS8_PREFIX)?.try_into().ok()
}

/// What a key is called: the beginning of the hash of its public half, in hexadecimal.
pub(super) fn key_id(seed: &[u8; 32]) -> String {
    hex(&Sha256::digest(public_key(seed))[..8])
}

/// The PKCS#8 form of an Ed25519 key.
pub(super) fn pkcs8(seed: &[u8; 32]) -> [u8; 48] {
    let mut der = [0; 48];
    der[..16].copy_from_slice(&PKCS8_PREFIX);
    der[16..].copy_from_slice(seed);
    der
}

/// The public key to a seed.
pub(super) fn public_key(seed: &[u8; 32]) -> [u8; 32] {
    SigningKey::from_bytes(seed).verifying_key().to_bytes()
}

pub(super) fn damaged(data: &Path, name: &str) -> KeyError {
    KeyError::Damaged {
        path: data.join(name),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn read_or_make(
    path: &Path,
    clock: &dyn Clock,
    form: impl Fn([u8; 32]) -> Vec<u8>,
) -> Result<Vec<u8>, KeyError> {
    match read(path) {
        Err(KeyError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
        done => return done,
    }
    let mut random = [0; 32];
    clock.fill_random(&mut random)?;
    let bytes = form(random);
    make(path, &bytes).map_err(|source| KeyError::File {
        path: path.to_owned(),
        source,
    })?;
    Ok(bytes)
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, KeyError> {
    let failed = |source| KeyError::File {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(failed)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = file.metadata().map_err(failed)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(KeyError::Exposed {
                path: path.to_owned(),
            });
        }
    }
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    Ok(bytes)
}

/// Writes a key to a file of its own first, so that a crash never leaves half a key.
pub(super) fn make(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let part = path.with_extension("key-part");
    match fs::remove_file(&part) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&part, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    #[test]
    fn keys_are_made_once_and_for_this_user_alone() {
        let data = tempfile::tempdir().unwrap();
        let first = Keys::open(data.path(), &SystemClock::new()).unwrap();
        let second = Keys::open(data.path(), &SystemClock::new()).unwrap();
        assert_eq!(first.token_seed, second.token_seed);
        assert_eq!(first.challenge_secret, second.challenge_secret);
        assert!(first.admin_key.is(second.admin_key.as_str()));
        assert!(!first.admin_key.is(""));
        #[cfg(unix)]
        for name in [TOKEN_KEY_FILE, CHALLENGE_KEY_FILE, ADMIN_KEY_FILE] {
            use std::os::unix::fs::PermissionsExt as _;
            let path = data.path().join(name);
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
            assert!(
                matches!(
                    Keys::open(data.path(), &SystemClock::new()),
                    Err(KeyError::Exposed { .. })
                ),
                "{name}"
            );
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
    }

    #[test]
    fn a_damaged_key_is_named_and_not_replaced() {
        for name in [TOKEN_KEY_FILE, CHALLENGE_KEY_FILE, ADMIN_KEY_FILE] {
            let data = tempfile::tempdir().unwrap();
            make(&data.path().join(name), b"nonsense").unwrap();
            match Keys::open(data.path(), &SystemClock::new()) {
                Err(KeyError::Damaged { path }) => assert!(path.ends_with(name)),
                Err(other) => panic!("{name}: {other}"),
                Ok(_) => panic!("{name}: accepted"),
            }
            assert_eq!(fs::read(data.path().join(name)).unwrap(), b"nonsense");
        }
    }
}
