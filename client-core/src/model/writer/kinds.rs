//! What each kind's commands put where.

use automerge::ScalarValue;
use yizhan_proto::checkin::CheckInCode;
use yizhan_proto::{EntryId, Timestamp};

use super::{Failure, Writer, Written, ms};
use crate::model::check::{self, NewCheck, Reading, ReadingValue};
use crate::model::station::NewStation;
use crate::model::vitals::{self, Item};
use crate::model::{Refusal, RefusalCode, consent, station, visit};

impl Writer<'_> {
    pub(super) fn station(&mut self, command: &station::Command) -> Written {
        match command {
            station::Command::Create(new) => self.new_station(new),
            station::Command::Describe {
                name,
                station_type,
                address,
                place,
                beds_total,
            } => {
                self.put_some("name", name.clone())?;
                self.put_some("type", station_type.map(|value| value.as_str()))?;
                self.put_some("address", address.clone())?;
                self.put_some("lat", place.map(|(lat, _)| lat))?;
                self.put_some("lon", place.map(|(_, lon)| lon))?;
                self.put_some("beds_total", beds_total.map(i64::from))
            }
            station::Command::SetFacility { facility, offered } => {
                self.flags("facilities", std::iter::once(facility.as_str()), *offered)
            }
            station::Command::SetBedsFree(beds) => self.put("beds_free", i64::from(*beds)),
            station::Command::SetHours(hours) => self.put("hours", hours.as_str()),
            station::Command::SetPhone(phone) => self.put("phone", phone.as_str()),
            station::Command::SetOpen(open) => self.put("open", *open),
            station::Command::SetNotice(notice) => self.put("notice", notice.as_str()),
        }
    }

    fn new_station(&mut self, new: &NewStation) -> Written {
        self.put("key", new.key.as_str())?;
        self.put("name", new.name.as_str())?;
        self.put("region", new.region.as_str())?;
        self.put("type", new.station_type.as_str())?;
        self.put_some("lat", new.lat)?;
        self.put_some("lon", new.lon)?;
        self.put_some("address", new.address.clone())?;
        self.put_some("rooms", new.rooms.map(i64::from))?;
        self.put_some("beds_total", new.beds_total.map(i64::from))?;
        self.put_some("hours", new.hours.clone())?;
        self.put_some("phone", new.phone.clone())?;
        let mut facilities: Vec<_> = new.facilities.iter().map(String::as_str).collect();
        facilities.sort_unstable();
        facilities.dedup();
        self.flags("facilities", facilities.into_iter(), true)
    }

    pub(super) fn visit(&mut self, command: &visit::Command) -> Written {
        match command {
            visit::Command::CheckIn { .. } => self.check_in(command),
            visit::Command::CheckInByCode {
                code,
                station,
                arrived_at,
                vehicle_plate,
                requested,
            } => {
                let read = CheckInCode::from_text(code).map_err(|_| {
                    let refusal = Refusal::new(RefusalCode::ValueType).at("code");
                    Failure::Refused(refusal.bound("a check-in code"))
                })?;
                self.check_in(&visit::Command::CheckIn {
                    driver: read.certificate.person,
                    driver_name: read.certificate.name,
                    station: *station,
                    arrived_at: *arrived_at,
                    source: visit::Source::Qr,
                    vehicle_plate: vehicle_plate.clone(),
                    requested: Vec::new(),
                })?;
                self.put("code", code.as_str())?;
                self.asked(requested, None, *arrived_at)
            }
            visit::Command::CheckOut { left_at } => self.put("left_at", ms(*left_at)),
            visit::Command::Request {
                entry,
                service,
                quantity,
                by,
                at,
            } => self.entry(
                "requested",
                *entry,
                service_values(service, *quantity, Some(by.to_string()), *at),
            ),
            visit::Command::Serve {
                entry,
                service,
                quantity,
                by,
                at,
            } => self.entry(
                "services",
                *entry,
                service_values(service, *quantity, Some(by.to_string()), *at),
            ),
            visit::Command::SetNote(note) => self.put("note", note.as_str()),
            visit::Command::SetKeeperNote(note) => self.put("keeper_note", note.as_str()),
            visit::Command::Rate(rating) => self.put("rating", i64::from(*rating)),
        }
    }

    fn check_in(&mut self, command: &visit::Command) -> Written {
        let visit::Command::CheckIn {
            driver,
            driver_name,
            station,
            arrived_at,
            source,
            vehicle_plate,
            requested,
        } = command
        else {
            return Ok(());
        };
        self.put("driver", driver.to_string())?;
        self.put("driver_name", driver_name.as_str())?;
        self.put("station", station.to_string())?;
        self.put("arrived_at", ms(*arrived_at))?;
        self.put("source", source.as_str())?;
        self.put_some("vehicle_plate", vehicle_plate.clone())?;
        // Where a keeper takes it down, the driver asks but does not sign.
        let by = (*source != visit::Source::Keeper).then(|| driver.to_string());
        self.asked(requested, by.as_deref(), *arrived_at)
    }

    /// Services asked for on arrival.
    fn asked(
        &mut self,
        requested: &[(EntryId, String)],
        by: Option<&str>,
        at: Timestamp,
    ) -> Written {
        for (entry, service) in requested {
            let values = service_values(service, 1, by.map(str::to_owned), at);
            self.entry("requested", *entry, values)?;
        }
        Ok(())
    }

    pub(super) fn check(&mut self, new: &NewCheck) -> Written {
        self.put("driver", new.driver.to_string())?;
        self.put("station", new.station.to_string())?;
        self.put_some("visit", new.visit.map(|visit| visit.to_string()))?;
        self.put("consent", new.consent.to_string())?;
        self.put("by", new.by.to_string())?;
        self.put("taken_at", ms(new.taken_at))?;
        let mut values = Vec::new();
        for reading in &new.readings {
            let fields = reading_values(reading, &mut values).map_err(Failure::Refused)?;
            self.entry("measurements", reading.entry, fields)?;
        }
        let assessment = check::assess(values.into_iter());
        self.put("rule_set", vitals::RULE_SET)?;
        self.put_some(
            "pressure_level",
            assessment.pressure.map(|level| level.as_str()),
        )?;
        self.put_some(
            "glucose_level",
            assessment.glucose.map(|level| level.as_str()),
        )?;
        self.put("crisis", assessment.crisis)?;
        self.put_some("note", new.note.clone())?;
        if let Some((replaced, reason)) = &new.replaces {
            self.put("replaces", replaced.to_string())?;
            self.put("replaces_reason", reason.as_str())?;
        }
        let mut advice: Vec<_> = new.advice.iter().map(String::as_str).collect();
        advice.sort_unstable();
        advice.dedup();
        self.flags("advice", advice.into_iter(), true)
    }

    pub(super) fn consent(&mut self, command: &consent::Command) -> Written {
        match command {
            consent::Command::Give {
                driver,
                station,
                purpose,
                given_at,
                witness,
                share_with,
                until,
            } => {
                self.put("driver", driver.to_string())?;
                self.put("station", station.to_string())?;
                self.put("purpose", purpose.as_str())?;
                self.put("given_at", ms(*given_at))?;
                self.put_some("witness", witness.map(|witness| witness.to_string()))?;
                self.put_some("share_with", share_with.map(|station| station.to_string()))?;
                self.put_some("until", until.map(ms))
            }
            consent::Command::Withdraw { withdrawn_at } => {
                self.put("withdrawn_at", ms(*withdrawn_at))
            }
        }
    }
}

fn service_values(
    service: &str,
    quantity: u32,
    by: Option<String>,
    at: Timestamp,
) -> Vec<(&'static str, ScalarValue)> {
    let mut values = vec![
        ("service", service.into()),
        ("quantity", i64::from(quantity).into()),
        ("at", ms(at)),
    ];
    values.extend(by.map(|by| ("by", by.into())));
    values
}

/// The fields of one measurement; its canonical value, if any, goes to `canonical`.
fn reading_values(
    reading: &Reading,
    canonical: &mut Vec<(Item, f64)>,
) -> Result<Vec<(&'static str, ScalarValue)>, Refusal> {
    let item = reading.item;
    let mut fields: Vec<(&'static str, ScalarValue)> = vec![("item", item.as_str().into())];
    match &reading.value {
        ReadingValue::Quantity {
            entered,
            unit,
            comparator,
        } => {
            let value = vitals::canonical(item, entered, unit, *comparator)
                .map_err(|refusal| refusal.at(item.as_str()))?;
            canonical.push((item, value.value));
            fields.extend([
                ("value", value.value.into()),
                ("unit", item.unit().into()),
                ("entered", entered.as_str().into()),
                ("entered_unit", unit.as_str().into()),
            ]);
            fields.extend(value.comparator.map(|c| ("comparator", c.as_str().into())));
        }
        ReadingValue::Absent { reason } => fields.push(("absent", reason.as_str().into())),
        ReadingValue::Spine { finding, pain } => fields.extend([
            ("finding", finding.as_str().into()),
            ("pain", i64::from(*pain).into()),
        ]),
    }
    Ok(fields)
}
