//! Two drivers who are one: a coordinator of their region says so, and so do both, each from a phone
//! of their own. With the last of the three words they are one.
//!
//! No word alone is enough. A coordinator reads no visits and no checks, and would with a phone that
//! they registered as a driver's; a driver does not read another's on their own word. Whoever cannot
//! say it, for a phone was lost, asks the operator. Words are kept in memory and for an hour: who
//! stands at one counter with two phones needs a minute.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use yizhan_client_core::model::Author;
use yizhan_proto::device::Merged;
use yizhan_proto::{DeviceId, PersonId, RegionKey, Role, Timestamp};

use super::{canonical, existing, listed, merge};
use crate::audit::{Action, By, Event};
use crate::error::{MergeError, PeopleError, RelayError};
use crate::relay::{Caller, PersonInfo, Relay, from_write};
use crate::store::LogTx;

/// Milliseconds for which a word counts.
const WORD_MS: i64 = 60 * 60 * 1000;
/// Words kept at one time; past it, the oldest is forgotten, and has to be said again.
const WORDS_MAX: usize = 10_000;

/// What came of somebody's word that two drivers are one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MergeSaid {
    /// They are one, by this word or since before.
    One(PersonInfo),
    /// Others have yet to say so. Whoever said it is told of nobody but themselves; a coordinator of
    /// the one who is to stay.
    Waits(PersonInfo),
}

impl From<MergeSaid> for Merged {
    fn from(said: MergeSaid) -> Self {
        let (person, waits) = match said {
            MergeSaid::One(person) => (person, None),
            MergeSaid::Waits(person) => (person, Some(true)),
        };
        Self {
            person: person.id,
            name: person.name,
            aliases: person.aliases,
            waits,
        }
    }
}

/// Two people, in whichever order they were named.
type Pair = (PersonId, PersonId);

fn pair(one: PersonId, other: PersonId) -> Pair {
    (one.min(other), one.max(other))
}

/// That two people are one, as somebody said it.
#[derive(Debug, Clone, Copy)]
struct Word {
    by: (PersonId, DeviceId),
    keep: PersonId,
    at: Timestamp,
}

/// Who said lately which two are one.
#[derive(Debug, Default)]
pub(in crate::relay) struct Words(Mutex<BTreeMap<(Pair, PersonId), Word>>);

impl Words {
    /// Takes a word in, and gives all that count about these two. Of one person one word counts, about
    /// one pair, unless they `coordinate`.
    fn say(&self, pair: Pair, word: Word, coordinates: bool) -> Vec<Word> {
        let mut words = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        words.retain(|(of, by), known| {
            (0..WORD_MS).contains(&word.at.ms_since(known.at))
                && (*by != word.by.0 || coordinates && *of != pair)
        });
        if words.len() >= WORDS_MAX
            && let Some(oldest) = words.iter().min_by_key(|(_, word)| word.at)
        {
            let oldest = *oldest.0;
            words.remove(&oldest);
        }
        words.insert((pair, word.by.0), word);
        let of_pair =
            (pair, PersonId::from_bytes([0; 16]))..=(pair, PersonId::from_bytes([255; 16]));
        words.range(of_pair).map(|(_, word)| *word).collect()
    }

    /// They are one.
    fn done(&self, pair: Pair) {
        let mut words = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        words.retain(|(of, _), _| *of != pair);
    }
}

impl Relay {
    /// That two drivers are one, by somebody who may have a word in it: a coordinator of the region
    /// where both registered by themselves, or one of the two. Again: nothing changes.
    ///
    /// # Errors
    /// [`MergeError`]. One of the two is told nothing of the other, not even whether there is such a
    /// person.
    pub async fn merge_drivers(
        &self,
        caller: &Caller,
        keep: PersonId,
        other: PersonId,
    ) -> Result<MergeSaid, MergeError> {
        let now = self.inner.clock.now();
        let (relay, device) = (self.clone(), caller.device);
        let job = move |tx: &mut LogTx<'_>| -> Result<MergeSaid, MergeError> {
            // Looked up here, where the ends of roles are ordered with everything else.
            let caller = relay
                .caller(device)
                .map_err(|error| PeopleError::Relay(RelayError::Caller(error)))?;
            let own = [keep, other].map(|id| caller.author.is(id));
            if own.contains(&true) {
                relay.driver_says(tx, &caller.author, (keep, other), now)
            } else {
                relay.coordinator_says(tx, &caller.author, (keep, other), now)
            }
        };
        let written = self.inner.writer.write(job).await;
        written.map_err(from_write::<_, MergeError>)
    }

    fn coordinator_says(
        &self,
        tx: &mut LogTx<'_>,
        author: &Author,
        (keep, other): Pair,
        now: Timestamp,
    ) -> Result<MergeSaid, MergeError> {
        if regions(author).is_empty() {
            return Err(MergeError::Forbidden(NOT_COORDINATOR));
        }
        if keep == other {
            let same = merge(
                tx,
                keep,
                other,
                Event::new(now, By::Relay, Action::PersonMerged),
            );
            return Ok(MergeSaid::One(same?));
        }
        let (keep, other) = (canonical(tx, keep)?, canonical(tx, other)?);
        may_merge(tx, author, [keep, other])?;
        if keep == other {
            return Ok(MergeSaid::One(listed(tx, keep)?));
        }
        match self.hear(tx, author, (keep, other), now)? {
            Some(one) => Ok(MergeSaid::One(one)),
            None => Ok(MergeSaid::Waits(listed(tx, keep)?)),
        }
    }

    fn driver_says(
        &self,
        tx: &mut LogTx<'_>,
        author: &Author,
        (keep, other): Pair,
        now: Timestamp,
    ) -> Result<MergeSaid, MergeError> {
        if author.roles.iter().any(|role| *role != Role::Driver) {
            return Err(MergeError::Forbidden(NOT_DRIVERS));
        }
        let own = listed(tx, author.person)?;
        let known = canonical(tx, keep).and_then(|keep| Ok((keep, canonical(tx, other)?)));
        let (keep, other) = match known {
            Ok(people) => people,
            // The same as of somebody who is here.
            Err(PeopleError::NoPerson(_)) => return Ok(MergeSaid::Waits(own)),
            Err(error) => return Err(error.into()),
        };
        if keep == other {
            return Ok(MergeSaid::One(own));
        }
        Ok(match self.hear(tx, author, (keep, other), now)? {
            Some(one) => MergeSaid::One(one),
            None => MergeSaid::Waits(own),
        })
    }

    /// Takes a word in; makes the two one if it was the last that was missing.
    fn hear(
        &self,
        tx: &mut LogTx<'_>,
        author: &Author,
        (keep, other): Pair,
        now: Timestamp,
    ) -> Result<Option<PersonInfo>, MergeError> {
        let word = Word {
            by: (author.person, author.device),
            keep,
            at: now,
        };
        let both = pair(keep, other);
        let words = self
            .inner
            .words
            .say(both, word, !regions(author).is_empty());
        let has_said = |person: PersonId| words.iter().any(|word| word.by.0 == person);
        if !has_said(keep) || !has_said(other) {
            return Ok(None);
        }
        let of_others = words
            .iter()
            .filter(|word| word.by.0 != keep && word.by.0 != other);
        for word in of_others {
            // As they are by now: a role may have ended, or one of the two have got one.
            let Ok(coordinator) = self.caller(word.by.1) else {
                continue;
            };
            match may_merge(tx, &coordinator.author, [keep, other]) {
                Ok(()) => {}
                Err(MergeError::Forbidden(_)) => continue,
                Err(error @ MergeError::People(_)) => return Err(error),
            }
            let gone = if word.keep == keep { other } else { keep };
            let by = By::Device(word.by.0, word.by.1);
            let one = merge(
                tx,
                word.keep,
                gone,
                Event::new(now, by, Action::PersonMerged),
            )?;
            self.inner.words.done(both);
            return Ok(Some(one));
        }
        Ok(None)
    }
}

/// What somebody is told who may not make two people one.
const NOT_COORDINATOR: &str =
    "only a coordinator of their region and the two themselves may say that two drivers are one";
const NOT_DRIVERS: &str =
    "drivers are made one this way, and nobody with another role; ask the operator";
const NOT_THEIRS: &str = "both must have registered at a station of your region; ask the operator";

fn regions(author: &Author) -> Vec<&RegionKey> {
    let roles = author.roles.iter();
    let regions = roles.filter_map(|role| match role {
        Role::Coordinator(region) => Some(region),
        Role::Driver
        | Role::Keeper(_)
        | Role::Health(_)
        | Role::Specialist(_)
        | Role::Operator
        | Role::Other(_) => None,
    });
    regions.collect()
}

/// Both people are drivers, and registered by themselves in a region of the coordinator's.
fn may_merge(
    tx: &mut LogTx<'_>,
    coordinator: &Author,
    people: [PersonId; 2],
) -> Result<(), MergeError> {
    let regions = regions(coordinator);
    for id in people {
        let person = existing(tx, id)?;
        if person.roles.iter().any(|role| *role != Role::Driver) {
            return Err(MergeError::Forbidden(NOT_DRIVERS));
        }
        let station = tx.registered_at(person.id)?;
        let row = match station {
            Some(station) => tx.document(station.into())?,
            None => None,
        };
        let region = row.and_then(|row| row.outline.routing.region.clone());
        if !region.is_some_and(|region| regions.contains(&&region)) {
            return Err(MergeError::Forbidden(NOT_THEIRS));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(n: u8) -> PersonId {
        PersonId::from_bytes([n; 16])
    }

    fn word(by: u8, at: i64) -> Word {
        Word {
            by: (person(by), DeviceId::from_bytes([by; 16])),
            keep: person(1),
            at: Timestamp::from_ms(at),
        }
    }

    fn said(words: &Words, two: (u8, u8), word: Word, coordinates: bool) -> Vec<PersonId> {
        let both = pair(person(two.0), person(two.1));
        let counted = words.say(both, word, coordinates);
        counted.iter().map(|word| word.by.0).collect()
    }

    #[test]
    fn a_word_counts_for_an_hour_about_one_pair_in_whichever_order() {
        let words = Words::default();
        assert_eq!(said(&words, (1, 2), word(1, 0), false), [person(1)]);
        assert_eq!(
            said(&words, (2, 1), word(2, WORD_MS - 1), false),
            [person(1), person(2)]
        );
        assert_eq!(
            said(&words, (1, 2), word(9, WORD_MS), true),
            [person(2), person(9)],
            "the first is too old"
        );
        assert_eq!(said(&words, (3, 2), word(2, WORD_MS), false), [person(2)]);
        assert_eq!(
            said(&words, (1, 2), word(9, WORD_MS), true),
            [person(9)],
            "who says something else of themselves has taken the first back"
        );
        assert_eq!(said(&words, (3, 2), word(9, WORD_MS), true).len(), 2);
        assert_eq!(
            said(&words, (1, 2), word(1, WORD_MS), false).len(),
            2,
            "who coordinates speaks of many"
        );
        assert_eq!(
            said(&words, (1, 2), word(1, 0), false),
            [person(1)],
            "after the clock went back, all is said anew"
        );
    }

    #[test]
    fn words_are_bounded_and_the_oldest_goes() {
        let words = Words::default();
        for n in 0..=WORDS_MAX {
            let n = i64::try_from(n).unwrap();
            let mut by = [0xee; 16];
            by[..8].copy_from_slice(&n.to_be_bytes());
            let by = PersonId::from_bytes(by);
            let of = Word {
                by: (by, DeviceId::from_bytes([1; 16])),
                keep: by,
                at: Timestamp::from_ms(n),
            };
            words.say(pair(by, person(1)), of, false);
        }
        let kept = words.0.lock().unwrap();
        assert_eq!(kept.len(), WORDS_MAX);
        assert!(kept.values().all(|word| word.at.as_ms() > 0));
    }
}
