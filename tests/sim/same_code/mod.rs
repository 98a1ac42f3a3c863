//! A bad value is refused at the tap and at the relay, by the same code. For every field of every
//! kind that people write, as the protocol describes it: out of range, of a wrong sort, unlisted,
//! too long, in another's name.

mod described;
mod specimens;

use std::cell::RefCell;
use std::collections::BTreeMap;

use automerge::legacy::{Key, ObjectId, OpType};
use automerge::{ExpandedChange, ScalarValue};
use proptest::prelude::*;
use yizhan_client_core::error::ClientError;
use yizhan_client_core::model::{
    Author, Document, Known, Outline, Refusal, Verdict, decide, gate, inspect,
};
use yizhan_proto::sync::{Outcome, Push, SyncRequest};
use yizhan_proto::{ActorId, DocumentId, Incarnation, Kind, ProtocolVersion, Timestamp};
use yizhan_tests::pocket::Pocket;
use yizhan_tests::world::{PhoneNo, World};

use self::specimens::{Specimen, Town};

/// What somebody's phone decides about a change, with what it knows.
fn at_the_tap(
    pocket: &Pocket,
    author: &Author,
    (document, kind): (DocumentId, Kind),
    change: &[u8],
) -> Result<(), Refusal> {
    let outline = |id: DocumentId| -> Option<Outline> {
        let kept = pocket.documents.get(&id)?;
        let ordered = kept.in_order();
        let inspected: Vec<_> = ordered
            .iter()
            .map(|bytes| inspect(bytes).expect("a kept change"))
            .collect();
        gate::outline_of(kept.kind, &inspected)
    };
    let change = inspect(change)?;
    let references = gate::references(kind, &change);
    let known = Known {
        outlines: references
            .into_iter()
            .filter_map(|id| Some((id, outline(id)?)))
            .collect::<BTreeMap<_, _>>(),
        ..Known::default()
    };
    match decide(
        document,
        kind,
        outline(document).as_ref(),
        author,
        &change,
        &known,
    ) {
        Verdict::Accept(_) => Ok(()),
        Verdict::Refuse(refusal) => Err(refusal),
        other @ (Verdict::Needs(_) | Verdict::Quarantine(_)) => panic!("{other:?}"),
    }
}

/// What the relay decides about the same bytes.
fn at_the_relay(
    world: &World,
    device: yizhan_proto::DeviceId,
    (document, kind): (DocumentId, Kind),
    change: &[u8],
) -> Outcome {
    let caller = world.relay().caller(device).unwrap();
    let request = SyncRequest {
        version: ProtocolVersion::CURRENT,
        epoch: Some(world.relay().epoch()),
        device_time: Timestamp::EARLIEST,
        identity_version: caller.identity.version,
        summary: None,
        scopes: Vec::new(),
        pushes: vec![Push {
            document,
            kind,
            change: change.to_vec(),
        }],
        page_bytes_max: 0,
        forgotten: Vec::new(),
        repairs: Vec::new(),
        fetches: Vec::new(),
        decided: None,
        left: Vec::new(),
    };
    let response = world.run(world.relay().sync(&caller, request)).unwrap();
    response.receipts[0].outcome.clone()
}

/// Refused on both sides, by the same code at the same path.
fn refused_alike(town: &mut Town, specimen: &Specimen, by: PhoneNo, change: &[u8]) -> String {
    let place = (specimen.document, specimen.command.kind());
    // Whoever writes, the document is as its own people know it.
    let pocket = town.world.phone(specimen.by).pocket();
    let phone = town.world.phone(by);
    let (device, author) = (phone.device(), phone.client().author().unwrap());
    let tap = at_the_tap(&pocket, &author, place, change);
    let relay = at_the_relay(&town.world, device, place, change);
    match (tap, relay) {
        (Err(refusal), Outcome::Refused(reason)) => {
            assert_eq!(refusal.code.as_str(), reason.code, "{specimen:?}");
            assert_eq!(refusal.path, reason.path, "{specimen:?}");
            reason.code.to_string()
        }
        (tap, relay) => panic!("{specimen:?}: at the tap {tap:?}, at the relay {relay:?}"),
    }
}

/// The specimen's change, written by somebody with that person's device.
fn written(town: &mut Town, specimen: &Specimen, by: PhoneNo) -> Vec<u8> {
    let reader = town.world.phone(specimen.by);
    let kept = reader.pocket().documents.remove(&specimen.document);
    let changes = kept.map_or_else(Vec::new, |kept| {
        kept.in_order().into_iter().cloned().collect::<Vec<_>>()
    });
    let kind = specimen.command.kind();
    let mut document =
        Document::open(specimen.document, kind, changes.iter().map(Vec::as_slice)).unwrap();
    let actor = ActorId::new(town.world.phone(by).device(), Incarnation(77));
    let now = town.world.time().now();
    document.write(actor, now, &specimen.command).unwrap()
}

/// The places in a change where a value stands that the relay does not choose itself: operation,
/// and the values that must not stand there.
fn spoils(specimen: &Specimen, change: &ExpandedChange) -> Vec<(usize, ScalarValue)> {
    let rows = described::rows(&specimen.command.kind().to_string());
    let key = |op: &automerge::legacy::Op| match &op.key {
        Key::Map(key) => key.to_string(),
        Key::Seq(_) => panic!("a list"),
    };
    let start = change.start_op.get();
    let makes: Vec<u64> = change
        .operations
        .iter()
        .zip(start..)
        .filter(|(op, _)| matches!(op.action, OpType::Make(_)))
        .map(|(_, counter)| counter)
        .collect();
    let mut spoils = Vec::new();
    for (at, op) in change.operations.iter().enumerate() {
        let OpType::Put(good) = &op.action else {
            continue;
        };
        let row = match &op.obj {
            ObjectId::Root => described::row_of(&rows, &key(op), None),
            ObjectId::Id(id) if makes.contains(&id.counter()) => {
                let entry: Vec<String> = change
                    .operations
                    .iter()
                    .filter(|other| other.obj == op.obj)
                    .map(key)
                    .collect();
                described::row_of(&rows, &key(op), Some(&entry))
            }
            // A flag: it has no value that could be wrong but its sort.
            ObjectId::Id(_) => {
                spoils.push((at, ScalarValue::Int(1)));
                continue;
            }
        };
        spoils.extend(row.bad(good).into_iter().map(|value| (at, value)));
    }
    spoils
}

fn forged(chunk: &[u8], forge: impl FnOnce(&mut ExpandedChange)) -> Vec<u8> {
    let mut change = automerge::Change::try_from(chunk).unwrap().decode();
    forge(&mut change);
    automerge::Change::from(change).raw_bytes().to_vec()
}

#[test]
fn the_specimens_themselves_are_in_order() {
    let mut town = Town::new();
    for specimen in town.specimens() {
        let change = written(&mut town, &specimen, specimen.by);
        let phone = town.world.phone(specimen.by);
        let author = phone.client().author().unwrap();
        let place = (specimen.document, specimen.command.kind());
        let tap = at_the_tap(&phone.pocket(), &author, place, &change);
        assert_eq!(tap, Ok(()), "{specimen:?}");
        let change = automerge::Change::try_from(change.as_slice())
            .unwrap()
            .decode();
        assert!(!spoils(&specimen, &change).is_empty(), "{specimen:?}");
    }
}

/// One world for all cases: what is refused leaves nothing behind.
fn with_town<T>(f: impl FnOnce(&mut Town) -> T) -> T {
    thread_local! {
        static TOWN: RefCell<Option<Town>> = const { RefCell::new(None) };
    }
    TOWN.with_borrow_mut(|town| f(town.get_or_insert_with(Town::new)))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn a_bad_value_is_refused_at_the_tap_and_at_the_relay_by_the_same_code(
        which in any::<prop::sample::Index>(),
        spoil in any::<prop::sample::Index>(),
    ) {
        with_town(|town| {
            let specimens = town.specimens();
            let specimen = which.get(&specimens);
            let good = written(town, specimen, specimen.by);
            let expanded = automerge::Change::try_from(good.as_slice()).unwrap().decode();
            let spoils = spoils(specimen, &expanded);
            let (at, value) = spoil.get(&spoils).clone();
            let bad = forged(&good, |change| change.operations[at].action = OpType::Put(value));
            refused_alike(town, specimen, specimen.by, &bad);
        });
    }

    #[test]
    fn a_wrong_author_is_refused_at_the_tap_and_at_the_relay_by_the_same_code(
        which in any::<prop::sample::Index>(),
    ) {
        with_town(|town| {
            let specimens = town.specimens();
            let specimen = which.get(&specimens);
            let stranger = town.stranger;
            // With a device of their own, and with the right one's.
            let own = written(town, specimen, stranger);
            let code = refused_alike(town, specimen, stranger, &own);
            prop_assert!(!code.is_empty());
            let others = written(town, specimen, specimen.by);
            let code = refused_alike(town, specimen, stranger, &others);
            prop_assert_eq!(code, "actor.foreign");
            Ok(())
        })?;
    }
}

/// What a phone's own edit refuses, the relay refuses from a phone that does not ask its store.
#[test]
fn what_an_edit_refuses_the_relay_refuses_by_the_same_code() {
    let mut town = Town::new();
    for specimen in town.wrong() {
        let phone = town.world.phone(specimen.by);
        let tap = match phone
            .client_mut()
            .edit(specimen.document, &specimen.command)
        {
            Err(ClientError::Refused(refusal)) => refusal.code.as_str().to_owned(),
            other => panic!("{specimen:?}: {other:?}"),
        };
        let change = written(&mut town, &specimen, specimen.by);
        let relay = refused_alike(&mut town, &specimen, specimen.by, &change);
        assert_eq!(tap, relay, "{specimen:?}");
    }
}
