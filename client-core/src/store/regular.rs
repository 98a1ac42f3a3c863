//! Small files beside the store, read within bounds, and only if they are files.
//!
//! A folder may hold anything: a pipe that nobody writes to would be waited for, for ever; a link leads to a
//! file of somebody else's, which a wipe would overwrite; and what was left by another program may be large.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

/// Whether there is a file at a path; something else there is an error that names it.
pub(crate) fn is_there(path: &Path) -> io::Result<bool> {
    let about = match fs::symlink_metadata(path) {
        Ok(about) => about,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let kind = about.file_type();
    if kind.is_file() {
        return Ok(true);
    }
    let what = match (kind.is_symlink(), kind.is_dir()) {
        (true, _) => "a link, which this program does not follow",
        (_, true) => "a folder",
        (false, false) => "no file",
    };
    let said = format!("it is {what}; put it out of the way");
    Err(io::Error::new(io::ErrorKind::InvalidInput, said))
}

/// What is in a file, up to one byte more than it may have; `None` if it is not there.
pub(crate) fn read(path: &Path, bytes_max: usize) -> io::Result<Option<Vec<u8>>> {
    if !is_there(path)? {
        return Ok(None);
    }
    let most = u64::try_from(bytes_max)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    let mut kept = Vec::new();
    File::open(path)?.take(most).read_to_end(&mut kept)?;
    Ok(Some(kept))
}
