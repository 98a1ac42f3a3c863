//! A store of an older format: what devices may have been served is filled in when it is opened.

use rusqlite::Connection;
use yizhan_proto::{DeviceId, PersonId, Role, Scope, StationId, Timestamp};

use super::{BIRTH, OPTIONS, open_at};
use crate::store::rows::DeviceRow;
use crate::store::{LogTx, StoreError, database_path, open};

const PERSON: PersonId = PersonId::from_bytes([11; 16]);

fn people(tx: &mut LogTx<'_>) -> Result<(), StoreError> {
    let at = Timestamp::from_ms(1_000);
    let station = |n| StationId::from_bytes([n; 16]);
    tx.put_person(PERSON, "王站长", at)?;
    tx.add_role(PERSON, &Role::Keeper(station(1)))?;
    tx.add_role(PERSON, &Role::Keeper(station(2)))?;
    tx.end_role(PERSON, &Role::Keeper(station(2)), at)?;
    for n in [21, 22] {
        tx.put_device(&DeviceRow {
            id: DeviceId::from_bytes([n; 16]),
            person: PERSON,
            public_key: [n; 32],
            label: String::new(),
            created_at: at,
            revoked_at: (n == 22).then_some(at),
            last_seen_at: Some(at),
        })?;
    }
    Ok(())
}

#[tokio::test]
async fn what_devices_may_have_been_served_is_filled_in_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_at(folder.path());
    store.writer.write(people).await.unwrap();
    store.writer.shutdown();
    drop(store);
    let database = database_path(folder.path());
    let connection = Connection::open(&database).unwrap();
    let forget = "DELETE FROM device_scopes; DELETE FROM meta WHERE key = 'recipients'";
    connection.execute_batch(forget).unwrap();
    drop(connection);

    let clock = || Timestamp::from_ms(5);
    let store = open(folder.path(), OPTIONS, BIRTH, clock, |_| ()).unwrap();
    let told = |n: u8| {
        let scope = Scope::Station(StationId::from_bytes([n; 16]));
        let read = store.readers.read(move |snapshot| {
            let told = snapshot.devices_told(&[scope])?;
            let left = snapshot.scopes_left(DeviceId::from_bytes([21; 16]))?;
            Ok::<_, StoreError>((told.len(), left))
        });
        async { read.await.unwrap() }
    };
    let (present, left) = told(1).await;
    assert_eq!(present, 2, "the revoked one may have had it, too");
    let (former, _) = told(2).await;
    assert_eq!(former, 2, "a role that ended");
    let scopes: Vec<Scope> = left.into_iter().map(|left| left.scope).collect();
    assert_eq!(scopes, [Scope::Station(StationId::from_bytes([2; 16]))]);
}
