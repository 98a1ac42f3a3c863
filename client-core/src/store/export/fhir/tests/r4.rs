//! Whether JSON has the structure of FHIR R4 (4.0.1). Which elements a type has, of which type they
//! are and which are lists comes from `fhirbolt-shared`, whose tables are generated from the
//! published StructureDefinitions. What those tables do not tell stands here: which elements must be
//! there, formats, and the value sets that bind.

use fhirbolt_shared::element_map::r4::ELEMENT_MAP;
use fhirbolt_shared::type_hints::r4::TYPE_HINTS;
use serde_json::Value;

/// Elements with a cardinality of 1..1, of the types that the export writes.
const NEEDED: &[&str] = &[
    "Bundle.type",
    "Observation.status",
    "Observation.code",
    "Observation.component.code",
    "Annotation.text",
    "Extension.url",
];

const CODES: &[&str] = &["Coding.code", "Quantity.code"];
const URIS: &[&str] = &[
    "Bundle.entry.fullUrl",
    "Coding.system",
    "Quantity.system",
    "Identifier.system",
    "Reference.type",
    "Extension.url",
];
const TIMES: &[&str] = &["Bundle.timestamp", "Observation.effectiveDateTime"];

/// Value sets with the binding "required".
const BOUND: &[(&str, &str)] = &[
    (
        "Bundle.type",
        "document message transaction transaction-response batch batch-response history searchset collection",
    ),
    (
        "Observation.status",
        "registered preliminary final amended corrected cancelled entered-in-error unknown",
    ),
    ("Quantity.comparator", "< <= >= >"),
];

/// Whether a value is one of its type; says where it is not.
pub(super) fn conforms(name: &str, value: &Value, at: &str) -> Result<(), String> {
    let elements = ELEMENT_MAP.get(name).ok_or(format!("no type {name}"))?;
    let fields = value.as_object().ok_or(format!("{at}: no {name}"))?;
    if fields.is_empty() {
        return Err(format!("{at}: empty"));
    }
    let is_resource = !name.contains('.') && elements.contains("implicitRules");
    if is_resource != (fields.get("resourceType").and_then(Value::as_str) == Some(name)) {
        return Err(format!("{at}: resourceType of a {name}"));
    }
    for needed in NEEDED {
        let element = needed
            .strip_prefix(name)
            .and_then(|it| it.strip_prefix('.'));
        let element = element.filter(|element| !element.contains('.'));
        if element.is_some_and(|element| !fields.contains_key(element)) {
            return Err(format!("{at}: {needed} is missing"));
        }
    }
    let of_choice = fields.keys().filter(|field| {
        let kind = field.strip_prefix("value");
        kind.is_some_and(|kind| !kind.is_empty())
    });
    if of_choice.count() > 1 {
        return Err(format!("{at}: more than one value[x]"));
    }
    for (field, value) in fields.iter().filter(|(field, _)| *field != "resourceType") {
        let (path, at) = (format!("{name}.{field}"), format!("{at}.{field}"));
        if !elements.contains(field.as_str()) {
            return Err(format!("{at}: {name} has no such element"));
        }
        let is_list = TYPE_HINTS.array_paths.contains(path.as_str())
            || matches!(field.as_str(), "extension" | "modifierExtension");
        let values = match (is_list, value) {
            (true, Value::Array(values)) if !values.is_empty() => values.as_slice(),
            (true, _) => return Err(format!("{at}: a list of one or more")),
            (false, value) => std::slice::from_ref(value),
        };
        for value in values {
            element(&path, field, value, &at)?;
        }
    }
    Ok(())
}

fn element(path: &str, field: &str, value: &Value, at: &str) -> Result<(), String> {
    if let Some(of_type) = TYPE_HINTS.type_paths.get(path) {
        if *of_type == "Resource" {
            let named = value["resourceType"].as_str().unwrap_or_default();
            return conforms(named, value, at);
        }
        return conforms(of_type, value, at);
    }
    if matches!(field, "extension" | "modifierExtension") {
        return conforms("Extension", value, at);
    }
    if ELEMENT_MAP.contains_key(path) {
        return conforms(path, value, at);
    }
    let is_primitive = TYPE_HINTS.all_primitives_paths.contains(path) || field == "id";
    if !is_primitive && path != "Extension.url" {
        return Err(format!("{at}: {path} has no known type"));
    }
    let fits = if TYPE_HINTS.boolean_paths.contains(path) {
        value.is_boolean()
    } else if TYPE_HINTS.integer_paths.contains(path) {
        value.is_i64() || value.is_u64()
    } else if TYPE_HINTS.decimal_paths.contains(path) {
        value.is_number()
    } else {
        value
            .as_str()
            .is_some_and(|text| is_text(path, field, text))
    };
    fits.then_some(()).ok_or(format!("{at}: {value}"))
}

fn is_text(path: &str, field: &str, text: &str) -> bool {
    if let Some((_, codes)) = BOUND.iter().find(|(bound, _)| *bound == path) {
        return codes.split(' ').any(|code| code == text);
    }
    if field == "id" {
        let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
        return (1..=64).contains(&text.len()) && text.bytes().all(good);
    }
    if CODES.contains(&path) {
        return !text.is_empty() && text.trim() == text && !text.contains("  ");
    }
    if URIS.contains(&path) {
        return !text.is_empty() && !text.contains(char::is_whitespace);
    }
    if TIMES.contains(&path) {
        // To the second at least, with an offset.
        let bytes = text.as_bytes();
        let has_offset =
            text.ends_with('Z') || matches!(bytes.iter().nth_back(5), Some(b'+' | b'-'));
        return bytes.len() >= 20 && bytes[10] == b'T' && has_offset;
    }
    !text.trim().is_empty()
}
