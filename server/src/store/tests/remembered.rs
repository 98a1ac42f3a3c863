//! Whatever commits, fails or is undone: memory tells of consents what the disk does.

use proptest::prelude::*;
use yizhan_client_core::model::consent::Purpose;
use yizhan_proto::{DocumentId, PersonId, StationId, Timestamp};

use super::open_at;
use crate::store::rows::ConsentRow;
use crate::store::{LogTx, StoreError, WriteError};

const SHARES_MAX: usize = 2;

fn person(n: u8) -> PersonId {
    PersonId::from_bytes([n; 16])
}

fn station(n: u8) -> StationId {
    StationId::from_bytes([n; 16])
}

#[derive(Debug, Clone)]
enum Step {
    /// Somebody asks, at this time.
    Ask(u8, u8, i64),
    /// A consent is given or changed.
    Consent(ConsentRow),
    /// Somebody gets another id.
    Alias(u8, u8),
}

#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("on purpose")]
    OnPurpose,
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn consent() -> impl Strategy<Value = ConsentRow> {
    let purpose = prop_oneof![Just(Purpose::Visits), Just(Purpose::Share)];
    (
        (1_u8..8, 1_u8..4, 1_u8..3),
        purpose,
        98_i64..103,
        2_u8..6,
        any::<bool>(),
    )
        .prop_map(
            |((document, driver, at), purpose, until, with, withdrawn)| {
                let is_share = purpose == Purpose::Share;
                ConsentRow {
                    document: DocumentId::from_bytes([document; 16]),
                    driver: person(driver),
                    station: station(at),
                    purpose,
                    share_with: is_share.then(|| station(with)),
                    until: is_share.then(|| Timestamp::from_ms(until)),
                    withdrawn,
                    ended: withdrawn,
                }
            },
        )
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1_u8..7, 1_u8..3, 97_i64..104).prop_map(|(who, at, now)| Step::Ask(who, at, now)),
        2 => consent().prop_map(Step::Consent),
        1 => (1_u8..4, 4_u8..7).prop_map(|(who, alias)| Step::Alias(who, alias)),
    ]
}

fn take(tx: &mut LogTx<'_>, steps: &[Step]) -> Result<(), StoreError> {
    for step in steps {
        match step {
            Step::Consent(row) => tx.put_consent(row)?,
            Step::Alias(who, alias) if tx.person_of_alias(person(*alias))?.is_none() => {
                tx.add_alias(person(*who), person(*alias))?;
            }
            Step::Alias(..) => {}
            Step::Ask(who, at, now) => {
                let (now, at) = (Timestamp::from_ms(*now), station(*at));
                let told = tx.consents_of(person(*who), at, now, SHARES_MAX)?;
                let ids = tx.ids_of(person(*who))?;
                let there = tx.consents_standing(&ids, at, now, SHARES_MAX)?;
                assert_eq!(*told, *there);
            }
        }
    }
    Ok(())
}

/// A consent that is put elsewhere by a job that fails after it looked where it was.
#[tokio::test]
async fn a_job_that_fails_leaves_nothing_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_at(folder.path());
    let given = |driver| ConsentRow {
        document: DocumentId::from_bytes([3; 16]),
        driver: person(driver),
        station: station(1),
        purpose: Purpose::Visits,
        share_with: None,
        until: None,
        withdrawn: true,
        ended: true,
    };
    let give = move |tx: &mut LogTx<'_>| tx.put_consent(&given(1));
    store.writer.write(give).await.unwrap();
    let fail = move |tx: &mut LogTx<'_>| -> Result<(), Failed> {
        tx.put_consent(&given(2))?;
        let now = Timestamp::from_ms(1);
        assert!(tx.consents_of(person(1), station(1), now, 1)?.is_empty());
        Err(Failed::OnPurpose)
    };
    store.writer.write(fail).await.unwrap_err();
    let steps = [Step::Ask(1, 1, 2), Step::Ask(2, 1, 2)];
    let ask = move |tx: &mut LogTx<'_>| take(tx, &steps);
    store.writer.write(ask).await.unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_remembered_is_what_is_on_disk(
        jobs in prop::collection::vec((prop::collection::vec(step(), 1..6), any::<bool>()), 1..12),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let store = open_at(folder.path());
        let named = store.writer.write(|tx| -> Result<(), StoreError> {
            for n in 1..4 {
                tx.put_person(person(n), "王师傅", Timestamp::from_ms(1))?;
            }
            Ok(())
        });
        runtime.block_on(named).unwrap();
        let job = |(steps, fails): (Vec<Step>, bool)| {
            let written = store.writer.write(move |tx| -> Result<(), Failed> {
                take(tx, &steps)?;
                if fails { Err(Failed::OnPurpose) } else { Ok(()) }
            });
            async move {
                match written.await {
                    Ok(()) => assert!(!fails),
                    Err(WriteError::Job(Failed::OnPurpose)) => assert!(fails),
                    Err(other) => panic!("{other}"),
                }
            }
        };
        // Three at once, in one commit: the writer is kept busy until they all wait.
        let mut jobs = jobs.into_iter();
        while let Some(first) = jobs.next() {
            let mut next = || jobs.next().unwrap_or_default();
            let (second, third) = (job(next()), job(next()));
            let (release, released) = std::sync::mpsc::channel::<()>();
            let busy = store.writer.write(move |_| -> Result<(), StoreError> {
                released.recv().unwrap_err();
                Ok(())
            });
            runtime.block_on(async {
                let all_wait = async { drop(release) };
                tokio::join!(busy, job(first), second, third, all_wait).0.unwrap();
            });
        }
    }
}
