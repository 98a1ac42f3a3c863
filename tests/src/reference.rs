//! The oracle: what people entered, who may see it, and what must be visible once all is quiet.
//!
//! It is told of every entry that a phone took at the tap, and of nothing else. It uses neither
//! the client's store nor the gate nor the routing of the model: its audience table is DESIGN §4
//! once more, in its own words, and what must be visible follows from which entries the author
//! had before them.

use std::collections::{BTreeMap, BTreeSet};

use yizhan_client_core::model::{Command, check, consent, station, visit};
use yizhan_proto::{ChangeHash, DeviceId, DocumentId, Kind, PersonId, Role, StationId};

/// What is visible of a document: per field, the values that stand side by side. Where nobody
/// ever wrote, there is no field.
pub type Visible = BTreeMap<String, BTreeSet<String>>;

/// One entry of a person, taken by the phone at the tap.
#[derive(Debug, Clone)]
pub struct Entry {
    /// On which device.
    pub device: DeviceId,
    /// In which document.
    pub document: DocumentId,
    /// What was entered.
    pub command: Command,
    /// The change it became.
    pub change: ChangeHash,
    /// The changes of the document that the phone showed when it was entered.
    pub before: BTreeSet<ChangeHash>,
    /// Whether its author gave it up.
    pub discarded: bool,
}

/// A person, to the reference.
#[derive(Debug, Clone, Default)]
pub struct Person {
    /// All ids.
    pub ids: BTreeSet<PersonId>,
    /// Roles held.
    pub roles: BTreeSet<Role>,
}

/// Who a document concerns, and which others it names.
#[derive(Debug, Clone)]
pub struct Concern {
    /// Its kind.
    pub kind: Kind,
    /// The driver.
    pub driver: Option<PersonId>,
    /// The station.
    pub station: Option<StationId>,
    /// Documents whose ids are written in it.
    pub names: BTreeSet<DocumentId>,
}

/// What people entered.
#[derive(Debug, Clone, Default)]
pub struct Reference {
    entries: Vec<Entry>,
    /// Positions in `entries`, by document.
    of_document: BTreeMap<DocumentId, Vec<usize>>,
    concerns: BTreeMap<DocumentId, Concern>,
    /// Documents that the station's audience no longer has: retired.
    retired: BTreeSet<DocumentId>,
    /// Documents given up before the relay ever took them.
    discarded: BTreeSet<DocumentId>,
    /// Stations imported at the relay: nobody's entry, everybody's document.
    imported: BTreeSet<DocumentId>,
}

impl Reference {
    /// Stations that the operator imported.
    pub fn imported(&mut self, station: StationId) {
        let document = DocumentId::from(station);
        self.imported.insert(document);
        self.concerns.insert(
            document,
            Concern {
                kind: Kind::Station,
                driver: None,
                station: Some(station),
                names: BTreeSet::new(),
            },
        );
    }

    /// A person entered something and the phone took it.
    pub fn entered(&mut self, entry: Entry) {
        if let Some(concern) = concern_of_creation(&entry.command) {
            self.concerns.entry(entry.document).or_insert(concern);
        }
        self.of_document
            .entry(entry.document)
            .or_default()
            .push(self.entries.len());
        self.entries.push(entry);
    }

    /// A person gave up everything entered in the document.
    pub fn discarded(&mut self, document: DocumentId) {
        for number in self.of_document.remove(&document).unwrap_or_default() {
            self.entries[number].discarded = true;
        }
        self.discarded.insert(document);
    }

    /// All entries, in the order they were made.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| !entry.discarded)
    }

    /// A document left its station's audience, or came back to it.
    pub fn retired(&mut self, document: DocumentId, retired: bool) {
        if retired {
            self.retired.insert(document);
        } else {
            self.retired.remove(&document);
        }
    }

    /// Whether people gave up all that they had entered in the document.
    #[must_use]
    pub fn is_discarded(&self, document: DocumentId) -> bool {
        self.discarded.contains(&document)
    }

    /// All documents that people made or the operator imported.
    #[must_use]
    pub fn documents(&self) -> &BTreeMap<DocumentId, Concern> {
        &self.concerns
    }

    /// Whether the document came with an import.
    #[must_use]
    pub fn is_imported(&self, document: DocumentId) -> bool {
        self.imported.contains(&document)
    }

    /// Whether a person's devices hold the document, once all is quiet: DESIGN §4.
    #[must_use]
    pub fn may_hold(&self, person: &Person, document: DocumentId) -> bool {
        let Some(concern) = self.concerns.get(&document) else {
            return false;
        };
        let own = concern.driver.is_some_and(|id| person.ids.contains(&id));
        let station = concern
            .station
            .filter(|_| !self.retired.contains(&document));
        let keeps = station.is_some_and(|station| person.roles.contains(&Role::Keeper(station)));
        let takes_checks =
            station.is_some_and(|station| person.roles.contains(&Role::Health(station)));
        match concern.kind {
            // The directory is everybody's.
            Kind::Station | Kind::Activity | Kind::Notice => true,
            // Who takes checks at a station works there, and needs its visits and consents.
            Kind::Visit | Kind::Consent | Kind::Enrolment => own || keeps || takes_checks,
            Kind::Check => own || takes_checks,
            Kind::Ticket | Kind::CaseNote | Kind::Unknown(_) => false,
        }
    }

    /// What must be visible of a document, leaving out the entries whose changes are `held`
    /// (refused or waiting for a person). Of an imported station: what people wrote on top.
    #[must_use]
    pub fn visible(&self, document: DocumentId, held: &BTreeSet<ChangeHash>) -> Visible {
        let entries: Vec<&Entry> = self
            .of_document
            .get(&document)
            .into_iter()
            .flatten()
            .map(|number| &self.entries[*number])
            .filter(|entry| !held.contains(&entry.change))
            .collect();
        let mut visible = Visible::new();
        for (number, entry) in entries.iter().enumerate() {
            for (field, value) in writes(&entry.command) {
                let overwritten = entries[number + 1..].iter().any(|later| {
                    later.before.contains(&entry.change)
                        && writes(&later.command)
                            .iter()
                            .any(|(other, _)| *other == field)
                });
                if !overwritten {
                    visible.entry(field).or_default().insert(value);
                }
            }
        }
        visible
    }
}

/// Whom a new document concerns; `None` for an edit of an existing one.
fn concern_of_creation(command: &Command) -> Option<Concern> {
    let concern = |kind, driver, station, names: &[DocumentId]| {
        Some(Concern {
            kind,
            driver: Some(driver),
            station: Some(station),
            names: names.iter().copied().collect(),
        })
    };
    match command {
        Command::Visit(visit::Command::CheckIn {
            driver, station, ..
        }) => concern(Kind::Visit, *driver, *station, &[]),
        Command::Check(check::Command::Create(new)) => {
            let mut names = vec![new.consent];
            names.extend(new.visit);
            names.extend(new.replaces.as_ref().map(|(replaced, _)| *replaced));
            concern(Kind::Check, new.driver, new.station, &names)
        }
        Command::Consent(consent::Command::Give {
            driver, station, ..
        }) => concern(Kind::Consent, *driver, *station, &[]),
        Command::Visit(_) | Command::Consent(_) | Command::Station(_) => None,
        // Followed by invariants of their own.
        Command::Activity(_)
        | Command::Enrolment(_)
        | Command::Notice(_)
        | Command::Ticket(_)
        | Command::CaseNote(_) => None,
    }
}

/// The fields a command writes, and what it writes there, in words of the reference's own.
#[must_use]
pub fn writes(command: &Command) -> Vec<(String, String)> {
    match command {
        Command::Station(command) => station_writes(command),
        Command::Visit(command) => visit_writes(command),
        Command::Check(check::Command::Create(new)) => check_writes(new),
        Command::Consent(command) => consent_writes(command),
        Command::Activity(_)
        | Command::Enrolment(_)
        | Command::Notice(_)
        | Command::Ticket(_)
        | Command::CaseNote(_) => Vec::new(),
    }
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "reads better where it is called"
)]
fn one(field: &str, value: impl ToString) -> Vec<(String, String)> {
    vec![(field.to_owned(), value.to_string())]
}

fn station_writes(command: &station::Command) -> Vec<(String, String)> {
    use station::Command as C;
    match command {
        // Made by the relay at an import, never by a phone of these worlds.
        C::Create(_) => Vec::new(),
        C::Describe {
            name,
            address,
            beds_total,
            ..
        } => [
            name.as_ref().map(|name| ("name", name.clone())),
            address.as_ref().map(|address| ("address", address.clone())),
            beds_total.map(|beds| ("beds_total", beds.to_string())),
        ]
        .into_iter()
        .flatten()
        .map(|(field, value)| (field.to_owned(), value))
        .collect(),
        // Shown as one list without conflicts: not predicted.
        C::SetFacility { .. } => Vec::new(),
        C::SetBedsFree(beds) => one("beds_free", beds),
        C::SetHours(hours) => one("hours", hours),
        C::SetPhone(phone) => one("phone", phone),
        C::SetOpen(open) => one("open", open),
        C::SetNotice(notice) => one("notice", notice),
    }
}

fn visit_writes(command: &visit::Command) -> Vec<(String, String)> {
    use visit::Command as C;
    match command {
        C::CheckIn {
            driver,
            driver_name,
            station,
            arrived_at,
            source: _,
            vehicle_plate,
            requested,
        } => {
            let mut writes = one("driver", driver);
            writes.extend(one("driver_name", driver_name));
            writes.extend(one("station", station));
            writes.extend(one("arrived_at", arrived_at.as_ms()));
            if let Some(plate) = vehicle_plate {
                writes.extend(one("vehicle_plate", plate));
            }
            for (entry, service) in requested {
                writes.extend(one(&format!("requested/{entry}"), service));
            }
            writes
        }
        // A code needs a relay's certificate: none of the random histories has one.
        C::CheckInByCode { .. } => Vec::new(),
        C::CheckOut { left_at } => one("left_at", left_at.as_ms()),
        C::Request { entry, service, .. } => one(&format!("requested/{entry}"), service),
        C::Serve {
            entry,
            service,
            quantity,
            by,
            at,
        } => one(
            &format!("services/{entry}"),
            format!("{service} x{quantity} by {by} at {}", at.as_ms()),
        ),
        C::SetNote(note) => one("note", note),
        C::SetKeeperNote(note) => one("keeper_note", note),
        C::Rate(stars) => one("rating", stars),
    }
}

fn check_writes(new: &check::NewCheck) -> Vec<(String, String)> {
    let mut writes = one("driver", new.driver);
    writes.extend(one("station", new.station));
    writes.extend(one("by", new.by));
    writes.extend(one("consent", new.consent));
    writes.extend(one("taken_at", new.taken_at.as_ms()));
    for reading in &new.readings {
        let value = match &reading.value {
            check::ReadingValue::Quantity { entered, .. } => entered.clone(),
            check::ReadingValue::Absent { reason } => format!("absent: {reason}"),
            check::ReadingValue::Spine { finding, pain } => format!("{finding} {pain}"),
        };
        writes.extend(one(
            &format!("readings/{}", reading.entry),
            format!("{:?} {value}", reading.item),
        ));
    }
    if let Some((replaced, why)) = &new.replaces {
        writes.extend(one("replaces", format!("{replaced} {why}")));
    }
    if let Some(note) = &new.note {
        writes.extend(one("note", note));
    }
    writes
}

fn consent_writes(command: &consent::Command) -> Vec<(String, String)> {
    match command {
        consent::Command::Give {
            driver,
            station,
            purpose,
            given_at,
            ..
        } => {
            let mut writes = one("driver", driver);
            writes.extend(one("station", station));
            writes.extend(one("purpose", format!("{purpose:?}")));
            writes.extend(one("given_at", given_at.as_ms()));
            writes
        }
        consent::Command::Withdraw { withdrawn_at } => one("withdrawn_at", withdrawn_at.as_ms()),
    }
}
