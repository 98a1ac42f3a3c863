//! A document's fields as they stand, also those that this version does not know.

use automerge::{Automerge, ObjId, ROOT, ReadDoc, ScalarValue, Value as Stored};
use serde_json::{Map, Value, json};
use yizhan_proto::limits::NESTING_MAX;

use crate::model::Document;

/// All fields of a document. Where people set one differently at the same time, the others stand
/// beside it under `name (others)`.
pub(super) fn fields(document: &Document) -> Value {
    map(&document.automerge, &ROOT, 0)
}

fn map(automerge: &Automerge, object: &ObjId, depth: usize) -> Value {
    let mut fields = Map::new();
    if depth > NESTING_MAX {
        return Value::Object(fields);
    }
    for key in automerge.keys(object) {
        let mut values: Vec<Value> = automerge
            .get_all(object, key.as_str())
            .unwrap_or_default()
            .iter()
            .map(|(value, id)| one(automerge, value, id, depth))
            .collect();
        let shown = values.pop().unwrap_or(Value::Null);
        if !values.is_empty() {
            fields.insert(format!("{key} (others)"), Value::Array(values));
        }
        fields.insert(key, shown);
    }
    Value::Object(fields)
}

fn one(automerge: &Automerge, value: &Stored<'_>, id: &ObjId, depth: usize) -> Value {
    match value {
        Stored::Object(automerge::ObjType::Text) => {
            Value::String(automerge.text(id).unwrap_or_default())
        }
        Stored::Object(automerge::ObjType::List) => {
            let items = automerge.list_range(id, ..);
            let count = items.count();
            let item = |at| automerge.get(id, at).ok().flatten();
            let items = (0..count).filter_map(item);
            Value::Array(
                items
                    .map(|(value, id)| one(automerge, &value, &id, depth + 1))
                    .collect(),
            )
        }
        Stored::Object(_) => map(automerge, id, depth + 1),
        Stored::Scalar(scalar) => of_scalar(scalar),
    }
}

fn of_scalar(scalar: &ScalarValue) -> Value {
    match scalar {
        ScalarValue::Str(text) => Value::String(text.to_string()),
        ScalarValue::Int(number) | ScalarValue::Timestamp(number) => json!(number),
        ScalarValue::Uint(number) => json!(number),
        ScalarValue::F64(number) => json!(number),
        ScalarValue::Boolean(flag) => json!(flag),
        ScalarValue::Null => Value::Null,
        ScalarValue::Counter(counter) => json!(i64::from(counter)),
        ScalarValue::Bytes(bytes) => json!({ "bytes_hex": super::hex(bytes) }),
        ScalarValue::Unknown { bytes, .. } => json!({ "unknown_hex": super::hex(bytes) }),
    }
}
