//! The limits: what SQLite and Automerge alone can do with the same bytes on this machine.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};

use yizhan_tests::load::Change;

/// Inserts a writer takes into one commit, as the relay's does.
const COMMIT_INSERTS_MAX: usize = 256;

fn table(folder: &tempfile::TempDir) -> Connection {
    let connection = Connection::open(folder.path().join("bare.sqlite")).expect("a database file");
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             CREATE TABLE changes (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;",
        )
        .expect("a table");
    connection
}

fn insert(connection: &Connection, bytes: &[u8]) {
    connection
        .prepare_cached("INSERT INTO changes (bytes) VALUES (?1)")
        .and_then(|mut statement| statement.execute(params![bytes]))
        .expect("an insert");
}

/// One thread a device, each inserting its changes one by one and waiting for the commit of each;
/// one writer that drains what waits into one commit.
#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
pub(crate) fn insert_from_threads(changes: &[Vec<Change>]) -> Duration {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let connection = table(&folder);
    let (jobs, queue) = mpsc::channel::<(&[u8], mpsc::SyncSender<()>)>();
    let started = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(move || write(&connection, &queue));
        for device in changes {
            let jobs = jobs.clone();
            scope.spawn(move || {
                let (done, wait) = mpsc::sync_channel(1);
                for change in device {
                    jobs.send((&change.bytes, done.clone()))
                        .expect("the writer runs");
                    wait.recv().expect("the writer answers");
                }
            });
        }
        drop(jobs);
    });
    started.elapsed()
}

fn write(connection: &Connection, queue: &mpsc::Receiver<(&[u8], mpsc::SyncSender<()>)>) {
    while let Ok(first) = queue.recv() {
        let batch: Vec<_> = std::iter::once(first)
            .chain(queue.try_iter().take(COMMIT_INSERTS_MAX - 1))
            .collect();
        connection
            .execute_batch("BEGIN IMMEDIATE")
            .expect("a transaction");
        for (bytes, _) in &batch {
            insert(connection, bytes);
        }
        connection.execute_batch("COMMIT").expect("a commit");
        for (_, done) in batch {
            done.send(()).expect("the device waits");
        }
    }
}

/// Parses and decodes each change with Automerge, then inserts all in one commit.
#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
pub(crate) fn parse_and_insert(changes: &[Vec<Change>]) -> Duration {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let connection = table(&folder);
    let started = Instant::now();
    let mut operations = 0;
    for change in changes.iter().flatten() {
        let parsed = automerge::Change::from_bytes(change.bytes.clone()).expect("a change");
        operations += parsed.decode().operations.len();
    }
    assert!(operations > 0, "decoding was not skipped");
    connection
        .execute_batch("BEGIN IMMEDIATE")
        .expect("a transaction");
    for change in changes.iter().flatten() {
        insert(&connection, &change.bytes);
    }
    connection.execute_batch("COMMIT").expect("a commit");
    started.elapsed()
}
