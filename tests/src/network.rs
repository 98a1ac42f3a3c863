//! The real network: the stations of `data/network.json`, as an import takes them.

use serde::Deserialize;
use yizhan_client_core::model::station::{NewStation, StationType};

#[derive(Deserialize)]
struct Network {
    stations: Vec<StationRow>,
    regions: Vec<RegionRow>,
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
    }
}
