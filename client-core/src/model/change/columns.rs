//! The columns of a change, read in lockstep into one flat list of operations.
//!
//! Each column is read by its own encoding (runs, deltas, booleans) and must end with the last
//! operation; the encoding must be the one an Automerge encoder writes.

use yizhan_proto::ActorId;
use yizhan_proto::limits::CHANGE_OPS_MAX;

use super::OtherActor;
use super::leb128::Bytes;
use super::preparse::{COUNTER_MAX, Fault};
use super::runs::{Runs, Span, Text};

/// One operation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Op {
    /// The object it is in.
    pub(crate) object: Object,
    /// The key in that object.
    pub(crate) key: Span,
    /// What it puts there.
    pub(crate) value: Value,
    /// Where its predecessors begin in the change's list of them.
    pub(crate) preds_from: u32,
    /// How many predecessors.
    pub(crate) preds: u32,
}

/// The object an operation is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Object {
    /// The document's root.
    Root,
    /// One made by that operation.
    Made(OpRef),
}

/// An operation by its counter and actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OpRef {
    /// Index of the actor: 0 is the change's own.
    pub(crate) actor: u16,
    /// Its counter.
    pub(crate) counter: u32,
}

/// What an operation puts at its key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Value {
    /// A new map.
    Map,
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number, or a time in milliseconds.
    Int(i64),
    /// A whole number above the range of [`Value::Int`].
    Huge(u64),
    /// A number.
    Real(f64),
    /// A text.
    Text(Span),
    /// Bytes.
    Bytes,
}

/// The columns in use; the number is Automerge's column specification: id × 16 + type.
#[derive(Default)]
pub(super) struct Table<'a> {
    object_actor: Option<Bytes<'a>>,
    object_counter: Option<Bytes<'a>>,
    key: Option<Bytes<'a>>,
    insert: Option<Bytes<'a>>,
    action: Option<Bytes<'a>>,
    value_meta: Option<Bytes<'a>>,
    value: Option<Bytes<'a>>,
    pred_count: Option<Bytes<'a>>,
    pred_actor: Option<Bytes<'a>>,
    pred_counter: Option<Bytes<'a>>,
}

/// How many columns a change can have at most, of all that Automerge knows.
const COLUMNS_MAX: usize = 16;

impl<'a> Table<'a> {
    /// Reads the column table and finds each column's bytes.
    pub(super) fn read(body: &mut Bytes<'a>) -> Result<Self, Fault> {
        let count = body.unsigned()?;
        if count > COLUMNS_MAX as u64 {
            return Err(Fault::Malformed("known columns only"));
        }
        let mut specs = [(0_u64, 0_u64); COLUMNS_MAX];
        let mut previous = None;
        for entry in specs.iter_mut().zip(0..count).map(|(entry, _)| entry) {
            let (spec, length) = (body.unsigned()?, body.unsigned()?);
            if previous >= Some(spec) || length == 0 {
                return Err(Fault::Malformed("columns in ascending order, none empty"));
            }
            previous = Some(spec);
            *entry = (spec, length);
        }
        let mut table = Self::default();
        for (spec, length) in specs.into_iter().filter(|(_, length)| *length > 0) {
            *table.column(spec)? = Some(body.part(length)?);
        }
        Ok(table)
    }

    fn column(&mut self, spec: u64) -> Result<&mut Option<Bytes<'a>>, Fault> {
        Ok(match spec {
            0x01 => &mut self.object_actor,
            0x02 => &mut self.object_counter,
            0x15 => &mut self.key,
            0x34 => &mut self.insert,
            0x42 => &mut self.action,
            0x56 => &mut self.value_meta,
            0x57 => &mut self.value,
            0x70 => &mut self.pred_count,
            0x71 => &mut self.pred_actor,
            0x73 => &mut self.pred_counter,
            0x11 | 0x13 => return Err(Fault::Unsupported("no lists and no rich text")),
            0x94 | 0xa5 => return Err(Fault::Unsupported("no marks")),
            _ => return Err(Fault::Malformed("known columns only, uncompressed")),
        })
    }
}

/// What the columns say.
pub(super) struct Columns {
    pub(super) ops: Vec<Op>,
    pub(super) preds: Vec<OpRef>,
}

/// Reads all columns.
pub(super) fn read(
    table: &Table<'_>,
    start_op: u64,
    own: &ActorId,
    others: &[OtherActor],
) -> Result<Columns, Fault> {
    let mut reader = Reader::new(table, others.len() + 1);
    let mut columns = Columns {
        ops: Vec::with_capacity(32),
        preds: Vec::new(),
    };
    while !reader.action.is_done() {
        if columns.ops.len() as u64 >= CHANGE_OPS_MAX {
            return Err(Fault::TooManyOps);
        }
        let counter = start_op + columns.ops.len() as u64;
        let op = reader.op(counter, &mut columns.preds, own, others)?;
        columns.ops.push(op);
    }
    reader.finish(table, columns.ops.len())?;
    Ok(columns)
}

struct Reader<'a> {
    object_actor: Runs<'a, u64>,
    object_counter: Runs<'a, u64>,
    key: Runs<'a, Text<'a>>,
    action: Runs<'a, u64>,
    value_meta: Runs<'a, u64>,
    value: Option<Bytes<'a>>,
    pred_count: Runs<'a, u64>,
    pred_actor: Runs<'a, u64>,
    pred_counter: Runs<'a, i64>,
    pred_counter_sum: i64,
    actors: usize,
    /// One bit for every actor that some operation names.
    named: u128,
}

impl<'a> Reader<'a> {
    fn new(table: &Table<'a>, actors: usize) -> Self {
        Self {
            object_actor: Runs::new(table.object_actor),
            object_counter: Runs::new(table.object_counter),
            key: Runs::new(table.key),
            action: Runs::new(table.action),
            value_meta: Runs::new(table.value_meta),
            value: table.value,
            pred_count: Runs::new(table.pred_count),
            pred_actor: Runs::new(table.pred_actor),
            pred_counter: Runs::new(table.pred_counter),
            pred_counter_sum: 0,
            actors,
            named: 1,
        }
    }

    fn op(
        &mut self,
        counter: u64,
        preds: &mut Vec<OpRef>,
        own: &ActorId,
        others: &[OtherActor],
    ) -> Result<Op, Fault> {
        let object = match (self.object_actor.next()?, self.object_counter.next()?) {
            (None, None) => Object::Root,
            (Some(actor), Some(made)) => Object::Made(self.op_ref(actor, made, counter)?),
            (Some(_), None) | (None, Some(_)) => {
                return Err(Fault::Malformed("objects with actor and counter"));
            }
        };
        let key = self
            .key
            .next()?
            .ok_or(Fault::Unsupported("keys of maps only"))?;
        if key.text.is_empty() {
            return Err(Fault::Malformed("keys that are not empty"));
        }
        let action = self.action.next()?;
        let value = self.value()?;
        let value = match (action, value) {
            (Some(0), Value::Null) => Value::Map,
            (Some(1), value) => value,
            (Some(2..=7), _) => {
                return Err(Fault::Unsupported("values and maps only"));
            }
            (Some(_) | None, _) => return Err(Fault::Malformed("known actions only")),
        };
        let (preds_from, preds) = self.preds(counter, preds, own, others)?;
        Ok(Op {
            object,
            key: key.span,
            value,
            preds_from,
            preds,
        })
    }

    fn value(&mut self) -> Result<Value, Fault> {
        let meta = self
            .value_meta
            .next()?
            .ok_or(Fault::Malformed("a value for each operation"))?;
        let length = meta >> 4;
        let empty = || {
            if length == 0 {
                Ok(())
            } else {
                Err(Fault::Malformed("values of their own length"))
            }
        };
        let mut bytes = match &mut self.value {
            Some(column) => column.part(length)?,
            None => {
                empty()?;
                Bytes::new(&[], 0)
            }
        };
        let value = match meta & 0xf {
            0 => empty().map(|()| Value::Null)?,
            1 => empty().map(|()| Value::Bool(false))?,
            2 => empty().map(|()| Value::Bool(true))?,
            3 => {
                let value = bytes.unsigned()?;
                i64::try_from(value).map_or(Value::Huge(value), Value::Int)
            }
            4 | 9 => Value::Int(bytes.signed()?),
            5 => {
                let number = <[u8; 8]>::try_from(bytes.take(length)?)
                    .map_err(|_| Fault::Malformed("numbers of eight bytes"))?;
                Value::Real(f64::from_le_bytes(number))
            }
            6 => {
                let text = bytes.take(length)?;
                if std::str::from_utf8(text).is_err() {
                    return Err(Fault::Malformed("texts in UTF-8"));
                }
                Value::Text(Span::ending_at(bytes.position(), text.len())?)
            }
            7 => bytes.take(length).map(|_| Value::Bytes)?,
            _ => return Err(Fault::Unsupported("no counters, known values only")),
        };
        if bytes.is_empty() {
            Ok(value)
        } else {
            Err(Fault::Malformed("values of their own length"))
        }
    }

    fn preds(
        &mut self,
        counter: u64,
        preds: &mut Vec<OpRef>,
        own: &ActorId,
        others: &[OtherActor],
    ) -> Result<(u32, u32), Fault> {
        let count = self
            .pred_count
            .next()?
            .ok_or(Fault::Malformed("predecessors for each operation"))?;
        let from = preds.len();
        if count > CHANGE_OPS_MAX || from as u64 + count > CHANGE_OPS_MAX {
            return Err(Fault::TooManyOps);
        }
        let mut previous: Option<(u32, &[u8])> = None;
        for _ in 0..count {
            let (Some(actor), Some(delta)) = (self.pred_actor.next()?, self.pred_counter.next()?)
            else {
                return Err(Fault::Malformed("predecessors with actor and counter"));
            };
            self.pred_counter_sum = self
                .pred_counter_sum
                .checked_add(delta)
                .ok_or(Fault::NUMBER)?;
            let made = u64::try_from(self.pred_counter_sum).map_err(|_| Fault::NUMBER)?;
            let pred = self.op_ref(actor, made, counter)?;
            let place = (pred.counter, actor_bytes(pred.actor, own, others));
            if previous >= Some(place) {
                return Err(Fault::Malformed("predecessors in ascending order"));
            }
            previous = Some(place);
            preds.push(pred);
        }
        let narrow = |number: usize| u32::try_from(number).map_err(|_| Fault::TooManyOps);
        Ok((narrow(from)?, narrow(preds.len() - from)?))
    }

    /// A reference to an operation before the one at `counter`.
    fn op_ref(&mut self, actor: u64, made: u64, counter: u64) -> Result<OpRef, Fault> {
        if made == 0 || made >= counter || made > COUNTER_MAX {
            return Err(Fault::Malformed("references to earlier operations"));
        }
        let actor = u16::try_from(actor)
            .ok()
            .filter(|actor| usize::from(*actor) < self.actors)
            .ok_or(Fault::Malformed("actors that it names"))?;
        self.named |= 1 << actor;
        Ok(OpRef {
            actor,
            counter: u32::try_from(made).map_err(|_| Fault::NUMBER)?,
        })
    }

    /// Every column must have ended with the last operation.
    fn finish(&self, table: &Table<'_>, ops: usize) -> Result<(), Fault> {
        if ops == 0 {
            return Err(Fault::Malformed("at least one operation"));
        }
        // Booleans are runs of false, true, false...; nothing is inserted, so there is one run.
        let mut insert = table
            .insert
            .ok_or(Fault::Malformed("an insert flag for each operation"))?;
        let run = insert.unsigned()?;
        if run > CHANGE_OPS_MAX {
            return Err(Fault::TooManyOps);
        }
        if run != ops as u64 || !insert.is_empty() {
            return Err(Fault::Unsupported("nothing is inserted into maps"));
        }
        let ended = self.object_actor.is_done()
            && self.object_counter.is_done()
            && self.key.is_done()
            && self.value_meta.is_done()
            && self.value.is_none_or(|value| value.is_empty())
            && self.pred_count.is_done()
            && self.pred_actor.is_done()
            && self.pred_counter.is_done();
        if !ended {
            return Err(Fault::Malformed("columns that end with the last operation"));
        }
        if self.named.count_ones() as usize != self.actors {
            return Err(Fault::Malformed("no actors that no operation names"));
        }
        Ok(())
    }
}

fn actor_bytes<'a>(index: u16, own: &'a ActorId, others: &'a [OtherActor]) -> &'a [u8] {
    match usize::from(index)
        .checked_sub(1)
        .and_then(|other| others.get(other))
    {
        None => own.as_bytes(),
        Some(OtherActor::Genesis) => &crate::model::genesis::GENESIS_ACTOR,
        Some(OtherActor::Device(actor)) => actor.as_bytes(),
    }
}
