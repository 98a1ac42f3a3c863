//! The folder and the file: what cannot be opened, and is left as it is.

use std::path::Path;

use yizhan_proto::Timestamp;

use super::{BIRTH, OPTIONS, open_at};
use crate::store::migrations::VERSION;
use crate::store::{OpenFailure, StoreError, open};

#[test]
fn a_second_relay_on_the_same_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let first = open_at(folder.path());
    let second = open(
        folder.path(),
        OPTIONS,
        BIRTH,
        || Timestamp::from_ms(5),
        |_| (),
    );
    assert!(matches!(second, Err(OpenFailure::InUse)));
    drop(first);
    open_at(folder.path());
}

#[test]
fn what_is_not_ours_damaged_or_newer_is_told_apart_and_left_alone() {
    let failure = |prepare: &dyn Fn(&Path)| {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("relay.db");
        prepare(&database);
        let before = std::fs::read(&database).unwrap();
        let failure = open(
            folder.path(),
            OPTIONS,
            BIRTH,
            || Timestamp::from_ms(5),
            |_| (),
        )
        .unwrap_err();
        assert_eq!(std::fs::read(&database).unwrap(), before, "not touched");
        failure
    };
    let sql = |sql: &'static str| {
        move |path: &Path| {
            let connection = rusqlite::Connection::open(path).unwrap();
            connection.execute_batch(sql).unwrap();
        }
    };
    let garbage = failure(&|path| std::fs::write(path, [0x55; 8192]).unwrap());
    assert!(
        matches!(garbage, OpenFailure::Store(StoreError::Damaged(_))),
        "{garbage:?}"
    );
    let foreign = failure(&sql("CREATE TABLE songs(title)"));
    assert!(
        matches!(foreign, OpenFailure::Store(StoreError::Damaged(_))),
        "{foreign:?}"
    );
    let newer = failure(&sql(
        "PRAGMA application_id = 0x595a6872; PRAGMA user_version = 999",
    ));
    assert!(
        matches!(newer, OpenFailure::Newer { found: 999, known } if known == VERSION),
        "{newer:?}"
    );
}

#[test]
fn a_locked_database_is_told() {
    let folder = tempfile::tempdir().unwrap();
    drop(open_at(folder.path()));
    let other = rusqlite::Connection::open(folder.path().join("relay.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let failure = open(
        folder.path(),
        OPTIONS,
        BIRTH,
        || Timestamp::from_ms(5),
        |_| (),
    )
    .unwrap_err();
    assert!(
        matches!(failure, OpenFailure::Store(StoreError::Locked(_))),
        "{failure:?}"
    );
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_the_folder() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("data");
    let store = open_at(&folder);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for file in ["relay.db", "relay.db-wal", "relay.db-shm", "relay.lock"] {
        assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
    }
    drop(store);
    let file = parent.path().join("file");
    std::fs::write(&file, "").unwrap();
    let failure = open(&file, OPTIONS, BIRTH, || Timestamp::from_ms(5), |_| ()).unwrap_err();
    assert!(matches!(failure, OpenFailure::Folder { .. }));
}
