//! Values that no entry takes, and changes that are no changes.

use automerge::ScalarValue;
use automerge::legacy::{Key, ObjectId, Op, OpType};
use yizhan_proto::{ActorId, ChangeHash, Incarnation, Kind, Timestamp};

use super::changes::{forged, forged_note, keyed, push_of};
use super::liar::Liar;
use super::{Row, Town, row};

pub(super) const ROWS: &[Row] = &[
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
