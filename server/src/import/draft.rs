//! One station as given, checked field by field.

use yizhan_client_core::model::station::{FACILITIES, NewStation, StationType};
use yizhan_proto::limits::{LABEL_BYTES_MAX, STRING_BYTES_MAX};

use crate::admin::StationDraft;

/// Bytes of a station's key.
const KEY_BYTES_MAX: usize = 64;
/// Rooms or beds of one station.
const BEDS_MAX: u32 = 10_000;

/// A field is not acceptable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Name of the field.
    pub field: &'static str,
    /// What is wrong with it, and what would be right.
    pub problem: String,
}

/// The station of a draft.
///
/// # Errors
/// [`Wrong`] names the first field that is not acceptable.
pub(super) fn station(draft: &StationDraft) -> Result<NewStation, Wrong> {
    let at = |field: &'static str| move |problem: String| Wrong { field, problem };
    key(&draft.key).map_err(at("key"))?;
    let region = draft
        .region
        .parse()
        .map_err(|error: yizhan_proto::id::IdError| at("region")(error.to_string()))?;
    label(&draft.name).map_err(at("name"))?;
    let station_type = StationType::from_text(&draft.kind)
        .ok_or_else(|| at("type")(unlisted(&draft.kind, StationType::TEXTS)))?;
    for facility in &draft.facilities {
        if !FACILITIES.contains(&facility.as_str()) {
            return Err(at("facilities")(unlisted(facility, FACILITIES)));
        }
    }
    degrees(draft.lat, 90.0).map_err(at("lat"))?;
    degrees(draft.lon, 180.0).map_err(at("lon"))?;
    if draft.lat.is_some() != draft.lon.is_some() {
        return Err(at("lat")(
            "lat and lon are given together or not at all".to_owned(),
        ));
    }
    for (field, count) in [("rooms", draft.rooms), ("beds_total", draft.beds_total)] {
        if count.is_some_and(|count| count > BEDS_MAX) {
            return Err(at(field)(format!("more than {BEDS_MAX}")));
        }
    }
    for (field, text) in [
        ("address", &draft.address),
        ("hours", &draft.hours),
        ("phone", &draft.phone),
    ] {
        if text
            .as_ref()
            .is_some_and(|text| text.len() > STRING_BYTES_MAX)
        {
            return Err(at(field)(format!("longer than {STRING_BYTES_MAX} bytes")));
        }
    }
    Ok(NewStation {
        key: draft.key.clone(),
        name: draft.name.clone(),
        region,
        station_type,
        facilities: draft.facilities.clone(),
        lat: draft.lat,
        lon: draft.lon,
        address: draft.address.clone(),
        rooms: draft.rooms,
        beds_total: draft.beds_total,
        hours: draft.hours.clone(),
        phone: draft.phone.clone(),
    })
}

/// A name: not empty, not too long.
pub(super) fn label(text: &str) -> Result<(), String> {
    if text.trim().is_empty() {
        Err("it is empty".to_owned())
    } else if text.len() > LABEL_BYTES_MAX {
        Err(format!("longer than {LABEL_BYTES_MAX} bytes"))
    } else {
        Ok(())
    }
}

fn key(text: &str) -> Result<(), String> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=KEY_BYTES_MAX).contains(&text.len()) && text.bytes().all(plain) {
        return Ok(());
    }
    let found: String = text.chars().take(64).collect();
    Err(format!(
        "not a key (1 to {KEY_BYTES_MAX} of a-z, 0-9, -): {found}"
    ))
}

fn degrees(value: Option<f64>, most: f64) -> Result<(), String> {
    match value {
        Some(value) if !(-most..=most).contains(&value) => {
            Err(format!("not between -{most} and {most} degrees: {value}"))
        }
        _ => Ok(()),
    }
}

fn unlisted(found: &str, listed: &[&str]) -> String {
    let found: String = found.chars().take(64).collect();
    format!("{found} is not one of: {}", listed.join(", "))
}
