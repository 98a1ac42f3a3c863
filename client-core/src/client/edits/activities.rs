//! What a station's people do with activities and notices.

use yizhan_proto::{ChangeHash, DocumentId, EntryId, RegionKey, StationId, Timestamp};

use crate::client::Client;
use crate::error::ClientError;
use crate::model::activity::{self, Choice, NewActivity, Options, Sort, State};
use crate::model::notice::{self, Level, NewNotice};
use crate::model::{Command, Refusal, RefusalCode};
use crate::store::LeaseRow;

/// An activity to announce.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityEntry {
    /// The host station; its region is the activity's.
    pub station: StationId,
    /// What sort it is.
    pub sort: Sort,
    /// Title, one line.
    pub title: String,
    /// What it is about.
    pub text: Option<String>,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// Where, if not at the station itself.
    pub place: Option<String>,
    /// Seats; `None`: without bound.
    pub capacity: Option<u32>,
    /// Where it stands.
    pub state: State,
    /// Questions drawn for each driver; `None`: all of them.
    pub quiz_draw: Option<u32>,
}

/// What to change of an activity; `None`: as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ActivityUpdate {
    /// Title.
    pub title: Option<String>,
    /// What it is about.
    pub text: Option<String>,
    /// Where.
    pub place: Option<String>,
    /// When it begins.
    pub starts_at: Option<Timestamp>,
    /// When it ends.
    pub ends_at: Option<Timestamp>,
    /// Seats.
    pub capacity: Option<u32>,
    /// Questions drawn for each driver.
    pub quiz_draw: Option<u32>,
}

/// A notice to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeEntry {
    /// Everybody in this region reads it; `None`: only the station's keepers.
    pub region: Option<RegionKey>,
    /// The station whose keeper publishes it.
    pub station: Option<StationId>,
    /// Title, one line.
    pub title: String,
    /// The message.
    pub text: String,
    /// How much it matters.
    pub level: Level,
    /// In force until; `None`: until it is withdrawn.
    pub until: Option<Timestamp>,
}

impl Client {
    /// Announces an activity (a keeper of the station, a coordinator of its region).
    ///
    /// # Errors
    /// As [`Client::edit`]; [`ClientError::NotFound`] if the station is not here.
    pub fn create_activity(&mut self, entry: ActivityEntry) -> Result<DocumentId, ClientError> {
        let region = self.region_of(entry.station)?;
        let command = activity::Command::Create(NewActivity {
            region,
            station: entry.station,
            sort: entry.sort,
            title: entry.title,
            text: entry.text,
            starts_at: entry.starts_at,
            ends_at: entry.ends_at,
            place: entry.place,
            capacity: entry.capacity,
            state: entry.state,
            quiz_draw: entry.quiz_draw,
            by: self.store.author()?.person,
        });
        let id = self.new_document_id()?;
        self.edit(id, &Command::Activity(command))?;
        Ok(id)
    }

    /// Changes an activity, one change for each sort of thing: words, time, seats, quiz. Returns
    /// the number of changes.
    ///
    /// # Errors
    /// As [`Client::edit`]; what stands before the refused one was stored.
    pub fn update_activity(
        &mut self,
        activity: DocumentId,
        update: ActivityUpdate,
    ) -> Result<u32, ClientError> {
        let now = self.store.activity(activity)?.activity;
        let mut commands = Vec::new();
        if update.title.is_some() || update.text.is_some() || update.place.is_some() {
            commands.push(activity::Command::Describe {
                title: update.title,
                text: update.text,
                place: update.place,
            });
        }
        if update.starts_at.is_some() || update.ends_at.is_some() {
            let missing = |name| Refusal::new(RefusalCode::FieldMissing).at(name);
            let starts_at = update.starts_at.or(now.starts_at.value);
            let ends_at = update.ends_at.or(now.ends_at.value);
            commands.push(activity::Command::Reschedule {
                starts_at: starts_at.ok_or_else(|| missing("starts_at"))?,
                ends_at: ends_at.ok_or_else(|| missing("ends_at"))?,
            });
        }
        commands.extend(update.capacity.map(activity::Command::SetCapacity));
        commands.extend(update.quiz_draw.map(activity::Command::SetQuizDraw));
        if commands.is_empty() {
            return Err(Refusal::new(RefusalCode::NothingChanged).into());
        }
        let mut changes = 0;
        for command in commands {
            self.edit(activity, &Command::Activity(command))?;
            changes += 1;
        }
        Ok(changes)
    }

    /// Says where an activity stands.
    ///
    /// # Errors
    /// As [`Client::edit`].
    pub fn set_activity_state(
        &mut self,
        activity: DocumentId,
        state: State,
    ) -> Result<ChangeHash, ClientError> {
        let command = activity::Command::SetState(state);
        self.edit(activity, &Command::Activity(command))
    }

    /// Adds a question to an activity's quiz.
    ///
    /// # Errors
    /// As [`Client::edit`].
    pub fn add_question(
        &mut self,
        activity: DocumentId,
        text: &str,
        options: Options,
        answer: Choice,
    ) -> Result<EntryId, ClientError> {
        let entry = self.new_entry_id()?;
        let command = activity::Command::AddQuestion {
            entry,
            text: text.to_owned(),
            options,
            answer,
            by: self.store.author()?.person,
            at: self.clock.now(),
        };
        self.edit(activity, &Command::Activity(command))?;
        Ok(entry)
    }

    /// Asks for seats that this device may give away while it is offline, until a time of the
    /// relay's. The relay grants it at the next sync, if there are seats.
    ///
    /// # Errors
    /// As [`Client::edit`].
    pub fn ask_lease(
        &mut self,
        activity: DocumentId,
        seats: u32,
        until: Timestamp,
    ) -> Result<EntryId, ClientError> {
        let entry = self.new_entry_id()?;
        let command = activity::Command::AskLease {
            entry,
            seats,
            until,
            device: self.store.device()?.device,
            by: self.store.author()?.person,
            at: self.clock.now(),
        };
        self.edit(activity, &Command::Activity(command))?;
        Ok(entry)
    }

    /// Returns what is left of a lease: one of this device's, or, as lost, one of another device
    /// that will not be heard of again.
    ///
    /// # Errors
    /// As [`Client::edit`]; [`RefusalCode::ReferenceUnknown`] if there is no such lease,
    /// [`RefusalCode::NothingChanged`] if it has been returned, [`RefusalCode::ValueNotSelf`] if it
    /// is another device's and not said to be lost.
    pub fn return_lease(
        &mut self,
        activity: DocumentId,
        lease: EntryId,
        lost: bool,
    ) -> Result<EntryId, ClientError> {
        let leases = self.store.activity(activity)?.leases;
        let refused = |code| ClientError::Refused(Refusal::new(code).at("lease"));
        let lease = leases
            .into_iter()
            .find(|known| known.lease == lease)
            .ok_or_else(|| refused(RefusalCode::ReferenceUnknown))?;
        if lease.returned {
            return Err(refused(RefusalCode::NothingChanged));
        }
        if !lost && lease.device != self.store.device()?.device {
            return Err(refused(RefusalCode::ValueNotSelf));
        }
        self.give_back(&lease, lost)
    }

    /// Returns this device's leases that have ended by what it knows of the relay's clock, so that
    /// seats nobody took go back. Called at the beginning of every sync. Returns how many.
    ///
    /// # Errors
    /// [`ClientError::Store`]. A lease that the rules do not let this person return any more stays
    /// for somebody else to return as lost.
    pub fn return_expired_leases(&mut self) -> Result<u32, ClientError> {
        let now = self.store.relay_time(self.clock.now())?;
        let device = self.store.device()?.device;
        let mut returned = 0;
        for lease in self.store.leases_of(device)? {
            if now < lease.until {
                continue;
            }
            match self.give_back(&lease, false) {
                Ok(_) => returned += 1,
                Err(ClientError::Refused(_) | ClientError::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(returned)
    }

    fn give_back(&mut self, lease: &LeaseRow, lost: bool) -> Result<EntryId, ClientError> {
        let entry = self.new_entry_id()?;
        let command = activity::Command::ReturnLease {
            entry,
            lease: lease.lease,
            used: if lost { 0 } else { lease.used },
            lost,
            by: self.store.author()?.person,
            at: self.clock.now(),
        };
        self.edit(lease.activity, &Command::Activity(command))?;
        Ok(entry)
    }

    /// Publishes a notice (a keeper of the station, a coordinator of the region).
    ///
    /// # Errors
    /// As [`Client::edit`].
    pub fn publish_notice(&mut self, entry: NoticeEntry) -> Result<DocumentId, ClientError> {
        let command = notice::Command::Publish(NewNotice {
            region: entry.region,
            station: entry.station,
            title: entry.title,
            text: entry.text,
            level: entry.level,
            published_at: self.clock.now(),
            until: entry.until,
            by: self.store.author()?.person,
        });
        let id = self.new_document_id()?;
        self.edit(id, &Command::Notice(command))?;
        Ok(id)
    }

    /// Takes a notice back, as of this moment.
    ///
    /// # Errors
    /// As [`Client::edit`]; [`RefusalCode::NothingChanged`] if it has been taken back.
    pub fn withdraw_notice(&mut self, notice: DocumentId) -> Result<ChangeHash, ClientError> {
        let withdrawn = self.store.notice(notice)?.notice.withdrawn_at;
        if withdrawn.value.is_some() {
            let why = Refusal::new(RefusalCode::NothingChanged).at("withdrawn_at");
            return Err(why.into());
        }
        let withdrawn_at = self.clock.now();
        let command = notice::Command::Withdraw { withdrawn_at };
        self.edit(notice, &Command::Notice(command))
    }

    /// The region of a station whose document is here.
    fn region_of(&self, station: StationId) -> Result<RegionKey, ClientError> {
        let row = self.store.station_by_key_or_id(&station.to_string())?;
        row.region.ok_or_else(|| {
            ClientError::Refused(Refusal::new(RefusalCode::FieldMissing).at("region"))
        })
    }
}
