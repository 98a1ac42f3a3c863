//! Activities, seats and leases in a world.

use yizhan_client_core::error::ClientError;
use yizhan_client_core::model::activity::{self, NewActivity, Sort, State};
use yizhan_client_core::model::enrolment::{self, Ask, First, NewEnrolment, NewRequest, Seat};
use yizhan_client_core::model::{Activity, Command};
use yizhan_proto::{DocumentId, EntryId, PersonId, StationId};

use super::{PhoneNo, World};
use crate::clock::{DAY_MS, HOUR_MS};
use crate::invariants::seats::{Roster, rosters};

/// Activities and their seats.
impl World {
    /// Says that seats are looked at after every sync, besides at every quiet point.
    pub fn watch_all_seats(&mut self) {
        self.seats_watched = true;
    }

    /// A keeper announces an open activity at a station.
    ///
    /// # Panics
    /// If the phone refuses it.
    pub fn announce(
        &mut self,
        keeper: PhoneNo,
        station: StationId,
        capacity: Option<u32>,
    ) -> DocumentId {
        let row = self.phones[keeper.0].client();
        let row = row.station(&station.to_string()).expect("a known station");
        let region = row.region.expect("a station in a region");
        let phone = &mut self.phones[keeper.0];
        let now = phone.clock().reads();
        let new = NewActivity {
            region,
            station,
            sort: Sort::Lecture,
            title: "道路货运安全".to_owned(),
            text: None,
            starts_at: now.saturating_add_ms(DAY_MS),
            ends_at: now.saturating_add_ms(DAY_MS + 2 * HOUR_MS),
            place: None,
            capacity,
            state: State::Open,
            quiz_draw: None,
            by: phone.person(),
        };
        let id = phone.new_document();
        let create = Command::Activity(activity::Command::Create(new));
        phone.enter(id, create).expect("an activity");
        id
    }

    /// All activities at the relay.
    #[must_use]
    pub fn rosters(&self) -> Vec<Roster> {
        rosters(&self.relay_folder())
    }

    /// Carries out what is still to be decided about seats, as the running relay does by itself.
    ///
    /// # Panics
    /// If it fails or never ends.
    pub fn settle_seats(&self) {
        self.place_documents();
        for _ in 0..1_000 {
            if !self.run(self.relay().settle_seats()).expect("seats") {
                return;
            }
        }
        panic!("seats are never settled");
    }

    /// What must be true after every step of the relay's.
    pub(super) fn watch_seats(&self) {
        if !self.seats_watched {
            return;
        }
        let wrong: Vec<_> = self.rosters().iter().flat_map(|r| r.wrong(false)).collect();
        assert!(wrong.is_empty(), "seats:\n  {}", wrong.join("\n  "));
    }

    /// What must be true of seats once all is quiet: also that all who hold an enrolment show
    /// the seat that it has at the relay.
    pub(super) fn seats_wrong(&self) -> Vec<String> {
        let rosters = self.rosters();
        let mut wrong: Vec<_> = rosters.iter().flat_map(|r| r.wrong(true)).collect();
        let enrolments = rosters.iter().flat_map(|roster| &roster.enrolments);
        for enrolment in enrolments {
            for phone in &self.phones {
                let shown = phone.client().enrolment(enrolment.id);
                let Ok(shown) = shown else { continue };
                let seat = shown.enrolment.standing.seat;
                if seat != enrolment.standing.seat {
                    let (name, id) = (phone.name(), enrolment.id);
                    let at_relay = enrolment.standing.seat;
                    wrong.push(format!(
                        "{name}: {id} shows {seat:?}, at the relay {at_relay:?}"
                    ));
                }
            }
        }
        wrong
    }

    /// The seat that a phone shows for a driver.
    #[must_use]
    pub fn seat(&self, phone: PhoneNo, activity: DocumentId, driver: PersonId) -> Option<Seat> {
        let id = enrolment::id_of(activity, driver);
        let shown = self.phones[phone.0].client().enrolment(id).ok()?;
        shown.enrolment.standing.seat
    }
}

/// What people do about seats.
impl World {
    /// The phone's owner asks for a seat for a driver, who may be the owner; against a lease of
    /// this device if one is named.
    ///
    /// # Errors
    /// As the phone refuses it.
    pub fn enrol(
        &mut self,
        phone: PhoneNo,
        activity: DocumentId,
        station: StationId,
        driver: PersonId,
        lease: Option<EntryId>,
    ) -> Result<DocumentId, ClientError> {
        let id = enrolment::id_of(activity, driver);
        let request = self.request(phone, Ask::Enrol, lease);
        let known = self.phones[phone.0].client().enrolment(id).is_ok();
        let command = if known {
            enrolment::Command::Request(request)
        } else {
            enrolment::Command::Create(NewEnrolment {
                driver,
                driver_name: "王师傅".to_owned(),
                activity,
                station,
                first: First::Request(request),
            })
        };
        let command = Command::Enrolment(command);
        self.phones[phone.0].enter(id, command).map(|_| id)
    }

    /// The phone's owner gives up a driver's seat, if the phone knows of it.
    ///
    /// # Errors
    /// As the phone refuses it.
    pub fn give_up(
        &mut self,
        phone: PhoneNo,
        activity: DocumentId,
        driver: PersonId,
    ) -> Result<(), ClientError> {
        let id = enrolment::id_of(activity, driver);
        let request = self.request(phone, Ask::Cancel, None);
        let command = Command::Enrolment(enrolment::Command::Request(request));
        self.phones[phone.0].enter(id, command).map(|_| ())
    }

    fn request(&mut self, phone: PhoneNo, what: Ask, lease: Option<EntryId>) -> NewRequest {
        let phone = &mut self.phones[phone.0];
        NewRequest {
            entry: phone.new_entry(),
            what,
            lease,
            by: phone.person(),
            at: phone.clock().reads(),
        }
    }

    /// A keeper edits an activity.
    ///
    /// # Errors
    /// As the phone refuses it.
    pub fn edit_activity(
        &mut self,
        keeper: PhoneNo,
        activity: DocumentId,
        command: activity::Command,
    ) -> Result<(), ClientError> {
        let command = Command::Activity(command);
        self.phones[keeper.0].enter(activity, command).map(|_| ())
    }

    /// A keeper's device asks for seats to give away until so many milliseconds from now. The
    /// lease, once granted, has the id returned.
    ///
    /// # Panics
    /// If the phone refuses it.
    pub fn ask_lease(
        &mut self,
        keeper: PhoneNo,
        activity: DocumentId,
        seats: u32,
        for_ms: i64,
    ) -> EntryId {
        let phone = &mut self.phones[keeper.0];
        let (entry, now) = (phone.new_entry(), phone.clock().reads());
        let ask = activity::Command::AskLease {
            entry,
            seats,
            until: now.saturating_add_ms(for_ms),
            device: phone.device(),
            by: phone.person(),
            at: now,
        };
        self.edit_activity(keeper, activity, ask).expect("an ask");
        entry
    }

    /// A lease is returned: by its device, or as lost by somebody else.
    ///
    /// # Errors
    /// As the phone refuses it.
    pub fn return_lease(
        &mut self,
        keeper: PhoneNo,
        activity: DocumentId,
        lease: EntryId,
        used: u32,
        lost: bool,
    ) -> Result<(), ClientError> {
        let phone = &mut self.phones[keeper.0];
        let back = activity::Command::ReturnLease {
            entry: phone.new_entry(),
            lease,
            used,
            lost,
            by: phone.person(),
            at: phone.clock().reads(),
        };
        self.edit_activity(keeper, activity, back)
    }

    /// An activity as a phone shows it.
    ///
    /// # Panics
    /// If it does not know it.
    #[must_use]
    pub fn activity(&self, phone: PhoneNo, activity: DocumentId) -> Activity {
        let shown = self.phones[phone.0].client().activity(activity);
        shown.expect("a known activity").activity
    }

    /// Drivers whose seats a phone counts under a lease.
    ///
    /// # Panics
    /// If the store fails.
    #[must_use]
    pub fn used_of_lease(&self, phone: PhoneNo, activity: DocumentId, lease: EntryId) -> u32 {
        let shown = self.phones[phone.0].client().activity(activity);
        let leases = shown.expect("a known activity").leases;
        let lease = leases.iter().find(|row| row.lease == lease);
        lease.map_or(0, |row| row.used)
    }
}
