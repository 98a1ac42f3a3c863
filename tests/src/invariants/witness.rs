//! One phone, as the invariants look at it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use yizhan_client_core::error::ClientError;
use yizhan_client_core::store::{
    ActivityFilter, ConsentFilter, EnrolmentFilter, NoticeFilter, TicketFilter, VisitFilter,
};
use yizhan_client_core::transport::Transport;
use yizhan_proto::{DeviceId, DocumentId, Kind};

use crate::audit::Audit;
use crate::phone::Phone;
use crate::pocket::Pocket;
use crate::reference::Person;

/// One phone, as the invariants look at it.
#[derive(Debug)]
pub struct Witness<'a> {
    /// Its owner's name.
    pub name: String,
    /// Its id.
    pub device: DeviceId,
    /// Its owner.
    pub person: Person,
    /// What lies in its store.
    pub pocket: Pocket,
    /// The documents that its lists show, by kind.
    pub listed: BTreeMap<Kind, BTreeSet<DocumentId>>,
    /// Its folder, to look for traces in; `None`: not looked for (it once had a right to more).
    pub home: Option<&'a Path>,
    /// What the relay would give a new phone in its place.
    pub audit: Audit,
}

impl<'a> Witness<'a> {
    /// Looks at a phone. `traces`: whether its files are searched for what it must not hold.
    ///
    /// # Panics
    /// If the phone is off or cannot be read.
    #[must_use]
    pub fn of<T: Transport>(
        phone: &'a Phone<T>,
        person: Person,
        audit: Audit,
        traces: bool,
    ) -> Self {
        Self {
            name: format!("{} ({})", phone.name(), phone.device()),
            device: phone.device(),
            person,
            pocket: phone.pocket(),
            listed: listed(phone),
            home: traces.then(|| phone.home()),
            audit,
        }
    }
}

/// What the phone's lists show.
fn listed<T: Transport>(phone: &Phone<T>) -> BTreeMap<Kind, BTreeSet<DocumentId>> {
    let client = phone.client();
    let visits = phone.visits(&VisitFilter::default());
    let consents = phone.consents(&ConsentFilter::default());
    // Who looks for a test looks at no check.
    let checks = client.check_ids();
    let stations = client.stations().expect("stations are listed");
    let activities = client.activities(&ActivityFilter::default());
    let enrolments = client.enrolments(&EnrolmentFilter::default());
    let notices = client.notices(&NoticeFilter::default());
    let tickets = client.tickets(&TicketFilter::default());
    BTreeMap::from([
        (Kind::Visit, visits.iter().map(|row| row.id).collect()),
        (Kind::Consent, consents.iter().map(|row| row.id).collect()),
        (Kind::Activity, ids(activities, |row| row.id)),
        (Kind::Enrolment, ids(enrolments, |row| row.id)),
        (Kind::Notice, ids(notices, |row| row.id)),
        (Kind::Ticket, ids(tickets, |row| row.id)),
        (
            Kind::Check,
            checks.expect("checks are listed").into_iter().collect(),
        ),
        (
            Kind::Station,
            stations
                .iter()
                .map(|row| DocumentId::from(row.id))
                .collect(),
        ),
    ])
}

fn ids<R>(
    rows: Result<Vec<R>, ClientError>,
    id: impl Fn(&R) -> DocumentId,
) -> BTreeSet<DocumentId> {
    rows.expect("they are listed").iter().map(id).collect()
}
