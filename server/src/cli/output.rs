//! Standard output: lines for people or JSON for programs, and a reader who may stop reading.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal as _, Stdout, Write};

use std::path::Path;

use serde::Serialize;

use super::Failure;

/// Where a command says what it did.
#[derive(Debug)]
pub(super) struct Output {
    out: BufWriter<Stdout>,
    json: bool,
}

impl Output {
    pub(super) fn new(json: bool) -> Self {
        Self {
            out: BufWriter::new(io::stdout()),
            json,
        }
    }

    /// Whether programs read it.
    pub(super) fn is_json(&self) -> bool {
        self.json
    }

    /// Whether a person looks at it in a terminal, which understands colours.
    pub(super) fn is_terminal(&self) -> bool {
        self.out.get_ref().is_terminal()
    }

    /// Says it as JSON or, for people, as `text` puts it.
    pub(super) fn say<T: Serialize>(
        &mut self,
        value: &T,
        text: impl FnOnce(&T) -> String,
    ) -> Result<(), Failure> {
        let text = if self.json {
            serde_json::to_string_pretty(value).map_err(|error| Failure::Output(error.into()))?
        } else {
            text(value)
        };
        self.line(&text)
    }

    /// One or more lines.
    pub(super) fn line(&mut self, text: &str) -> Result<(), Failure> {
        writeln!(self.out, "{}", text.trim_end_matches('\n')).map_err(failed)
    }

    /// Hands everything on to whoever reads.
    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        self.out.flush().map_err(failed)
    }
}

/// A file that only its owner may read, empty; what is there is replaced, and keeps its rights.
pub(super) fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn failed(error: io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Failure::Closed
    } else {
        Failure::Output(error)
    }
}
