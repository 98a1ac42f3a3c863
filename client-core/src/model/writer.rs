//! Commands carried out as Automerge operations: one command, one transaction, one change.
//!
//! Values are put as they are given; whether they are allowed is the gate's decision. Deterministic:
//! the same document, actor, time and command give the same bytes.

use automerge::legacy::{Key, OpId, OpType};
use automerge::transaction::{CommitOptions, Transactable, Transaction};
use automerge::{
    ActorId as AutomergeActor, Automerge, AutomergeError, Change, ObjId, ObjType, ROOT, ReadDoc,
    ScalarValue,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use yizhan_proto::{ActorId, EntryId, Timestamp};

use super::check::{self, NewCheck, Reading, ReadingValue};
use super::genesis::Genesis;
use super::station::NewStation;
use super::vitals::{self, Item};
use super::{Command, Document, Refusal, RefusalCode, consent, station, visit};

/// Carries out a command. See [`Document::write`].
pub(super) fn write(
    document: &mut Document,
    actor: ActorId,
    now: Timestamp,
    command: &Command,
) -> Result<Vec<u8>, Refusal> {
    if command.kind() != document.kind {
        return Err(Refusal::new(RefusalCode::IdentityMismatch)
            .at("kind")
            .bound(document.kind.name()));
    }
    let exists = matches!(document.automerge.get(ROOT, "id"), Ok(Some(_)));
    match (creates(command), exists) {
        (true, true) => return Err(Refusal::new(RefusalCode::DocumentExists)),
        (false, false) => return Err(Refusal::new(RefusalCode::FieldMissing).at("id")),
        (true, false) | (false, true) => {}
    }
    let (id, kind) = (document.id.to_string(), document.kind);
    let automerge = &mut document.automerge;
    automerge.set_actor(AutomergeActor::from(actor.as_bytes().as_slice()));
    // A panic leaves the document in pieces; by contract the caller drops it after any refusal.
    let written = catch_unwind(AssertUnwindSafe(|| {
        let mut tx = Writer {
            tx: automerge.transaction(),
            resolved: Vec::new(),
        };
        if creates(command) {
            tx.put("id", id)?;
            tx.put("kind", kind.name())?;
            tx.put(
                "schema",
                i64::from(Genesis::of(kind).map_or(1, |genesis| genesis.schema)),
            )?;
        }
        match command {
            Command::Station(command) => tx.station(command)?,
            Command::Visit(command) => tx.visit(command)?,
            Command::Check(check::Command::Create(new)) => tx.check(new)?,
            Command::Consent(command) => tx.consent(command)?,
        }
        let options = CommitOptions::default().with_time(now.as_ms());
        let hash = tx.tx.commit_with(options).0;
        Ok::<_, Failure>((hash, tx.resolved))
    }));
    let (hash, resolved) = match written {
        Ok(Ok((Some(hash), resolved))) => (hash, resolved),
        Ok(Ok((None, _))) => return Err(Refusal::new(RefusalCode::NothingChanged)),
        Ok(Err(Failure::Refused(refusal))) => return Err(refusal),
        Ok(Err(Failure::Automerge(e))) => {
            return Err(Refusal::new(RefusalCode::PathUnknown).bound(e.to_string()));
        }
        Err(_) => return Err(Refusal::new(RefusalCode::ChangeMalformed)),
    };
    let unwritten = || Refusal::new(RefusalCode::ChangeMalformed);
    let change = document
        .automerge
        .get_change_by_hash(&hash)
        .ok_or_else(unwritten)?;
    if resolved.is_empty() {
        return Ok(change.raw_bytes().to_vec());
    }
    let automerge = &mut document.automerge;
    catch_unwind(AssertUnwindSafe(|| settle(automerge, &change, &resolved)))
        .map_err(|_| unwritten())?
        .map_err(|_| unwritten())
}

/// A value put where several stood beside each other.
struct Resolved {
    key: String,
    value: ScalarValue,
    /// The operations of all the values that stood there.
    replaces: Vec<OpId>,
}

/// Where somebody settles a conflict by choosing a value that stands there, Automerge deletes the
/// others. Nothing is ever deleted here: the change is made again, so that it puts the value in
/// place of them all.
fn settle(
    automerge: &mut Automerge,
    change: &Change,
    resolved: &[Resolved],
) -> Result<Vec<u8>, AutomergeError> {
    let mut settled = change.decode();
    for op in &mut settled.operations {
        let choice = resolved
            .iter()
            .find(|choice| op.key == Key::Map(choice.key.as_str().into()));
        if let Some(choice) = choice {
            op.action = OpType::Put(choice.value.clone());
            op.pred = choice.replaces.clone().into();
        }
    }
    let before = automerge.fork_at(change.deps())?;
    let settled = Change::from(settled);
    *automerge = before;
    automerge.apply_changes([settled.clone()])?;
    Ok(settled.raw_bytes().to_vec())
}

const fn creates(command: &Command) -> bool {
    match command {
        Command::Station(command) => matches!(command, station::Command::Create(_)),
        Command::Visit(command) => matches!(command, visit::Command::CheckIn { .. }),
        Command::Check(check::Command::Create(_)) => true,
        Command::Consent(command) => matches!(command, consent::Command::Give { .. }),
    }
}

enum Failure {
    Automerge(AutomergeError),
    Refused(Refusal),
}

impl From<AutomergeError> for Failure {
    fn from(e: AutomergeError) -> Self {
        Self::Automerge(e)
    }
}

type Written = Result<(), Failure>;

struct Writer<'a> {
    tx: Transaction<'a>,
    resolved: Vec<Resolved>,
}

fn ms(time: Timestamp) -> ScalarValue {
    ScalarValue::Timestamp(time.as_ms())
}

impl Writer<'_> {
    fn put(&mut self, field: &str, value: impl Into<ScalarValue>) -> Written {
        self.put_in(&ROOT, field, value.into())
    }

    fn put_in(&mut self, object: &ObjId, key: &str, value: ScalarValue) -> Written {
        let standing = self.tx.get_all(object, key)?;
        if standing.len() > 1 {
            let ids = standing.into_iter().filter_map(|(_, id)| match id {
                ObjId::Id(counter, actor, _) => Some(OpId(counter, actor)),
                ObjId::Root => None,
            });
            let replaces = ids.collect();
            self.resolved.push(Resolved {
                key: key.to_owned(),
                value: value.clone(),
                replaces,
            });
        }
        Ok(self.tx.put(object, key, value)?)
    }

    fn put_some(&mut self, field: &str, value: Option<impl Into<ScalarValue>>) -> Written {
        value.map_or(Ok(()), |value| self.put(field, value))
    }

    /// A container that the genesis made.
    fn container(&self, name: &str) -> Result<ObjId, Failure> {
        match self.tx.get(ROOT, name)? {
            Some((value, object)) if value.is_object() => Ok(object),
            Some(_) | None => Err(Failure::Refused(
                Refusal::new(RefusalCode::GenesisMissing).at(name),
            )),
        }
    }

    /// Makes an entry and fills it.
    fn entry(
        &mut self,
        container: &str,
        entry: EntryId,
        values: Vec<(&str, ScalarValue)>,
    ) -> Written {
        let container = self.container(container)?;
        let key = entry.to_string();
        if self.tx.get(&container, &key)?.is_some() {
            return Err(Failure::Refused(
                Refusal::new(RefusalCode::FieldImmutable).at(key),
            ));
        }
        let object = self.tx.put_object(&container, key, ObjType::Map)?;
        for (field, value) in values {
            self.tx.put(&object, field, value)?;
        }
        Ok(())
    }

    fn flags<'c>(
        &mut self,
        container: &str,
        codes: impl Iterator<Item = &'c str>,
        set: bool,
    ) -> Written {
        let container = self.container(container)?;
        for code in codes {
            if code.is_empty() {
                return Err(Failure::Refused(Refusal::new(RefusalCode::ValueUnlisted)));
            }
            self.put_in(&container, code, set.into())?;
        }
        Ok(())
    }

    fn station(&mut self, command: &station::Command) -> Written {
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

    fn visit(&mut self, command: &visit::Command) -> Written {
        match command {
            visit::Command::CheckIn { .. } => self.check_in(command),
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
        for (entry, service) in requested {
            let values = service_values(service, 1, by.clone(), *arrived_at);
            self.entry("requested", *entry, values)?;
        }
        Ok(())
    }

    fn check(&mut self, new: &NewCheck) -> Written {
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

    fn consent(&mut self, command: &consent::Command) -> Written {
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
