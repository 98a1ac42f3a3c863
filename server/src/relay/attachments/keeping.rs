//! What goes by itself: uploads that stand still, and files that nobody has shown to have. What goes
//! with a document that is erased is in `relay::erasure`.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use yizhan_proto::limits::PERSON_ATTACHMENT_BYTES_MAX;
use yizhan_proto::{ContentHash, PersonId};

use super::blocking;
use crate::error::{AttachmentError, RelayError};
use crate::relay::{Inner, Relay, from_read};
use crate::store::{Snapshot, StoreError};

/// Milliseconds without a new piece after which an upload is given up.
const PART_LIFE_MS: i64 = 7 * 24 * 60 * 60 * 1_000;
/// Milliseconds between two looks for what may go.
const SWEEP_EVERY_MS: i64 = 24 * 60 * 60 * 1_000;
/// When to look next for what may go.
#[derive(Debug, Default)]
pub(in crate::relay) struct Sweeps {
    next_ms: AtomicI64,
}

impl Relay {
    /// Looks for what may go, once a day: uploads that stand still, and files that nobody has
    /// shown to have.
    pub(super) fn sweep(&self) {
        let now = self.inner.clock.now();
        let next = &self.inner.sweeps.next_ms;
        let due = next.load(Ordering::Relaxed);
        let then = now.saturating_add_ms(SWEEP_EVERY_MS).as_ms();
        let mine = now.as_ms() >= due
            && next
                .compare_exchange(due, then, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        if !mine {
            return;
        }
        let relay = self.clone();
        tokio::spawn(async move {
            match relay.remove_unwanted_attachments().await {
                Ok(removed) if removed > 0 => tracing::info!(removed, "old uploads were removed"),
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "old uploads could not be removed"),
            }
        });
    }

    /// Removes uploads without progress for seven days, and files of that age that nobody has shown
    /// to have (the relay died before it could note it, or a document went).
    ///
    /// # Errors
    /// [`RelayError`].
    pub async fn remove_unwanted_attachments(&self) -> Result<u64, RelayError> {
        let before = self.inner.clock.now().saturating_add_ms(-PART_LIFE_MS);
        let inner = Arc::clone(&self.inner);
        let (mut removed, all) = blocking(move || {
            let removed = inner.blobs.remove_parts(before)?;
            Ok::<_, RelayError>((removed, inner.blobs.whole_since(before)?))
        })
        .await?;
        let read = move |snapshot: &Snapshot<'_>| -> Result<Vec<ContentHash>, StoreError> {
            let mut unwanted = Vec::new();
            for sha256 in all {
                if !snapshot.has_proof(sha256)? {
                    unwanted.push(sha256);
                }
            }
            Ok(unwanted)
        };
        let unwanted = self.inner.readers.read(read).await.map_err(from_read)?;
        let inner = Arc::clone(&self.inner);
        removed += blocking(move || {
            let mut removed = 0;
            for sha256 in unwanted {
                removed += u64::from(inner.blobs.remove(sha256)?);
            }
            Ok::<_, RelayError>(removed)
        })
        .await?;
        Ok(removed)
    }
}

/// The person has room for it, counting what is only half here.
pub(super) fn check_quota(
    inner: &Inner,
    sha256: ContentHash,
    person: PersonId,
    with_this: u64,
) -> Result<(), AttachmentError> {
    let parts = inner.blobs.parts_bytes(person, sha256)?;
    let wanted = with_this.saturating_add(parts);
    if wanted > PERSON_ATTACHMENT_BYTES_MAX {
        return Err(AttachmentError::Quota {
            bound: PERSON_ATTACHMENT_BYTES_MAX,
            wanted,
        });
    }
    Ok(())
}
