//! What one change says, field by field, without its document: for people who decide about it, and
//! for the screen that gives back to its author what was typed.

use std::fmt;

use yizhan_proto::{Kind, Timestamp};

use super::Inspected;
use super::change::{Object, OtherActor, Value};
use super::rules::{Field, Holds, Table, What, find};

/// One value that a change writes.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// Where: `note`, or `services/ENTRY/quantity`.
    pub path: String,
    /// What.
    pub value: SaidValue,
}

/// A value as a person reads it.
#[derive(Debug, Clone, PartialEq)]
pub enum SaidValue {
    /// Text.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// A number.
    Real(f64),
    /// Yes or no.
    Flag(bool),
    /// A time.
    Time(Timestamp),
    /// The field is emptied.
    Nothing,
    /// Something that no document here holds.
    Other,
}

impl fmt::Display for SaidValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Whole(number) => number.fmt(f),
            Self::Real(number) => number.fmt(f),
            Self::Flag(flag) => f.write_str(if *flag { "yes" } else { "no" }),
            Self::Time(time) => time.as_ms().fmt(f),
            Self::Nothing => f.write_str("(nothing)"),
            Self::Other => f.write_str("(not shown)"),
        }
    }
}

/// What a change of a document of this kind says, in the order in which it says it. Of a kind that
/// this version does not know, with the names as they stand in the change.
#[must_use]
pub fn said(kind: Kind, change: &Inspected) -> Vec<Said> {
    let table = Table::of(kind);
    let mut entries: Vec<(u64, String, Option<&'static [Field]>)> = Vec::new();
    let mut said = Vec::new();
    for (op, counter) in change.ops.iter().zip(change.start_op..) {
        let key = change.text(op.key);
        let (path, fields) = match op.object {
            Object::Root => (key.to_owned(), table.map(|table| table.fields)),
            Object::Made(made) => match change.other(made.actor) {
                Some(OtherActor::Genesis) => {
                    let at = (made.counter as usize).checked_sub(1);
                    let container =
                        table.and_then(|table| at.and_then(|at| table.containers.get(at)));
                    let name = container.map_or("?", |container| container.name);
                    let fields = container.and_then(|container| match container.holds {
                        Holds::Entries(fields) => Some(fields),
                        Holds::Flags(_) | Holds::Nothing => None,
                    });
                    (format!("{name}/{key}"), fields)
                }
                Some(OtherActor::Device(_)) => (format!("?/{key}"), None),
                None => {
                    let entry = entries
                        .iter()
                        .find(|(made_by, ..)| *made_by == u64::from(made.counter));
                    let (within, fields) =
                        entry.map_or(("?", None), |(_, path, fields)| (path, *fields));
                    (format!("{within}/{key}"), fields)
                }
            },
        };
        let what = fields
            .and_then(|fields| find(fields, key))
            .map(|(_, f)| f.what);
        let value = match op.value {
            Value::Map => {
                entries.push((counter, path, fields));
                continue;
            }
            Value::Text(span) => SaidValue::Text(change.text(span).to_owned()),
            Value::Int(ms) if matches!(what, Some(What::Time)) => {
                SaidValue::Time(Timestamp::from_ms(ms))
            }
            Value::Int(number) => SaidValue::Whole(number),
            Value::Real(number) => SaidValue::Real(number),
            Value::Bool(flag) => SaidValue::Flag(flag),
            Value::Null => SaidValue::Nothing,
            Value::Huge(_) | Value::Bytes => SaidValue::Other,
        };
        said.push(Said { path, value });
    }
    said
}
