//! What a phone's owner enters at activities, in requests, and as notices.

use yizhan_client_core::error::ClientError;
use yizhan_client_core::model::Command;
use yizhan_client_core::model::activity::{self, Choice, NewActivity, Options, Sort, State};
use yizhan_client_core::model::case_note::{self, NewNote};
use yizhan_client_core::model::enrolment::{
    self, Ask, First, NewEnrolment, NewRequest, NewScan, ScanResult,
};
use yizhan_client_core::model::notice::{self, Level, NewNotice};
use yizhan_client_core::model::ticket::{self, Act, Class, NewTicket, PartyRole};
use yizhan_client_core::transport::Transport;
use yizhan_proto::{DeskKey, DocumentId, EntryId, PersonId, RegionKey, StationId};

use super::Phone;
use crate::clock::HOUR_MS;

type Entered = Result<DocumentId, ClientError>;

/// Activities.
impl<T: Transport> Phone<T> {
    /// A keeper announces an activity at a station, open at once.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn announce(
        &mut self,
        (region, station): (RegionKey, StationId),
        (sort, title): (Sort, &str),
        capacity: Option<u32>,
    ) -> Entered {
        let now = self.clock().reads();
        let new = NewActivity {
            region,
            station,
            sort,
            title: title.to_owned(),
            text: None,
            starts_at: now.saturating_add_ms(HOUR_MS),
            ends_at: now.saturating_add_ms(3 * HOUR_MS),
            place: None,
            capacity,
            state: State::Open,
            quiz_draw: (sort == Sort::Quiz).then_some(3),
            by: self.person(),
        };
        let id = self.new_document();
        self.at_activity(id, activity::Command::Create(new))
    }

    fn at_activity(&mut self, id: DocumentId, command: activity::Command) -> Entered {
        self.enter(id, Command::Activity(command)).map(|_| id)
    }

    /// A keeper adds a question whose right answer is `b`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn add_question(&mut self, activity: DocumentId, text: &str) -> Entered {
        let command = activity::Command::AddQuestion {
            entry: self.new_entry(),
            text: text.to_owned(),
            options: Options {
                a: "2 小时".to_owned(),
                b: "4 小时".to_owned(),
                c: Some("6 小时".to_owned()),
                d: None,
            },
            answer: Choice::B,
            by: self.person(),
            at: self.clock().reads(),
        };
        self.at_activity(activity, command)
    }

    /// A keeper sets the number of seats.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn set_capacity(&mut self, activity: DocumentId, seats: u32) -> Entered {
        self.at_activity(activity, activity::Command::SetCapacity(seats))
    }

    /// A keeper says where the activity stands.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn set_state(&mut self, activity: DocumentId, state: State) -> Entered {
        self.at_activity(activity, activity::Command::SetState(state))
    }

    fn request(&mut self, what: Ask) -> NewRequest {
        NewRequest {
            entry: self.new_entry(),
            what,
            lease: None,
            by: self.person(),
            at: self.clock().reads(),
        }
    }

    fn in_enrolment(&mut self, id: DocumentId, command: enrolment::Command) -> Entered {
        self.enter(id, Command::Enrolment(command)).map(|_| id)
    }

    /// Asks for a seat, for a driver; where that was done before, once more.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn enrol(
        &mut self,
        (driver, name): (PersonId, &str),
        (activity, station): (DocumentId, StationId),
    ) -> Entered {
        let id = enrolment::id_of(activity, driver);
        let request = self.request(Ask::Enrol);
        let command = if self.client().enrolment(id).is_ok() {
            enrolment::Command::Request(request)
        } else {
            enrolment::Command::Create(NewEnrolment {
                driver,
                driver_name: name.to_owned(),
                activity,
                station,
                first: First::Request(request),
            })
        };
        self.in_enrolment(id, command)
    }

    /// Gives a seat up.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn give_up(&mut self, enrolment: DocumentId) -> Entered {
        let request = self.request(Ask::Cancel);
        self.in_enrolment(enrolment, enrolment::Command::Request(request))
    }

    /// A keeper scans a driver's code at the door.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn scan(&mut self, enrolment: DocumentId, result: ScanResult) -> Entered {
        let scan = NewScan {
            entry: self.new_entry(),
            nonce: self.new_entry(),
            result,
            code: None,
            by: self.person(),
            at: self.clock().reads(),
        };
        self.in_enrolment(enrolment, enrolment::Command::Scan(scan))
    }

    /// A driver answers a question of the quiz.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn answer(&mut self, enrolment: DocumentId, question: EntryId, choice: Choice) -> Entered {
        let command = enrolment::Command::Answer {
            entry: self.new_entry(),
            question,
            choice,
            at: self.clock().reads(),
        };
        self.in_enrolment(enrolment, command)
    }

    /// A driver says how it was.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn feedback(&mut self, enrolment: DocumentId, stars: u8, text: &str) -> Entered {
        let command = enrolment::Command::Feedback {
            rating: stars,
            text: Some(text.to_owned()),
        };
        self.in_enrolment(enrolment, command)
    }

    /// A keeper issues a certificate.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn certify(&mut self, enrolment: DocumentId, number: &str) -> Entered {
        self.in_enrolment(enrolment, enrolment::Command::Certify(number.to_owned()))
    }

    /// A keeper publishes a notice: for the region, or without one for the station's keepers.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn publish(
        &mut self,
        region: Option<RegionKey>,
        station: StationId,
        (level, title): (Level, &str),
    ) -> Entered {
        let id = self.new_document();
        let new = NewNotice {
            region,
            station: Some(station),
            title: title.to_owned(),
            text: title.to_owned(),
            level,
            published_at: self.clock().reads(),
            until: None,
            by: self.person(),
        };
        let command = notice::Command::Publish(new);
        self.enter(id, Command::Notice(command)).map(|_| id)
    }
}

/// Requests.
impl<T: Transport> Phone<T> {
    /// The owner raises a request at a station.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn raise(
        &mut self,
        (desk, region): (DeskKey, RegionKey),
        station: Option<StationId>,
        (class, title): (Class, &str),
        (visit, activity): (Option<DocumentId>, Option<DocumentId>),
    ) -> Entered {
        let id = self.new_document();
        let (me, name) = (self.person(), self.name().to_owned());
        let new = NewTicket {
            driver: me,
            driver_name: name,
            region,
            desk,
            station,
            visit,
            activity,
            class,
            title: title.to_owned(),
            text: title.to_owned(),
            raised_at: self.clock().reads(),
            about: None,
            about_text: None,
            phone: None,
            by: me,
        };
        self.in_ticket(id, ticket::Command::Raise(Box::new(new)))
    }

    fn in_ticket(&mut self, id: DocumentId, command: ticket::Command) -> Entered {
        self.enter(id, Command::Ticket(command)).map(|_| id)
    }

    /// A step of a request.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn step(&mut self, ticket: DocumentId, act: Act) -> Entered {
        let command = ticket::Command::Act {
            entry: self.new_entry(),
            by: self.person(),
            at: self.clock().reads(),
            act,
        };
        self.in_ticket(ticket, command)
    }

    /// A comment on a request.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn comment(&mut self, ticket: DocumentId, text: &str) -> Entered {
        let command = ticket::Command::Comment {
            entry: self.new_entry(),
            by: self.person(),
            at: self.clock().reads(),
            text: text.to_owned(),
        };
        self.in_ticket(ticket, command)
    }

    /// A party of a dispute is named.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn name_party(&mut self, ticket: DocumentId, name: &str) -> Entered {
        let command = ticket::Command::AddParty {
            entry: self.new_entry(),
            by: self.person(),
            at: self.clock().reads(),
            role: PartyRole::Merchant,
            name: name.to_owned(),
            contact: None,
        };
        self.in_ticket(ticket, command)
    }

    /// A desk's note on a request.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn case_note(
        &mut self,
        ticket: DocumentId,
        (desk, region): (DeskKey, RegionKey),
        text: &str,
    ) -> Entered {
        let id = self.new_document();
        let new = NewNote {
            desk,
            region,
            ticket,
            by: self.person(),
            at: self.clock().reads(),
            text: text.to_owned(),
        };
        let command = Command::CaseNote(case_note::Command::Create(new));
        self.enter(id, command).map(|_| id)
    }
}
