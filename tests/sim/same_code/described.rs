//! What the protocol's description says of each field, and values that must not stand there.

use automerge::ScalarValue;

/// One row: where a field is, and what it holds, in the words of the description.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// `rating`, `events.ENTRY.type`, `advice.CODE`.
    pub(super) path: String,
    holds: String,
}

/// The rows of one kind.
pub(super) fn rows(kind: &str) -> Vec<Row> {
    let protocol = include_str!("../../../docs/PROTOCOL.md");
    let (_, rest) = protocol
        .split_once(&format!("#### `{kind}`\n"))
        .unwrap_or_else(|| panic!("{kind} is not described"));
    rest.lines()
        .take_while(|line| !line.starts_with('#'))
        .filter(|line| line.starts_with("| `"))
        .filter_map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split(" | ").collect();
            // Other tables of the section have other columns.
            let [path, _, _, holds] = cells.as_slice() else {
                return None;
            };
            Some(Row {
                path: path.trim().trim_matches('`').to_owned(),
                holds: holds.trim().trim_end_matches('|').trim().to_owned(),
            })
        })
        .collect()
}

/// The row of a field of the root, or of an entry that has these fields.
pub(super) fn row_of<'r>(rows: &'r [Row], field: &str, entry: Option<&[String]>) -> &'r Row {
    let Some(fields) = entry else {
        return rows
            .iter()
            .find(|row| row.path == field)
            .unwrap_or_else(|| panic!("{field} is not described"));
    };
    rows.iter()
        .filter(|row| row.path.ends_with(&format!(".ENTRY.{field}")))
        .find(|row| {
            let container = row.path.split('.').next().unwrap_or_default();
            fields.iter().all(|field| {
                let path = format!("{container}.ENTRY.{field}");
                rows.iter().any(|row| row.path == path)
            })
        })
        .unwrap_or_else(|| panic!("no entry with {fields:?} is described"))
}

impl Row {
    /// Values that must not stand in this field, where `good` does.
    pub(super) fn bad(&self, good: &ScalarValue) -> Vec<ScalarValue> {
        let text = |text: &str| ScalarValue::Str(text.into());
        let mut bad = match self.holds.as_str() {
            "the document's id" | "the author's person id as text" => {
                vec![text("01940000-0000-7000-8000-00000000dead"), text("x")]
            }
            "the kind's name" => vec![text("nothing"), text("")],
            "the schema version" => vec![number(good, 99), number(good, 0)],
            "UUID as text" => vec![
                text("not an id"),
                text(""),
                text("01940000-0000-7000-8000-00000000DEAD"),
            ],
            "time" => vec![number(good, 0), number(good, i64::MAX), number(good, -1)],
            "true or false" => Vec::new(),
            "short text, one line" => {
                vec![
                    text(""),
                    text("一\n二"),
                    text("a\0b"),
                    text(&"长".repeat(100)),
                ]
            }
            "text" => vec![text("a\0b"), text(&"长".repeat(6_000))],
            "region key" | "station key" | "desk key" => vec![text("Not a key!"), text("")],
            "number" => vec![ScalarValue::F64(f64::NAN)],
            holds if holds.contains("of `0-9a-f`") => vec![text("xyz"), text("")],
            holds if holds.starts_with('`') => vec![text("casino"), text("")],
            holds if holds.starts_with("flag;") => Vec::new(),
            holds => {
                let (from, to) = bounds(holds);
                if let ScalarValue::F64(_) = good {
                    vec![
                        ScalarValue::F64(to + 0.1),
                        ScalarValue::F64(from - 0.1),
                        ScalarValue::F64(f64::NAN),
                    ]
                } else {
                    #[allow(clippy::cast_possible_truncation, reason = "small whole numbers")]
                    let (from, to) = (from as i64, to as i64);
                    vec![
                        number(good, from - 1),
                        number(good, to + 1),
                        number(good, i64::MIN),
                    ]
                }
            }
        };
        // Of another sort altogether.
        bad.push(if matches!(good, ScalarValue::Str(_)) {
            ScalarValue::Int(7)
        } else {
            text("7")
        });
        bad.push(ScalarValue::Null);
        bad.push(ScalarValue::Bytes(vec![1, 2, 3]));
        bad.retain(|value| value != good);
        bad
    }
}

/// `1 to 5`; `number, -90 to 90`.
fn bounds(holds: &str) -> (f64, f64) {
    let range = holds.trim_start_matches("number, ");
    let parsed = range
        .split_once(" to ")
        .and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
    parsed.unwrap_or_else(|| panic!("not understood: {holds}"))
}

/// A whole number as the good one is written.
fn number(good: &ScalarValue, value: i64) -> ScalarValue {
    if matches!(good, ScalarValue::Timestamp(_)) {
        ScalarValue::Timestamp(value)
    } else {
        ScalarValue::Int(value)
    }
}
