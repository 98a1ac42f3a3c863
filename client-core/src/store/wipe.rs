//! A device that was lost erases itself, and keeps a note that says so.
//!
//! The note is on disk before the first file goes: a device that dies in between goes on erasing
//! when it is next opened, and never opens what is left. Files are overwritten and then removed;
//! what a flash disk keeps beneath of overwritten blocks is beyond any program.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use minicbor::{Decode, Encode};
use rusqlite::{Connection, OptionalExtension, params};
use yizhan_proto::device::WipedRequest;
use yizhan_proto::sync::Push;
use yizhan_proto::{DeviceId, DocumentId, Kind, Nonce, Timestamp, codec};

use super::papers::Papers;
use super::sql::bytes;
use super::{Store, StoreError, regular};
use crate::model::civil::civil;

/// The note, in the home folder.
const NOTE: &str = "yizhan.wiped";
/// The note while it is written.
const NOTE_NEW: &str = "yizhan.wiped.new";
/// Bytes of a note.
const NOTE_BYTES_MAX: usize = 16 * 1024;
/// How the names of all files begin that hold anything of the store.
const ERASED: [&str; 7] = [
    "yizhan.sqlite",
    "attachments.db",
    "yizhan.instance",
    "yizhan.encrypt",
    "yizhan.plain",
    "attachments.encrypting",
    "attachments.plain",
];
/// Zeros written at once.
static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];

/// What is left of a device that erased itself.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct WipedNote {
    /// Which device it was.
    #[n(0)]
    pub device: DeviceId,
    /// Where its relay is, if it knew.
    #[n(1)]
    pub relay_url: Option<String>,
    /// When it erased itself, by its estimate of the relay's time.
    #[n(2)]
    pub wiped_at: Timestamp,
    /// What it tells the relay, signed when it still could.
    #[n(3)]
    pub confirmation: WipedRequest,
    /// Whether the relay has heard it.
    #[n(4)]
    pub is_told: bool,
}

impl WipedNote {
    /// The note in a home folder, if the device there erased itself.
    ///
    /// # Errors
    /// [`StoreError`] if the note is there and cannot be read.
    pub fn find(home: &Path) -> Result<Option<Self>, StoreError> {
        let path = home.join(NOTE);
        let kept = match regular::read(&path, NOTE_BYTES_MAX) {
            Ok(Some(kept)) => kept,
            Ok(None) => return Ok(None),
            Err(source) => return Err(StoreError::Home { path, source }),
        };
        let note = codec::decode(&kept, NOTE_BYTES_MAX);
        note.map(Some).map_err(|error| StoreError::Damaged {
            path,
            why: format!("the note of its wipe: {error}"),
            source: None,
        })
    }

    /// Keeps it.
    ///
    /// # Errors
    /// [`StoreError`]; what was kept before stays.
    pub fn keep(&self, home: &Path) -> Result<(), StoreError> {
        let (path, new) = (home.join(NOTE), home.join(NOTE_NEW));
        let write = || -> io::Result<()> {
            let mut file = private().truncate(true).open(&new)?;
            file.write_all(&codec::encode(self))?;
            file.sync_all()?;
            fs::rename(&new, &path)?;
            File::open(home)?.sync_all()
        };
        write().map_err(|source| StoreError::Home { path, source })
    }
}

/// The day of a time, in UTC, as `2026-11-21`.
pub(super) fn date(time: Timestamp) -> String {
    let (year, month, day) = civil(time.as_ms().div_euclid(86_400_000));
    format!("{year:04}-{month:02}-{day:02}")
}

/// Whether a device in this folder erased itself.
pub(super) fn was_wiped(home: &Path) -> bool {
    home.join(NOTE).exists()
}

/// For making a file that only its owner may read.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}

/// Refuses a folder whose device erased itself, once nothing is left there.
pub(super) fn check(home: &Path) -> Result<(), StoreError> {
    let Some(note) = WipedNote::find(home)? else {
        return Ok(());
    };
    erase_files(home)?;
    Err(StoreError::Wiped {
        wiped_at: note.wiped_at,
    })
}

/// Overwrites and removes every file of the store.
pub(super) fn erase_files(home: &Path) -> Result<(), StoreError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| StoreError::Home { path, source }
    };
    for entry in fs::read_dir(home).map_err(failed(home))? {
        let entry = entry.map_err(failed(home))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if ERASED.iter().any(|start| name.starts_with(start)) && !entry.path().is_dir() {
            erase_file(&entry.path()).map_err(failed(&entry.path()))?;
        }
    }
    Ok(())
}

/// Overwrites and removes a file.
pub(super) fn erase_file(path: &Path) -> io::Result<()> {
    if !fs::symlink_metadata(path)?.is_file() {
        // A link or a pipe in the place of a file: what it leads to is none of the store's.
        return fs::remove_file(path);
    }
    let mut file = OpenOptions::new().write(true).open(path)?;
    let mut left = file.metadata()?.len();
    while left > 0 {
        let now = ZEROS.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        file.write_all(&ZEROS[..now])?;
        left = left.saturating_sub(u64::try_from(now).unwrap_or(left));
    }
    file.sync_all()?;
    fs::remove_file(path)
}

/// Some of what the relay has not accepted, and where to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FarewellBatch {
    /// The changes, in the order they were made; empty: that was all.
    pub pushes: Vec<Push>,
    /// What to ask for the next batch with.
    pub after: i64,
}

impl Store {
    /// The number of the farewell that was begun, which [`Store::begin_farewell`] kept.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn farewell(&self) -> Result<Option<Nonce>, StoreError> {
        self.read(|connection| {
            Ok(connection
                .query_row("SELECT nonce FROM wipe_order", [], |row| {
                    bytes(row, 0, Nonce::from_bytes)
                })
                .optional()?)
        })
    }

    /// Keeps the number of an order that was believed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn begin_farewell(&mut self, nonce: Nonce) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.execute(
                "INSERT INTO wipe_order (one, nonce) VALUES (1, ?1)
                 ON CONFLICT (one) DO UPDATE SET nonce = excluded.nonce",
                [nonce.as_bytes()],
            )?;
            Ok(())
        })
    }

    /// Own changes that the relay has not accepted (unsent and refused ones), behind `after` (0:
    /// from the first), in about so many bytes; at least one, if there is one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn farewell_batch(
        &self,
        after: i64,
        bytes_max: usize,
    ) -> Result<FarewellBatch, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT c.n, d.id, d.kind, c.bytes FROM changes c JOIN documents d ON d.n = c.document
                 WHERE c.own = 1 AND c.state IN (0, 2) AND c.state <> 1 AND c.n > ?1 ORDER BY c.n",
            )?;
            let mut rows = statement.query(params![after])?;
            let mut batch = FarewellBatch {
                pushes: Vec::new(),
                after,
            };
            let mut left = bytes_max;
            while let Some(row) = rows.next()? {
                let change: Vec<u8> = row.get(3)?;
                if change.len() > left && !batch.pushes.is_empty() {
                    break;
                }
                left = left.saturating_sub(change.len());
                batch.after = row.get(0)?;
                batch.pushes.push(Push {
                    document: bytes(row, 1, DocumentId::from_bytes)?,
                    kind: Kind::from_code(row.get(2)?),
                    change,
                });
            }
            Ok(batch)
        })
    }

    /// Erases everything but the note. Nothing can be read or written afterwards. In memory, there
    /// are no files.
    ///
    /// # Errors
    /// [`StoreError`]: erasing goes on when the folder is next opened, if the note could be kept.
    pub fn erase(&mut self, note: &WipedNote) -> Result<(), StoreError> {
        let home: Option<PathBuf> = self.home.clone();
        if let Some(home) = &home {
            note.keep(home)?;
        }
        self.wiped_at = Some(note.wiped_at);
        // Lets go of the files: what is open would be written once more when it is closed.
        self.connection = Connection::open_in_memory()?;
        self.papers = Papers::new(None, None);
        match &home {
            Some(home) => erase_files(home),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_told_as_people_write_it() {
        for (ms, day) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (951_782_400_000, "2000-02-29"),
            (1_795_000_000_000, "2026-11-18"),
            (4_107_542_399_999, "2100-02-28"),
            (4_107_542_400_000, "2100-03-01"),
        ] {
            assert_eq!(date(Timestamp::from_ms(ms)), day, "{ms}");
        }
    }
}
