//! Reports, offline: for keepers about their own stations and for specialists about what they hold,
//! made here of documents; for coordinators about their region, as the relay handed them out (they
//! hold neither visits nor checks), or of documents where they hold all, as tickets.

use std::collections::{BTreeMap, BTreeSet};

use yizhan_proto::{PersonId, RegionKey, Role, StationId, Timestamp};

use super::Client;
use crate::error::{ClientError, ReportDenied, ReportMissing};
use crate::model::report::handed::HANDED_OUT;
use crate::model::report::{Lens, Month, Sheet, Wanted, What, Where};

/// What a report is to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportEntry {
    /// Which report.
    pub what: What,
    /// The first month.
    pub from: Month,
    /// The last month.
    pub to: Month,
    /// One station; `None`: a keeper's own, all of a coordinator's region, or all that a specialist
    /// holds.
    pub station: Option<StationId>,
    /// Which of several regions that the person coordinates.
    pub region: Option<RegionKey>,
}

/// A report, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportMade {
    /// The numbers.
    pub sheet: Sheet,
    /// What the relay says about them, if it made them.
    pub handed: Option<HandedNote>,
    /// Documents that such reports are made of and that have left this device because they grew
    /// old: a report made here does not count them. 0 for one that the relay made.
    pub grown_old: u64,
}

/// What goes with a report that the relay made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandedNote {
    /// The region it is about.
    pub region: RegionKey,
    /// When the relay counted, by its clock.
    pub made_at: Timestamp,
    /// The months that are here: the first and the last.
    pub months: (Month, Month),
    /// The time zone in which its months begin.
    pub zone: String,
}

/// Where a report comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    /// The documents here; whether small cells are withheld.
    Documents(Where, bool),
    /// What the relay handed out about a region, or one of its stations.
    Relay(RegionKey, Option<StationId>),
}

impl Client {
    /// Makes a report, offline, or shows the one that the relay handed out. `month` says which month
    /// a time falls into, in the time zone of the report; one handed out has the relay's.
    ///
    /// A keeper's report is about the keeper's own station, and complete as far as nothing has grown
    /// too old to be here. A coordinator's or
    /// specialist's says nothing about fewer than ten people.
    ///
    /// # Errors
    /// [`ClientError::Denied`] if the person is none of these, or keeps another station or
    /// coordinates another region; [`ClientError::Invalid`] if a region is to be named, or the months
    /// are not here; [`ClientError::TryLater`] if the relay has handed out none yet;
    /// [`ClientError::Store`].
    pub fn report(
        &self,
        entry: &ReportEntry,
        month: &dyn Fn(Timestamp) -> Option<Month>,
    ) -> Result<ReportMade, ClientError> {
        let author = self.author()?;
        let stations = self.stations()?;
        let of_region = |region: &RegionKey| -> BTreeSet<StationId> {
            let own = stations
                .iter()
                .filter(|station| station.region.as_ref() == Some(region));
            own.map(|station| station.id).collect()
        };
        let source = source(&author.roles, entry, of_region)?;
        let keys: BTreeMap<StationId, &str> = stations
            .iter()
            .map(|station| (station.id, station.key.as_str()))
            .collect();
        let station = |id: StationId| {
            let key = keys.get(&id).copied();
            key.map_or_else(|| id.to_string(), str::to_owned)
        };
        let (place, withhold) = match source {
            Source::Documents(place, withhold) => (place, withhold),
            Source::Relay(region, only) => {
                return self.handed(entry, &region, only.map(station).as_deref());
            }
        };
        let person = |id: PersonId| -> PersonId {
            if author.aliases.contains(&id) {
                author.person
            } else {
                id
            }
        };
        let counted = self.store.counted(&person)?;
        let lens = Lens {
            now: self.clock.now(),
            month,
            person: &person,
            station: &station,
            counted: &counted,
        };
        let wanted = Wanted {
            what: entry.what,
            from: entry.from,
            to: entry.to,
            place,
            withhold,
        };
        Ok(ReportMade {
            sheet: self.store.report(wanted, &lens)?,
            handed: None,
            grown_old: self.store.grown_old(entry.what)?,
        })
    }

    fn handed(
        &self,
        entry: &ReportEntry,
        region: &RegionKey,
        station: Option<&str>,
    ) -> Result<ReportMade, ClientError> {
        let held = self.store.sheet(entry.what, region)?;
        let held = held.ok_or_else(|| ReportMissing::NoneYet(region.clone()))?;
        let (from, to) = (held.handed.from, held.handed.to);
        if entry.to < from || to < entry.from {
            return Err(ReportMissing::OtherMonths { from, to }.into());
        }
        let handed = held.handed;
        Ok(ReportMade {
            sheet: handed.part(entry.from, entry.to, station),
            handed: Some(HandedNote {
                region: handed.region,
                made_at: held.made_at,
                months: (from, to),
                zone: handed.zone,
            }),
            grown_old: 0,
        })
    }
}

/// Where somebody with these roles has a report from.
fn source(
    roles: &[Role],
    entry: &ReportEntry,
    of_region: impl Fn(&RegionKey) -> BTreeSet<StationId>,
) -> Result<Source, ClientError> {
    let (mut own, mut coordinated, mut answers) = (BTreeSet::new(), Vec::new(), false);
    for role in roles {
        match role {
            Role::Keeper(station) | Role::Health(station) => {
                own.insert(*station);
            }
            Role::Coordinator(region) => coordinated.push(region),
            Role::Specialist(_) => answers = true,
            Role::Driver | Role::Operator | Role::Other(_) => {}
        }
    }
    if let Some(region) = &entry.region {
        if !coordinated.contains(&region) {
            return Err(ReportDenied::OtherRegion(region.clone()).into());
        }
        coordinated = vec![region];
    }
    let oversees = answers || !coordinated.is_empty();
    let one = |station| Where::Stations(BTreeSet::from([station]));
    if let Some(station) = entry.station.filter(|station| own.contains(station)) {
        return Ok(Source::Documents(one(station), false));
    }
    if HANDED_OUT.contains(&entry.what) {
        match coordinated.as_slice() {
            [] => {}
            [region] => return Ok(Source::Relay((*region).clone(), entry.station)),
            several => {
                let several = several.iter().map(ToString::to_string).collect();
                return Err(ReportMissing::WhichRegion(several).into());
            }
        }
    }
    match (entry.station, &entry.region) {
        (Some(station), _) if oversees => Ok(Source::Documents(one(station), true)),
        (None, Some(region)) => {
            let place = Where::Region(region.clone(), of_region(region));
            Ok(Source::Documents(place, true))
        }
        (None, None) if oversees => Ok(Source::Documents(Where::Everywhere, true)),
        (None, None) if !own.is_empty() => Ok(Source::Documents(Where::Stations(own), false)),
        (Some(_), _) if !own.is_empty() => Err(ReportDenied::OtherStation.into()),
        (Some(_) | None, _) => Err(ReportDenied::NoRole.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn station(n: u8) -> StationId {
        StationId::from_bytes([n; 16])
    }

    fn region(key: &str) -> RegionKey {
        key.parse().unwrap()
    }

    fn asked(
        roles: &[Role],
        what: What,
        station: Option<StationId>,
        of: Option<&str>,
    ) -> Result<Source, ClientError> {
        let entry = ReportEntry {
            what,
            from: Month::new(2026, 11).expect("a month"),
            to: Month::new(2026, 11).expect("a month"),
            station,
            region: of.map(region),
        };
        source(roles, &entry, |_| {
            BTreeSet::from([super::tests::station(7)])
        })
    }

    fn station_of_region() -> StationId {
        station(7)
    }

    #[track_caller]
    fn code(asked: Result<Source, ClientError>) -> String {
        asked.unwrap_err().code().to_owned()
    }

    fn one(n: u8) -> Where {
        Where::Stations(BTreeSet::from([station(n)]))
    }

    #[test]
    fn a_keeper_sees_the_own_station_whole_and_others_see_no_small_cells() {
        let keeper = [Role::Keeper(station(1)), Role::Health(station(1))];
        let services = |roles: &[Role], station| asked(roles, What::Services, station, None);
        let own = || Source::Documents(one(1), false);
        assert_eq!(services(&keeper, None).unwrap(), own());
        assert_eq!(services(&keeper, Some(station(1))).unwrap(), own());
        assert_eq!(code(services(&keeper, Some(station(2)))), "report.denied");
        let lawyer = [Role::Specialist("legal".parse().unwrap())];
        let all = Source::Documents(Where::Everywhere, true);
        assert_eq!(services(&lawyer, None).unwrap(), all);
        let other = Source::Documents(one(2), true);
        assert_eq!(services(&lawyer, Some(station(2))).unwrap(), other);
        for roles in [&[][..], &[Role::Driver], &[Role::Operator]] {
            assert_eq!(code(services(roles, None)), "report.denied");
            assert_eq!(code(services(roles, Some(station(1)))), "report.denied");
        }
    }

    #[test]
    fn a_coordinator_sees_what_the_relay_counted_where_the_phone_holds_no_documents() {
        let leader = [
            Role::Coordinator(region("changzhou")),
            Role::Keeper(station(1)),
        ];
        for what in HANDED_OUT {
            let of_relay = |station| Source::Relay(region("changzhou"), station);
            assert_eq!(asked(&leader, what, None, None).unwrap(), of_relay(None));
            let other = Some(station(2));
            assert_eq!(asked(&leader, what, other, None).unwrap(), of_relay(other));
            // The own station is kept, and seen whole.
            let own = asked(&leader, what, Some(station(1)), None).unwrap();
            assert_eq!(own, Source::Documents(one(1), false));
        }
        let all = Source::Documents(Where::Everywhere, true);
        assert_eq!(asked(&leader, What::Tickets, None, None).unwrap(), all);
        let tickets = asked(&leader, What::Tickets, None, Some("changzhou")).unwrap();
        let stations = BTreeSet::from([station_of_region()]);
        let of_region = Where::Region(region("changzhou"), stations);
        assert_eq!(tickets, Source::Documents(of_region, true));
    }

    #[test]
    fn a_region_is_named_where_there_are_several_and_only_an_own_one() {
        let leader = [
            Role::Coordinator(region("changzhou")),
            Role::Coordinator(region("zhaoyuan")),
        ];
        let error = asked(&leader, What::Checks, None, None).unwrap_err();
        assert_eq!(error.code(), "report.region");
        assert!(error.to_string().contains("--region zhaoyuan"), "{error}");
        let named = asked(&leader, What::Checks, None, Some("zhaoyuan")).unwrap();
        assert_eq!(named, Source::Relay(region("zhaoyuan"), None));
        for what in [What::Checks, What::Tickets] {
            assert_eq!(
                code(asked(&leader, what, None, Some("yantai"))),
                "report.denied"
            );
            let keeper = [Role::Keeper(station(1))];
            let denied = asked(&keeper, what, None, Some("changzhou"));
            assert_eq!(code(denied), "report.denied");
        }
    }
}
