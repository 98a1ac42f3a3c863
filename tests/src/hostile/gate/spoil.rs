//! A change taken apart, spoilt operation by operation, and put together again by Automerge.

use std::num::NonZeroU64;

use automerge::legacy::{Key, ObjectId, Op, OpId, OpType};
use automerge::{ActorId, Change, ExpandedChange, ObjType, ScalarValue};

use super::super::bytes::Draw;
use super::super::shelf::Step;

/// Edits of one change; more make no other difference.
const EDITS_MAX: usize = 32;

/// The step's change, spoilt as the bytes say. May panic where Automerge does.
pub(super) fn spoilt(step: &Step, mut draw: Draw<'_>) -> Vec<u8> {
    let mut change = Change::try_from(step.chunk.as_slice())
        .expect("a change of ours")
        .decode();
    for _ in 0..EDITS_MAX {
        if draw.is_empty() {
            break;
        }
        edit(step, &mut change, &mut draw);
    }
    Change::from(change).raw_bytes().to_vec()
}

fn edit(step: &Step, change: &mut ExpandedChange, draw: &mut Draw<'_>) {
    let what = draw.byte() % 20;
    let at = draw.index(change.operations.len());
    match what {
        0..12 => {
            let other = change
                .operations
                .get(draw.index(change.operations.len()))
                .cloned();
            let id = op_id(change, draw);
            if let (Some(op), Some(other)) = (change.operations.get_mut(at), other) {
                edit_op(op, &other, id, what, draw);
            }
        }
        12 => {
            if let Some(op) = change.operations.get(at).cloned() {
                change.operations.push(op);
            }
        }
        13 if change.operations.len() > 1 => drop(change.operations.remove(at)),
        14 => {
            let to = draw.index(change.operations.len());
            if to < change.operations.len() {
                change.operations.swap(at, to);
            }
        }
        15 => change.seq = draw.number().unsigned_abs(),
        16 => {
            let start = NonZeroU64::new(draw.number().unsigned_abs());
            change.start_op = start.unwrap_or(NonZeroU64::MIN);
        }
        17 => edit_deps(step, change, draw),
        18 => change.time = draw.number(),
        _ => change.message = Some(draw.text()),
    }
}

fn edit_op(op: &mut Op, other: &Op, id: OpId, what: u8, draw: &mut Draw<'_>) {
    match what {
        0..3 => op.action = OpType::Put(value(draw)),
        3 => op.action = other.action.clone(),
        4 => op.key = Key::Map(draw.text().into()),
        5 => op.key = other.key.clone(),
        6 => op.obj = other.obj.clone(),
        7 => op.obj = ObjectId::Id(id),
        8 => {
            let known = op.pred.iter().cloned();
            op.pred = known.chain([id]).collect::<Vec<_>>().into();
        }
        9 => op.pred = other.pred.clone(),
        10 => op.insert = !op.insert,
        _ => {
            op.action = match draw.byte() % 5 {
                0 => OpType::Delete,
                1 => OpType::Increment(draw.number()),
                2 => OpType::Make(ObjType::List),
                3 => OpType::Make(ObjType::Text),
                _ => OpType::Make(ObjType::Map),
            }
        }
    }
}

fn edit_deps(step: &Step, change: &mut ExpandedChange, draw: &mut Draw<'_>) {
    let known = step.before.hashes();
    match draw.byte() % 3 {
        0 if !change.deps.is_empty() => {
            let at = draw.index(change.deps.len());
            change.deps.remove(at);
        }
        1 if !known.is_empty() => {
            let hash = known[draw.index(known.len())];
            change.deps.push(automerge::ChangeHash(*hash.as_bytes()));
        }
        _ => change.deps.push(automerge::ChangeHash([draw.byte(); 32])),
    }
}

/// An operation of the change itself, of the kind's beginning, of one before, or of nobody.
fn op_id(change: &ExpandedChange, draw: &mut Draw<'_>) -> OpId {
    let counter = u64::from(draw.byte());
    match draw.byte() % 4 {
        0 => OpId::new(counter, &ActorId::from(&[0_u8; 4][..])),
        1 => {
            let beyond = change.start_op.get().saturating_add(counter);
            OpId::new(beyond, &change.actor_id)
        }
        2 => OpId::new(counter, &change.actor_id),
        _ => {
            let mut bytes = [draw.byte(); 20];
            bytes[16..].copy_from_slice(&[0, 0, 0, 1]);
            OpId::new(counter, &ActorId::from(&bytes[..]))
        }
    }
}

fn value(draw: &mut Draw<'_>) -> ScalarValue {
    match draw.byte() % 14 {
        0 => ScalarValue::Null,
        1 => ScalarValue::Boolean(draw.byte() & 1 == 1),
        2 => ScalarValue::Uint(draw.number().cast_unsigned()),
        3 => ScalarValue::F64(f64::NAN),
        4 => ScalarValue::F64(f64::INFINITY),
        5 => ScalarValue::F64(f64::NEG_INFINITY),
        6 => ScalarValue::F64(f64::from_bits(draw.number().cast_unsigned())),
        7 => ScalarValue::Bytes(draw.text().into_bytes()),
        8 => ScalarValue::counter(draw.number()),
        9 => ScalarValue::Unknown {
            type_code: 10 + draw.byte() % 6,
            bytes: draw.text().into_bytes(),
        },
        10 => ScalarValue::Int(draw.number()),
        11 => ScalarValue::Timestamp(draw.number()),
        _ => ScalarValue::Str(draw.text().into()),
    }
}
