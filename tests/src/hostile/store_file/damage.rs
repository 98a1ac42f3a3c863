//! What is done to a store's file.

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, params};

use super::super::bytes::Draw;

const PAGE_BYTES: usize = 4_096;
/// Steps; more make no other difference.
const STEPS_MAX: usize = 16;

/// Damages the file as the bytes say.
pub(super) fn damage(file: &Path, draw: &mut Draw<'_>) {
    for _ in 0..STEPS_MAX {
        if draw.is_empty() {
            break;
        }
        match draw.byte() % 12 {
            kind @ 0..8 => {
                let mut bytes = std::fs::read(file).expect("the store's file");
                in_bytes(&mut bytes, kind, draw);
                std::fs::write(file, bytes).expect("there is room for a store");
            }
            _ => drop(in_a_cell(file, draw)),
        }
    }
}

fn in_bytes(bytes: &mut Vec<u8>, kind: u8, draw: &mut Draw<'_>) {
    let pages = bytes.len() / PAGE_BYTES;
    let page = usize::from(draw.word()).checked_rem(pages).unwrap_or(0) * PAGE_BYTES;
    match kind {
        0..5 => {
            let at = page + usize::from(draw.word()) % PAGE_BYTES;
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= draw.byte();
            }
        }
        5 => bytes.truncate(page),
        _ => {
            let to = usize::from(draw.word()).checked_rem(pages).unwrap_or(0) * PAGE_BYTES;
            if pages > 0 {
                bytes.copy_within(page..page + PAGE_BYTES, to);
            }
        }
    }
}

/// Puts a value where another stood, of the same sort where the table insists on it.
fn in_a_cell(file: &Path, draw: &mut Draw<'_>) -> rusqlite::Result<()> {
    let connection = Connection::open(file)?;
    connection.execute_batch(
        "PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF;",
    )?;
    let texts = |sql: &str| -> rusqlite::Result<Vec<String>> {
        connection
            .prepare(sql)?
            .query_map([], |row| row.get(0))?
            .collect()
    };
    let tables = texts("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")?;
    let Some(table) = tables.get(draw.index(tables.len())) else {
        return Ok(());
    };
    let columns = texts(&format!("SELECT name FROM pragma_table_info('{table}')"))?;
    let row = draw.byte();
    let Some(column) = columns.get(draw.index(columns.len())) else {
        return Ok(());
    };
    let value = value(draw);
    connection.execute(
        &format!(
            "UPDATE \"{table}\" SET \"{column}\" = ?1
             WHERE rowid = (SELECT rowid FROM \"{table}\" LIMIT 1 OFFSET ?2)"
        ),
        params![value, row],
    )?;
    Ok(())
}

fn value(draw: &mut Draw<'_>) -> Value {
    match draw.byte() % 6 {
        0 => Value::Null,
        1 | 2 => Value::Integer(draw.number()),
        3 => Value::Text(draw.text()),
        4 => Value::Blob(vec![draw.byte(); usize::from(draw.byte() % 64)]),
        _ => Value::Blob(draw.text().into_bytes()),
    }
}
