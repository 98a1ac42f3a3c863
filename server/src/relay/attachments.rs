//! Photos and papers: who may send and fetch which bytes.
//!
//! Bytes are opened by a document that names them, to those who may read that document, and only
//! if the person who wrote the name has shown to have the bytes. So a hash learned somewhere is
//! worth nothing: a name of it in one's own document opens nothing, and no answer says whether
//! somebody else's bytes are here.

mod keeping;

use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

use yizhan_client_core::model::Inspected;
use yizhan_client_core::model::attachment::{self, Named};
use yizhan_proto::limits::PIECE_BYTES_MAX;
use yizhan_proto::{ContentHash, DocumentId, Kind, MediaType, PersonId, Scope};

pub(super) use keeping::Sweeps;
use keeping::check_quota;

use super::types::Caller;
use super::{Inner, Relay, from_read, from_write};
use crate::error::{AttachmentError, RelayError};
use crate::store::blobs::{BlobError, Held, Taken};
use crate::store::rows::NamingRow;
use crate::store::{LogTx, Snapshot, StoreError};

/// Milliseconds after which to come back to an upload that another request is busy with.
const HELD_RETRY_MS: u64 = 500;

/// How far some bytes are, for one who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachmentState {
    /// So many are here of what the caller sends; all of them if they are complete.
    pub have: u64,
    /// So many there are.
    pub bytes: u64,
    /// Whether they can be fetched.
    pub complete: bool,
    /// What they are, as the document says.
    pub media_type: String,
}

/// A part of some bytes, on its way to the relay.
#[derive(Debug, Clone)]
pub struct Piece {
    /// Where it begins.
    pub at: u64,
    /// The bytes; none: only to hear how far the upload is.
    pub piece: Vec<u8>,
    /// How many bytes there are in all.
    pub whole: u64,
}

/// Bytes that may be read.
#[derive(Debug)]
pub struct Readable {
    /// How many.
    pub bytes: u64,
    /// What they are, as the document says.
    pub media_type: String,
    file: std::fs::File,
}

impl Readable {
    /// Reads up to `len` bytes from byte `at` on. Blocks.
    ///
    /// # Errors
    /// [`StoreError`] if the disk fails.
    pub fn read(&mut self, at: u64, len: usize) -> Result<Vec<u8>, StoreError> {
        self.file.seek(SeekFrom::Start(at))?;
        let mut piece = Vec::with_capacity(len.min(PIECE_BYTES_MAX));
        let len = u64::try_from(len).unwrap_or(u64::MAX);
        (&self.file).take(len).read_to_end(&mut piece)?;
        Ok(piece)
    }
}

/// What a caller may do with some bytes.
#[derive(Debug, Default)]
struct Reach {
    /// Somebody who showed to have them names them where the caller reads.
    readable: Option<NamingRow>,
    /// The caller names them.
    own: Option<NamingRow>,
    /// Somebody names them where the caller reads.
    named: bool,
    /// Bytes that the caller has put here already.
    used: u64,
}

/// Notes which bytes an accepted change names.
pub(super) fn name(
    tx: &mut LogTx<'_>,
    document: DocumentId,
    kind: Kind,
    person: PersonId,
    change: &Inspected,
) -> Result<(), StoreError> {
    for named in attachment::named_in(change, kind) {
        let Named {
            sha256,
            bytes,
            media_type,
            thumb,
        } = named;
        let mut row = NamingRow {
            document,
            person,
            bytes,
            media_type: media_type.as_str().to_owned(),
            is_proven: false,
        };
        tx.put_naming(sha256, &row)?;
        if let Some((sha256, bytes)) = thumb {
            row.bytes = bytes;
            MediaType::Jpeg.as_str().clone_into(&mut row.media_type);
            tx.put_naming(sha256, &row)?;
        }
    }
    Ok(())
}

impl Relay {
    /// How far some bytes are.
    ///
    /// # Errors
    /// [`AttachmentError::NotFound`] for bytes that no document names which the caller reads,
    /// whether they are here or not.
    pub async fn attachment_state(
        &self,
        caller: &Caller,
        sha256: ContentHash,
    ) -> Result<AttachmentState, AttachmentError> {
        let reach = self.reach(caller, sha256).await?;
        if let Some(state) = self.complete(sha256, &reach).await? {
            return Ok(state);
        }
        let own = reach.own.ok_or(if reach.named {
            AttachmentError::NotHere
        } else {
            AttachmentError::NotFound
        })?;
        let inner = Arc::clone(&self.inner);
        let read = move || -> Result<u64, AttachmentError> {
            Ok(inner.blobs.part_bytes(sha256, own.person)?)
        };
        let have = blocking(read).await?;
        Ok(AttachmentState {
            have: have.min(own.bytes),
            bytes: own.bytes,
            complete: false,
            media_type: own.media_type,
        })
    }

    /// Takes a piece of some bytes; it is on disk when this returns. May be repeated.
    ///
    /// # Errors
    /// [`AttachmentError`]; of a piece that was not taken, nothing stays.
    pub async fn put_attachment(
        &self,
        caller: &Caller,
        sha256: ContentHash,
        piece: Piece,
    ) -> Result<AttachmentState, AttachmentError> {
        let reach = self.reach(caller, sha256).await?;
        if let Some(state) = self.complete(sha256, &reach).await? {
            return Ok(state);
        }
        // Only who names bytes sends them; who may read them waits for those.
        let own = match reach.own {
            Some(own) => own,
            None if reach.named => return Err(AttachmentError::NotHere),
            None => return Err(AttachmentError::NotFound),
        };
        check(&piece, own.bytes)?;
        self.sweep();
        let now = self.inner.clock.now();
        // Under the id under which it was named: whoever became one with somebody goes on where
        // they were.
        let held = self.inner.blobs.hold(sha256, own.person);
        let held = held.ok_or(AttachmentError::Relay(RelayError::Busy {
            retry_after_ms: HELD_RETRY_MS,
        }))?;
        let inner = Arc::clone(&self.inner);
        let (used, person) = (reach.used, own.person);
        let (held, taken) = blocking(move || {
            check_quota(&inner, sha256, person, used.saturating_add(piece.whole))?;
            let taken = take(&held, &piece, now)?;
            Ok::<_, AttachmentError>((held, taken))
        })
        .await?;
        let have = match taken {
            Taken::Part(have) => have,
            Taken::Whole => {
                self.prove(sha256, own.person, own.bytes).await?;
                own.bytes
            }
        };
        drop(held);
        Ok(AttachmentState {
            have,
            bytes: own.bytes,
            complete: taken == Taken::Whole,
            media_type: own.media_type,
        })
    }

    /// Opens some bytes for reading.
    ///
    /// # Errors
    /// [`AttachmentError::NotFound`] as in [`Relay::attachment_state`]; [`AttachmentError::NotHere`] if
    /// they were not sent yet.
    pub async fn read_attachment(
        &self,
        caller: &Caller,
        sha256: ContentHash,
    ) -> Result<Readable, AttachmentError> {
        let reach = self.reach(caller, sha256).await?;
        let Some(row) = reach.readable else {
            return Err(if reach.named {
                AttachmentError::NotHere
            } else {
                AttachmentError::NotFound
            });
        };
        let inner = Arc::clone(&self.inner);
        let opened = open(inner, sha256).await?;
        // A folder that did not come back with the database: the phones send again.
        let (file, bytes) = opened.ok_or(AttachmentError::NotHere)?;
        Ok(Readable {
            bytes,
            media_type: row.media_type,
            file,
        })
    }

    /// What the caller, as they are by now, may do with some bytes.
    async fn reach(&self, caller: &Caller, sha256: ContentHash) -> Result<Reach, AttachmentError> {
        let caller = self.caller(caller.device).map_err(RelayError::from)?;
        let read = move |snapshot: &Snapshot<'_>| reach(snapshot, &caller, sha256);
        Ok(self.inner.readers.read(read).await.map_err(from_read)?)
    }

    /// The state of bytes that the caller can fetch. If the caller names them too, the caller has
    /// shown to have them: whoever can fetch can send.
    async fn complete(
        &self,
        sha256: ContentHash,
        reach: &Reach,
    ) -> Result<Option<AttachmentState>, AttachmentError> {
        let Some(row) = &reach.readable else {
            return Ok(None);
        };
        let inner = Arc::clone(&self.inner);
        let Some((_, bytes)) = open(inner, sha256).await? else {
            return Ok(None);
        };
        if let Some(own) = reach.own.as_ref().filter(|own| !own.is_proven) {
            self.prove(sha256, own.person, bytes).await?;
        }
        Ok(Some(AttachmentState {
            have: bytes,
            bytes,
            complete: true,
            media_type: row.media_type.clone(),
        }))
    }

    async fn prove(
        &self,
        sha256: ContentHash,
        person: PersonId,
        whole: u64,
    ) -> Result<(), AttachmentError> {
        let now = self.inner.clock.now();
        let inner = Arc::clone(&self.inner);
        let job = move |tx: &mut LogTx<'_>| -> Result<bool, RelayError> {
            let named = tx.is_named(sha256, person)?;
            if named {
                tx.put_proof(sha256, person, whole, now)?;
            } else if !tx.is_named_at_all(sha256)? {
                // Erased while it was on its way.
                inner.blobs.remove(sha256)?;
            }
            Ok(named)
        };
        let written = self.inner.writer.write(job).await;
        let named = written.map_err(|error| AttachmentError::Relay(from_write(error)))?;
        named.then_some(()).ok_or(AttachmentError::NotFound)
    }
}

/// What a caller may do with some bytes.
fn reach(
    snapshot: &Snapshot<'_>,
    caller: &Caller,
    sha256: ContentHash,
) -> Result<Reach, StoreError> {
    let mut reach = Reach::default();
    for row in snapshot.namings(sha256, caller.person)? {
        if !is_read_by(snapshot, row.document, &caller.identity.scopes)? {
            continue;
        }
        reach.named = true;
        if caller.author.is(row.person) && reach.own.is_none() {
            reach.own = Some(row.clone());
        }
        if row.is_proven && reach.readable.is_none() {
            reach.readable = Some(row);
        }
        if reach.own.is_some() && reach.readable.is_some() {
            break;
        }
    }
    if reach.own.is_some() && reach.readable.is_none() {
        for id in std::iter::once(&caller.person).chain(&caller.author.aliases) {
            reach.used += snapshot.proven_bytes(*id)?;
        }
    }
    Ok(reach)
}

/// Whether a document is in one of these scopes.
fn is_read_by(
    snapshot: &Snapshot<'_>,
    document: DocumentId,
    scopes: &[Scope],
) -> Result<bool, StoreError> {
    Ok(snapshot.document(document)?.is_some_and(|row| {
        row.members
            .iter()
            .any(|member| member.left.is_none() && scopes.contains(&member.scope))
    }))
}

/// A piece is within bounds, and of what was announced.
fn check(piece: &Piece, announced: u64) -> Result<(), AttachmentError> {
    let len = piece.piece.len();
    if piece.whole != announced {
        return Err(AttachmentError::Length {
            announced,
            found: piece.whole,
        });
    }
    if len > PIECE_BYTES_MAX {
        return Err(AttachmentError::Relay(RelayError::Limit {
            limit: "piece_bytes_max",
            bound: PIECE_BYTES_MAX as u64,
            found: len as u64,
        }));
    }
    let until = piece.at.saturating_add(len as u64);
    if until > announced {
        return Err(AttachmentError::Length {
            announced,
            found: until,
        });
    }
    Ok(())
}

async fn open(
    inner: Arc<Inner>,
    sha256: ContentHash,
) -> Result<Option<(std::fs::File, u64)>, AttachmentError> {
    blocking(move || Ok(inner.blobs.open(sha256)?)).await
}

fn take(
    held: &Held,
    piece: &Piece,
    now: yizhan_proto::Timestamp,
) -> Result<Taken, AttachmentError> {
    held.append(piece.at, &piece.piece, piece.whole, now)
        .map_err(|error| match error {
            BlobError::Offset { expected } => AttachmentError::Offset { expected },
            BlobError::Mismatch => AttachmentError::Mismatch,
            BlobError::Store(error) => error.into(),
        })
}

/// Runs what reads or writes files on a thread that may block.
async fn blocking<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<RelayError> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(_) => Err(RelayError::Internal("a task on attachments failed").into()),
    }
}
