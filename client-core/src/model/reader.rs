//! Typed reads of an opened document, tolerant of unknown fields, of both string forms (scalars
//! and Text, which JavaScript writes by default) and of both forms of whole numbers and times.
//!
//! Concurrent values come in the order of their operations (counter, then actor), which is the
//! same on every replica whatever the order of merging.

use automerge::{Automerge, ObjId, ObjType, ROOT, ReadDoc, ScalarValue, Value};
use yizhan_proto::{ActorId, DeviceId, DocumentId, EntryId, Kind, PersonId, StationId, Timestamp};

use super::document::{Document, Register, Unreadable};
use super::order::{Order, Place};

/// Reads one document.
pub(crate) struct Reader<'a> {
    automerge: &'a Automerge,
}

/// Reads one map of a document.
pub(crate) struct Map<'a> {
    automerge: &'a Automerge,
    object: ObjId,
}

impl<'a> Reader<'a> {
    /// Reads `document` as that kind.
    pub(crate) fn new(document: &'a Document, kind: Kind) -> Result<Self, Unreadable> {
        if document.kind() != kind {
            return Err(Unreadable(format!(
                "it is a {}, not a {kind}",
                document.kind()
            )));
        }
        Ok(Self {
            automerge: &document.automerge,
        })
    }

    /// The root.
    pub(crate) fn root(&self) -> Map<'a> {
        Map {
            automerge: self.automerge,
            object: ROOT,
        }
    }

    fn container(&self, name: &str) -> Option<ObjId> {
        match self.automerge.get(ROOT, name) {
            Ok(Some((Value::Object(ObjType::Map), object))) => Some(object),
            Ok(_) | Err(_) => None,
        }
    }

    /// The entries of a keyed map, ascending by key. Two entries under one key are both here.
    pub(crate) fn entries(&self, container: &str) -> Vec<(EntryId, Map<'a>)> {
        let Some(container) = self.container(container) else {
            return Vec::new();
        };
        let mut entries = Vec::new();
        for key in self.automerge.keys(&container) {
            let Ok(entry) = key.parse::<EntryId>() else {
                continue;
            };
            let values = self.automerge.get_all(&container, &key).unwrap_or_default();
            for (value, object) in values {
                if value.to_objtype() == Some(ObjType::Map) {
                    let automerge = self.automerge;
                    entries.push((entry, Map { automerge, object }));
                }
            }
        }
        entries
    }

    /// The entries of a keyed map in the order of a fold.
    pub(crate) fn ordered(&self, container: &str, order: &Order) -> Vec<(Place, EntryId, Map<'a>)> {
        let mut entries: Vec<_> = self
            .entries(container)
            .into_iter()
            .filter_map(|(entry, map)| {
                let (actor, counter) = map.made_by()?;
                Some((order.of(actor, counter), entry, map))
            })
            .collect();
        entries.sort_by_key(|(place, entry, _)| (*place, *entry));
        entries
    }

    /// The keys of a map of flags that are set, ascending. Where people disagree, it is set.
    pub(crate) fn flags(&self, container: &str) -> Vec<String> {
        let Some(container) = self.container(container) else {
            return Vec::new();
        };
        let is_set = |key: &String| {
            let values = self.automerge.get_all(&container, key).unwrap_or_default();
            values
                .iter()
                .any(|(value, _)| value.as_bool() == Some(true))
        };
        self.automerge.keys(&container).filter(is_set).collect()
    }
}

impl Map<'_> {
    /// The operation that made it: whose, and its counter. `None` for the root and for what a
    /// constant first change made.
    pub(crate) fn made_by(&self) -> Option<(ActorId, u64)> {
        operation(&self.object)
    }

    /// The operation that wrote the value shown of a field.
    pub(crate) fn written_by(&self, field: &str) -> Option<(ActorId, u64)> {
        self.all(field, |_, _, object| operation(object)).pop()
    }

    /// All readable values of a field: the one shown last.
    fn all<T>(&self, field: &str, read: impl Fn(&Self, &Value<'_>, &ObjId) -> Option<T>) -> Vec<T> {
        self.automerge
            .get_all(&self.object, field)
            .unwrap_or_default()
            .iter()
            .filter_map(|(value, object)| read(self, value, object))
            .collect()
    }

    fn register<T: PartialEq>(
        &self,
        field: &str,
        read: impl Fn(&Self, &Value<'_>, &ObjId) -> Option<T>,
    ) -> Register<T> {
        let mut values = self.all(field, read);
        let value = values.pop();
        let mut others = Vec::new();
        for other in values {
            if Some(&other) != value.as_ref() && !others.contains(&other) {
                others.push(other);
            }
        }
        Register { value, others }
    }

    fn as_text(&self, value: &Value<'_>, object: &ObjId) -> Option<String> {
        match value {
            Value::Scalar(scalar) => scalar.as_str().map(str::to_owned),
            Value::Object(ObjType::Text) => self.automerge.text(object).ok(),
            Value::Object(_) => None,
        }
    }

    fn as_whole(&self, value: &Value<'_>, _: &ObjId) -> Option<i64> {
        match value {
            Value::Scalar(scalar) => match scalar.as_ref() {
                ScalarValue::Int(number) | ScalarValue::Timestamp(number) => Some(*number),
                ScalarValue::Uint(number) => i64::try_from(*number).ok(),
                ScalarValue::Bytes(_)
                | ScalarValue::Str(_)
                | ScalarValue::F64(_)
                | ScalarValue::Counter(_)
                | ScalarValue::Boolean(_)
                | ScalarValue::Unknown { .. }
                | ScalarValue::Null => None,
            },
            Value::Object(_) => None,
        }
    }

    fn narrow<T: TryFrom<i64>>(&self, value: &Value<'_>, object: &ObjId) -> Option<T> {
        self.as_whole(value, object)
            .and_then(|number| T::try_from(number).ok())
    }

    /// Texts that people set.
    pub(crate) fn texts(&self, field: &str) -> Register<String> {
        self.register(field, Self::as_text)
    }

    /// A text.
    pub(crate) fn text(&self, field: &str) -> Option<String> {
        self.all(field, Self::as_text).pop()
    }

    /// A time.
    pub(crate) fn time(&self, field: &str) -> Option<Timestamp> {
        self.all(field, Self::as_whole)
            .pop()
            .map(Timestamp::from_ms)
    }

    /// Times that people set.
    pub(crate) fn times(&self, field: &str) -> Register<Timestamp> {
        self.register(field, |map, value, object| {
            map.as_whole(value, object).map(Timestamp::from_ms)
        })
    }

    /// A count.
    pub(crate) fn count(&self, field: &str) -> Option<u32> {
        self.all(field, Self::narrow).pop()
    }

    /// Counts that people set.
    pub(crate) fn counts(&self, field: &str) -> Register<u32> {
        self.register(field, Self::narrow)
    }

    /// Small numbers that people set.
    pub(crate) fn ratings(&self, field: &str) -> Register<u8> {
        self.register(field, Self::narrow)
    }

    /// A whole number.
    pub(crate) fn whole(&self, field: &str) -> Option<i64> {
        self.all(field, Self::as_whole).pop()
    }

    /// A number.
    pub(crate) fn real(&self, field: &str) -> Option<f64> {
        self.all(field, |map, value, object| match value.as_f64() {
            Some(number) => Some(number),
            None => map.narrow::<i32>(value, object).map(f64::from),
        })
        .pop()
    }

    /// A flag.
    pub(crate) fn flag(&self, field: &str) -> Option<bool> {
        self.flag_register(field).value
    }

    /// A flag that people set.
    pub(crate) fn flag_register(&self, field: &str) -> Register<bool> {
        self.register(field, |_, value, _| value.as_bool())
    }

    /// A key or an id.
    pub(crate) fn parsed<T: std::str::FromStr>(&self, field: &str) -> Option<T> {
        self.text(field)?.parse().ok()
    }

    /// A person's id.
    pub(crate) fn person(&self, field: &str) -> Option<PersonId> {
        self.text(field)?.parse().ok()
    }

    /// A station's id.
    pub(crate) fn station(&self, field: &str) -> Option<StationId> {
        self.text(field)?.parse().ok()
    }

    /// A document's id.
    pub(crate) fn document(&self, field: &str) -> Option<DocumentId> {
        self.text(field)?.parse().ok()
    }

    /// An entry's id.
    pub(crate) fn entry(&self, field: &str) -> Option<EntryId> {
        self.text(field)?.parse().ok()
    }

    /// A device's id.
    pub(crate) fn device(&self, field: &str) -> Option<DeviceId> {
        self.text(field)?.parse().ok()
    }

    /// Listed values that people set.
    pub(crate) fn coded<T: PartialEq>(
        &self,
        field: &str,
        from_text: impl Fn(&str) -> Option<T>,
    ) -> Register<T> {
        self.register(field, |map, value, object| {
            map.as_text(value, object).and_then(|text| from_text(&text))
        })
    }

    /// A value without which the document is not one of its kind.
    pub(crate) fn needed<T>(&self, field: &str, value: Option<T>) -> Result<T, Unreadable> {
        value.ok_or_else(|| Unreadable(format!("it has no readable {field}")))
    }
}

/// The operation that an Automerge id names.
fn operation(id: &ObjId) -> Option<(ActorId, u64)> {
    match id {
        ObjId::Id(counter, actor, _) => {
            let actor = ActorId::from_slice(actor.to_bytes()).ok()?;
            Some((actor, *counter))
        }
        ObjId::Root => None,
    }
}
