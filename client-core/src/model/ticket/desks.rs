//! Which desk a request goes to, of those that a device knows.

use yizhan_proto::{DeskInfo, DeskKey, RegionKey, StationId};

use super::Class;
use super::suggest::Member;

/// The desk for a new request: the station's own if it takes the class, otherwise the region's
/// desk that names the class, otherwise the region's topmost. The same wherever it is asked.
#[must_use]
pub fn choose<'d>(
    desks: &'d [DeskInfo],
    station: Option<StationId>,
    region: Option<&RegionKey>,
    class: Class,
) -> Option<&'d DeskInfo> {
    let first = |fits: &dyn Fn(&DeskInfo) -> bool| {
        desks
            .iter()
            .filter(|desk| fits(desk))
            .min_by(|one, other| one.key.cmp(&other.key))
    };
    let names = |desk: &DeskInfo| desk.classes.iter().any(|code| code == class.as_str());
    let takes = |desk: &DeskInfo| desk.classes.is_empty() || names(desk);
    let here = |desk: &DeskInfo| desk.station.is_none() && Some(&desk.region) == region;
    let is_top = |desk: &DeskInfo| {
        let parent = desk.parent.as_ref().and_then(|key| find(desks, key));
        parent.is_none_or(|parent| parent.region != desk.region)
    };
    first(&|desk| station.is_some() && desk.station == station && takes(desk))
        .or_else(|| first(&|desk| here(desk) && names(desk)))
        .or_else(|| first(&|desk| here(desk) && is_top(desk)))
        .or_else(|| first(&here))
}

/// A desk by its key.
#[must_use]
pub fn find<'d>(desks: &'d [DeskInfo], key: &DeskKey) -> Option<&'d DeskInfo> {
    desks.iter().find(|desk| desk.key == *key)
}

/// The desk above another.
#[must_use]
pub fn above<'d>(desks: &'d [DeskInfo], key: &DeskKey) -> Option<&'d DeskInfo> {
    let parent = find(desks, key)?.parent.as_ref()?;
    find(desks, parent)
}

/// Those who answer at a desk, as far as this device is told.
#[must_use]
pub fn members(desk: &DeskInfo) -> Vec<Member> {
    let members = desk.members.iter().flatten();
    members
        .filter(|member| !member.coordinator)
        .map(|member| Member {
            person: member.person,
            name: member.name.clone(),
            classes: member
                .classes
                .iter()
                .filter_map(|code| Class::from_text(code))
                .collect(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::{region, region_above, station_id};

    fn desk(key: &str, parent: Option<&str>, classes: &[&str]) -> DeskInfo {
        DeskInfo {
            key: key.parse().unwrap(),
            name: key.to_owned(),
            region: region(),
            parent: parent.map(|key| key.parse().unwrap()),
            station: None,
            classes: classes.iter().map(|code| (*code).to_owned()).collect(),
            members: None,
        }
    }

    fn tree() -> Vec<DeskInfo> {
        let mut top = desk("top", None, &[]);
        top.region = region_above();
        let mut home = desk("home", Some("city"), &["rest", "food"]);
        home.station = Some(station_id());
        let legal = desk("legal", Some("city"), &["legal", "pay"]);
        vec![top, home, legal, desk("city", Some("top"), &[])]
    }

    #[test]
    fn the_stations_desk_then_the_classs_then_the_regions() {
        let desks = tree();
        let chosen = |station, class| {
            choose(&desks, station, Some(&region()), class).map(|desk| desk.key.as_str())
        };
        let here = Some(station_id());
        assert_eq!(chosen(here, Class::Food), Some("home"));
        assert_eq!(chosen(None, Class::Food), Some("city"));
        assert_eq!(chosen(here, Class::Pay), Some("legal"));
        assert_eq!(chosen(here, Class::Fine), Some("city"));
        let elsewhere = "banan".parse().unwrap();
        assert_eq!(choose(&desks, None, Some(&elsewhere), Class::Pay), None);
        assert_eq!(choose(&desks, None, None, Class::Pay), None);
        let up = |key: &str| above(&desks, &key.parse().unwrap()).map(|desk| desk.key.as_str());
        assert_eq!(
            (up("home"), up("city"), up("top")),
            (Some("city"), Some("top"), None)
        );
    }
}
