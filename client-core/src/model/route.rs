//! Who may see a document, and what a person subscribes to.

use yizhan_proto::{DeskKey, Kind, PersonId, RegionKey, Role, Scope};

use super::Routing;

/// The scopes whose devices hold a document. Never empty for a supported kind whose routing is
/// complete.
#[must_use]
pub fn audience(kind: Kind, routing: &Routing) -> Vec<Scope> {
    let region = || routing.region.clone().map(Scope::Region);
    let driver = || routing.driver.map(Scope::Person);
    let station = || routing.station.map(Scope::Station);
    let health = || routing.station.map(Scope::StationHealth);
    let desk = || routing.desk.clone().map(Scope::Desk);
    let scopes = match kind {
        Kind::Station | Kind::Activity => [region(), None, None],
        // A notice is for everybody in the region, or for the keepers of its station alone.
        Kind::Notice => [region().or_else(station), None, None],
        Kind::Visit | Kind::Consent | Kind::Enrolment => [driver(), station(), None],
        Kind::Check => [driver(), health(), None],
        Kind::Ticket => [driver(), desk(), station()],
        Kind::CaseNote => [desk(), None, None],
        Kind::Unknown(_) => [None, None, None],
    };
    scopes.into_iter().flatten().collect()
}

/// What a person's devices subscribe to, most urgent first: own documents, then the stations
/// they keep, then their desks, then all `desks` of the regions they coordinate, then the
/// directories of all the relay's regions. Each once.
///
/// Somebody who is only an operator runs the relay and reads no content: nothing. The notices and
/// tickets of a coordinator's region reach them through its directory and its desks.
#[must_use]
pub fn subscriptions(
    person: PersonId,
    aliases: &[PersonId],
    roles: &[Role],
    regions: &[RegionKey],
    desks: &[(DeskKey, RegionKey)],
) -> Vec<Scope> {
    let reads = |role: &Role| !matches!(role, Role::Operator | Role::Other(_));
    if !roles.is_empty() && !roles.iter().any(reads) {
        return Vec::new();
    }
    let own = std::iter::once(&person).chain(aliases).copied();
    let (mut stations, mut own_desks) = (Vec::new(), Vec::new());
    let (mut led_desks, mut led) = (Vec::new(), Vec::new());
    for role in roles {
        match role {
            Role::Keeper(station) => stations.push(Scope::Station(*station)),
            Role::Health(station) => {
                stations.extend([Scope::StationHealth(*station), Scope::Station(*station)]);
            }
            Role::Specialist(desk) => own_desks.push(Scope::Desk(desk.clone())),
            Role::Coordinator(region) => {
                led.push(Scope::Region(region.clone()));
                let theirs = desks.iter().filter(|(_, of)| of == region);
                led_desks.extend(theirs.map(|(desk, _)| Scope::Desk(desk.clone())));
            }
            Role::Driver | Role::Operator | Role::Other(_) => {}
        }
    }
    let mut scopes = Vec::new();
    for scope in own
        .map(Scope::Person)
        .chain(stations)
        .chain(own_desks)
        .chain(led_desks)
        .chain(led)
        .chain(regions.iter().cloned().map(Scope::Region))
    {
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    scopes
}

#[cfg(test)]
mod tests {
    use yizhan_proto::StationId;

    use super::*;

    fn texts(scopes: &[Scope]) -> Vec<String> {
        let short = |scope: &Scope| {
            let zeros = "01010101-0101-0101-0101-010101010101";
            let twos = "02020202-0202-0202-0202-020202020202";
            scope.to_string().replace(zeros, "1").replace(twos, "2")
        };
        scopes.iter().map(short).collect()
    }

    #[test]
    fn every_kind_has_its_audience() {
        let routing = Routing {
            region: Some("banan".parse().unwrap()),
            driver: Some(PersonId::from_bytes([1; 16])),
            station: Some(StationId::from_bytes([2; 16])),
            desk: Some("legal".parse().unwrap()),
        };
        for (kind, expected) in [
            (Kind::Station, &["region:banan"][..]),
            (Kind::Activity, &["region:banan"]),
            (Kind::Notice, &["region:banan"]),
            (Kind::Visit, &["person:1", "station:2"]),
            (Kind::Check, &["person:1", "station:2/health"]),
            (Kind::Consent, &["person:1", "station:2"]),
            (Kind::Enrolment, &["person:1", "station:2"]),
            (Kind::Ticket, &["person:1", "desk:legal", "station:2"]),
            (Kind::CaseNote, &["desk:legal"]),
            (Kind::Unknown(99), &[]),
        ] {
            assert_eq!(texts(&audience(kind, &routing)), expected, "{kind}");
        }
    }

    #[test]
    fn subscriptions_are_ordered_and_each_once() {
        let (me, alias) = (PersonId::from_bytes([1; 16]), PersonId::from_bytes([2; 16]));
        let here = StationId::from_bytes([2; 16]);
        let regions: Vec<RegionKey> = ["banan", "xindu"].map(|key| key.parse().unwrap()).into();
        let of = |roles: &[Role]| {
            let desks = [("a", 0), ("b", 1), ("legal", 1)]
                .map(|(key, region)| (key.parse().unwrap(), regions[region].clone()));
            texts(&subscriptions(me, &[alias, me], roles, &regions, &desks))
        };
        let directory = ["person:1", "person:2", "region:banan", "region:xindu"];
        assert_eq!(of(&[Role::Driver]), directory);
        assert_eq!(of(&[]), directory);
        assert_eq!(of(&[Role::Operator]), [""; 0]);
        assert_eq!(of(&[Role::Other("auditor".into())]), [""; 0]);
        assert_eq!(of(&[Role::Operator, Role::Driver]), directory);
        assert_eq!(
            of(&[
                Role::Coordinator(regions[1].clone()),
                Role::Specialist("legal".parse().unwrap()),
                Role::Keeper(here),
                Role::Health(here),
            ]),
            [
                "person:1",
                "person:2",
                "station:2",
                "station:2/health",
                "desk:legal",
                "desk:b",
                "region:xindu",
                "region:banan",
            ]
        );
    }
}
