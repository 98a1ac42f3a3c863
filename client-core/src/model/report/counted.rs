//! Who is counted in reports: everybody, but for what begins at a station after its driver withdrew
//! the consent to statistics there, until they give it again. Pure.
//!
//! What began before is counted as before, and so no number that was told changes by a
//! withdrawal: two reports, one from before it and one from after, tell nothing about one person.
//! For the same reason a word counts from when the relay heard of it, not from when somebody says
//! that it was spoken.

use std::collections::BTreeMap;

use yizhan_proto::{Kind, PersonId, StationId, Timestamp};

use crate::model::consent::Purpose;
use crate::model::{Inspected, gate};

/// What drivers said of being counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted(BTreeMap<(PersonId, StationId), Vec<Word>>);

/// One consent to statistics, as the relay heard of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Word {
    given: Timestamp,
    until: Option<Timestamp>,
    withdrawn: Option<Timestamp>,
}

impl Word {
    fn is_withdrawn(&self, at: Timestamp) -> bool {
        self.withdrawn.is_some_and(|withdrawn| withdrawn <= at)
    }

    fn is_in_force(&self, at: Timestamp) -> bool {
        self.given <= at && !self.is_withdrawn(at) && self.until.is_none_or(|until| at <= until)
    }
}

impl Counted {
    /// Takes in a consent, as its changes in their order, each with when the relay received it (or,
    /// of one that is unsent, when it was made). One for another purpose is passed over. `person`
    /// says who is behind an id.
    pub fn hear(
        &mut self,
        changes: &[(Timestamp, Inspected)],
        person: impl Fn(PersonId) -> PersonId,
    ) {
        let outline = |count: usize| {
            let said = changes.iter().take(count).map(|(_, change)| change);
            gate::outline_of(Kind::Consent, said)
        };
        let Some((given, _)) = changes.first() else {
            return;
        };
        let Some(all) = outline(changes.len()) else {
            return;
        };
        if all.facts.purpose.as_deref() != Some(Purpose::Statistics.as_str()) {
            return;
        }
        let (Some(driver), Some(station)) = (all.routing.driver, all.routing.station) else {
            return;
        };
        let is_withdrawn = |count: usize| {
            outline(count).is_some_and(|outline| outline.facts.withdrawn_at.is_some())
        };
        let withdrawn = all.facts.withdrawn_at.and_then(|_| {
            let mut rising = changes.iter().zip(1..);
            rising.find_map(|((at, _), count)| is_withdrawn(count).then_some(*at))
        });
        let words = self.0.entry((person(driver), station)).or_default();
        words.push(Word {
            given: *given,
            until: all.facts.until,
            withdrawn,
        });
    }

    /// Whether what began at this time at a station is counted. `driver` is the person behind the
    /// driver's id.
    #[must_use]
    pub fn counts(&self, driver: PersonId, station: StationId, at: Timestamp) -> bool {
        let words = self
            .0
            .get(&(driver, station))
            .map_or(&[][..], Vec::as_slice);
        !words.iter().any(|word| word.is_withdrawn(at))
            || words.iter().any(|word| word.is_in_force(at))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DRIVER: PersonId = PersonId::from_bytes([1; 16]);
    const STATION: StationId = StationId::from_bytes([2; 16]);

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(ms)
    }

    fn word(given: i64, withdrawn: Option<i64>) -> Word {
        Word {
            given: at(given),
            until: None,
            withdrawn: withdrawn.map(at),
        }
    }

    fn said(words: &[Word]) -> Counted {
        Counted([((DRIVER, STATION), words.to_vec())].into())
    }

    #[test]
    fn who_never_answered_or_agreed_is_counted_and_who_withdrew_only_before() {
        assert!(Counted::default().counts(DRIVER, STATION, at(5)));
        assert!(said(&[word(1, None)]).counts(DRIVER, STATION, at(5)));
        let withdrew = said(&[word(1, Some(10))]);
        assert!(withdrew.counts(DRIVER, STATION, at(9)));
        assert!(!withdrew.counts(DRIVER, STATION, at(10)));
        let elsewhere = StationId::from_bytes([3; 16]);
        assert!(withdrew.counts(DRIVER, elsewhere, at(10)));
        assert!(withdrew.counts(PersonId::from_bytes([4; 16]), STATION, at(10)));
    }

    #[test]
    fn a_new_consent_counts_from_then_on_and_not_for_what_was_in_between() {
        let again = said(&[word(1, Some(10)), word(20, None)]);
        for (ms, counts) in [(9, true), (10, false), (19, false), (20, true)] {
            assert_eq!(again.counts(DRIVER, STATION, at(ms)), counts, "{ms}");
        }
    }

    proptest! {
        /// Whatever is said later, what began before is counted as it was.
        #[test]
        fn a_word_changes_nothing_of_what_began_before_it(
            words in prop::collection::vec((0_i64..100, prop::option::of(0_i64..100)), 0..5),
            later in 0_i64..100, begun in 0_i64..100,
        ) {
            let mut heard: Vec<Word> = words
                .into_iter()
                .map(|(given, after)| word(given, after.map(|ms| given + ms)))
                .collect();
            let before = said(&heard).counts(DRIVER, STATION, at(begun));
            let last = heard.first().copied();
            heard.push(word(later, None));
            prop_assume!(begun < later);
            prop_assert_eq!(said(&heard).counts(DRIVER, STATION, at(begun)), before);
            if let Some(mut first) = last.filter(|first| first.withdrawn.is_none()) {
                first.withdrawn = Some(at(later.max(first.given.as_ms())));
                heard[0] = first;
                prop_assert_eq!(said(&heard).counts(DRIVER, STATION, at(begun)), before);
            }
        }
    }
}
