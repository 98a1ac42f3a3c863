//! The oracle: what people entered, who may see it, and what must be visible once all is quiet.
//!
//! It is told of every entry that a phone took at the tap, and of nothing else. It uses neither
//! the client's store nor the gate nor the routing of the model: its audience table is DESIGN §4
//! once more, in its own words, and what must be visible follows from which entries the author
//! had before them.

mod ages;
mod consents;
mod erased;
mod writes;

use std::collections::{BTreeMap, BTreeSet};

use yizhan_client_core::model::consent::Purpose;
use yizhan_client_core::model::{
    Command, activity, case_note, check, consent, enrolment, notice, ticket, visit,
};
use yizhan_proto::checkin::CheckInCode;
use yizhan_proto::{
    ChangeHash, DeskKey, DeviceId, DocumentId, Kind, PersonId, RegionKey, Role, StationId,
    Timestamp,
};

use ages::Holder;

pub use ages::{Ages, Looked};
pub use consents::Consents;
pub use writes::writes;

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
    /// The region: of a notice for everybody in it, or of the desk.
    pub region: Option<RegionKey>,
    /// The desk that answers.
    pub desk: Option<DeskKey>,
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
    /// When tickets were closed.
    tickets_ended: BTreeMap<DocumentId, Timestamp>,
    /// Documents given up before the relay ever took them.
    discarded: BTreeSet<DocumentId>,
    /// Stations imported at the relay: nobody's entry, everybody's document.
    imported: BTreeSet<DocumentId>,
    /// Documents that the operator erased, or that are about what was.
    erased: BTreeSet<DocumentId>,
    /// People who were erased, by all their ids.
    erased_people: BTreeSet<PersonId>,
    /// All ids of one person, for each.
    people: Vec<BTreeSet<PersonId>>,
}

impl Reference {
    /// Stations that the operator imported.
    pub fn imported(&mut self, station: StationId) {
        let document = DocumentId::from(station);
        self.imported.insert(document);
        self.concerns.insert(
            document,
            Concern {
                station: Some(station),
                ..Concern::of(Kind::Station)
            },
        );
    }

    /// A person entered something and the phone took it.
    pub fn entered(&mut self, mut entry: Entry) {
        if let Some(concern) = concern_of_creation(&entry.command) {
            self.concerns.entry(entry.document).or_insert(concern);
        }
        if self.note_if_erased(entry.document) {
            entry.discarded = true;
            self.entries.push(entry);
            return;
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

    /// A ticket went to another desk of the same region, and the notes on it with it.
    pub fn escalated(&mut self, ticket: DocumentId, desk: &DeskKey) {
        if let Some(concern) = self.concerns.get_mut(&ticket) {
            concern.desk = Some(desk.clone());
        }
    }

    /// The desk where a document lies: of a note, where its ticket lies.
    fn desk_of<'a>(&'a self, concern: &'a Concern) -> Option<&'a DeskKey> {
        let tickets = concern.names.iter().filter_map(|id| self.concerns.get(id));
        let of_ticket = tickets
            .filter(|_| concern.kind == Kind::CaseNote)
            .find_map(|ticket| ticket.desk.as_ref());
        of_ticket.or(concern.desk.as_ref())
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

    /// The words that people wrote in a document, overwritten ones among them.
    #[must_use]
    pub fn words(&self, document: DocumentId) -> BTreeSet<String> {
        const PROSE: &[&str] = &[
            "note",
            "keeper_note",
            "notice",
            "driver_name",
            "title",
            "text",
        ];
        let entries = self.of_document.get(&document).into_iter().flatten();
        let mut words = BTreeSet::new();
        for number in entries {
            let command = &self.entries[*number].command;
            let written = writes(command).into_iter();
            let prose =
                written.filter(|(field, _)| PROSE.iter().any(|prose| field.ends_with(prose)));
            words.extend(prose.map(|(_, value)| value));
            // Not predicted as shown, and there all the same.
            if let Command::Enrolment(enrolment::Command::Create(new)) = command {
                words.insert(new.driver_name.clone());
            }
        }
        words
    }

    /// Everything that was written in a document, words among the rest.
    pub(crate) fn written(&self, document: DocumentId) -> impl Iterator<Item = String> {
        let entries = self.of_document.get(&document).into_iter().flatten();
        let commands = entries.map(|number| &self.entries[*number].command);
        commands.flat_map(|command| writes(command).into_iter().map(|(_, value)| value))
    }

    /// Whether the document came with an import.
    #[must_use]
    pub fn is_imported(&self, document: DocumentId) -> bool {
        self.imported.contains(&document)
    }

    /// Whether a person's devices hold the document, once all is quiet: DESIGN §4.
    #[must_use]
    pub fn may_hold(&self, person: &Person, document: DocumentId, consents: &Consents) -> bool {
        let Some(concern) = self.concerns.get(&document) else {
            return false;
        };
        // Who was erased holds nothing, not the directory either.
        if !self.erased_people.is_disjoint(&person.ids) {
            return false;
        }
        let gone = |holder| consents.ages.is_gone(document, concern.kind, holder);
        let own = concern.driver.is_some_and(|id| person.ids.contains(&id));
        let own = own && !gone(Holder::Driver);
        let is_here = !gone(Holder::Elsewhere);
        let station = concern.station.filter(|_| !gone(Holder::Station));
        let keeps = station.is_some_and(|station| person.roles.contains(&Role::Keeper(station)));
        let takes_checks =
            station.is_some_and(|station| person.roles.contains(&Role::Health(station)));
        let desk = self.desk_of(concern).filter(|_| is_here);
        let answers = desk.is_some_and(|desk| {
            person.roles.contains(&Role::Specialist(desk.clone()))
                || concern
                    .region
                    .as_ref()
                    .is_some_and(|region| person.roles.contains(&Role::Coordinator(region.clone())))
        });
        match concern.kind {
            // The directory is everybody's.
            Kind::Station | Kind::Activity => is_here,
            Kind::Notice => is_here && concern.region.is_some() || keeps || takes_checks,
            // Who takes checks at a station works there, and needs its visits and consents.
            Kind::Visit => {
                own || self.is_kept(concern, consents, Purpose::Visits)
                    && (keeps
                        || takes_checks
                        || self.is_shared(
                            concern,
                            consents,
                            person,
                            &[Role::Keeper, Role::Health],
                            gone(Holder::Shared),
                        ))
            }
            Kind::Consent | Kind::Enrolment => own || keeps || takes_checks,
            Kind::Check => {
                own || self.is_kept(concern, consents, Purpose::HealthRecord)
                    && (takes_checks
                        || self.is_shared(
                            concern,
                            consents,
                            person,
                            &[Role::Health],
                            gone(Holder::Shared),
                        ))
            }
            Kind::Ticket => own || keeps || takes_checks || answers,
            Kind::CaseNote => answers,
            Kind::Unknown(_) => false,
        }
    }

    /// Whether the station of a visit or check may keep it.
    fn is_kept(&self, concern: &Concern, consents: &Consents, purpose: Purpose) -> bool {
        let at = concern.driver.zip(concern.station);
        at.is_none_or(|(driver, station)| !consents.is_withdrawn(driver, station, purpose))
    }

    fn is_shared(
        &self,
        concern: &Concern,
        consents: &Consents,
        person: &Person,
        roles: &[fn(StationId) -> Role],
        gone: bool,
    ) -> bool {
        let at = concern.driver.zip(concern.station);
        at.is_some_and(|(driver, station)| consents.shares(driver, station, person, roles)) && !gone
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

impl Concern {
    /// Of nobody yet.
    fn of(kind: Kind) -> Self {
        Self {
            kind,
            driver: None,
            station: None,
            region: None,
            desk: None,
            names: BTreeSet::new(),
        }
    }

    fn at(kind: Kind, driver: PersonId, station: StationId) -> Self {
        Self {
            driver: Some(driver),
            station: Some(station),
            ..Self::of(kind)
        }
    }
}

/// Whom a new document concerns; `None` for an edit of an existing one.
fn concern_of_creation(command: &Command) -> Option<Concern> {
    match command {
        Command::Visit(visit::Command::CheckIn {
            driver, station, ..
        }) => Some(Concern::at(Kind::Visit, *driver, *station)),
        Command::Visit(visit::Command::CheckInByCode { code, station, .. }) => {
            let shown = CheckInCode::from_text(code).ok()?;
            Some(Concern::at(Kind::Visit, shown.certificate.person, *station))
        }
        Command::Check(check::Command::Create(new)) => {
            let mut concern = Concern::at(Kind::Check, new.driver, new.station);
            concern.names.insert(new.consent);
            concern.names.extend(new.visit);
            let replaced = new.replaces.as_ref().map(|(replaced, _)| *replaced);
            concern.names.extend(replaced);
            Some(concern)
        }
        Command::Consent(consent::Command::Give {
            driver, station, ..
        }) => Some(Concern::at(Kind::Consent, *driver, *station)),
        Command::Activity(activity::Command::Create(new)) => Some(Concern {
            station: Some(new.station),
            ..Concern::of(Kind::Activity)
        }),
        Command::Enrolment(enrolment::Command::Create(new)) => {
            let mut concern = Concern::at(Kind::Enrolment, new.driver, new.station);
            concern.names.insert(new.activity);
            Some(concern)
        }
        Command::Notice(notice::Command::Publish(new)) => Some(Concern {
            station: new.station,
            region: new.region.clone(),
            ..Concern::of(Kind::Notice)
        }),
        Command::Ticket(ticket::Command::Raise(new)) => Some(Concern {
            driver: Some(new.driver),
            station: new.station,
            region: Some(new.region.clone()),
            desk: Some(new.desk.clone()),
            names: new.visit.into_iter().chain(new.activity).collect(),
            ..Concern::of(Kind::Ticket)
        }),
        Command::CaseNote(case_note::Command::Create(new)) => Some(Concern {
            region: Some(new.region.clone()),
            desk: Some(new.desk.clone()),
            names: BTreeSet::from([new.ticket]),
            ..Concern::of(Kind::CaseNote)
        }),
        Command::Visit(_)
        | Command::Consent(_)
        | Command::Station(_)
        | Command::Activity(_)
        | Command::Enrolment(_)
        | Command::Notice(_)
        | Command::Attach { .. }
        | Command::Ticket(_) => None,
    }
}
