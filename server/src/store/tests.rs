//! The writer: what a commit keeps, and what a failure undoes.

mod opening;
mod recipients;
mod remembered;

use std::path::Path;
use std::sync::{Arc, Mutex};

use yizhan_client_core::model::Outline;
use yizhan_client_core::model::outline::{Facts, Head, Routing};
use yizhan_proto::digest::DocumentDigest;
use yizhan_proto::{
    ActorId, ChangeHash, Cursor, DeviceId, DocumentId, Epoch, Incarnation, Kind, PersonId, Scope,
    ScopeDigest, Sequence, StationId, Timestamp,
};

use super::rows::{DocumentRow, Member, NewChange};
use super::{Birth, Commit, LogTx, Opened, StoreError, StoreOptions, WriteError, open};

const BIRTH: Birth = Birth {
    epoch: Epoch::from_bytes([1; 8]),
    device: DeviceId::from_bytes([2; 16]),
    at: Timestamp::from_ms(1_770_000_000_000),
};
const OPTIONS: StoreOptions = StoreOptions {
    queue_jobs_max: 8,
    readers: 2,
    documents_cached_max: 4,
    restored: false,
};

fn open_at(folder: &Path) -> Opened {
    open(folder, OPTIONS, BIRTH, || Timestamp::from_ms(5), |_| ()).unwrap()
}

fn scope() -> Scope {
    Scope::Station(StationId::from_bytes([7; 16]))
}

/// Keeps one more change of a document; returns its sequence.
fn put(tx: &mut LogTx<'_>, document: u8) -> Result<Sequence, StoreError> {
    let id = DocumentId::from_bytes([document; 16]);
    let before = tx.document(id)?;
    let sequence = tx.allot_sequence();
    let mut hash = [document; 32];
    hash[..8].copy_from_slice(&sequence.get().to_be_bytes());
    let hash = ChangeHash::from_bytes(hash);
    tx.put_change(&NewChange {
        sequence,
        document: id,
        hash,
        actor: ActorId::new(DeviceId::from_bytes([3; 16]), Incarnation(1)),
        person: PersonId::from_bytes([4; 16]),
        last_op: 1,
        received_at: Timestamp::from_ms(1),
        skew_ms: 0,
        bytes: b"a change",
    })?;
    let joined = before
        .as_ref()
        .map_or(sequence, |before| before.members[0].joined);
    let row = DocumentRow {
        outline: Outline {
            kind: Kind::Visit,
            schema: 1,
            routing: Routing::default(),
            facts: Facts::default(),
            heads: vec![Head { hash, last_op: 1 }],
            last_op: 1,
            actors: Vec::new(),
            bytes: 8,
        },
        digest: DocumentDigest::of(id, &[hash]),
        members: vec![Member {
            scope: scope(),
            joined,
            last: sequence,
            left: None,
        }],
    };
    tx.put_document(id, before, row)?;
    Ok(sequence)
}

/// What the scope holds, from the index; and that its totals say the same.
async fn holdings(store: &Opened) -> Vec<(DocumentId, DocumentDigest)> {
    let read = store.readers.read(|snapshot| -> Result<_, StoreError> {
        let Some(totals) = snapshot.scope(&scope())? else {
            return Ok(Vec::new());
        };
        let holdings = snapshot.holdings(totals.id)?;
        let digest: ScopeDigest = holdings.iter().map(|(_, digest)| *digest).collect();
        assert_eq!(totals.digest, digest);
        assert_eq!(totals.documents, holdings.len() as u64);
        Ok(holdings)
    });
    read.await.unwrap()
}

async fn head(store: &Opened) -> Cursor {
    store
        .readers
        .read(|snapshot| snapshot.head())
        .await
        .unwrap()
}

#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("on purpose")]
    OnPurpose,
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[tokio::test]
async fn jobs_that_wait_share_a_commit_and_a_failed_one_is_undone_alone() {
    let folder = tempfile::tempdir().unwrap();
    let commits: Arc<Mutex<Vec<Commit>>> = Arc::default();
    let seen = Arc::clone(&commits);
    let store = open(
        folder.path(),
        OPTIONS,
        BIRTH,
        || Timestamp::from_ms(5),
        move |commit| {
            seen.lock().unwrap().push(commit);
        },
    )
    .unwrap();
    // The first job holds the writer until the others wait behind it.
    let (release, held) = std::sync::mpsc::channel::<()>();
    let first = store.writer.write(move |tx| {
        held.recv().unwrap();
        put(tx, 1)
    });
    let good = store.writer.write(|tx| put(tx, 2));
    let bad = store.writer.write(|tx| -> Result<(), Failed> {
        put(tx, 2)?;
        put(tx, 3)?;
        tx.put_person(
            PersonId::from_bytes([9; 16]),
            "nobody",
            Timestamp::default(),
        )?;
        Err(Failed::OnPurpose)
    });
    let panics = store.writer.write(|tx| -> Result<(), StoreError> {
        put(tx, 4)?;
        panic!("on purpose")
    });
    let last = store.writer.write(|tx| put(tx, 5));
    let releasing = async {
        release.send(()).unwrap();
    };
    let (first, good, bad, panics, last, ()) =
        tokio::join!(first, good, bad, panics, last, releasing);
    assert_eq!(first.unwrap().get(), 1);
    assert_eq!(good.unwrap().get(), 2);
    assert!(matches!(bad, Err(WriteError::Job(Failed::OnPurpose))));
    assert!(matches!(panics, Err(WriteError::Panicked)));
    assert_eq!(
        last.unwrap().get(),
        3,
        "sequences of undone jobs are given again"
    );
    let ids: Vec<u8> = holdings(&store)
        .await
        .iter()
        .map(|(id, _)| id.as_bytes()[0])
        .collect();
    assert_eq!(ids, [1, 2, 5]);
    {
        let commits = commits.lock().unwrap();
        let jobs: Vec<usize> = commits.iter().map(|commit| commit.jobs).collect();
        assert_eq!(jobs.iter().sum::<usize>(), 5);
        assert!(
            jobs.len() <= 2,
            "the four behind the first share a commit: {jobs:?}"
        );
        assert!(commits.iter().all(|commit| commit.people.is_empty()));
        assert_eq!(commits.last().unwrap().moved[&scope()].get(), 3);
    }
    assert_eq!(head(&store).await, Cursor::new(3));
}

#[tokio::test]
async fn a_full_queue_turns_away_and_keeps_what_it_took() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_at(folder.path());
    let (running, started) = tokio::sync::oneshot::channel();
    let (release, held) = std::sync::mpsc::channel::<()>();
    let first = store.writer.write(move |tx| {
        running.send(()).unwrap();
        held.recv().unwrap();
        put(tx, 1)
    });
    let rest = async {
        started.await.unwrap();
        let jobs: Vec<_> = (0..OPTIONS.queue_jobs_max + 3)
            .map(|_| Box::pin(store.writer.write(|tx| put(tx, 2))))
            .collect();
        let mut results = Vec::new();
        let mut waiting = Vec::new();
        for mut job in jobs {
            let polled = std::future::poll_fn(|cx| std::task::Poll::Ready(job.as_mut().poll(cx)));
            match polled.await {
                std::task::Poll::Ready(result) => results.push(result),
                std::task::Poll::Pending => waiting.push(job),
            }
        }
        assert_eq!(results.len(), 3);
        assert!(
            results
                .iter()
                .all(|result| matches!(result, Err(WriteError::Full)))
        );
        assert_eq!(store.writer.waiting(), OPTIONS.queue_jobs_max);
        release.send(()).unwrap();
        for job in waiting {
            job.await.unwrap();
        }
    };
    let (first, ()) = tokio::join!(first, rest);
    first.unwrap();
    assert_eq!(head(&store).await.get(), 1 + OPTIONS.queue_jobs_max as u64);
}

/// A constraint that is looked at only at the commit makes it fail as late as it can.
#[tokio::test]
async fn a_commit_that_fails_fails_every_job_in_it_and_memory_forgets_them() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_at(folder.path());
    let put_one = || store.writer.write(|tx| put(tx, 1));
    assert_eq!(put_one().await.unwrap().get(), 1);
    store
        .writer
        .write(|tx| -> Result<(), StoreError> {
            tx.connection.execute_batch(
                "CREATE TABLE late(person BLOB REFERENCES people(person)
                 DEFERRABLE INITIALLY DEFERRED)",
            )?;
            Ok(())
        })
        .await
        .unwrap();
    let before = holdings(&store).await;
    let (release, held) = std::sync::mpsc::channel::<()>();
    let holds = store.writer.write(move |_| -> Result<(), StoreError> {
        held.recv().unwrap();
        Ok(())
    });
    let good = put_one();
    let spoiler = store.writer.write(|tx| -> Result<(), StoreError> {
        put(tx, 6)?;
        tx.connection
            .execute_batch("INSERT INTO late VALUES (x'00')")?;
        Ok(())
    });
    let releasing = async {
        release.send(()).unwrap();
    };
    let (_, good, spoiler, ()) = tokio::join!(holds, good, spoiler, releasing);
    assert!(matches!(good, Err(WriteError::Store(_))), "{good:?}");
    assert!(matches!(spoiler, Err(WriteError::Store(_))));
    assert_eq!(holdings(&store).await, before);
    assert_eq!(
        put_one().await.unwrap().get(),
        2,
        "the writer goes on where the disk stands"
    );
    assert_eq!(holdings(&store).await.len(), 1);
}

#[tokio::test]
async fn a_full_disk_is_told_and_passes() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_at(folder.path());
    let limit = |pages: &'static str| {
        store.writer.write(move |tx| -> Result<(), StoreError> {
            let sql = format!("PRAGMA max_page_count = {pages}");
            tx.connection.query_row(&sql, [], |_| Ok(()))?;
            Ok(())
        })
    };
    limit("1").await.unwrap();
    let mut kept = 0;
    let mut failed = None;
    for document in 0..=255 {
        match store.writer.write(move |tx| put(tx, document)).await {
            Ok(_) => kept += 1,
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
    }
    let full = matches!(
        failed,
        Some(
            WriteError::Job(StoreError::Full(_))
                | WriteError::Store(StoreError::Full(_) | StoreError::Io(_))
        )
    );
    assert!(full, "{failed:?}");
    assert_eq!(holdings(&store).await.len(), kept);
    limit("100000").await.unwrap();
    store.writer.write(|tx| put(tx, 255)).await.unwrap();
    assert_eq!(holdings(&store).await.len(), kept + 1);
}

#[tokio::test]
async fn work_stands_though_nobody_waits_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_at(folder.path());
    let mut job = Box::pin(store.writer.write(|tx| put(tx, 1)));
    let polled =
        std::future::poll_fn(|cx| std::task::Poll::Ready(job.as_mut().poll(cx).is_ready()));
    polled.await;
    drop(job);
    store.writer.shutdown();
    assert_eq!(head(&store).await, Cursor::new(1));
    let late = store.writer.write(|tx| put(tx, 1)).await;
    assert!(matches!(late, Err(WriteError::Closed)));
    assert!(!store.writer.is_open());
}

#[tokio::test]
async fn what_was_kept_is_there_after_a_restart_and_the_birth_stays() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_at(folder.path());
    for document in [1, 2, 1] {
        store
            .writer
            .write(move |tx| put(tx, document))
            .await
            .unwrap();
    }
    let before = holdings(&store).await;
    drop(store);
    let other = Birth {
        epoch: Epoch::from_bytes([9; 8]),
        device: DeviceId::from_bytes([9; 16]),
        ..BIRTH
    };
    let store = open(
        folder.path(),
        OPTIONS,
        other,
        || Timestamp::from_ms(5),
        |_| (),
    )
    .unwrap();
    assert_eq!(store.birth.epoch, BIRTH.epoch);
    assert_eq!(store.birth.device, BIRTH.device);
    assert_eq!(holdings(&store).await, before);
    assert_eq!(store.writer.write(|tx| put(tx, 3)).await.unwrap().get(), 4);
}
