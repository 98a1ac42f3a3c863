//! One driver's place in one activity: asking for a seat, the relay's decisions, attendance, the
//! quiz, feedback, the certificate.
//!
//! There is one document for each driver and activity, and its id follows from both
//! ([`id_of`]): two phones that make it apart from each other make twins, which merge.

use sha2::{Digest, Sha256};
use yizhan_proto::{DocumentId, EntryId, Kind, PersonId, StationId, Timestamp};

use super::activity::Choice;
use super::document::{Register, Unreadable};
use super::order::{Order, Place};
use super::reader::{Map, Reader};
use super::{Activity, Document};

pub mod attendance;
mod certificate;
mod command;
mod events;
pub mod quiz;
mod rules;
pub mod seat;

pub use attendance::{Mark, Scan, ScanResult};
pub use certificate::certificate_number;
pub use command::{Command, First, NewEnrolment, NewRequest, NewScan};
pub use events::{SeatEvent, seat_events};
pub use quiz::Grade;
pub(crate) use rules::RULES;
pub use seat::{Ask, Decision, Outcome, Reason, Request, Seat, Standing};

/// The id of a driver's enrolment in an activity: a UUIDv8 of SHA-256, the same on every device.
#[must_use]
pub fn id_of(activity: DocumentId, driver: PersonId) -> DocumentId {
    let mut hash = Sha256::new();
    hash.update(b"yizhan enrolment 1");
    hash.update(activity.as_bytes());
    hash.update(driver.as_bytes());
    let digest: [u8; 32] = hash.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    let id = uuid::Builder::from_custom_bytes(bytes).into_uuid();
    DocumentId::from_bytes(id.into_bytes())
}

/// An answer to a question of the quiz.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// Its entry.
    pub entry: EntryId,
    /// Its place in the fold.
    pub place: Place,
    /// The question's entry in the activity.
    pub question: EntryId,
    /// What was chosen.
    pub choice: Choice,
    /// When.
    pub at: Timestamp,
}

/// An enrolment as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// Its document.
    pub id: DocumentId,
    /// The driver.
    pub driver: PersonId,
    /// The driver's name.
    pub driver_name: String,
    /// The activity.
    pub activity: DocumentId,
    /// The host station.
    pub station: StationId,
    /// What was asked for, in the order of the fold.
    pub requests: Vec<Request>,
    /// What the relay decided, in the order of the fold.
    pub decisions: Vec<Decision>,
    /// What both come to; [`Standing::seat`] is `None` if nobody ever asked (a walk-in).
    pub standing: Standing,
    /// Every scan of the driver's code, in the order of the fold, each with its mark.
    pub scans: Vec<Scan>,
    /// Answers, in the order of the fold. The first to a question counts.
    pub answers: Vec<Answer>,
    /// How many of the drawn questions were right, as the driver's phone graded it.
    pub quiz_score: Register<u32>,
    /// How many questions were drawn when it graded.
    pub quiz_asked: Register<u32>,
    /// The driver's rating, 1–5.
    pub feedback_rating: Register<u8>,
    /// The driver's feedback in words.
    pub feedback: Register<String>,
    /// The certificate's number.
    pub certificate: Register<String>,
}

impl Enrolment {
    /// Reads an enrolment, tolerating unknown fields and both string forms. `order` says which
    /// sequence the relay gave each change: the folds follow it.
    ///
    /// # Errors
    /// [`Unreadable`] if the document is not an enrolment.
    pub fn read(document: &Document, order: &Order) -> Result<Self, Unreadable> {
        let reader = Reader::new(document, Kind::Enrolment)?;
        let root = reader.root();
        let requests = ordered(&reader, "requests", order, seat::request);
        let decisions = ordered(&reader, "decisions", order, seat::decision);
        let mut scans = ordered(&reader, "scans", order, attendance::scan);
        attendance::mark(&mut scans);
        Ok(Self {
            id: document.id(),
            driver: root.needed("driver", root.person("driver"))?,
            driver_name: root.text("driver_name").unwrap_or_default(),
            activity: root.needed("activity", root.document("activity"))?,
            station: root.needed("station", root.station("station"))?,
            standing: seat::fold(&requests, &decisions),
            requests,
            decisions,
            scans,
            answers: ordered(&reader, "answers", order, answer),
            quiz_score: root.counts("quiz_score"),
            quiz_asked: root.counts("quiz_asked"),
            feedback_rating: root.ratings("feedback_rating"),
            feedback: root.texts("feedback"),
            certificate: root.texts("certificate"),
        })
    }

    /// The scan that counts: when and by whom the driver was seen there.
    #[must_use]
    pub fn attendance(&self) -> Option<&Scan> {
        self.scans.iter().find(|scan| scan.mark == Mark::Counted)
    }

    /// Grades the stored answers anew: the same wherever and whenever it is done.
    #[must_use]
    pub fn grade(&self, activity: &Activity) -> Grade {
        let drawn = quiz::draw(self.id, activity);
        quiz::grade(&drawn, &self.answers)
    }
}

/// The readable entries of a container, in the order of the fold.
fn ordered<T>(
    reader: &Reader<'_>,
    container: &str,
    order: &Order,
    read: impl Fn(Place, EntryId, &Map<'_>) -> Option<T>,
) -> Vec<T> {
    let entries = reader.ordered(container, order);
    let readable = entries
        .iter()
        .filter_map(|(place, entry, map)| read(*place, *entry, map));
    readable.collect()
}

fn answer(place: Place, entry: EntryId, map: &Map<'_>) -> Option<Answer> {
    Some(Answer {
        entry,
        place,
        question: map.entry("question")?,
        choice: map
            .text("choice")
            .and_then(|text| Choice::from_text(&text))?,
        at: map.time("at")?,
    })
}
