//! One column of runs: repeated values, values one after another, and gaps, each in the one
//! shortest form that an Automerge encoder writes. A run is counted, never laid out.

use std::ops::Range;

use yizhan_proto::limits::CHANGE_OPS_MAX;

use super::leb128::Bytes;
use super::preparse::Fault;

/// A range of the chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    from: u32,
    len: u32,
}

impl Span {
    pub(super) fn ending_at(end: usize, len: usize) -> Result<Self, Fault> {
        let len = u32::try_from(len).map_err(|_| Fault::SHORT)?;
        let end = u32::try_from(end).map_err(|_| Fault::SHORT)?;
        Ok(Self {
            from: end.checked_sub(len).ok_or(Fault::SHORT)?,
            len,
        })
    }

    /// As a range of bytes of the chunk.
    pub(crate) const fn range(self) -> Range<usize> {
        self.from as usize..self.from as usize + self.len as usize
    }
}

/// What a column of runs holds.
pub(super) trait Item<'a>: Copy + PartialEq {
    fn read(bytes: &mut Bytes<'a>) -> Result<Self, Fault>;
}

impl<'a> Item<'a> for u64 {
    fn read(bytes: &mut Bytes<'a>) -> Result<Self, Fault> {
        bytes.unsigned()
    }
}

impl<'a> Item<'a> for i64 {
    fn read(bytes: &mut Bytes<'a>) -> Result<Self, Fault> {
        bytes.signed()
    }
}

/// A text and where it stands; equal if the texts are.
#[derive(Clone, Copy)]
pub(super) struct Text<'a> {
    pub(super) text: &'a str,
    pub(super) span: Span,
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl<'a> Item<'a> for Text<'a> {
    fn read(bytes: &mut Bytes<'a>) -> Result<Self, Fault> {
        let length = bytes.unsigned()?;
        let raw = bytes.take(length)?;
        Ok(Self {
            text: std::str::from_utf8(raw).map_err(|_| Fault::Malformed("keys in UTF-8"))?,
            span: Span::ending_at(bytes.position(), raw.len())?,
        })
    }
}

/// A column of runs: repeated values, values one after another, and gaps.
pub(super) struct Runs<'a, T> {
    bytes: Option<Bytes<'a>>,
    run: Run,
    left: u64,
    last: Option<T>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Run {
    Start,
    Repeat,
    Each,
    Gap,
}

impl<'a, T: Item<'a>> Runs<'a, T> {
    pub(super) const fn new(bytes: Option<Bytes<'a>>) -> Self {
        Self {
            bytes,
            run: Run::Start,
            left: 0,
            last: None,
        }
    }

    /// Whether there is no next value; an absent column never ends by itself, so it counts as ended.
    pub(super) fn is_done(&self) -> bool {
        self.left == 0 && self.bytes.is_none_or(|bytes| bytes.is_empty())
    }

    /// The next value; `None` is a gap. An absent column has gaps only.
    pub(super) fn next(&mut self) -> Result<Option<T>, Fault> {
        let Some(bytes) = &mut self.bytes else {
            return Ok(None);
        };
        if self.left == 0 {
            let before = self.run;
            let header = bytes.signed()?;
            let last = self.last;
            (self.run, self.left) = match header {
                0 => (Run::Gap, bytes.unsigned()?),
                2.. => (Run::Repeat, header.unsigned_abs()),
                ..0 => (Run::Each, header.unsigned_abs()),
                1 => return Err(Fault::Malformed("runs in their shortest form")),
            };
            if self.left > CHANGE_OPS_MAX {
                return Err(Fault::TooManyOps);
            }
            let twice = before == self.run && matches!(before, Run::Each | Run::Gap);
            if self.left == 0 || twice {
                return Err(Fault::Malformed("runs in their shortest form"));
            }
            match self.run {
                Run::Repeat => {
                    self.last = Some(T::read(bytes)?);
                    if before != Run::Gap && last.is_some() && last == self.last {
                        return Err(Fault::Malformed("runs in their shortest form"));
                    }
                }
                // A value after a gap may be the one before it.
                Run::Each if before == Run::Gap => self.last = None,
                Run::Each | Run::Gap | Run::Start => {}
            }
        }
        self.left -= 1;
        match self.run {
            Run::Repeat => Ok(self.last),
            Run::Each => {
                let value = T::read(bytes)?;
                if self.last == Some(value) {
                    return Err(Fault::Malformed("runs in their shortest form"));
                }
                self.last = Some(value);
                Ok(Some(value))
            }
            Run::Gap | Run::Start => Ok(None),
        }
    }
}
