//! The bytes of attachments, as files below the data folder.
//!
//! ```text
//! attachments/ab/<sha256>                   whole, and of that hash
//! attachments/parts/<person>/<sha256>       what one person has sent so far
//! ```
//!
//! Every person uploads into a file of their own, so that nobody can spoil another's upload. A
//! piece is on disk before it is acknowledged; a file gets its final name only after its hash was
//! checked. Names are made of hashes and ids that were parsed before, never of text that came in.
//! Everything here blocks.

mod files;

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use yizhan_proto::{ContentHash, PersonId, Timestamp};

use super::StoreError;
use files::{entries, hash, length, make_folder, modified, remove, sync_folder};

const FOLDER: &str = "attachments";
const PARTS: &str = "parts";
/// Bytes read at one time.
const BUFFER_BYTES: usize = 64 * 1024;

/// The folder of attachments.
#[derive(Debug)]
pub struct Blobs {
    folder: PathBuf,
    /// Uploads that somebody is writing to right now.
    held: Arc<Mutex<BTreeSet<Upload>>>,
}

/// What one person sends of one file.
type Upload = (ContentHash, PersonId);

/// Why a piece was not taken.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// It does not follow on what is here: so many bytes.
    #[error("the next piece begins at byte {expected}")]
    Offset {
        /// Where the next piece begins.
        expected: u64,
    },
    /// All bytes are here, and are not those of that hash; they were dropped.
    #[error("the bytes are not those that the hash names; all of them were dropped")]
    Mismatch,
    /// The disk.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<io::Error> for BlobError {
    fn from(error: io::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        let full = matches!(
            error.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
        );
        if full {
            Self::Full(Arc::new(error))
        } else {
            Self::Io(Arc::new(error))
        }
    }
}

/// How far an upload is after a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// So many bytes are here.
    Part(u64),
    /// All, and the hash fits.
    Whole,
}

/// One upload, held by one request: others wait for their turn.
#[derive(Debug)]
pub struct Held {
    upload: Upload,
    folder: PathBuf,
    held: Arc<Mutex<BTreeSet<Upload>>>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.held
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.upload);
    }
}

impl Blobs {
    /// Below a data folder. Makes nothing yet.
    #[must_use]
    pub fn new(data: &Path) -> Self {
        Self {
            folder: data.join(FOLDER),
            held: Arc::default(),
        }
    }

    /// Takes hold of an upload; `None` while another request has it.
    #[must_use]
    pub fn hold(&self, sha256: ContentHash, person: PersonId) -> Option<Held> {
        let upload = (sha256, person);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.insert(upload).then(|| Held {
            upload,
            folder: self.folder.clone(),
            held: Arc::clone(&self.held),
        })
    }

    /// How many bytes of an upload are here.
    ///
    /// # Errors
    /// [`StoreError`] if the disk fails.
    pub fn part_bytes(&self, sha256: ContentHash, person: PersonId) -> Result<u64, StoreError> {
        Ok(length(&part_path(&self.folder, (sha256, person)))?.unwrap_or(0))
    }

    /// Bytes of all of a person's uploads that are not whole, but for one.
    ///
    /// # Errors
    /// [`StoreError`] if the disk fails.
    pub fn parts_bytes(&self, person: PersonId, but: ContentHash) -> Result<u64, StoreError> {
        let mut sum = 0_u64;
        for (name, path) in entries(&self.folder.join(PARTS).join(person.to_string()))? {
            if name != but.to_string() {
                sum = sum.saturating_add(length(&path)?.unwrap_or(0));
            }
        }
        Ok(sum)
    }

    /// Opens whole bytes for reading, with their number; `None` if they are not here.
    ///
    /// # Errors
    /// [`StoreError`] if the disk fails.
    pub fn open(&self, sha256: ContentHash) -> Result<Option<(File, u64)>, StoreError> {
        match File::open(whole_path(&self.folder, sha256)) {
            Ok(file) => {
                let bytes = file.metadata()?.len();
                Ok(Some((file, bytes)))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes whole bytes, if they are here.
    ///
    /// # Errors
    /// [`StoreError`] if the disk fails.
    pub fn remove(&self, sha256: ContentHash) -> Result<bool, StoreError> {
        Ok(remove(&whole_path(&self.folder, sha256))?)
    }

    /// Removes what one person has sent so far of some bytes, if anything.
    ///
    /// # Errors
    /// [`StoreError`] if the disk fails.
    pub fn remove_part(&self, sha256: ContentHash, person: PersonId) -> Result<bool, StoreError> {
        Ok(remove(&part_path(&self.folder, (sha256, person)))?)
    }

    /// Removes uploads without progress since `before`, but for those that a request holds. Returns
    /// how many.
    ///
    /// # Errors
    /// [`StoreError`] if the disk fails.
    pub fn remove_parts(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut removed = 0;
        for (person, folder) in entries(&self.folder.join(PARTS))? {
            for (name, path) in entries(&folder)? {
                let old = modified(&path)?.is_some_and(|at| at < before);
                if old {
                    removed += u64::from(self.unless_held(&person, Some(&name), || remove(&path))?);
                }
            }
            // Goes only if it is empty. Not between a request's making it and writing into it.
            self.unless_held(&person, None, || Ok(std::fs::remove_dir(&folder).is_ok()))?;
        }
        Ok(removed)
    }

    /// Does something while nobody can take hold of a person's upload (of any of theirs, if none is
    /// named); nothing if one is held.
    fn unless_held(
        &self,
        person: &str,
        upload: Option<&str>,
        then: impl FnOnce() -> Result<bool, io::Error>,
    ) -> Result<bool, io::Error> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |(sha256, of): &Upload| {
            of.to_string() == person && upload.is_none_or(|name| sha256.to_string() == name)
        };
        if held.iter().any(is_it) {
            return Ok(false);
        }
        then()
    }

    /// The hashes of all that is here whole since before that time, but for what is being written.
    ///
    /// # Errors
    /// [`StoreError`] if the disk fails.
    pub fn whole_since(&self, before: Timestamp) -> Result<Vec<ContentHash>, StoreError> {
        let mut found = Vec::new();
        for (name, folder) in entries(&self.folder)? {
            if name == PARTS {
                continue;
            }
            for (name, path) in entries(&folder)? {
                let old = modified(&path)?.is_some_and(|at| at < before);
                found.extend(name.parse::<ContentHash>().ok().filter(|_| old));
            }
        }
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        found.retain(|sha256| !held.iter().any(|(writing, _)| writing == sha256));
        found.sort_unstable();
        Ok(found)
    }
}

impl Held {
    /// Takes a piece that begins at byte `at` of `whole`; it is on disk when this returns. A piece
    /// that is here already is not taken again.
    ///
    /// # Errors
    /// [`BlobError`]; of a piece that was not taken, nothing stays.
    pub fn append(
        &self,
        at: u64,
        piece: &[u8],
        whole: u64,
        now: Timestamp,
    ) -> Result<Taken, BlobError> {
        let path = part_path(&self.folder, self.upload);
        let here = length(&path)?.unwrap_or(0);
        let until = at.saturating_add(piece.len() as u64);
        if here > whole {
            // Of an upload that somebody announced as a longer one.
            remove(&path)?;
            return Err(BlobError::Offset { expected: 0 });
        }
        if here < whole {
            if until <= here {
                return Ok(Taken::Part(here));
            }
            if at != here {
                return Err(BlobError::Offset { expected: here });
            }
            write(&path, here, piece, now)?;
        }
        if here.max(until) < whole {
            return Ok(Taken::Part(until));
        }
        self.finish(&path)
    }

    /// All bytes are here: checks them, and gives them their name.
    fn finish(&self, path: &Path) -> Result<Taken, BlobError> {
        let (sha256, _) = self.upload;
        if hash(path)? != sha256 {
            remove(path)?;
            return Err(BlobError::Mismatch);
        }
        let whole = whole_path(&self.folder, sha256);
        let folder = whole.parent().unwrap_or(&self.folder);
        make_folder(folder)?;
        std::fs::rename(path, &whole)?;
        sync_folder(folder)?;
        Ok(Taken::Whole)
    }
}

fn part_path(folder: &Path, (sha256, person): Upload) -> PathBuf {
    folder
        .join(PARTS)
        .join(person.to_string())
        .join(sha256.to_string())
}

fn whole_path(folder: &Path, sha256: ContentHash) -> PathBuf {
    let name = sha256.to_string();
    folder.join(&name[..2]).join(name)
}

/// Writes at the end of a file that has `here` bytes; a piece that does not fit whole is undone.
fn write(path: &Path, here: u64, piece: &[u8], now: Timestamp) -> Result<(), io::Error> {
    let folder = path.parent().unwrap_or(path);
    if here == 0 {
        make_folder(folder)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let now = UNIX_EPOCH + Duration::from_millis(u64::try_from(now.as_ms()).unwrap_or(0));
    let written = file
        .seek(SeekFrom::Start(here))
        .and_then(|_| file.write_all(piece))
        .and_then(|()| file.set_modified(now))
        .and_then(|()| file.sync_all());
    if let Err(error) = written {
        drop(file.set_len(here));
        return Err(error);
    }
    if here == 0 {
        sync_folder(folder)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(1_760_000_000_000);

    fn person(n: u8) -> PersonId {
        PersonId::from_bytes([n; 16])
    }

    fn read(blobs: &Blobs, sha256: ContentHash) -> Option<Vec<u8>> {
        let (mut file, bytes) = blobs.open(sha256).unwrap()?;
        let mut found = Vec::new();
        file.read_to_end(&mut found).unwrap();
        assert_eq!(found.len() as u64, bytes);
        Some(found)
    }

    #[test]
    fn tidying_up_takes_no_folder_from_under_an_upload() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::new(folder.path());
        let theirs = folder.path().join(FOLDER).join(PARTS);
        let theirs = theirs.join(person(1).to_string());
        let held = blobs.hold(ContentHash::of(&[1]), person(1)).unwrap();
        make_folder(&theirs).unwrap();
        blobs.remove_parts(NOW).unwrap();
        assert!(theirs.exists(), "the piece is about to be written there");
        drop(held);
        blobs.remove_parts(NOW).unwrap();
        assert!(!theirs.exists());
    }

    #[test]
    fn pieces_in_order_become_the_file_and_nothing_else_does() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::new(folder.path());
        let bytes = b"a paper with a stamp on it";
        let (sha256, whole) = (ContentHash::of(bytes), bytes.len() as u64);
        let held = blobs.hold(sha256, person(1)).unwrap();
        assert!(blobs.hold(sha256, person(1)).is_none(), "one at a time");
        assert!(blobs.hold(sha256, person(2)).is_some(), "each their own");
        let offset = |result: Result<Taken, BlobError>| match result {
            Err(BlobError::Offset { expected }) => expected,
            other => panic!("{other:?}"),
        };
        assert_eq!(offset(held.append(5, &bytes[5..], whole, NOW)), 0);
        assert_eq!(
            held.append(0, &bytes[..10], whole, NOW).unwrap(),
            Taken::Part(10)
        );
        // Again, and within: nothing happens. Across the end: refused.
        assert_eq!(
            held.append(0, &bytes[..10], whole, NOW).unwrap(),
            Taken::Part(10)
        );
        assert_eq!(
            held.append(3, &bytes[3..6], whole, NOW).unwrap(),
            Taken::Part(10)
        );
        assert_eq!(offset(held.append(9, &bytes[9..12], whole, NOW)), 10);
        assert_eq!(offset(held.append(11, &bytes[11..], whole, NOW)), 10);
        assert_eq!(read(&blobs, sha256), None);
        assert_eq!(
            held.append(10, &bytes[10..], whole, NOW).unwrap(),
            Taken::Whole
        );
        drop(held);
        assert_eq!(read(&blobs, sha256).as_deref(), Some(&bytes[..]));
        assert_eq!(
            blobs.whole_since(NOW.saturating_add_ms(1)).unwrap(),
            [sha256]
        );
        assert_eq!(blobs.part_bytes(sha256, person(1)).unwrap(), 0);
        assert!(blobs.remove(sha256).unwrap());
        assert!(!blobs.remove(sha256).unwrap());
    }

    #[test]
    fn other_bytes_than_the_hash_names_are_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::new(folder.path());
        let sha256 = ContentHash::of(b"the true one");
        let held = blobs.hold(sha256, person(1)).unwrap();
        let spoiled = held.append(0, b"not this one", 12, NOW);
        assert!(matches!(spoiled, Err(BlobError::Mismatch)), "{spoiled:?}");
        assert_eq!(blobs.part_bytes(sha256, person(1)).unwrap(), 0);
        assert_eq!(read(&blobs, sha256), None);
        assert_eq!(
            held.append(0, b"the true one", 12, NOW).unwrap(),
            Taken::Whole
        );
    }

    #[test]
    fn uploads_that_stand_still_are_removed_and_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::new(folder.path());
        let later = NOW.saturating_add_ms(1_000);
        for (n, at) in [(1, NOW), (2, later)] {
            let sha256 = ContentHash::of(&[n]);
            let held = blobs.hold(sha256, person(n)).unwrap();
            assert_eq!(held.append(0, b"12", 5, at).unwrap(), Taken::Part(2));
        }
        assert_eq!(
            blobs.parts_bytes(person(1), ContentHash::of(b"")).unwrap(),
            2
        );
        assert_eq!(
            blobs.parts_bytes(person(1), ContentHash::of(&[1])).unwrap(),
            0
        );
        let going_on = blobs.hold(ContentHash::of(&[1]), person(1)).unwrap();
        assert_eq!(blobs.remove_parts(later).unwrap(), 0, "somebody goes on");
        drop(going_on);
        assert_eq!(blobs.remove_parts(later).unwrap(), 1);
        assert_eq!(
            blobs.part_bytes(ContentHash::of(&[1]), person(1)).unwrap(),
            0
        );
        assert_eq!(
            blobs.part_bytes(ContentHash::of(&[2]), person(2)).unwrap(),
            2
        );
    }
}
