//! The relay's numbering, and every off-by-one about it in one place.
//!
//! A [`Sequence`] names one accepted change (or one joining or leaving of a scope); numbers start
//! at 1, only ever grow, and are shared by all scopes of a relay. A [`Cursor`] is a position
//! *between* sequences: a cursor `c` has read everything numbered `c` or less. A [`Window`] says
//! what a device holds of one scope: every document whose latest sequence, as of `settled`, lies in
//! `(floor, settled]`, and of the news past that, what a page or two brought up to `live`.

use std::fmt;

use minicbor::{Decode, Encode};

/// The number of an accepted change: 1 and up, strictly increasing, never a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode)]
#[cbor(transparent)]
pub struct Sequence(#[n(0)] u64);

impl<'b, C> Decode<'b, C> for Sequence {
    /// 0 is refused here, where it comes in: kept and sent on, it would be nobody's number for good.
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        let at = d.position();
        let number = d.u64()?;
        Self::new(number)
            .ok_or_else(|| minicbor::decode::Error::message("a sequence is 1 or more").at(at))
    }
}

impl Sequence {
    /// The first number a relay gives out.
    pub const FIRST: Self = Self(1);

    /// From a number; `None` for 0, which names nothing.
    #[must_use]
    pub const fn new(number: u64) -> Option<Self> {
        if number == 0 {
            None
        } else {
            Some(Self(number))
        }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The next number to give out.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How far a reader has come: everything numbered this or less is read. 0: nothing yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct Cursor(#[n(0)] u64);

impl Cursor {
    /// Before the first sequence.
    pub const START: Self = Self(0);

    /// From the number of the last sequence read (0: none).
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The cursor of a reader that has read `sequence` and all before it.
    #[must_use]
    pub const fn after(sequence: Sequence) -> Self {
        Self(sequence.0)
    }

    /// The cursor of a reader that has read all before `sequence`, but not it.
    #[must_use]
    pub const fn before(sequence: Sequence) -> Self {
        Self(sequence.0 - 1)
    }

    /// The number of the last sequence read, 0 for none.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Whether this reader has read `sequence`.
    #[must_use]
    pub const fn has_read(self, sequence: Sequence) -> bool {
        sequence.0 <= self.0
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a device holds of one scope: every document whose latest sequence, as of `settled`, lies in
/// `(floor, settled]`. `live` moves up page by page as news arrive, and `settled` follows when they
/// are all there; `floor` moves down as history is filled in; at `floor` 0 the device holds all of it.
///
/// Why `settled` is not `live`: news come in the order of each document's *latest* sequence. Between
/// two pages of news, a document made at 5 and changed at 9 is not held by a device that stands at 7,
/// though its latest sequence as of 7 is 5. What such a device has for sure, it has as of `settled`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Window {
    /// Read up to here, news.
    pub live: Cursor,
    /// Everything is there as of here; `live`, but between two pages of news.
    pub settled: Cursor,
    /// Filled in down to here, history.
    pub floor: Cursor,
}

impl Window {
    /// A reader that is current with the whole scope at `live`.
    #[must_use]
    pub const fn complete(live: Cursor) -> Self {
        Self {
            live,
            settled: live,
            floor: Cursor::START,
        }
    }

    /// First contact with a scope whose relay stands at `head`: nothing held, news from `head`
    /// on, history downwards from it.
    #[must_use]
    pub const fn first_contact(head: Cursor) -> Self {
        Self {
            live: head,
            settled: head,
            floor: head,
        }
    }

    /// Whether everything is held, as of `live`: no history is missing, and no page of news.
    #[must_use]
    pub fn is_complete(self) -> bool {
        self.floor == Cursor::START && self.settled == self.live
    }

    /// Whether the bounds can be true of anything: floor, settled and live do not fall.
    #[must_use]
    pub fn is_consistent(self) -> bool {
        self.floor <= self.settled && self.settled <= self.live
    }

    /// Whether a document is held as of `settled`, given the sequence of its latest change that is
    /// not past that (`None`: it has none such).
    #[must_use]
    pub fn holds(self, latest_not_past_settled: Option<Sequence>) -> bool {
        latest_not_past_settled.is_some_and(|sequence| {
            self.settled.has_read(sequence) && !self.floor.has_read(sequence)
        })
    }

    /// The window after a page of news that ended with a document at `last`, and did not end them.
    #[must_use]
    pub fn read_up_to(self, last: Sequence) -> Self {
        Self {
            live: Cursor::after(last),
            ..self
        }
    }

    /// The window when all news up to the relay's `head` are there.
    #[must_use]
    pub fn settled_at(self, head: Cursor) -> Self {
        Self {
            live: head,
            settled: head,
            ..self
        }
    }

    /// The window after a page of history that ended with a document at `lowest` (documents come
    /// in falling order), `more` telling whether there is any below.
    #[must_use]
    pub fn filled_down_to(self, lowest: Option<Sequence>, more: bool) -> Self {
        let floor = match (lowest, more) {
            (_, false) => Cursor::START,
            (Some(lowest), true) => Cursor::before(lowest),
            (None, true) => self.floor,
        };
        Self { floor, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seq(number: u64) -> Sequence {
        Sequence::new(number).expect("not 0")
    }

    #[test]
    fn zero_is_no_sequence() {
        assert_eq!(Sequence::new(0), None);
        assert!(crate::codec::decode::<Sequence>(&[0], 1).is_err());
        assert_eq!(
            crate::codec::decode::<Sequence>(&[1], 1).ok(),
            Some(Sequence::FIRST)
        );
        assert_eq!(Sequence::new(1), Some(Sequence::FIRST));
    }

    #[test]
    fn a_cursor_stands_between_sequences() {
        for number in [1, 2, 99, 100, 101, u64::MAX] {
            let sequence = seq(number);
            assert!(Cursor::after(sequence).has_read(sequence));
            assert!(!Cursor::before(sequence).has_read(sequence));
            assert_eq!(Cursor::after(sequence).get(), number);
        }
        assert!(!Cursor::START.has_read(Sequence::FIRST));
        assert_eq!(Cursor::before(Sequence::FIRST), Cursor::START);
    }

    #[test]
    fn a_window_holds_what_lies_above_its_floor_and_not_past_where_it_is_settled() {
        let window = Window {
            live: Cursor::new(30),
            settled: Cursor::new(20),
            floor: Cursor::new(10),
        };
        for (number, held) in [
            (1, false),
            (9, false),
            (10, false),
            (11, true),
            (19, true),
            (20, true),
            (21, false),
        ] {
            assert_eq!(window.holds(Some(seq(number))), held, "{number}");
        }
        assert!(!window.holds(None));
    }

    #[test]
    fn a_window_between_two_pages_of_news_is_not_complete() {
        let window = Window::complete(Cursor::new(4));
        assert!(window.is_complete());
        let between = window.read_up_to(seq(7));
        assert!(!between.is_complete() && between.is_consistent());
        assert!(between.holds(Some(seq(4))) && !between.holds(Some(seq(5))));
        assert_eq!(
            between.settled_at(Cursor::new(9)),
            Window::complete(Cursor::new(9))
        );
    }

    /// The borders of a page of history: 0, 1, page−1, page, page+1 documents below the floor.
    #[test]
    fn history_is_read_once_and_whole_whatever_the_page() {
        const PAGE: usize = 5;
        for documents in [0, 1, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE].map(|n| n as u64) {
            let mut window = Window::first_contact(Cursor::new(documents));
            let mut read = Vec::new();
            for _ in 0..=documents {
                if window.is_complete() {
                    break;
                }
                let page: Vec<u64> = (1..=window.floor.get()).rev().take(PAGE).collect();
                let more = page.last().is_some_and(|lowest| *lowest > 1);
                window = window.filled_down_to(page.last().copied().and_then(Sequence::new), more);
                read.extend(page);
            }
            assert!(window.is_complete(), "{documents}");
            assert_eq!(read, (1..=documents).rev().collect::<Vec<_>>());
        }
    }

    /// The borders of a page of news.
    #[test]
    fn news_is_read_once_and_whole_whatever_the_page() {
        const PAGE: usize = 5;
        for news in [0, 1, PAGE - 1, PAGE, PAGE + 1].map(|n| n as u64) {
            let mut cursor = Cursor::new(100);
            let mut read = Vec::new();
            loop {
                let page: Vec<Sequence> = (101..=100 + news)
                    .filter_map(Sequence::new)
                    .filter(|sequence| !cursor.has_read(*sequence))
                    .take(PAGE)
                    .collect();
                let Some(last) = page.last() else { break };
                cursor = Cursor::after(*last);
                read.extend(page);
            }
            assert_eq!(read.len() as u64, news);
            assert_eq!(cursor, Cursor::new(100 + news));
        }
    }
}
