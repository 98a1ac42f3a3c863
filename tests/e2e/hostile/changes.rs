//! Changes that no client would let anybody write.

use automerge::legacy::{Key, ObjectId, Op, OpType};
use automerge::{Change, ExpandedChange, ScalarValue};
use yizhan_client_core::model::station::{NewStation, StationType};
use yizhan_client_core::model::{Command, station, visit};
use yizhan_proto::sync::{Push, SyncRequest};
use yizhan_proto::{ActorId, ChangeHash, Incarnation, Kind, Timestamp};

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
    row(
        "an arrival at the earliest time there is",
        "value.range",
        |town| arrived_at(town, i64::MIN),
    ),
    row(
        "an arrival at the latest time there is",
        "value.range",
        |town| arrived_at(town, i64::MAX),
    ),
    row(
        "a device's clock at the latest time there is",
        "accepted",
        |town| {
            let mut latest = town.liar.device.nothing();
            latest.device_time = Timestamp::from_ms(i64::MAX);
            let note = town.liar.next_note("钟快了");
            town.liar.changes.push(note.clone());
            latest.pushes = vec![push_of(town, note)];
            town.liar.device.said(&latest)
        },
    ),
    row(
        "a device's clock at the earliest time there is",
        "accepted",
        |town| {
            let mut earliest = town.liar.device.nothing();
            earliest.device_time = Timestamp::from_ms(i64::MIN);
            let note = town.liar.next_note("钟慢了");
            town.liar.changes.push(note.clone());
            earliest.pushes = vec![push_of(town, note)];
            town.liar.device.said(&earliest)
        },
    ),
    row(
        "a change dated at the latest time there is",
        "change.malformed",
        |town| forged_note(town, |change| change.time = i64::MAX),
    ),
    row(
        "a change dated at the earliest time there is",
        "change.malformed",
        |town| forged_note(town, |change| change.time = i64::MIN),
    ),
    row("not a number where stars belong", "value.type", |town| {
        rated(town, f64::NAN)
    }),
    row("endlessly many stars", "value.type", |town| {
        rated(town, f64::INFINITY)
    }),
    row("a text in the place of stars", "value.type", |town| {
        put(town, "rating", ScalarValue::Str("五".into()))
    }),
    row("fewer stars than none", "value.range", |town| {
        put(town, "rating", ScalarValue::Int(-1))
    }),
    row(
        "a text that is longer than a text may be",
        "value.too_long",
        |town| put(town, "note", ScalarValue::Str("长".repeat(6_000).into())),
    ),
    row("a text with a zero in it", "value.unlisted", |town| {
        put(town, "note", ScalarValue::Str("a\0b".into()))
    }),
    row("a field that no visit has", "path.unknown", |town| {
        put(town, "admin", ScalarValue::Boolean(true))
    }),
    row(
        "bytes in the place of a text that are no UTF-8",
        "change.malformed",
        not_utf8,
    ),
    row("a list in a visit", "op.unsupported", |town| {
        forged_note(town, |change| {
            change.operations[0].action = OpType::Make(automerge::ObjType::List);
        })
    }),
    row(
        "an object in an object in an object",
        "path.unknown",
        nested,
    ),
    row(
        "more operations than a change may have",
        "change.too_many_ops",
        |town| {
            forged_note(town, |change| {
                let op = change.operations[0].clone();
                change.operations = (0..5_001)
                    .map(|n| keyed(&op, &format!("k{n:05}")))
                    .collect();
            })
        },
    ),
    row(
        "a change larger than one may be",
        "change.too_large",
        |town| town.liar.push_own(vec![0x85; 64 * 1024 + 1]),
    ),
    row(
        "a change of ten million operations in ninety bytes",
        "change.too_many_ops",
        run_length,
    ),
    row("a deflated change", "change.malformed", |town| {
        let mut note = town.liar.next_note("压缩");
        note[8] = 2;
        town.liar.push_own(mended(note))
    }),
    row(
        "a change with a byte flipped on its way",
        "change.checksum",
        |town| {
            let mut note = town.liar.next_note("坏了");
            if let Some(byte) = note.last_mut() {
                *byte ^= 1;
            }
            town.liar.push_own(note)
        },
    ),
    row("half a change", "change.malformed", |town| {
        let note = town.liar.next_note("一半");
        town.liar.push_own(mended(note[..note.len() / 2].to_vec()))
    }),
    row("no change at all", "change.malformed", |town| {
        town.liar.push_own(Vec::new())
    }),
    row(
        "a document that is filled to its end",
        "document.full",
        filled,
    ),
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

fn push_of(town: &Town, change: Vec<u8>) -> Push {
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

fn forged(chunk: &[u8], forge: impl FnOnce(&mut ExpandedChange)) -> Vec<u8> {
    let mut change = Change::try_from(chunk).expect("a change of ours").decode();
    forge(&mut change);
    Change::from(change).raw_bytes().to_vec()
}

/// Pushes a note on the own visit with something forged in it.
fn forged_note(town: &Town, forge: impl FnOnce(&mut ExpandedChange)) -> String {
    let note = forged(&town.liar.next_note("假的"), forge);
    town.liar.push_own(note)
}

fn keyed(op: &Op, key: &str) -> Op {
    Op {
        key: Key::Map(key.into()),
        pred: Vec::new().into(),
        ..op.clone()
    }
}

/// Pushes a change of the own visit that puts a value at a key.
fn put(town: &Town, key: &str, value: ScalarValue) -> String {
    forged_note(town, |change| {
        let op = keyed(&change.operations[0], key);
        change.operations = vec![Op {
            action: OpType::Put(value),
            obj: ObjectId::Root,
            ..op
        }];
    })
}

fn rated(town: &Town, stars: f64) -> String {
    put(town, "rating", ScalarValue::F64(stars))
}

fn arrived_at(town: &mut Town, ms: i64) -> String {
    let id = town.liar.new_document();
    let change = town.liar.written(id, &[], &town.liar.check_in());
    let change = forged(&change, |change| {
        let arrival = change
            .operations
            .iter_mut()
            .find(|op| op.key == Key::Map("arrived_at".into()));
        arrival.expect("an arrival").action = OpType::Put(ScalarValue::Timestamp(ms));
    });
    town.liar.device.push(id, Kind::Visit, change)
}

/// With a length and a checksum that fit again.
fn mended(mut chunk: Vec<u8>) -> Vec<u8> {
    let hash = ChangeHash::of_chunk(&chunk);
    chunk[4..8].copy_from_slice(&hash.as_bytes()[..4]);
    chunk
}

fn not_utf8(town: &mut Town) -> String {
    let mut note = town.liar.next_note("ABCDEFGHIJ");
    let at = note.windows(10).position(|window| window == b"ABCDEFGHIJ");
    note[at.expect("the text")] = 0xff;
    town.liar.push_own(mended(note))
}

fn nested(town: &mut Town) -> String {
    forged_note(town, |change| {
        let op = keyed(&change.operations[0], "a");
        let start = change.start_op.get();
        let actor = change.actor_id.clone();
        let level = |n: u64| Op {
            action: OpType::Make(automerge::ObjType::Map),
            obj: match n {
                0 => ObjectId::Root,
                _ => ObjectId::Id(automerge::legacy::OpId::new(start + n - 1, &actor)),
            },
            ..op.clone()
        };
        change.operations = (0..100).map(level).collect();
    })
}

/// Ten million operations as runs: null at the key `k`.
fn run_length(town: &mut Town) -> String {
    let count = [0x80, 0xad, 0xe2, 0x04];
    let run = |value: &[u8]| [&count[..], value].concat();
    let columns: [(u8, Vec<u8>); 5] = [
        (0x15, run(&[1, b'k'])),
        (0x34, count.to_vec()),
        (0x42, run(&[1])),
        (0x56, run(&[0])),
        (0x70, run(&[0])),
    ];
    let mut body = vec![0, 20];
    body.extend(ActorId::new(town.liar.device.id, Incarnation(1)).as_bytes());
    body.extend([3, 1, 0, 0, 0, 5]);
    for (spec, data) in &columns {
        body.extend([*spec, u8::try_from(data.len()).expect("short")]);
    }
    columns.iter().for_each(|(_, data)| body.extend(data));
    let mut chunk = vec![0x85, 0x6f, 0x4a, 0x83, 0, 0, 0, 0, 1];
    chunk.push(u8::try_from(body.len()).expect("short"));
    chunk.extend(body);
    town.liar.push_own(mended(chunk))
}

/// Notes of the greatest length, until there is no room; what was accepted stays.
fn filled(town: &mut Town) -> String {
    let id = town.liar.new_document();
    let first = town.liar.written(id, &[], &town.liar.check_in());
    let mut changes = vec![first.clone()];
    let mut said = town.liar.device.push(id, Kind::Visit, first);
    for n in 0..40 {
        if said != "accepted" {
            break;
        }
        let text = format!("{n}{}", "x".repeat(16_000));
        let note = town.liar.written(id, &changes, &Liar::note(&text));
        changes.push(note.clone());
        said = town.liar.device.push(id, Kind::Visit, note);
    }
    said
}
