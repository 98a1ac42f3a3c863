//! People who are one: those who may be, and making one an alias of the other. Nothing that was
//! written under either id is rewritten.

mod drivers;

use std::collections::BTreeMap;

use yizhan_proto::{PersonId, StationId, Timestamp};

use super::audit::operator;
use super::directory::person_info;
use super::people::{existing, listed};
use super::types::{Duplicate, Likeness, PersonInfo};
use super::{Relay, access, from_read};
use crate::audit::{Action, Event, Subject};
use crate::error::{MergeError, PeopleError, RelayError};
use crate::store::LogTx;
use crate::store::rows::PersonRow;
pub use drivers::MergeSaid;
pub(super) use drivers::Words;

/// Pairs that are looked at, and pairs that are listed, most alike first. A relay with more has
/// more to merge than anybody looks at in one day.
const PAIRS_MAX: usize = 20_000;
const LISTED_MAX: usize = 500;
/// Registrations at one station that are this close may be one driver with two phones.
const REGISTRATIONS_MS: i64 = 24 * 60 * 60 * 1000;

impl From<RelayError> for MergeError {
    fn from(error: RelayError) -> Self {
        Self::People(error.into())
    }
}

impl From<crate::store::StoreError> for MergeError {
    fn from(error: crate::store::StoreError) -> Self {
        Self::People(error.into())
    }
}

/// Where and when somebody registered by themselves.
type Registrations = BTreeMap<PersonId, (StationId, Timestamp)>;

impl Relay {
    /// Pairs of people who may be one, those with most in common first.
    ///
    /// # Errors
    /// [`RelayError`] if the store fails.
    pub async fn duplicates(&self) -> Result<Vec<Duplicate>, RelayError> {
        let people = self.inner.directory.rows();
        let registrations = self
            .inner
            .readers
            .read(|snapshot| snapshot.registrations())
            .await
            .map_err(from_read)?;
        Ok(duplicates(&people, &registrations.into_iter().collect()))
    }

    /// Makes `other` an alias of `keep`: devices, roles and desks go over to `keep`, and what was
    /// written under either id belongs to both from then on. Again: nothing changes.
    ///
    /// # Errors
    /// [`PeopleError::NoPerson`]; [`PeopleError::Invalid`] if both are the same person already,
    /// by the same id.
    pub async fn merge_people(
        &self,
        keep: PersonId,
        other: PersonId,
    ) -> Result<PersonInfo, PeopleError> {
        let now = self.inner.clock.now();
        self.people_job(move |tx| merge(tx, keep, other, operator(now, Action::PersonMerged)))
            .await
    }
}

fn merge(
    tx: &mut LogTx<'_>,
    keep: PersonId,
    other: PersonId,
    event: Event,
) -> Result<PersonInfo, PeopleError> {
    if keep == other {
        return Err(PeopleError::Invalid(format!(
            "{keep} cannot be merged with themselves; name two people"
        )));
    }
    let (keep, gone) = (canonical(tx, keep)?, canonical(tx, other)?);
    if keep != gone {
        let gone = existing(tx, gone)?;
        tx.merge_person(keep, &gone, event.at)?;
        access::follow_merge(tx, keep)?;
        tx.audit(&event.to(Subject::Person(keep)).about(gone.id))?;
    }
    listed(tx, keep)
}

/// The person of an id or alias.
fn canonical(tx: &LogTx<'_>, id: PersonId) -> Result<PersonId, PeopleError> {
    match tx.person_of_alias(id)? {
        Some(person) => existing(tx, person).map(|person| person.id),
        None => existing(tx, id).map(|person| person.id),
    }
}

/// Those who have a name or a phone's label in common, and whether they also registered at the
/// same station within a day. Pure.
fn duplicates(people: &[PersonRow], registrations: &Registrations) -> Vec<Duplicate> {
    let mut alike: BTreeMap<(usize, usize), Vec<Likeness>> = BTreeMap::new();
    let labels = |person: &PersonRow| {
        let labels = person.devices.iter().map(|device| plain(&device.label));
        labels.collect()
    };
    pairs(
        people,
        |person| vec![plain(&person.name)],
        Likeness::Name,
        &mut alike,
    );
    pairs(people, labels, Likeness::PhoneLabel, &mut alike);
    let mut found: Vec<Duplicate> = alike
        .into_iter()
        .map(|((a, b), mut why)| {
            let (a, b) = (&people[a], &people[b]);
            if registered_together(registrations.get(&a.id), registrations.get(&b.id)) {
                why.push(Likeness::Registration);
            }
            let a_first = (a.created_at, a.id) <= (b.created_at, b.id);
            let (first, other) = if a_first { (a, b) } else { (b, a) };
            Duplicate {
                first: person_info(first),
                other: person_info(other),
                why,
            }
        })
        .collect();
    found.sort_by_key(|pair| {
        (
            std::cmp::Reverse(pair.why.len()),
            pair.first.id,
            pair.other.id,
        )
    });
    found.truncate(LISTED_MAX);
    found
}

/// Notes every pair that has one of its texts in common.
fn pairs(
    people: &[PersonRow],
    texts: impl Fn(&PersonRow) -> Vec<String>,
    why: Likeness,
    alike: &mut BTreeMap<(usize, usize), Vec<Likeness>>,
) {
    let mut by_text: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (n, person) in people.iter().enumerate() {
        for text in texts(person) {
            let known = by_text.entry(text).or_default();
            if known.last() != Some(&n) {
                known.push(n);
            }
        }
    }
    by_text.remove("");
    for same in by_text.values() {
        for (i, a) in same.iter().enumerate() {
            for b in &same[i + 1..] {
                if alike.len() >= PAIRS_MAX && !alike.contains_key(&(*a, *b)) {
                    continue;
                }
                let reasons = alike.entry((*a, *b)).or_default();
                if !reasons.contains(&why) {
                    reasons.push(why);
                }
            }
        }
    }
}

fn registered_together(
    one: Option<&(StationId, Timestamp)>,
    other: Option<&(StationId, Timestamp)>,
) -> bool {
    one.zip(other).is_some_and(|((here, at), (there, then))| {
        here == there && at.ms_since(*then).abs() <= REGISTRATIONS_MS
    })
}

/// A text as it is compared: without spaces, full-width letters and digits as plain ones, lower
/// case.
fn plain(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && !c.is_control())
        .map(|c| match u32::from(c) {
            wide @ 0xff01..=0xff5e => char::from_u32(wide - 0xfee0).unwrap_or(c),
            _ => c,
        })
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::rows::DeviceRow;

    fn person(n: u8, name: &str, phone: &str) -> PersonRow {
        let device = DeviceRow {
            id: yizhan_proto::DeviceId::from_bytes([n; 16]),
            person: PersonId::from_bytes([n; 16]),
            public_key: [n; 32],
            label: phone.to_owned(),
            created_at: Timestamp::from_ms(0),
            revoked_at: None,
            last_seen_at: None,
        };
        PersonRow {
            id: PersonId::from_bytes([n; 16]),
            name: name.to_owned(),
            created_at: Timestamp::from_ms(i64::from(n)),
            roles: Vec::new(),
            former_roles: Vec::new(),
            aliases: Vec::new(),
            devices: vec![device],
        }
    }

    #[test]
    fn names_are_compared_without_spaces_width_and_case() {
        assert_eq!(plain("　李 师傅 Ａ１\u{200b}"), plain("李师傅a1\u{200b}"));
        assert_ne!(plain("李师傅"), plain("李师付"));
    }

    #[test]
    fn whoever_has_most_in_common_comes_first_and_the_reasons_are_told() {
        let people = [
            person(1, "李 师傅", "华为 P60"),
            person(2, "王师傅", "李的手机"),
            person(3, "李师傅", "华为P60"),
            person(4, "王师傅", ""),
            person(5, "赵师傅", ""),
        ];
        let day = |hour: i64| Timestamp::from_ms(hour * 3_600_000);
        let (here, there) = (
            StationId::from_bytes([1; 16]),
            StationId::from_bytes([2; 16]),
        );
        let registrations: Registrations = [
            (people[0].id, (here, day(0))),
            (people[2].id, (here, day(24))),
            (people[1].id, (here, day(0))),
            (people[3].id, (there, day(0))),
        ]
        .into();
        let found: Vec<_> = duplicates(&people, &registrations)
            .into_iter()
            .map(|pair| (pair.first.id, pair.other.id, pair.why))
            .collect();
        let all = vec![Likeness::Name, Likeness::PhoneLabel, Likeness::Registration];
        assert_eq!(
            found,
            [
                (people[0].id, people[2].id, all),
                (people[1].id, people[3].id, vec![Likeness::Name]),
            ]
        );
    }

    #[test]
    fn a_name_that_everybody_has_makes_a_bounded_list() {
        let people: Vec<PersonRow> = (0..=255).map(|n| person(n, "师傅", "")).collect();
        assert_eq!(duplicates(&people, &Registrations::new()).len(), LISTED_MAX);
    }
}
