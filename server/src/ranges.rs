//! Which bytes of an attachment somebody sends or asks for: the headers `content-range` and `range`,
//! read strictly. Pure: texts in, positions out.

/// What a `content-range` says: first and last byte, and how many there are in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// First and last byte; `None`: nothing is sent, and how far the upload is, is asked.
    pub range: Option<(u64, u64)>,
    /// How many bytes there are in all.
    pub whole: u64,
}

/// Reads a `content-range`; `None` if it is none, or says what cannot be.
#[must_use]
pub fn read_sent(said: &str) -> Option<Sent> {
    let (range, whole) = said.strip_prefix("bytes ")?.split_once('/')?;
    let whole = number(whole)?;
    if range == "*" {
        return Some(Sent { range: None, whole });
    }
    let (from, to) = range.split_once('-')?;
    let (from, to) = (number(from)?, number(to)?);
    (from <= to && to < whole).then_some(Sent {
        range: Some((from, to)),
        whole,
    })
}

/// Digits only, and few enough.
fn number(text: &str) -> Option<u64> {
    let digits = text.len() <= 15 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// What a `range` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Nothing that is understood here, which means all.
    All,
    /// First and last byte.
    Range(u64, u64),
    /// Bytes that are not there.
    Beyond,
}

/// Reads a `range` of something that has so many bytes.
#[must_use]
pub fn read_asked(said: &str, bytes: u64) -> Asked {
    let Some((from, to)) = said
        .strip_prefix("bytes=")
        .filter(|ranges| !ranges.contains(','))
        .and_then(|range| range.trim().split_once('-'))
    else {
        return Asked::All;
    };
    let last = bytes.saturating_sub(1);
    match (number(from), number(to)) {
        (Some(from), _) if !to.is_empty() && number(to).is_none_or(|to| to < from) => Asked::All,
        (Some(from), _) if from >= bytes => Asked::Beyond,
        (Some(from), Some(to)) => Asked::Range(from, to.min(last)),
        (Some(from), None) => Asked::Range(from, last),
        (None, Some(0)) if from.is_empty() => Asked::Beyond,
        (None, Some(tail)) if from.is_empty() && bytes > 0 => {
            Asked::Range(bytes - tail.min(bytes), last)
        }
        (None, _) => Asked::All,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_says_where_it_belongs() {
        let range = |from, to, whole| {
            Some(Sent {
                range: Some((from, to)),
                whole,
            })
        };
        assert_eq!(read_sent("bytes 0-9/10"), range(0, 9, 10));
        assert_eq!(read_sent("bytes 9-9/10"), range(9, 9, 10));
        assert_eq!(
            read_sent("bytes */10"),
            Some(Sent {
                range: None,
                whole: 10
            })
        );
        for wrong in [
            "",
            "bytes",
            "bytes 0-10/10",
            "bytes 5-4/10",
            "bytes 0-9/*",
            "bytes -9/10",
            "bytes +0-9/10",
            "bytes 0-9/99999999999999999999",
            "bytes 0-9",
            "items 0-9/10",
            "bytes ０-9/10",
        ] {
            assert_eq!(read_sent(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_range_is_read_at_its_edges() {
        use Asked::{All, Beyond, Range};
        for (said, read) in [
            ("bytes=0-0", Range(0, 0)),
            ("bytes=0-", Range(0, 9)),
            ("bytes=9-", Range(9, 9)),
            ("bytes=0-99", Range(0, 9)),
            ("bytes=-1", Range(9, 9)),
            ("bytes=-99", Range(0, 9)),
            ("bytes=-0", Beyond),
            ("bytes=10-", Beyond),
            ("bytes=10-11", Beyond),
            ("bytes=5-4", All),
            ("bytes=0-1,3-4", All),
            ("bytes=-", All),
            ("bytes=a-b", All),
            ("items=0-1", All),
            ("", All),
        ] {
            assert_eq!(read_asked(said, 10), read, "{said}");
        }
    }
}
