//! The real network: the stations of `data/network.json`, as an import takes them.

use serde::Deserialize;
use yizhan_client_core::model::activity::Sort;
use yizhan_client_core::model::station::{NewStation, StationType};
use yizhan_client_core::model::ticket::Class;

#[derive(Deserialize)]
struct Network {
    stations: Vec<StationRow>,
    regions: Vec<RegionRow>,
    activities: Vec<ActivityRow>,
    request_topics: Vec<TopicRow>,
}

#[derive(Deserialize)]
struct ActivityRow {
    station: String,
    kind: String,
    title: String,
    capacity: Option<u32>,
}

#[derive(Deserialize)]
struct TopicRow {
    class: String,
    text: String,
}

/// An activity that a station reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    /// The host station's key.
    pub station: String,
    /// What sort it was.
    pub sort: Sort,
    /// Its title.
    pub title: String,
    /// Its seats, if they were reported.
    pub capacity: Option<u32>,
}

#[derive(Deserialize)]
struct RegionRow {
    id: String,
    name: String,
}

#[derive(Deserialize)]
struct StationRow {
    key: String,
    region: String,
    name: String,
    #[serde(rename = "type")]
    station_type: String,
    #[serde(default)]
    facilities: Vec<String>,
    rooms: Option<u32>,
    beds_total: Option<u32>,
}

const FILE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../data/network.json"));

fn file() -> Network {
    serde_json::from_str(FILE).expect("the data file is part of this repository")
}

/// All stations, in the order of the file.
///
/// # Panics
/// If the data file is not what it should be.
#[must_use]
pub fn stations() -> Vec<NewStation> {
    file().stations.into_iter().map(new_station).collect()
}

/// Key and name of all regions, in the order of the file.
///
/// # Panics
/// If the data file is not what it should be.
#[must_use]
pub fn regions() -> Vec<(String, String)> {
    file()
        .regions
        .into_iter()
        .map(|region| (region.id, region.name))
        .collect()
}

/// The activities that stations reported, in the order of the file.
///
/// # Panics
/// If the data file is not what it should be.
#[must_use]
pub fn activities() -> Vec<Reported> {
    let reported = |row: ActivityRow| Reported {
        sort: Sort::from_text(&row.kind).expect("a sort of activity"),
        station: row.station,
        title: row.title,
        capacity: row.capacity,
    };
    file().activities.into_iter().map(reported).collect()
}

/// What drivers ask for, in the order of the file.
///
/// # Panics
/// If the data file is not what it should be.
#[must_use]
pub fn topics() -> Vec<(Class, String)> {
    let topic = |row: TopicRow| {
        let class = Class::from_text(&row.class).expect("a class of request");
        (class, row.text)
    };
    file().request_topics.into_iter().map(topic).collect()
}

fn new_station(row: StationRow) -> NewStation {
    let station_type = match row.station_type.as_str() {
        "driver_home" => StationType::DriverHome,
        "courier_station" => StationType::CourierStation,
        "service_area" => StationType::ServiceArea,
        "repair" => StationType::Repair,
        "office" => StationType::Office,
        other => panic!("{}: no such type of station: {other}", row.key),
    };
    NewStation {
        key: row.key,
        name: row.name,
        region: row.region.parse().expect("a region key"),
        station_type,
        facilities: row.facilities,
        lat: None,
        lon: None,
        address: None,
        rooms: row.rooms,
        beds_total: row.beds_total,
        hours: None,
        phone: None,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_network_has_twelve_stations_in_five_regions() {
        assert_eq!(super::stations().len(), 12);
        assert_eq!(super::regions().len(), 5);
        assert_eq!(super::activities().len(), 10);
        assert_eq!(super::topics().len(), 12);
    }
}
