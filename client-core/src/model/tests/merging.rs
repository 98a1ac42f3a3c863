//! Any interleaving of the same accepted changes reads the same, on every replica, and nothing
//! that anybody wrote is lost.

use proptest::prelude::*;
use yizhan_proto::{ChangeHash, Kind};

use super::super::gate::outline_of;
use super::super::testing::*;
use super::super::visit::Visit;
use super::super::{Author, Command, Document, Verdict, inspect, visit};

/// A device of the driver's or the keeper's, with the changes it holds.
#[derive(Clone)]
struct Phone {
    author: Author,
    changes: Vec<Vec<u8>>,
}

impl Phone {
    fn new(who: u8, device_n: u8, changes: &[Vec<u8>]) -> Self {
        let mut author = author(who);
        author.device = device(device_n);
        Self {
            author,
            changes: changes.to_vec(),
        }
    }

    fn open(&self) -> Document {
        let changes = self.changes.iter().map(Vec::as_slice);
        Document::open(document(VISIT), Kind::Visit, changes).unwrap()
    }

    fn edit(&mut self, command: &visit::Command) {
        let command = Command::Visit(command.clone());
        if let Ok(chunk) = self.open().write(actor(&self.author), at(0), &command) {
            self.changes.push(chunk);
        }
    }

    fn take(&mut self, from: &[Vec<u8>]) {
        for chunk in from {
            if !self.changes.contains(chunk) {
                self.changes.push(chunk.clone());
            }
        }
    }
}

fn command(phone: usize, n: u8, what: u8) -> visit::Command {
    let keeper = phone == 2;
    match (what % 4, keeper) {
        (0, _) => visit::Command::CheckOut {
            left_at: at(i64::from(n) % 5 + 10),
        },
        (1, true) => visit::Command::SetKeeperNote(format!("note {}", n % 3)),
        (1, false) => visit::Command::SetNote(format!("note {}", n % 3)),
        (2, true) => visit::Command::Serve {
            entry: entry(n),
            service: "meal".into(),
            quantity: 1,
            by: person(KEEPER),
            at: at(1),
        },
        (2, false) => visit::Command::Rate(n % 5 + 1),
        _ => visit::Command::Request {
            entry: entry(n),
            service: "bed".into(),
            quantity: 1,
            by: person(if keeper { KEEPER } else { DRIVER }),
            at: at(1),
        },
    }
}

/// Whether everything that a change builds on is among `held`.
fn is_ready(chunk: &[u8], held: &[ChangeHash], genesis: ChangeHash) -> bool {
    let deps = inspect(chunk).unwrap().deps;
    deps.iter().all(|dep| *dep == genesis || held.contains(dep))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(192) })]

    #[test]
    fn any_order_of_arrival_reads_the_same(
        steps in proptest::collection::vec((0_usize..3, any::<u8>(), 0_u8..4, any::<bool>()), 1..24),
        order in proptest::collection::vec(any::<proptest::sample::Index>(), 64),
    ) {
        let furnished = Shelf::furnished();
        let begun = furnished.documents[&document(VISIT)].changes.clone();
        let genesis = inspect(&begun[0]).unwrap().deps[0];
        // Two phones of the driver and the keeper's; they meet now and then.
        let mut phones = [
            Phone::new(DRIVER, DRIVER, &begun),
            Phone::new(DRIVER, 21, &begun),
            Phone::new(KEEPER, KEEPER, &begun),
        ];
        for (n, (which, value, what, meet)) in steps.iter().enumerate() {
            let fresh = u8::try_from(n + 128).unwrap();
            let value = if *what >= 2 && (*what == 3 || *which == 2) { fresh } else { *value };
            phones[*which].edit(&command(*which, value, *what));
            if *meet {
                let other = phones[(*which + 1) % 3].changes.clone();
                phones[*which].take(&other);
            }
        }
        let mut all = begun.clone();
        for phone in &phones {
            for chunk in &phone.changes {
                if !all.contains(chunk) {
                    all.push(chunk.clone());
                }
            }
        }

        // The relay takes them in two arbitrary orders, each through the gate.
        let mut reads = Vec::new();
        for direction in [1, order.len() - 1] {
            let mut shelf = furnished.clone();
            let mut waiting = all[1..].to_vec();
            let mut held: Vec<_> = vec![inspect(&begun[0]).unwrap().hash];
            let mut turn = 0;
            while !waiting.is_empty() {
                let pick = order[turn * direction % order.len()].index(waiting.len());
                turn += 1;
                let at = (0..waiting.len())
                    .map(|n| (n + pick) % waiting.len())
                    .find(|at| is_ready(&waiting[*at], &held, genesis))
                    .unwrap();
                let chunk = waiting.remove(at);
                let change = inspect(&chunk).unwrap();
                let author = phones
                    .iter()
                    .find(|phone| phone.author.device == change.actor.device())
                    .unwrap()
                    .author
                    .clone();
                let verdict = shelf.push(document(VISIT), Kind::Visit, &author, &chunk);
                prop_assert!(matches!(verdict, Verdict::Accept(_)), "{verdict:?}");
                held.push(change.hash);
            }
            let kept = &shelf.documents[&document(VISIT)];
            let opened = shelf.open(document(VISIT), Kind::Visit);
            let saved = opened.automerge.save();
            prop_assert_eq!(automerge::Automerge::load(&saved).unwrap().save(), saved);
            let mut heads: Vec<_> = opened
                .automerge
                .get_heads()
                .iter()
                .map(|head| ChangeHash::from_bytes(head.0))
                .collect();
            heads.sort_unstable();
            prop_assert_eq!(kept.outline.head_hashes(), heads);
            let inspected: Vec<_> = kept.changes.iter().map(|c| inspect(c).unwrap()).collect();
            prop_assert_eq!(outline_of(Kind::Visit, &inspected), Some(kept.outline.clone()));
            reads.push(Visit::read(&opened).unwrap());
        }
        prop_assert_eq!(&reads[0], &reads[1]);

        // And a phone that opens what it collected, in yet another order, reads that too.
        let mut phone = phones[0].clone();
        phone.take(&phones[2].changes);
        phone.take(&phones[1].changes);
        prop_assert_eq!(&Visit::read(&phone.open()).unwrap(), &reads[0]);
        let entries = all
            .iter()
            .flat_map(|chunk| inspect(chunk).unwrap().ops)
            .filter(|op| op.value == crate::model::change::Value::Map)
            .count();
        prop_assert_eq!(reads[0].services.len() + reads[0].requested.len(), entries);
    }
}

#[test]
fn two_departures_are_both_shown_until_somebody_decides() {
    let mut shelf = Shelf::furnished();
    let before = shelf.clone();
    let leave = |minutes| {
        Command::Visit(visit::Command::CheckOut {
            left_at: at(minutes),
        })
    };
    let by_driver = before
        .write(document(VISIT), &author(DRIVER), &leave(30))
        .unwrap();
    let by_keeper = before
        .write(document(VISIT), &author(KEEPER), &leave(40))
        .unwrap();
    for (who, chunk) in [(KEEPER, &by_keeper), (DRIVER, &by_driver)] {
        let verdict = shelf.push(document(VISIT), Kind::Visit, &author(who), chunk);
        assert!(matches!(verdict, Verdict::Accept(_)), "{verdict:?}");
    }
    let read = |shelf: &Shelf| Visit::read(&shelf.open(document(VISIT), Kind::Visit)).unwrap();
    let left = read(&shelf).left_at;
    assert!(left.is_conflict());
    assert_eq!((left.value, left.others), (Some(at(40)), vec![at(30)]));
    // By one of the two, or by a third value.
    for minutes in [30, 40] {
        let mut shelf = shelf.clone();
        let mut opened = shelf.open(document(VISIT), Kind::Visit);
        let chunk = opened
            .write(actor(&author(DRIVER)), at(0), &leave(minutes))
            .unwrap();
        let verdict = shelf.push(document(VISIT), Kind::Visit, &author(DRIVER), &chunk);
        assert!(matches!(verdict, Verdict::Accept(_)), "{verdict:?}");
        let left = read(&shelf).left_at;
        assert!(!left.is_conflict());
        assert_eq!(left.value, Some(at(minutes)));
        assert_eq!(Visit::read(&opened).unwrap(), read(&shelf));
        // The object at hand goes on from there.
        let rate = Command::Visit(visit::Command::Rate(2));
        let chunk = opened.write(actor(&author(DRIVER)), at(0), &rate).unwrap();
        let verdict = shelf.push(document(VISIT), Kind::Visit, &author(DRIVER), &chunk);
        assert!(matches!(verdict, Verdict::Accept(_)), "{verdict:?}");
    }
    shelf.accepts(document(VISIT), &author(DRIVER), &leave(35));
    let left = read(&shelf).left_at;
    assert!(!left.is_conflict());
    assert_eq!(left.value, Some(at(35)));
}

#[test]
fn the_same_edit_is_the_same_bytes() {
    let shelf = Shelf::furnished();
    for (who, command) in super::visit_edits() {
        let write = || {
            shelf
                .write(document(VISIT), &author(who), &command)
                .unwrap()
        };
        assert_eq!(write(), write());
    }
}

#[test]
fn a_document_is_opened_whole_or_not_at_all() {
    let mut shelf = Shelf::furnished();
    for (who, command) in super::visit_edits() {
        shelf.accepts(document(VISIT), &author(who), &command);
    }
    let changes = &shelf.documents[&document(VISIT)].changes;
    let open =
        |changes: &[&[u8]]| Document::open(document(VISIT), Kind::Visit, changes.iter().copied());
    let mut parts: Vec<_> = changes.iter().map(Vec::as_slice).collect();
    assert!(open(&parts).is_ok());
    parts.remove(1);
    assert!(open(&parts).unwrap_err().to_string().contains("is missing"));
    parts[1] = b"damaged";
    assert!(open(&parts).is_err());
    assert!(Document::begin(document(1), Kind::Unknown(99)).is_err());
    assert!(Document::begin(document(1), Kind::Unknown(77)).is_err());
}
