//! Changes that no client would let anybody write.

use automerge::legacy::{Key, Op};
use automerge::{Change, ExpandedChange};
use yizhan_client_core::model::station::{NewStation, StationType};
use yizhan_client_core::model::{Command, station, visit};
use yizhan_proto::sync::{Push, SyncRequest};
use yizhan_proto::{ActorId, ChangeHash, Incarnation, Kind};

use super::liar::{Liar, NOW};
use super::{Row, Town, row};

pub(super) const ROWS: &[Row] = &[
    row("a note on the own visit", "accepted", |town| {
        let note = town.liar.next_note("车停在后院");
        town.liar.changes.push(note.clone());
        town.liar.push_own(note)
    }),
    row("the same push again", "duplicate", |town| {
        let note = town.liar.changes.last().cloned();
        town.liar.push_own(note.unwrap_or_default())
    }),
    row("somebody else's push, replayed", "duplicate", |town| {
        let (visit, change) = (town.victim.visit, town.victim.changes[0].clone());
        town.liar.device.push(visit, Kind::Visit, change)
    }),
    row(
        "a change in another device's name",
        "actor.foreign",
        |town| {
            let actor = ActorId::new(town.victim.device.id, Incarnation(1));
            written_by(town, actor)
        },
    ),
    row(
        "a change in the name of another life of the own store",
        "accepted",
        |town| {
            let actor = ActorId::new(town.liar.device.id, Incarnation(2));
            let (visit, on) = (town.liar.visit, town.liar.changes.clone());
            let note = town
                .liar
                .written_as(actor, NOW, visit, &on, &Liar::note("换了手机"));
            town.liar.changes.push(note.clone());
            town.liar.push_own(note)
        },
    ),
    row("a push whose first half comes later", "needs 1", |town| {
        let [_, second] = two_notes(town);
        town.liar.push_own(second)
    }),
    row("both halves in the wrong order", "needs 1", |town| {
        let [first, second] = two_notes(town);
        let said = pushed(town, vec![second, first.clone()]);
        // The other half has arrived.
        town.liar.changes.push(first);
        said
    }),
    row("a gap in the own sequence", "sequence.gap", |town| {
        forged_note(town, |change| change.seq += 1)
    }),
    row(
        "a number of the own sequence used twice",
        "sequence.reused",
        |town| forged_note(town, |change| change.seq = 1),
    ),
    row(
        "a sequence number at the end of its type",
        "change.malformed",
        |town| forged_note(town, |change| change.seq = u64::from(u32::MAX)),
    ),
    row("a counter that skips ahead", "op.start_high", |town| {
        forged_note(town, |change| {
            change.start_op = change.start_op.saturating_add(1_000);
        })
    }),
    row("a dependency that nobody has", "needs 1", |town| {
        forged_note(town, |change| {
            change.deps = vec![automerge::ChangeHash([7; 32])]
        })
    }),
    row(
        "a dependency of somebody else's document",
        "needs 1",
        |town| {
            let foreign = ChangeHash::of_chunk(&town.victim.changes[0]);
            forged_note(town, |change| {
                change.deps = vec![automerge::ChangeHash(*foreign.as_bytes())];
            })
        },
    ),
    row("no dependency at all", "document.genesis", |town| {
        forged_note(town, |change| change.deps.clear())
    }),
    row(
        "a visit that says it is another's document",
        "document.identity",
        |town| {
            let (visit, mine) = (town.victim.visit, town.liar.new_document());
            let change = town.liar.written(visit, &[], &town.liar.check_in());
            town.liar.device.push(mine, Kind::Visit, change)
        },
    ),
    row(
        "a visit made under somebody else's document id",
        "document.exists",
        |town| {
            let visit = town.victim.visit;
            let change = town.liar.written(visit, &[], &town.liar.check_in());
            town.liar.device.push(visit, Kind::Visit, change)
        },
    ),
    row("a station made by a driver", "author.unrelated", |town| {
        let (id, command) = (town.liar.new_document(), new_station());
        let change = town.liar.written(id, &[], &command);
        town.liar.device.push(id, Kind::Station, change)
    }),
    row(
        "the own visit, said to be a ticket",
        "document.identity",
        |town| {
            let note = town.liar.next_note("是工单");
            town.liar.device.push(town.liar.visit, Kind::Ticket, note)
        },
    ),
    row(
        "a document of a kind that there is not",
        "kind.unsupported",
        |town| {
            let (id, note) = (town.liar.new_document(), town.liar.next_note("新种类"));
            town.liar.device.push(id, Kind::from_code(99), note)
        },
    ),
    row(
        "a visit in somebody else's name",
        "author.unrelated",
        |town| {
            let id = town.liar.new_document();
            let change = town.liar.written(id, &[], &town.victim.check_in());
            town.liar.device.push(id, Kind::Visit, change)
        },
    ),
    row("a keeper's entry by a driver", "field.forbidden", |town| {
        let note = Command::Visit(visit::Command::SetKeeperNote("我是站长".to_owned()));
        let on = town.liar.changes.clone();
        let change = town.liar.written(town.liar.visit, &on, &note);
        town.liar.push_own(change)
    }),
];

fn new_station() -> Command {
    Command::Station(station::Command::Create(NewStation {
        key: "my-own".to_owned(),
        name: "我的驿站".to_owned(),
        region: "zhaoyuan".parse().expect("a key"),
        station_type: StationType::DriverHome,
        facilities: Vec::new(),
        lat: None,
        lon: None,
        address: None,
        rooms: None,
        beds_total: None,
        hours: None,
        phone: None,
    }))
}

pub(super) fn push_of(town: &Town, change: Vec<u8>) -> Push {
    Push {
        document: town.liar.visit,
        kind: Kind::Visit,
        change,
    }
}

fn pushed(town: &Town, changes: Vec<Vec<u8>>) -> String {
    let pushes = changes.into_iter().map(|change| push_of(town, change));
    town.liar.device.said(&SyncRequest {
        pushes: pushes.collect(),
        ..town.liar.device.nothing()
    })
}

fn written_by(town: &Town, actor: ActorId) -> String {
    let (visit, on) = (town.liar.visit, &town.liar.changes);
    let note = town
        .liar
        .written_as(actor, NOW, visit, on, &Liar::note("不是我"));
    town.liar.push_own(note)
}

/// Two notes, the second on top of the first; neither is pushed.
fn two_notes(town: &Town) -> [Vec<u8>; 2] {
    let first = town.liar.next_note("一");
    let on = [town.liar.changes.clone(), vec![first.clone()]].concat();
    let second = town.liar.written(town.liar.visit, &on, &Liar::note("二"));
    [first, second]
}

pub(super) fn forged(chunk: &[u8], forge: impl FnOnce(&mut ExpandedChange)) -> Vec<u8> {
    let mut change = Change::try_from(chunk).expect("a change of ours").decode();
    forge(&mut change);
    Change::from(change).raw_bytes().to_vec()
}

/// Pushes a note on the own visit with something forged in it.
pub(super) fn forged_note(town: &Town, forge: impl FnOnce(&mut ExpandedChange)) -> String {
    let note = forged(&town.liar.next_note("假的"), forge);
    town.liar.push_own(note)
}

pub(super) fn keyed(op: &Op, key: &str) -> Op {
    Op {
        key: Key::Map(key.into()),
        pred: Vec::new().into(),
        ..op.clone()
    }
}
