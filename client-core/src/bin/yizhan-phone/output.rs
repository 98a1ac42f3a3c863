//! Standard output: JSON, or tables and lines for people. A closed pipe ends the program quietly.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use serde_json::Value;

use crate::failure::Failure;
use crate::width::{columns, one_line, padded};

/// Columns of the widest cell of a table.
const CELL_COLUMNS_MAX: usize = 56;
/// Columns of a last cell, which has nothing to its right that must line up.
const LAST_COLUMNS_MAX: usize = 160;
/// Columns of the names before values.
const LABEL_COLUMNS: usize = 14;

/// Where results go, and in which form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    /// JSON is wanted.
    pub(crate) json: bool,
}

/// A file that only its owner may read, empty; what is there is replaced, and keeps its rights.
pub(crate) fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    only_mine(&mut options).open(path)
}

/// What is made so, only its owner may read.
pub(crate) fn only_mine(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

impl Output {
    /// Writes text as it is.
    pub(crate) fn text(self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())
            .and_then(|()| out.flush())
            .map_err(written)
    }

    /// Writes a line.
    pub(crate) fn line(self, line: &str) -> Result<(), Failure> {
        self.text(&format!("{line}\n"))
    }

    /// The result: JSON on one line, or what `people` makes for people.
    pub(crate) fn result(
        self,
        value: &Value,
        people: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        if self.json {
            self.line(&value.to_string())
        } else {
            self.text(&people())
        }
    }

    /// A remark beside the result, on standard error; left out if it cannot be written.
    pub(crate) fn remark(self, text: &str) {
        let _ = writeln!(io::stderr(), "{text}");
    }

    /// Whether a person sits there who can be asked.
    pub(crate) fn can_ask(self) -> bool {
        !self.json && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Asks a question that is answered with y or, by default, no.
    pub(crate) fn ask(self, question: &str) -> bool {
        let mut err = io::stderr();
        if write!(err, "{question} [y/N] ").is_err() || err.flush().is_err() {
            return false;
        }
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).is_ok()
            && matches!(answer.trim(), "y" | "Y" | "yes" | "是")
    }
}

/// What a failed write means.
pub(crate) fn written(error: io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Failure::ReaderGone
    } else {
        Failure::Output(error)
    }
}

/// A table with a head, columns lined up; `empty` if it has no rows.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>], empty: &str) -> String {
    if rows.is_empty() {
        return format!("{empty}\n");
    }
    let cells = |row: &[String]| -> Vec<String> {
        row.iter()
            .enumerate()
            .map(|(at, cell)| {
                let last = at + 1 == row.len();
                one_line(
                    cell,
                    if last {
                        LAST_COLUMNS_MAX
                    } else {
                        CELL_COLUMNS_MAX
                    },
                )
            })
            .collect()
    };
    let rows: Vec<Vec<String>> =
        std::iter::once(head.iter().map(|&name| name.to_owned()).collect())
            .chain(rows.iter().map(|row| cells(row)))
            .collect();
    let widths: Vec<usize> = (0..head.len())
        .map(|at| {
            rows.iter()
                .filter_map(|row| row.get(at))
                .map(|cell| columns(cell))
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in &rows {
        let line: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| padded(cell, *width))
            .collect();
        text.push_str(line.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// `1 change`, `2 changes`.
pub(crate) fn count(number: u64, what: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {what}{ending}")
}

/// One line of a form: a name and a value.
pub(crate) fn labelled(label: &str, value: &str) -> String {
    let value = one_line(value, 400);
    format!("{} {value}\n", padded(label, LABEL_COLUMNS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_line_up_with_chinese_names() {
        let rows = [
            vec!["李师傅".to_owned(), "1".to_owned()],
            vec!["Li".to_owned(), "22".to_owned()],
        ];
        assert_eq!(
            table(&["name", "n"], &rows, "none"),
            "name    n\n李师傅  1\nLi      22\n"
        );
        assert_eq!(table(&["name"], &[], "none"), "none\n");
    }
}
