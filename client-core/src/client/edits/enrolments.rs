//! What drivers and keepers do with seats: asking, giving up, attending, the quiz, feedback.

use yizhan_proto::{ChangeHash, DocumentId, EntryId, PersonId};

use crate::client::Client;
use crate::error::ClientError;
use crate::model::activity::{Choice, Question};
use crate::model::enrolment::{
    self, Ask, Enrolment, First, Grade, Mark, NewEnrolment, NewRequest, NewScan, ScanResult, Seat,
    certificate_number, quiz,
};
use crate::model::{Activity, Command, Refusal, RefusalCode};

/// A seat to ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolEntry {
    /// In which activity.
    pub activity: DocumentId,
    /// Another driver than this device's person (by a keeper), and the name to show.
    pub driver: Option<(PersonId, String)>,
    /// The own name to show, if the relay has not given one.
    pub own_name: Option<String>,
    /// Whether to give a seat of this device's lease: it is for sure, also offline.
    pub from_lease: bool,
}

/// A scan of a driver's check-in code to record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanEntry {
    /// At which activity.
    pub activity: DocumentId,
    /// Whose code.
    pub driver: PersonId,
    /// The name in it.
    pub driver_name: String,
    /// The code's nonce.
    pub nonce: [u8; 16],
    /// What the device made of the code; [`ScanResult::Ok`] becomes [`ScanResult::WalkIn`] if the
    /// driver has no seat here.
    pub result: ScanResult,
    /// The code itself.
    pub code: Option<String>,
}

/// A scan that was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scanned {
    /// The driver's enrolment.
    pub enrolment: DocumentId,
    /// What was recorded.
    pub result: ScanResult,
    /// What it is next to earlier scans.
    pub mark: Mark,
    /// How the driver stands to a seat.
    pub seat: Option<Seat>,
}

/// A driver's quiz.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuizSheet {
    /// The questions drawn for the driver, with what was answered first.
    pub questions: Vec<(Question, Option<Choice>)>,
    /// What the answers come to.
    pub grade: Grade,
}

impl Client {
    /// Asks for a seat. Without a lease the relay decides at the next sync.
    ///
    /// # Errors
    /// As [`Client::edit`]; [`RefusalCode::NothingChanged`] if the driver has asked already,
    /// [`RefusalCode::LeaseSpent`] if no lease of this device has a seat left.
    pub fn enrol(&mut self, entry: EnrolEntry) -> Result<DocumentId, ClientError> {
        let lease = if entry.from_lease {
            Some(self.lease_with_room(entry.activity)?)
        } else {
            None
        };
        let (driver, driver_name) = self.driver_of(entry.driver, entry.own_name)?;
        let id = enrolment::id_of(entry.activity, driver);
        let request = NewRequest {
            entry: self.new_entry_id()?,
            what: Ask::Enrol,
            lease,
            by: self.store.author()?.person,
            at: self.clock.now(),
        };
        let command = if self.store.has_enrolment(id)? {
            let seat = self.store.enrolment(id)?.enrolment.standing.seat;
            let standing = seat.is_some_and(|seat| match lease {
                Some(_) => seat.is_taken(),
                None => seat.is_open(),
            });
            if standing {
                return Err(Refusal::new(RefusalCode::NothingChanged)
                    .at("requests")
                    .into());
            }
            enrolment::Command::Request(request)
        } else {
            enrolment::Command::Create(NewEnrolment {
                driver,
                driver_name,
                activity: entry.activity,
                station: self.store.activity(entry.activity)?.activity.station,
                first: First::Request(request),
            })
        };
        self.edit(id, &Command::Enrolment(command))?;
        Ok(id)
    }

    /// A lease of this device, for that activity, that has not ended and has a seat left.
    fn lease_with_room(&self, activity: DocumentId) -> Result<EntryId, ClientError> {
        let now = self.store.relay_time(self.clock.now())?;
        let leases = self.store.leases_of(self.store.device()?.device)?;
        let lease = leases.into_iter().find(|lease| {
            lease.activity == activity && now < lease.until && lease.used < lease.seats
        });
        lease
            .map(|lease| lease.lease)
            .ok_or_else(|| Refusal::new(RefusalCode::LeaseSpent).at("lease").into())
    }

    /// Gives a seat, or the wait for one, up.
    ///
    /// # Errors
    /// As [`Client::edit`]; [`RefusalCode::NothingChanged`] if there is nothing to give up.
    pub fn cancel_enrolment(&mut self, id: DocumentId) -> Result<ChangeHash, ClientError> {
        let standing = self.store.enrolment(id)?.enrolment.standing;
        if !standing.seat.is_some_and(Seat::is_open) {
            return Err(Refusal::new(RefusalCode::NothingChanged)
                .at("requests")
                .into());
        }
        let request = NewRequest {
            entry: self.new_entry_id()?,
            what: Ask::Cancel,
            lease: None,
            by: self.store.author()?.person,
            at: self.clock.now(),
        };
        self.edit(
            id,
            &Command::Enrolment(enrolment::Command::Request(request)),
        )
    }

    /// Records the scan of a driver's code at an activity, whatever came of it.
    ///
    /// # Errors
    /// As [`Client::edit`].
    pub fn record_scan(&mut self, entry: ScanEntry) -> Result<Scanned, ClientError> {
        let id = enrolment::id_of(entry.activity, entry.driver);
        let exists = self.store.has_enrolment(id)?;
        let seat = match exists {
            true => self.store.enrolment(id)?.enrolment.standing.seat,
            false => None,
        };
        let seated = seat.is_some_and(Seat::is_taken);
        let result = if entry.result == ScanResult::Ok && !seated {
            ScanResult::WalkIn
        } else {
            entry.result
        };
        let scan = NewScan {
            entry: self.new_entry_id()?,
            nonce: EntryId::from_bytes(entry.nonce),
            result,
            code: entry.code,
            by: self.store.author()?.person,
            at: self.clock.now(),
        };
        let recorded = scan.entry;
        let command = if exists {
            enrolment::Command::Scan(scan)
        } else {
            enrolment::Command::Create(NewEnrolment {
                driver: entry.driver,
                driver_name: entry.driver_name,
                activity: entry.activity,
                station: self.store.activity(entry.activity)?.activity.station,
                first: First::Scan(scan),
            })
        };
        self.edit(id, &Command::Enrolment(command))?;
        let scans = self.store.enrolment(id)?.enrolment.scans;
        let mark = scans.iter().find(|scan| scan.entry == recorded);
        Ok(Scanned {
            enrolment: id,
            result,
            mark: mark.map_or(Mark::Failed, |scan| scan.mark),
            seat,
        })
    }

    /// The questions drawn for a driver, and what was answered.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] if the enrolment or its activity is not here.
    pub fn quiz(&self, id: DocumentId) -> Result<QuizSheet, ClientError> {
        let (enrolment, activity) = self.with_activity(id)?;
        Ok(sheet(&enrolment, &activity))
    }

    fn with_activity(&self, id: DocumentId) -> Result<(Enrolment, Activity), ClientError> {
        let enrolment = self.store.enrolment(id)?.enrolment;
        let activity = self.store.activity(enrolment.activity)?.activity;
        Ok((enrolment, activity))
    }

    /// Answers a question of the quiz (the driver). With the last answer the grade is recorded.
    ///
    /// # Errors
    /// As [`Client::edit`]; [`RefusalCode::ValueUnlisted`] for a question that was not drawn or an
    /// option that is not offered, [`RefusalCode::FieldImmutable`] for one that was answered.
    pub fn answer(
        &mut self,
        id: DocumentId,
        question: EntryId,
        choice: Choice,
    ) -> Result<Grade, ClientError> {
        let (enrolment, activity) = self.with_activity(id)?;
        let asked = sheet(&enrolment, &activity).questions;
        let refused = |code, path: &str| ClientError::Refused(Refusal::new(code).at(path));
        let Some((known, answered)) = asked.iter().find(|(known, _)| known.entry == question)
        else {
            return Err(refused(RefusalCode::ValueUnlisted, "question"));
        };
        if answered.is_some() {
            return Err(refused(RefusalCode::FieldImmutable, "question"));
        }
        if !known.options.offers(choice) {
            return Err(refused(RefusalCode::ValueUnlisted, "choice"));
        }
        let command = enrolment::Command::Answer {
            entry: self.new_entry_id()?,
            question,
            choice,
            at: self.clock.now(),
        };
        self.edit(id, &Command::Enrolment(command))?;
        let grade = self.quiz(id)?.grade;
        if grade.answered == grade.asked && enrolment.quiz_score.value.is_none() {
            let command = enrolment::Command::Grade {
                score: grade.score,
                asked: grade.asked,
            };
            self.edit(id, &Command::Enrolment(command))?;
        }
        Ok(grade)
    }

    /// Feedback on an activity, 1–5 and in words (the driver).
    ///
    /// # Errors
    /// As [`Client::edit`].
    pub fn give_feedback(
        &mut self,
        id: DocumentId,
        rating: u8,
        text: Option<String>,
    ) -> Result<ChangeHash, ClientError> {
        let command = enrolment::Command::Feedback { rating, text };
        self.edit(id, &Command::Enrolment(command))
    }

    /// Issues a certificate (a keeper of the host station); without a number given, the one that
    /// follows from station, day and enrolment. Returns the number.
    ///
    /// # Errors
    /// As [`Client::edit`]; [`RefusalCode::ReferenceUnknown`] if no number is given and the
    /// station is not here.
    pub fn certify(
        &mut self,
        id: DocumentId,
        number: Option<String>,
    ) -> Result<String, ClientError> {
        let number = match number {
            Some(number) => number,
            None => {
                let activity = self.store.enrolment(id)?.enrolment.activity;
                let detail = self.store.activity(activity)?;
                let key = detail.station_key.as_deref();
                let at = detail.activity.starts_at.value;
                key.zip(at)
                    .map(|(key, at)| certificate_number(key, at, id))
                    .ok_or_else(|| Refusal::new(RefusalCode::ReferenceUnknown).at("station"))?
            }
        };
        let command = enrolment::Command::Certify(number.clone());
        self.edit(id, &Command::Enrolment(command))?;
        Ok(number)
    }
}

fn sheet(enrolment: &Enrolment, activity: &Activity) -> QuizSheet {
    let drawn = quiz::draw(enrolment.id, activity);
    let grade = quiz::grade(&drawn, &enrolment.answers);
    let first = |question: &Question| {
        let mut answers = enrolment.answers.iter();
        answers
            .find(|answer| answer.question == question.entry)
            .map(|answer| answer.choice)
    };
    QuizSheet {
        questions: drawn
            .into_iter()
            .map(|question| (question.clone(), first(question)))
            .collect(),
        grade,
    }
}
