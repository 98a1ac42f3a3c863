//! Server-sent events, as much of them as the relay uses, with bounded lines.
//!
//! Reads `event:` and `data:` fields, skips comments and everything unknown. A line past the
//! bound is dropped together with its event.

use std::io::{self, BufRead};

use yizhan_proto::watch::{EVENT_MOVED, EVENT_PULL, Moved};

use super::WatchEvent;

/// Bytes of the longest line that is read: the text of a scope and a number, generously.
const LINE_BYTES_MAX: usize = 1_024;

/// Reads events off a stream.
#[derive(Debug)]
pub(super) struct SseReader<R> {
    input: R,
}

/// One line, without its end.
enum Line {
    Text(Vec<u8>),
    TooLong,
    End,
}

impl<R: BufRead> SseReader<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input }
    }

    /// The next event that means something here; `None` at the end of the stream.
    pub(super) fn next_event(&mut self) -> io::Result<Option<WatchEvent>> {
        let mut name = Vec::new();
        let mut data = None;
        let mut intact = true;
        loop {
            let line = match self.read_line()? {
                Line::End => return Ok(None),
                Line::TooLong => {
                    intact = false;
                    continue;
                }
                Line::Text(line) => line,
            };
            if line.is_empty() {
                if let Some(event) = meaning(&name, data.as_deref(), intact) {
                    return Ok(Some(event));
                }
                (name, data, intact) = (Vec::new(), None, true);
            } else if line.starts_with(b":") {
                // A comment within an event is no reason to lose the event.
                if name.is_empty() && data.is_none() {
                    return Ok(Some(WatchEvent::Alive));
                }
            } else if let Some(value) = field(&line, b"event") {
                name = value.to_vec();
            } else if let Some(value) = field(&line, b"data") {
                // Events of this protocol have one line of data.
                intact &= data.is_none();
                data = Some(value.to_vec());
            }
        }
    }

    /// One line of bounded length. `\n`, `\r\n`; a stream that ends within a line drops it.
    fn read_line(&mut self) -> io::Result<Line> {
        let mut line = Vec::new();
        let mut too_long = false;
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                return Ok(Line::End);
            }
            let (part, ended) = match buffer.iter().position(|byte| *byte == b'\n') {
                Some(at) => (&buffer[..at], true),
                None => (buffer, false),
            };
            if line.len() + part.len() > LINE_BYTES_MAX {
                too_long = true;
                line.clear();
            } else if !too_long {
                line.extend_from_slice(part);
            }
            let used = part.len() + usize::from(ended);
            self.input.consume(used);
            if ended && too_long {
                return Ok(Line::TooLong);
            }
            if ended {
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(Line::Text(line));
            }
        }
    }
}

/// The value of `name: value` or `name:value`, if the line is of that name.
fn field<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let value = line.strip_prefix(name)?.strip_prefix(b":")?;
    Some(value.strip_prefix(b" ").unwrap_or(value))
}

fn meaning(name: &[u8], data: Option<&[u8]>, intact: bool) -> Option<WatchEvent> {
    if name == EVENT_PULL.as_bytes() {
        return Some(WatchEvent::Pull);
    }
    if name != EVENT_MOVED.as_bytes() {
        return None;
    }
    let moved: Option<Moved> = data
        .filter(|_| intact)
        .and_then(|data| std::str::from_utf8(data).ok())
        .and_then(|text| text.parse().ok());
    // A scope of a kind that this version cannot read moved: a sync finds out.
    Some(moved.map_or(WatchEvent::Pull, WatchEvent::Moved))
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    fn events(text: &str, buffer: usize) -> Vec<WatchEvent> {
        let mut reader = SseReader::new(BufReader::with_capacity(buffer, text.as_bytes()));
        std::iter::from_fn(|| reader.next_event().unwrap()).collect()
    }

    fn moved(text: &str) -> WatchEvent {
        WatchEvent::Moved(text.parse().unwrap())
    }

    #[test]
    fn known_events_are_read_and_all_else_is_skipped() {
        let long = "x".repeat(LINE_BYTES_MAX + 1);
        for (text, expected) in [
            ("", vec![]),
            (
                "event: moved\ndata: region:a 7\n\n",
                vec![moved("region:a 7")],
            ),
            (
                "event:moved\r\ndata:region:a 7\r\n\r\n",
                vec![moved("region:a 7")],
            ),
            (
                "data: region:a 7\nevent: moved\nid: 3\n\n",
                vec![moved("region:a 7")],
            ),
            ("event: moved\ndata: region:a 7\n", vec![]),
            ("event: pull\ndata:\n\n", vec![WatchEvent::Pull]),
            ("event: pull\n\n", vec![WatchEvent::Pull]),
            (
                "event: other\ndata: x\n\nevent: pull\n\n",
                vec![WatchEvent::Pull],
            ),
            (": hello\n\n", vec![WatchEvent::Alive]),
            ("event: moved\ndata: planet:a 7\n\n", vec![WatchEvent::Pull]),
            (
                "event: moved\ndata: region:a 7\ndata: x\n\n",
                vec![WatchEvent::Pull],
            ),
            (
                &format!("event: moved\ndata: {long}\n\nevent: pull\n\n"),
                vec![WatchEvent::Pull, WatchEvent::Pull],
            ),
            (
                &format!("{long}\n\nevent: pull\n\n"),
                vec![WatchEvent::Pull],
            ),
        ] {
            for buffer in [1, 7, 4096] {
                assert_eq!(events(text, buffer), expected, "{text:?} by {buffer}");
            }
        }
    }
}
