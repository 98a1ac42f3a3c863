//! Numbers as Automerge writes them, in their one shortest form, read within bounds.

use super::preparse::Fault;

/// A part of a chunk that is being read; positions are those of the chunk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bytes<'a> {
    chunk: &'a [u8],
    at: usize,
}

impl<'a> Bytes<'a> {
    /// Reads `chunk` from `at` to its end.
    pub(super) const fn new(chunk: &'a [u8], at: usize) -> Self {
        Self { chunk, at }
    }

    /// The position in the chunk.
    pub(super) const fn position(&self) -> usize {
        self.at
    }

    /// Bytes left.
    pub(super) const fn left(&self) -> usize {
        self.chunk.len() - self.at
    }

    /// Whether nothing is left.
    pub(super) const fn is_empty(&self) -> bool {
        self.left() == 0
    }

    /// The next `count` bytes.
    pub(super) fn take(&mut self, count: u64) -> Result<&'a [u8], Fault> {
        let end = usize::try_from(count)
            .ok()
            .and_then(|count| self.at.checked_add(count))
            .ok_or(Fault::SHORT)?;
        let taken = self.chunk.get(self.at..end).ok_or(Fault::SHORT)?;
        self.at = end;
        Ok(taken)
    }

    /// The next `count` bytes, to be read by themselves.
    pub(super) fn part(&mut self, count: u64) -> Result<Self, Fault> {
        let at = self.at;
        self.take(count)?;
        Ok(Self {
            chunk: self.chunk.get(..self.at).ok_or(Fault::SHORT)?,
            at,
        })
    }

    /// The next byte.
    pub(super) fn byte(&mut self) -> Result<u8, Fault> {
        let byte = *self.chunk.get(self.at).ok_or(Fault::SHORT)?;
        self.at += 1;
        Ok(byte)
    }

    /// An unsigned number.
    pub(super) fn unsigned(&mut self) -> Result<u64, Fault> {
        let mut value = 0_u64;
        let mut shift = 0_u32;
        loop {
            let byte = self.byte()?;
            if shift == 63 && byte > 1 {
                return Err(Fault::NUMBER);
            }
            value |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                return if byte == 0 && shift > 7 {
                    Err(Fault::NUMBER)
                } else {
                    Ok(value)
                };
            }
        }
    }

    /// A signed number.
    pub(super) fn signed(&mut self) -> Result<i64, Fault> {
        let mut value = 0_i64;
        let mut shift = 0_u32;
        let mut previous = 0_u8;
        loop {
            let byte = self.byte()?;
            if shift == 63 && byte != 0 && byte != 0x7f {
                return Err(Fault::NUMBER);
            }
            value |= i64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                let extends_zero = byte == 0 && previous & 0x40 == 0;
                let extends_ones = byte == 0x7f && previous & 0x40 != 0;
                if shift > 7 && (extends_zero || extends_ones) {
                    return Err(Fault::NUMBER);
                }
                if shift < 64 && byte & 0x40 != 0 {
                    value |= -1 << shift;
                }
                return Ok(value);
            }
            previous = byte;
        }
    }
}
