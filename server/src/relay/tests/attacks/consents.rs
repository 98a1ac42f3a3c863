//! Very many consents, to hold up everybody's visits.

use std::collections::BTreeSet;

use proptest::prelude::*;
use yizhan_client_core::model::consent::Purpose;
use yizhan_proto::{DocumentId, PersonId, StationId, Timestamp};

use super::super::World;
use crate::relay::access::{SHARED_WITH_MAX, Standing};
use crate::store::rows::ConsentRow;
use crate::store::{LogTx, StoreError};

fn station(n: u8) -> StationId {
    StationId::from_bytes([n; 16])
}

fn consent() -> impl Strategy<Value = ConsentRow> {
    let purpose = prop_oneof![
        Just(Purpose::Visits),
        Just(Purpose::HealthRecord),
        Just(Purpose::Share)
    ];
    let until = prop_oneof![Just(None), (98_i64..103).prop_map(Some)];
    let who = (1_u8..3, 1_u8..3);
    (
        any::<[u8; 16]>(),
        who,
        purpose,
        until,
        1_u8..60,
        any::<(bool, bool)>(),
    )
        .prop_map(
            |(document, (driver, at), purpose, until, with, (withdrawn, over))| {
                let is_share = purpose == Purpose::Share;
                let until = until.or(is_share.then_some(100));
                // As they are kept: one that is over was attended to, or is about to be.
                let past = is_share && until.is_some_and(|until| until < 100);
                ConsentRow {
                    document: DocumentId::from_bytes(document),
                    driver: PersonId::from_bytes([driver; 16]),
                    station: station(at),
                    purpose,
                    share_with: is_share.then(|| station(with)),
                    until: until.map(Timestamp::from_ms),
                    withdrawn,
                    ended: withdrawn || past && over,
                }
            },
        )
}

async fn standing(world: &World, rows: Vec<ConsentRow>) -> (Standing, usize) {
    let drivers = [1, 2].map(|n| PersonId::from_bytes([n; 16]));
    let job = move |tx: &mut LogTx<'_>| -> Result<_, StoreError> {
        for row in &rows {
            tx.put_consent(row)?;
        }
        let now = Timestamp::from_ms(100);
        let found = tx.consents_standing(&drivers, station(1), now, SHARED_WITH_MAX + 1)?;
        let all: Vec<ConsentRow> = rows
            .into_iter()
            .filter(|row| row.station == station(1))
            .collect();
        let (few, every) = (
            Standing::of(&found, station(1), now),
            Standing::of(&all, station(1), now),
        );
        assert_eq!(few, every);
        Ok((few, found.len()))
    };
    let written = world.relay.inner.writer.write(job).await;
    written.map_err(|_| "a job failed").unwrap()
}

/// However many consents there are, the few that are looked at say what all of them say.
#[test]
fn a_few_consents_say_how_all_of_them_stand() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let config = ProptestConfig::with_cases(24);
    proptest!(config, |(rows in prop::collection::vec(consent(), 0..120))| {
        runtime.block_on(async {
            let world = World::new().await;
            standing(&world, rows).await;
        });
    });
}

/// A driver who gives the same few consents again and again makes nobody look at all of them.
#[tokio::test]
async fn consents_given_over_and_over_are_not_all_read_for_every_visit() {
    let world = World::new().await;
    let mut rows = Vec::new();
    for n in 0_u32..3_000 {
        let mut document = [0xcc; 16];
        document[..4].copy_from_slice(&n.to_be_bytes());
        let share = n % 3 == 2;
        rows.push(ConsentRow {
            document: DocumentId::from_bytes(document),
            driver: PersonId::from_bytes([1; 16]),
            station: station(1),
            purpose: [Purpose::Visits, Purpose::HealthRecord, Purpose::Share][n as usize % 3],
            share_with: share.then(|| station(u8::try_from(n % 7).unwrap() + 2)),
            until: share.then_some(Timestamp::from_ms(200)),
            withdrawn: n % 2 == 0,
            ended: n % 2 == 0,
        });
    }
    let stations: BTreeSet<_> = rows.iter().filter_map(|row| row.share_with).collect();
    let (_, looked_at) = standing(&world, rows).await;
    assert!(looked_at <= 2 * 3 + stations.len(), "{looked_at}");
}
