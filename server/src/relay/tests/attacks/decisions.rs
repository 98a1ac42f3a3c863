//! Deciding about waiting work at an odd moment, and entries of the log that somebody would push out.

use yizhan_proto::audit::{CheckRead, CheckReads, Screen};
use yizhan_proto::{EntryId, ProtocolVersion, Timestamp};

use super::super::World;
use super::super::quarantine::{became, hash, late_work, told};
use super::{Subject, count, measured, settle};
use crate::audit::Action;
use crate::relay::{QuarantineError, Which};

/// Two who decide at once: the first word counts, and the second is told of it.
#[tokio::test]
async fn of_two_who_decide_at_once_the_first_counts() {
    for accept_first in [true, false] {
        let mut world = World::new().await;
        let (_, keeper, _) = late_work(&mut world, 1).await;
        let relay = world.relay.clone();
        let waiting = vec![hash(&keeper, 0)];
        let accept = relay.accept_quarantined(Which::Named(waiting.clone()), None);
        let reject = relay.reject_quarantined(&waiting, "不对", None);
        let (accepted, rejected) = if accept_first {
            tokio::join!(accept, reject)
        } else {
            let (rejected, accepted) = tokio::join!(reject, accept);
            (accepted, rejected)
        };
        let said = (became(&accepted.unwrap()), became(&rejected.unwrap()));
        let expected = if accept_first {
            ("accepted", "accepted before")
        } else {
            ("rejected before", "rejected")
        };
        assert_eq!(
            said,
            (vec![expected.0.to_owned()], vec![expected.1.to_owned()])
        );
        let decided = count(&relay, Action::QuarantineAccepted).await
            + count(&relay, Action::QuarantineRejected).await;
        assert_eq!(decided, 1);
        assert_eq!(told(&keeper, 0).await.unwrap().receipts.len(), 1);
    }
}

/// What waits builds on something that is erased meanwhile, or is by somebody who is.
#[tokio::test]
async fn what_waits_is_not_let_in_after_what_it_builds_on_or_who_wrote_it_was_erased() {
    for whole in [false, true] {
        let mut world = World::new().await;
        let (driver, keeper, visit) = late_work(&mut world, 2).await;
        let relay = world.relay.clone();
        let subject = if whole {
            Subject::Person(driver.identity.person)
        } else {
            Subject::Document(visit)
        };
        relay.erase(subject, "in writing").await.unwrap();
        for portions in 0..2 {
            let named = vec![hash(&keeper, 0)];
            let accepted = relay
                .accept_quarantined(Which::Named(named.clone()), None)
                .await;
            match (&accepted, portions) {
                (Ok(decided), 0) => assert_eq!(became(decided), ["stays document.erased"]),
                (Err(QuarantineError::NotFound(_)), 1) => {}
                _ => panic!("{accepted:?}"),
            }
            if portions == 1 {
                let rejected = relay.reject_quarantined(&named, "不对", None).await;
                assert!(matches!(rejected, Err(QuarantineError::NotFound(_))));
            }
            settle(&relay).await;
        }
        assert_eq!(count(&relay, Action::QuarantineAccepted).await, 0);
        assert_eq!(relay.status().await.unwrap().quarantined, 0);
    }
}

/// The id of somebody else's entry, told first: theirs is entered all the same.
#[tokio::test]
async fn nobody_pushes_anothers_look_out_of_the_log_by_telling_its_id_first() {
    let mut scene = measured().await;
    let thief = scene.world.driver().await;
    let relay = scene.world.relay.clone();
    let entry = EntryId::from_bytes([7; 16]);
    for phone in [&thief, &scene.medic, &thief, &scene.medic] {
        let caller = relay.caller(phone.device).unwrap();
        let read = CheckRead {
            entry,
            document: scene.check,
            at: Timestamp::from_ms(i64::MAX),
            screen: Screen::Opened,
        };
        let reads = CheckReads {
            version: ProtocolVersion::CURRENT,
            reads: vec![read],
        };
        let told = relay.enter_reads(&caller, reads).await.unwrap();
        assert_eq!(told.entries, [entry]);
    }
    assert_eq!(
        count(&relay, Action::CheckRead).await,
        2,
        "one of each device"
    );
}
