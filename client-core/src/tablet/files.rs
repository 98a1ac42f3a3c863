//! The two small files of a tablet: who its keepers are, and whose turn it is.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use minicbor::{Decode, Encode};
use yizhan_proto::{Timestamp, codec};

use super::TabletError;
use super::pin::Recipe;
use crate::store::{StoreError, regular};

/// The register of keepers, in the tablet's folder.
pub(super) const REGISTER: &str = "tablet.keepers";
/// Whose turn it is, and what opens that keeper's profile.
pub(super) const SESSION: &str = "tablet.session";
/// Held while the register is changed.
const LOCK: &str = "tablet.lock";
/// Bytes of either file.
const FILE_BYTES_MAX: usize = 256 * 1024;

/// Who keeps this tablet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct Register {
    /// In the order in which they came.
    #[n(0)]
    pub(super) keepers: Vec<Keeper>,
}

/// One keeper of a tablet.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct Keeper {
    /// Names the profile's folder.
    #[n(0)]
    pub(super) number: u32,
    /// As it is listed and typed.
    #[n(1)]
    pub(super) name: String,
    /// How the PIN makes a key.
    #[n(2)]
    pub(super) recipe: Recipe,
    /// The profile's own key, sealed under the key that the PIN makes.
    #[n(3)]
    #[cbor(with = "minicbor::bytes")]
    pub(super) sealed: Vec<u8>,
    /// Wrong PINs in a row.
    #[n(4)]
    pub(super) failures: u32,
    /// When the last of them was tried, by the tablet's clock.
    #[n(5)]
    pub(super) failed_at: Option<Timestamp>,
}

/// Whose turn it is.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct Session {
    /// The keeper.
    #[n(0)]
    pub(super) number: u32,
    /// What opens the profile.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub(super) key: [u8; 32],
}

/// The folder of a keeper's profile.
pub(super) fn profile(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("keeper-{number}"))
}

pub(super) fn failed(path: &Path) -> impl FnOnce(io::Error) -> TabletError {
    let path = path.to_owned();
    move |source| StoreError::Home { path, source }.into()
}

/// Reads one of the files; `None` if it is not there.
pub(super) fn read<T: for<'b> Decode<'b, ()>>(path: &Path) -> Result<Option<T>, TabletError> {
    let Some(kept) = regular::read(path, FILE_BYTES_MAX).map_err(failed(path))? else {
        return Ok(None);
    };
    let found = codec::decode(&kept, FILE_BYTES_MAX);
    found.map(Some).map_err(|error| TabletError::Damaged {
        path: path.to_owned(),
        why: error.to_string(),
    })
}

/// Puts a file in the place of the one before, whole or not at all; only its owner may read it.
pub(super) fn write<T: Encode<()>>(path: &Path, content: &T) -> Result<(), TabletError> {
    let new = path.with_extension("new");
    let put = || -> io::Result<()> {
        regular::is_there(&new)?;
        let mut file = private().truncate(true).open(&new)?;
        file.write_all(&codec::encode(content))?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        match path.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    };
    put().map_err(failed(path))
}

/// Removes a file, overwritten before; one that is not there is no error.
pub(super) fn remove(path: &Path) -> Result<(), TabletError> {
    let gone = || -> io::Result<()> {
        if !fs::symlink_metadata(path)?.is_file() {
            return fs::remove_file(path);
        }
        let len = fs::metadata(path)?.len();
        let zeros = vec![0; usize::try_from(len).unwrap_or(0).min(FILE_BYTES_MAX)];
        let mut file = OpenOptions::new().write(true).open(path)?;
        file.write_all(&zeros)?;
        file.sync_all()?;
        fs::remove_file(path)
    };
    match gone() {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(path)(error)),
        _ => Ok(()),
    }
}

/// Held until it is dropped: one change of the register at a time, so that nobody tries two PINs at
/// once and has one counted.
pub(super) fn lock(folder: &Path) -> Result<File, TabletError> {
    let path = folder.join(LOCK);
    regular::is_there(&path).map_err(failed(&path))?;
    let file = private().open(&path).map_err(failed(&path))?;
    file.lock().map_err(failed(&path))?;
    Ok(file)
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}
