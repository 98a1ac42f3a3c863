//! What screens show of activities, enrolments and notices.

use yizhan_proto::{DeviceId, DocumentId, EntryId, PersonId, RegionKey, StationId, Timestamp};

use crate::model::activity::{Activity, Sort, State};
use crate::model::enrolment::{Enrolment, Grade, Seat};
use crate::model::notice::{Level, Notice};
use crate::store::ChangeInfo;

/// Which activities to list. Empty: all. By their beginning: what comes first, first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ActivityFilter {
    /// In the directory of this region.
    pub region: Option<RegionKey>,
    /// Held by this station.
    pub station: Option<StationId>,
    /// Only those that have not ended.
    pub upcoming: bool,
    /// At most so many; 0: all.
    pub limit: u32,
}

/// One activity in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityRow {
    /// Its document.
    pub id: DocumentId,
    /// The region.
    pub region: Option<RegionKey>,
    /// The host station.
    pub station: StationId,
    /// The station's name, if its document is here.
    pub station_name: Option<String>,
    /// What sort it is.
    pub sort: Option<Sort>,
    /// Title.
    pub title: String,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// Where, if not at the station itself.
    pub place: Option<String>,
    /// Seats; `None`: without bound.
    pub capacity: Option<u32>,
    /// Where it stands; `None`: in a state of a newer version.
    pub state: Option<State>,
    /// Questions of its quiz.
    pub questions: u32,
    /// Seats taken, as far as the enrolments are here: all of them on a host keeper's device.
    pub taken: u32,
    /// How this device's person stands to a seat.
    pub own_seat: Option<Seat>,
    /// Whether a field was set differently at the same time.
    pub conflict: bool,
    /// Whether it holds changes that are not at the relay yet.
    pub unsent: bool,
    /// Whether it holds changes that were refused or wait for a decision.
    pub held: bool,
}

/// One activity with all that is known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityDetail {
    /// The activity.
    pub activity: Activity,
    /// The station's name, if its document is here.
    pub station_name: Option<String>,
    /// The station's key, if its document is here.
    pub station_key: Option<String>,
    /// Seats taken, as far as the enrolments are here.
    pub taken: u32,
    /// Its leases, as they are used here.
    pub leases: Vec<LeaseRow>,
    /// Every change, in the order in which they build on each other.
    pub changes: Vec<ChangeInfo>,
}

/// A lease as a device holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseRow {
    /// The activity.
    pub activity: DocumentId,
    /// The lease's entry.
    pub lease: EntryId,
    /// The device that may use it.
    pub device: DeviceId,
    /// Seats granted.
    pub seats: u32,
    /// Until when they may be given away, by the relay's clock.
    pub until: Timestamp,
    /// Seats given away, also those given up since, as far as the enrolments are here: all of them
    /// on the device itself.
    pub used: u32,
    /// Whether it has been returned.
    pub returned: bool,
}

/// Which enrolments to list. Empty: all. Newest first; those of one activity, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EnrolmentFilter {
    /// Of this driver.
    pub driver: Option<PersonId>,
    /// In this activity: its roster.
    pub activity: Option<DocumentId>,
    /// At this station.
    pub station: Option<StationId>,
    /// At most so many; 0: all.
    pub limit: u32,
}

/// One enrolment in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolmentRow {
    /// Its document.
    pub id: DocumentId,
    /// The driver.
    pub driver: PersonId,
    /// The driver's name as recorded.
    pub driver_name: String,
    /// The activity.
    pub activity: DocumentId,
    /// The activity's title, if its document is here.
    pub title: Option<String>,
    /// When the activity begins, if its document is here.
    pub starts_at: Option<Timestamp>,
    /// The host station.
    pub station: StationId,
    /// The station's name, if its document is here.
    pub station_name: Option<String>,
    /// How the driver stands to a seat; `None`: nobody asked for one.
    pub seat: Option<Seat>,
    /// The lease against which the seat is.
    pub lease: Option<EntryId>,
    /// When the driver first asked, or was first scanned.
    pub asked_at: Timestamp,
    /// When the driver was seen there.
    pub attended_at: Option<Timestamp>,
    /// Whether the driver was there without a seat.
    pub walk_in: bool,
    /// Scans that were one too many.
    pub duplicates: u32,
    /// Scans of codes that did not show that the driver was there.
    pub failed_scans: u32,
    /// Questions answered right, and asked.
    pub quiz: Option<(u32, u32)>,
    /// The driver's rating.
    pub rating: Option<u8>,
    /// The certificate's number.
    pub certificate: Option<String>,
    /// Whether a field was set differently at the same time.
    pub conflict: bool,
    /// Whether it holds changes that are not at the relay yet.
    pub unsent: bool,
    /// Whether it holds changes that were refused or wait for a decision.
    pub held: bool,
}

/// One enrolment with all that is known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolmentDetail {
    /// The enrolment.
    pub enrolment: Enrolment,
    /// Its activity, if it is here.
    pub activity: Option<Activity>,
    /// What the stored answers come to, found anew from activity and answers.
    pub grade: Option<Grade>,
    /// The station's name, if its document is here.
    pub station_name: Option<String>,
    /// Every change, in the order in which they build on each other.
    pub changes: Vec<ChangeInfo>,
}

/// Which notices to list. Empty: all. The most urgent first, then the newest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NoticeFilter {
    /// For this region.
    pub region: Option<RegionKey>,
    /// From this station.
    pub station: Option<StationId>,
    /// Only those in force.
    pub in_force: bool,
    /// At most so many; 0: all.
    pub limit: u32,
}

/// One notice in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeRow {
    /// Its document.
    pub id: DocumentId,
    /// Whose region reads it.
    pub region: Option<RegionKey>,
    /// Whose station it is from.
    pub station: Option<StationId>,
    /// The station's name, if its document is here.
    pub station_name: Option<String>,
    /// Title.
    pub title: String,
    /// The message.
    pub text: String,
    /// How much it matters.
    pub level: Level,
    /// When it was published.
    pub published_at: Timestamp,
    /// In force until.
    pub until: Option<Timestamp>,
    /// When it was taken back.
    pub withdrawn_at: Option<Timestamp>,
    /// Whether it is in force.
    pub in_force: bool,
    /// Whether it holds changes that are not at the relay yet.
    pub unsent: bool,
    /// Whether it holds changes that were refused or wait for a decision.
    pub held: bool,
}

/// One notice with all that is known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeDetail {
    /// The notice.
    pub notice: Notice,
    /// The station's name, if its document is here.
    pub station_name: Option<String>,
    /// Every change, in the order in which they build on each other.
    pub changes: Vec<ChangeInfo>,
}
