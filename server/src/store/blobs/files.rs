//! Files and folders as the disk knows them: their hash, how long, since when, gone or not.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};
use yizhan_proto::{ContentHash, Timestamp};

use super::BUFFER_BYTES;

pub(super) fn hash(path: &Path) -> Result<ContentHash, io::Error> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(ContentHash::from_bytes(hasher.finalize().into()));
        }
        hasher.update(&buffer[..read]);
    }
}

pub(super) fn length(path: &Path) -> Result<Option<u64>, io::Error> {
    match std::fs::metadata(path) {
        Ok(about) => Ok(Some(about.len())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// When a file was written last; `None` if it is not there.
pub(super) fn modified(path: &Path) -> Result<Option<Timestamp>, io::Error> {
    let about = match std::fs::metadata(path) {
        Ok(about) => about,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let age = about.modified()?.duration_since(UNIX_EPOCH);
    let ms = age.map_or(0, |age| i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
    Ok(Some(Timestamp::from_ms(ms)))
}

pub(super) fn remove(path: &Path) -> Result<bool, io::Error> {
    match std::fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// What is in a folder, ascending by name; nothing if there is no such folder.
pub(super) fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>, io::Error> {
    let read = match std::fs::read_dir(folder) {
        Ok(read) => read,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in read {
        let entry = entry?;
        if let Ok(name) = entry.file_name().into_string() {
            found.push((name, entry.path()));
        }
    }
    found.sort_unstable();
    Ok(found)
}

pub(super) fn make_folder(path: &Path) -> Result<(), io::Error> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// A new name in a folder is on disk only once the folder is.
pub(super) fn sync_folder(path: &Path) -> Result<(), io::Error> {
    if cfg!(unix) {
        File::open(path)?.sync_all()
    } else {
        Ok(())
    }
}
