//! What one change writes, sorted into the fields and entries of its kind's table.
//!
//! Made by [`super::gate`] after each value was checked by itself; the kinds' own rules read it.

use yizhan_proto::{DeskKey, DocumentId, PersonId, RegionKey, StationId, Timestamp};

use super::change::{Object, Op, OtherActor, Span, Value};
use super::rules::{Field, Holds, Table, When, Who, field_place, find, id_of};
use super::{Author, Inspected};

/// Fields that a table may have at most, of the root or of an entry.
pub(crate) const FIELDS_MAX: usize = 32;

/// The values of some fields: per field of the table, the position of its operation plus one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Values([u16; FIELDS_MAX]);

impl Values {
    pub(crate) const EMPTY: Self = Self([0; FIELDS_MAX]);

    /// Notes that the operation at `op` writes the field; `false` if one before it did.
    pub(crate) fn set(&mut self, field: usize, op: usize) -> bool {
        let (Some(slot), Ok(op)) = (self.0.get_mut(field), u16::try_from(op + 1)) else {
            return false;
        };
        let first = *slot == 0;
        *slot = op;
        first
    }

    /// Whether the field is written.
    pub(crate) fn has(&self, field: usize) -> bool {
        self.0.get(field).is_some_and(|slot| *slot != 0)
    }

    fn op<'a>(&self, field: usize, ops: &'a [Op]) -> Option<&'a Op> {
        let slot = usize::from(*self.0.get(field)?);
        ops.get(slot.checked_sub(1)?)
    }
}

/// One entry that the change makes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    /// Which container, by its position in the table.
    pub(crate) container: usize,
    /// Its key.
    pub(crate) key: Span,
    /// The counter of the operation that makes it.
    pub(crate) made_by: u64,
    /// Its fields.
    pub(crate) values: Values,
}

/// What one change writes.
pub(crate) struct Draft<'a> {
    pub(crate) change: &'a Inspected,
    pub(crate) table: &'static Table,
    /// How the author stands to the document.
    pub(crate) who: Who,
    /// The author; `None` for a change that was accepted elsewhere.
    pub(crate) author: Option<&'a Author>,
    /// When the relay received the change, if it did and it is known.
    pub(crate) received_at: Option<Timestamp>,
    pub(crate) root: Values,
    pub(crate) entries: Vec<Entry>,
    /// Writes of fields that may be written again: place, and position of the operation.
    pub(crate) writes: Vec<(u16, usize)>,
}

/// Some fields of a draft, by name.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'d> {
    change: &'d Inspected,
    fields: &'static [Field],
    values: &'d Values,
}

impl<'a> Draft<'a> {
    pub(crate) const fn new(change: &'a Inspected, table: &'static Table) -> Self {
        Self {
            change,
            table,
            who: Who::NOBODY,
            author: None,
            received_at: None,
            root: Values::EMPTY,
            entries: Vec::new(),
            writes: Vec::new(),
        }
    }

    /// What a change that was accepted elsewhere writes into fields known here; the rest is passed over.
    pub(crate) fn of_accepted(change: &'a Inspected, table: &'static Table) -> Self {
        let mut draft = Self::new(change, table);
        for (index, op) in change.ops.iter().enumerate() {
            let key = change.text(op.key);
            let place = match op.object {
                Object::Root => table.field(key).map(|(at, field)| {
                    draft.root.set(at, index);
                    (field_place(at), field.when)
                }),
                Object::Made(made) if change.other(made.actor) == Some(OtherActor::Genesis) => {
                    draft.note_entry(index, made.counter);
                    table.flag(made.counter, key)
                }
                Object::Made(made) => {
                    if change.other(made.actor).is_none() {
                        draft.note_entry_field(index, made.counter);
                    }
                    None
                }
            };
            if let Some((place, When::Always)) = place {
                draft.writes.push((place, index));
            }
        }
        draft
    }

    /// Notes an accepted operation on the container that the genesis made as `made_by`, if it
    /// makes an entry there.
    fn note_entry(&mut self, op: usize, made_by: u32) {
        let container = (made_by as usize).checked_sub(1);
        let made = &self.change.ops[op];
        if let Some(container) = container.filter(|_| made.value == Value::Map) {
            self.entries.push(Entry {
                container,
                key: made.key,
                made_by: self.change.start_op + op as u64,
                values: Values::EMPTY,
            });
        }
    }

    /// Notes an accepted operation on the entry that this change made as `made_by`.
    fn note_entry_field(&mut self, op: usize, made_by: u32) {
        let key = self.change.text(self.change.ops[op].key);
        let entry = self
            .entries
            .iter_mut()
            .find(|entry| entry.made_by == u64::from(made_by));
        if let Some(entry) = entry
            && let Some(container) = self.table.containers.get(entry.container)
            && let Holds::Entries(fields) = container.holds
            && let Some((field, _)) = find(fields, key)
        {
            entry.values.set(field, op);
        }
    }

    /// The fields of the root.
    pub(crate) fn root(&self) -> Fields<'_> {
        Fields {
            change: self.change,
            fields: self.table.fields,
            values: &self.root,
        }
    }

    /// The entries made in a container that holds these fields.
    pub(crate) fn entries<'d>(
        &'d self,
        container: usize,
        fields: &'static [Field],
    ) -> impl Iterator<Item = (&'d str, Fields<'d>)> {
        self.entries
            .iter()
            .filter(move |entry| entry.container == container)
            .map(move |entry| {
                let values = Fields {
                    change: self.change,
                    fields,
                    values: &entry.values,
                };
                (self.change.text(entry.key), values)
            })
    }
}

impl<'d> Fields<'d> {
    fn value(&self, name: &str) -> Option<Value> {
        let field = self.fields.iter().position(|field| field.name == name)?;
        self.values.op(field, &self.change.ops).map(|op| op.value)
    }

    /// Whether the field is written.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    pub(crate) fn text(&self, name: &str) -> Option<&'d str> {
        if let Value::Text(span) = self.value(name)? {
            Some(self.change.text(span))
        } else {
            None
        }
    }

    pub(crate) fn whole(&self, name: &str) -> Option<i64> {
        if let Value::Int(number) = self.value(name)? {
            Some(number)
        } else {
            None
        }
    }

    pub(crate) fn real(&self, name: &str) -> Option<f64> {
        if let Value::Real(number) = self.value(name)? {
            Some(number)
        } else {
            None
        }
    }

    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        if let Value::Bool(flag) = self.value(name)? {
            Some(flag)
        } else {
            None
        }
    }

    pub(crate) fn time(&self, name: &str) -> Option<Timestamp> {
        self.whole(name).map(Timestamp::from_ms)
    }

    pub(crate) fn id(&self, name: &str) -> Option<[u8; 16]> {
        id_of(self.text(name)?)
    }

    pub(crate) fn person(&self, name: &str) -> Option<PersonId> {
        self.id(name).map(PersonId::from_bytes)
    }

    pub(crate) fn station(&self, name: &str) -> Option<StationId> {
        self.id(name).map(StationId::from_bytes)
    }

    pub(crate) fn document(&self, name: &str) -> Option<DocumentId> {
        self.id(name).map(DocumentId::from_bytes)
    }

    pub(crate) fn desk(&self, name: &str) -> Option<DeskKey> {
        self.text(name)?.parse().ok()
    }

    pub(crate) fn region(&self, name: &str) -> Option<RegionKey> {
        self.text(name)?.parse().ok()
    }
}
