//! What screens show: one row a document for lists, and one document with all its details.

mod activities;
mod tickets;

pub use activities::{
    ActivityDetail, ActivityFilter, ActivityRow, EnrolmentDetail, EnrolmentFilter, EnrolmentRow,
    LeaseRow, NoticeDetail, NoticeFilter, NoticeRow,
};

use yizhan_proto::{DocumentId, Kind, PersonId, RegionKey, StationId, Timestamp};

use super::ChangeInfo;
use crate::model::check::Check;
use crate::model::consent::{Consent, Purpose};
use crate::model::station::Station;
use crate::model::visit::Visit;
use crate::model::vitals::Level;

pub use tickets::{TicketDetail, TicketFilter, TicketReview, TicketRow};

/// One station in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct StationRow {
    /// Its document.
    pub id: StationId,
    /// Short name for people and commands.
    pub key: String,
    /// Name as shown.
    pub name: String,
    /// Region whose directory it is in.
    pub region: Option<RegionKey>,
    /// Sort of station: `driver_home`, `courier_station`, `service_area`, `repair`, `office`.
    pub station_type: Option<String>,
    /// Street address.
    pub address: Option<String>,
    /// Phone number.
    pub phone: Option<String>,
    /// Opening hours, in words.
    pub hours: Option<String>,
    /// Facility codes, ascending.
    pub facilities: Vec<String>,
    /// Beds in all.
    pub beds_total: Option<u32>,
    /// Beds free, as last said.
    pub beds_free: Option<u32>,
    /// Whether open; `None` if nobody said.
    pub open: Option<bool>,
    /// The notice shown with it.
    pub notice: Option<String>,
    /// Whether a field was set differently at the same time.
    pub conflict: bool,
    /// Whether it holds changes that are not at the relay yet.
    pub unsent: bool,
}

/// Which visits to list. Empty: all. Newest arrival first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VisitFilter {
    /// Of this driver.
    pub driver: Option<PersonId>,
    /// At this station.
    pub station: Option<StationId>,
    /// Only those without a departure that are younger than 24 hours.
    pub open: bool,
    /// At most so many; 0: all.
    pub limit: u32,
}

/// One visit in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitRow {
    /// Its document.
    pub id: DocumentId,
    /// The driver.
    pub driver: PersonId,
    /// The driver's name as recorded.
    pub driver_name: String,
    /// The station.
    pub station: StationId,
    /// The station's name, if its document is here.
    pub station_name: Option<String>,
    /// Arrival.
    pub arrived_at: Timestamp,
    /// Departure.
    pub left_at: Option<Timestamp>,
    /// No departure, and arrived within the last 24 hours.
    pub open: bool,
    /// Plate of the vehicle.
    pub vehicle_plate: Option<String>,
    /// Services given, with their quantities added up.
    pub services_given: u32,
    /// Beds given, with their quantities added up.
    pub beds_given: u32,
    /// The driver's rating.
    pub rating: Option<u8>,
    /// The earlier record of the same arrival (same driver and station, within 30 minutes): shown
    /// as one with it.
    pub same_as: Option<DocumentId>,
    /// Whether a field was set differently at the same time.
    pub conflict: bool,
    /// Whether it holds changes that are not at the relay yet.
    pub unsent: bool,
    /// Whether it holds changes that were refused or wait for a decision.
    pub held: bool,
}

/// One visit with all that is known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitDetail {
    /// The visit.
    pub visit: Visit,
    /// The station's name, if its document is here.
    pub station_name: Option<String>,
    /// No departure, and arrived within the last 24 hours.
    pub open: bool,
    /// Other records of the same arrival.
    pub same_as: Vec<DocumentId>,
    /// Every change, in the order in which they build on each other.
    pub changes: Vec<ChangeInfo>,
}

/// Which checks to list. Empty: all. Newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CheckFilter {
    /// Of this driver.
    pub driver: Option<PersonId>,
    /// At this station.
    pub station: Option<StationId>,
    /// Only those with a crisis.
    pub crisis: bool,
    /// Whether to leave out those that a later one corrects.
    pub latest: bool,
    /// At most so many; 0: all.
    pub limit: u32,
}

/// One check in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckRow {
    /// Its document.
    pub id: DocumentId,
    /// The driver.
    pub driver: PersonId,
    /// The station.
    pub station: StationId,
    /// The station's name, if its document is here.
    pub station_name: Option<String>,
    /// During which visit.
    pub visit: Option<DocumentId>,
    /// When it was taken.
    pub taken_at: Timestamp,
    /// Measurements in words: `systolic 126 mm[Hg], diastolic 80 mm[Hg]`.
    pub summary: String,
    /// Level of the blood pressure, by the rules of that day.
    pub pressure_level: Option<Level>,
    /// Level of the glucose, by the rules of that day.
    pub glucose_level: Option<Level>,
    /// Whether a result is a crisis.
    pub crisis: bool,
    /// The check it corrects.
    pub replaces: Option<DocumentId>,
    /// The check that corrects it.
    pub replaced_by: Option<DocumentId>,
    /// Whether it is not at the relay yet.
    pub unsent: bool,
    /// Whether it was refused or waits for a decision.
    pub held: bool,
    /// Of a crisis: its second reading.
    pub second_reading: Option<SecondReading>,
}

/// What became of the second reading that a crisis asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecondReading {
    /// None was taken; it is due then, five minutes after the first, by the clock of the device
    /// that took that. After a day it is too late for one.
    DueAt(Timestamp),
    /// The check that is it: of the same driver, at any station, within 24 hours.
    Taken(DocumentId),
}

/// A crisis of the last 24 hours that nobody has taken a second reading of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crisis {
    /// The check.
    pub check: DocumentId,
    /// The driver.
    pub driver: PersonId,
    /// The driver's name, if a visit of theirs is here.
    pub driver_name: Option<String>,
    /// Where it was taken.
    pub station: StationId,
    /// The station's name, if its document is here.
    pub station_name: Option<String>,
    /// When it was taken.
    pub taken_at: Timestamp,
    /// Measurements in words.
    pub summary: String,
    /// When the second reading is due.
    pub second_due_at: Timestamp,
}

/// One check with all that is known about it.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckDetail {
    /// The check.
    pub check: Check,
    /// The station's name, if its document is here.
    pub station_name: Option<String>,
    /// The check that corrects it.
    pub replaced_by: Option<DocumentId>,
    /// Of a crisis: its second reading.
    pub second_reading: Option<SecondReading>,
    /// Every change.
    pub changes: Vec<ChangeInfo>,
}

/// Which consents to list. Empty: all. Newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ConsentFilter {
    /// Of this driver.
    pub driver: Option<PersonId>,
    /// Given to this station.
    pub station: Option<StationId>,
    /// For this purpose.
    pub purpose: Option<Purpose>,
    /// At most so many; 0: all.
    pub limit: u32,
}

/// One consent in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentRow {
    /// Its document.
    pub id: DocumentId,
    /// The driver.
    pub driver: PersonId,
    /// The station.
    pub station: StationId,
    /// The station's name, if its document is here.
    pub station_name: Option<String>,
    /// What for.
    pub purpose: Option<Purpose>,
    /// When given.
    pub given_at: Timestamp,
    /// In force until.
    pub until: Option<Timestamp>,
    /// When withdrawn (the earliest, if people said so differently).
    pub withdrawn_at: Option<Timestamp>,
    /// Whether it is in force.
    pub in_force: bool,
    /// Whether it holds changes that are not at the relay yet.
    pub unsent: bool,
    /// Whether it was refused or waits for a decision.
    pub held: bool,
}

/// One document found by a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The document.
    pub document: DocumentId,
    /// Its kind.
    pub kind: Kind,
    /// What it is, in a few words for people.
    pub title: String,
    /// The text around the first place found.
    pub excerpt: String,
}

/// A station's document, opened.
pub type StationDetail = Station;
/// A consent's document, opened.
pub type ConsentDetail = Consent;
