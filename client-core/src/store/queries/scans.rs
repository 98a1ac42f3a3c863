//! What must be known of an activity and a driver when the driver's code is scanned there.

use yizhan_proto::{DocumentId, PersonId, StationId};

use super::super::opened::Opened;
use super::super::{FindError, Store, documents};
use super::open;
use crate::model::enrolment::{self, Seat};

/// An activity at which a code is scanned, and the driver's enrolment there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanPlace {
    /// The activity's host station.
    pub station: StationId,
    /// The activity's title.
    pub title: Option<String>,
    /// The driver's enrolment, which follows from activity and driver.
    pub enrolment: DocumentId,
    /// Whether that is here; if not, the scan makes it.
    pub is_here: bool,
    /// How the driver stands to a seat, as far as is known here; `None`: never asked for one.
    pub seat: Option<Seat>,
    /// Scans of the driver there, those that failed included.
    pub scans: usize,
}

impl Store {
    /// What is known here of an activity, and of a driver's enrolment in it.
    ///
    /// # Errors
    /// [`FindError`] if the activity is not here, or one of the two cannot be opened.
    pub fn scan_place(
        &self,
        activity: DocumentId,
        driver: PersonId,
    ) -> Result<ScanPlace, FindError> {
        self.read(|connection| {
            let none = |document: DocumentId, what| FindError::None {
                what,
                text: document.to_string(),
            };
            let (Opened::Activity(read), _) = open(connection, "activity", activity)? else {
                return Err(none(activity, "activity"));
            };
            let id = enrolment::id_of(activity, driver);
            let mut place = ScanPlace {
                station: read.station,
                title: read.title.value.clone(),
                enrolment: id,
                is_here: documents::find(connection, id)?.is_some(),
                seat: None,
                scans: 0,
            };
            if place.is_here {
                let (Opened::Enrolment(read), _) = open(connection, "enrolment", id)? else {
                    return Err(none(id, "enrolment"));
                };
                place.seat = read.standing.seat;
                place.scans = read.scans.len();
            }
            Ok(place)
        })
    }
}
