//! A relay that dies in the middle of deciding has decided a change, or has not: never half.

use std::collections::BTreeSet;
use std::process::Child;
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::Value;
use yizhan_client_core::Client;
use yizhan_client_core::client::VisitStart;
use yizhan_client_core::clock::SystemClock;
use yizhan_client_core::store::VisitFilter;
use yizhan_proto::DocumentId;
use yizhan_tests::process::{PhoneProcess, RelayProcess};

use super::{COUGH, NOT_ON_DUTY, end_roles, entered, ids, listed};
use crate::{STATION, driver, keeper, relay_with_network};

fn client(phone: &PhoneProcess) -> Client {
    Client::open(phone.home(), Arc::new(SystemClock::new())).expect("a store")
}

/// A keeper's notes on so many visits, which wait, each of them for itself; the driver, the former
/// keeper and a colleague.
fn notes_that_wait(relay: &RelayProcess, notes: usize) -> (PhoneProcess, PhoneProcess) {
    let (li, wang) = (driver(relay, "李师傅"), keeper(relay, "王站长"));
    let zhou = keeper(relay, "周站长");
    let mut phone = client(&li);
    let at = phone.station(STATION).expect("the station").id;
    for _ in 0..notes {
        let start = VisitStart {
            station: at,
            driver: None,
            own_name: None,
            arrived_at: None,
            vehicle_plate: None,
            requested: Vec::new(),
        };
        phone.start_visit(start).expect("an arrival");
    }
    drop(phone);
    li.sync();
    wang.sync();
    let mut tablet = client(&wang);
    let visits = tablet.visits(&VisitFilter::default()).expect("a list");
    assert_eq!(visits.len(), notes);
    for visit in visits {
        tablet.note(visit.id, COUGH).expect("a note");
    }
    drop(tablet);
    end_roles(relay);
    wang.sync();
    (wang, zhou)
}

/// The documents of these changes.
fn documents(held: &[Value]) -> BTreeSet<DocumentId> {
    let document = |held: &Value| held["document"].as_str().expect("an id").parse();
    held.iter()
        .map(|held| document(held).expect("an id"))
        .collect()
}

/// The visits that a tablet shows with a keeper's note.
fn noted(phone: &PhoneProcess) -> BTreeSet<DocumentId> {
    phone.sync();
    let tablet = client(phone);
    let visits = tablet.visits(&VisitFilter::default()).expect("a list");
    let ids = visits.into_iter().map(|visit| visit.id);
    ids.filter(|id| {
        let shown = tablet.visit(*id).expect("a visit");
        shown.visit.keeper_note.value.is_some()
    })
    .collect()
}

/// Kills the relay when its log was written to so many times since, or the command has ended.
fn kill_after_writes(relay: RelayProcess, deciding: &mut Child, writes: usize) {
    let log = relay.data().join("relay.db-wal");
    let stamp = || -> Option<(u64, SystemTime)> {
        let about = std::fs::metadata(&log).ok()?;
        Some((about.len(), about.modified().ok()?))
    };
    let mut last = stamp();
    for _ in 0..writes {
        while stamp() == last && deciding.try_wait().expect("it can be asked").is_none() {
            std::thread::yield_now();
        }
        last = stamp();
    }
    relay.kill();
    deciding.wait().expect("a command ends by itself");
}

/// Every change waits or was accepted, never both, and never half: who is entitled sees exactly
/// those that were accepted, and the audit log has each of them once.
#[track_caller]
fn decided_or_not(relay: &RelayProcess, all: &[Value], colleague: &PhoneProcess) -> usize {
    let waiting = documents(&listed(relay, &[]));
    let accepted: BTreeSet<DocumentId> = &documents(all) - &waiting;
    assert_eq!(noted(colleague), accepted);
    assert_eq!(entered(relay, "quarantine.accepted"), accepted.len());
    waiting.len()
}

#[test]
fn a_relay_killed_while_it_accepts_has_accepted_a_change_or_has_not() {
    let (mut relay, data) = relay_with_network();
    let address = relay.address().to_owned();
    // More than two portions of a decision.
    let (wang, zhou) = notes_that_wait(&relay, 150);
    let all = listed(&relay, &[]);
    assert_eq!(all.len(), 150);
    let mut left = vec![150];
    // Later and later, until the command ends before the relay does.
    for round in 0..12 {
        let mut deciding = relay.begin(&["quarantine", "accept", "--all-of", "王站长"]);
        kill_after_writes(relay, &mut deciding, (1 << round) - 1);
        relay = RelayProcess::start_on(data.path(), &address);
        left.push(decided_or_not(&relay, &all, &zhou));
        if left.last() == Some(&0) {
            break;
        }
    }
    assert!(
        left.is_sorted_by(|before, after| before >= after),
        "{left:?}"
    );
    // The same command again goes on where it was.
    let rest = relay.admin(&["quarantine", "accept", "--all-of", "王站长"]);
    assert_eq!(rest.code, 0, "{rest:?}");
    assert_eq!(decided_or_not(&relay, &all, &zhou), 0);
    wang.sync();
    assert_eq!(wang.ok(&["problems"]), Value::Array(vec![]));
    assert_eq!(wang.ok(&["status"])["unsent_changes"], 0);
}

#[test]
fn a_relay_killed_while_it_rejects_has_rejected_all_that_was_named_or_nothing() {
    let (mut relay, data) = relay_with_network();
    let address = relay.address().to_owned();
    let (wang, zhou) = notes_that_wait(&relay, 20);
    let all = ids(&listed(&relay, &[]));
    let mut reject = vec!["quarantine", "reject", "--reason", NOT_ON_DUTY];
    reject.extend(all.iter().map(String::as_str));
    for round in 0..5 {
        let mut deciding = relay.begin(&reject);
        kill_after_writes(relay, &mut deciding, (1 << round) - 1);
        relay = RelayProcess::start_on(data.path(), &address);
        let waiting = ids(&listed(&relay, &[]));
        let rejected = ids(&listed(&relay, &["--rejected"]));
        assert!(waiting == all && rejected.is_empty() || waiting.is_empty() && rejected == all);
        assert_eq!(entered(&relay, "quarantine.rejected"), rejected.len());
    }
    let said = relay.admin(&reject);
    assert_eq!(said.code, 0, "{said:?}");
    wang.sync();
    let problems = wang.ok(&["problems"]);
    let problems = problems.as_array().expect("a list");
    assert_eq!(problems.len(), 20, "each is its author's draft");
    for problem in problems {
        assert_eq!(problem["reason"]["bound"], NOT_ON_DUTY, "{problem}");
    }
    assert_eq!(noted(&zhou), BTreeSet::new());
}
