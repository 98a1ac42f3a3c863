//! Reports from what this phone holds: for keepers about their own stations, for specialists and
//! coordinators about all of it with small cells withheld.

use std::collections::{BTreeMap, BTreeSet};

use yizhan_proto::{PersonId, Role, StationId, Timestamp};

use super::Client;
use crate::error::{ClientError, ReportDenied};
use crate::model::report::{Lens, Month, Sheet, Wanted, What, Where};

/// What a report is to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportEntry {
    /// Which report.
    pub what: What,
    /// The first month.
    pub from: Month,
    /// The last month.
    pub to: Month,
    /// One station; `None`: a keeper's own, or all that a coordinator or specialist holds.
    pub station: Option<StationId>,
}

impl Client {
    /// Makes a report, offline. `month` says which month a time falls into, in the time zone of
    /// the report.
    ///
    /// A keeper's report is about the keeper's own station and complete. A coordinator's or
    /// specialist's is about everything held here, and says nothing about fewer than ten people.
    ///
    /// # Errors
    /// [`ClientError::Denied`] if the person is none of these, or keeps another station;
    /// [`ClientError::Store`].
    pub fn report(
        &self,
        entry: ReportEntry,
        month: &dyn Fn(Timestamp) -> Option<Month>,
    ) -> Result<Sheet, ClientError> {
        let author = self.author()?;
        let (place, withhold) = allowed(&author.roles, entry.station)?;
        let stations = self.stations()?;
        let keys: BTreeMap<StationId, String> = stations
            .into_iter()
            .map(|station| (station.id, station.key))
            .collect();
        let person = |id: PersonId| {
            if author.aliases.contains(&id) {
                author.person
            } else {
                id
            }
        };
        let station = |id: StationId| keys.get(&id).cloned().unwrap_or_else(|| id.to_string());
        let lens = Lens {
            now: self.clock.now(),
            month,
            person: &person,
            station: &station,
        };
        let wanted = Wanted {
            what: entry.what,
            from: entry.from,
            to: entry.to,
            place,
            withhold,
        };
        Ok(self.store.report(wanted, &lens)?)
    }
}

/// What somebody with these roles may have a report about, and whether small cells are withheld.
fn allowed(roles: &[Role], station: Option<StationId>) -> Result<(Where, bool), ReportDenied> {
    let mut own = BTreeSet::new();
    let mut oversees = false;
    for role in roles {
        match role {
            Role::Keeper(station) | Role::Health(station) => {
                own.insert(*station);
            }
            Role::Coordinator(_) | Role::Specialist(_) => oversees = true,
            Role::Driver | Role::Operator | Role::Other(_) => {}
        }
    }
    match station {
        Some(station) if own.contains(&station) => {
            Ok((Where::Stations(BTreeSet::from([station])), false))
        }
        Some(station) if oversees => Ok((Where::Stations(BTreeSet::from([station])), true)),
        None if oversees => Ok((Where::Everywhere, true)),
        None if !own.is_empty() => Ok((Where::Stations(own), false)),
        Some(_) | None if own.is_empty() => Err(ReportDenied::NoRole),
        Some(_) | None => Err(ReportDenied::OtherStation),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn station(n: u8) -> StationId {
        StationId::from_bytes([n; 16])
    }

    #[test]
    fn a_keeper_sees_the_own_station_whole_and_others_see_no_small_cells() {
        let keeper = [Role::Keeper(station(1)), Role::Health(station(1))];
        let own = || Where::Stations(BTreeSet::from([station(1)]));
        assert_eq!(allowed(&keeper, None).unwrap(), (own(), false));
        assert_eq!(allowed(&keeper, Some(station(1))).unwrap(), (own(), false));
        assert!(matches!(
            allowed(&keeper, Some(station(2))),
            Err(ReportDenied::OtherStation)
        ));
        let leader = [Role::Coordinator("changzhou".parse().unwrap())];
        assert_eq!(allowed(&leader, None).unwrap(), (Where::Everywhere, true));
        assert_eq!(allowed(&leader, Some(station(1))).unwrap(), (own(), true));
        for roles in [&[][..], &[Role::Driver], &[Role::Operator]] {
            assert!(matches!(allowed(roles, None), Err(ReportDenied::NoRole)));
            let asked = allowed(roles, Some(station(1)));
            assert!(matches!(asked, Err(ReportDenied::NoRole)));
        }
    }
}
