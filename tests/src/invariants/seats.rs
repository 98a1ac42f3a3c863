//! Seats, told from the documents that lie at the relay, by eyes that are not the relay's own: what
//! every step of the relay must leave true, and what must be true once all is quiet.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use yizhan_client_core::model::activity::{Activity, State};
use yizhan_client_core::model::enrolment::{Ask, Enrolment, Outcome, Reason, Seat};
use yizhan_client_core::model::order::{Order, Place};
use yizhan_client_core::model::{Document, inspect};
use yizhan_proto::{DocumentId, EntryId, Kind, Sequence};

/// The relay's database in its data folder.
const FILE: &str = "relay.db";

/// One activity and all of its enrolments, as they lie at the relay.
#[derive(Debug, Clone)]
pub struct Roster {
    /// The activity.
    pub activity: Activity,
    /// Its enrolments.
    pub enrolments: Vec<Enrolment>,
}

/// All activities at the relay of a data folder, ascending by id.
///
/// # Panics
/// If its file or a document in it cannot be read.
#[must_use]
pub fn rosters(data: &Path) -> Vec<Roster> {
    let file = data.join(FILE);
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .expect("a relay's database");
    let activities = documents(&connection, Kind::Activity);
    let enrolments: Vec<Enrolment> = documents(&connection, Kind::Enrolment)
        .iter()
        .map(|(document, order)| Enrolment::read(document, order).expect("an enrolment"))
        .collect();
    activities
        .iter()
        .map(|(document, _)| Activity::read(document).expect("an activity"))
        .map(|activity| Roster {
            enrolments: enrolments
                .iter()
                .filter(|enrolment| enrolment.activity == activity.id)
                .cloned()
                .collect(),
            activity,
        })
        .collect()
}

/// All documents of a kind, each with the order of its changes.
fn documents(connection: &Connection, kind: Kind) -> Vec<(Document, Order)> {
    let mut statement = connection
        .prepare(
            "SELECT c.doc, c.seq, c.bytes FROM changes c JOIN documents d ON d.doc = c.doc
             WHERE d.kind = ?1 ORDER BY c.seq",
        )
        .expect("the relay's tables");
    let rows = statement.query_map([kind.code()], |row| {
        let sequence = row.get::<_, i64>(1)?.unsigned_abs();
        let document = DocumentId::from_bytes(row.get(0)?);
        Ok((document, (sequence, row.get::<_, Vec<u8>>(2)?)))
    });
    let mut changes: BTreeMap<DocumentId, Vec<(u64, Vec<u8>)>> = BTreeMap::new();
    for row in rows.expect("the relay's changes") {
        let (document, change) = row.expect("a change");
        changes.entry(document).or_default().push(change);
    }
    changes
        .into_iter()
        .map(|(id, changes)| {
            let order = Order::new(changes.iter().map(|(sequence, bytes)| {
                let change = inspect(bytes).expect("a change of the relay's");
                let ops = change.start_op..=change.last_op;
                (change.actor, ops, Sequence::new(*sequence))
            }));
            let bytes = changes.iter().map(|(_, bytes)| bytes.as_slice());
            let document = Document::open(id, kind, bytes).expect("a document that opens");
            (document, order)
        })
        .collect()
}

impl Roster {
    /// All that is wrong, in words. `quiet`: nothing is left to be decided.
    #[must_use]
    pub fn wrong(&self, quiet: bool) -> Vec<String> {
        let mut wrong = self.unanswered();
        let accepted = self.count(|seat| matches!(seat, Seat::Accepted { .. }));
        let leased = self.outstanding();
        let capacity = self.activity.capacity.value;
        if let Some(capacity) = capacity.filter(|capacity| accepted + leased > *capacity) {
            wrong.push(format!(
                "{accepted} accepted and {leased} leased, of {capacity} seats"
            ));
        }
        let last =
            self.arrivals(|seat, lease| matches!(seat, Seat::Accepted { .. }) && lease.is_none());
        let first = self.arrivals(|seat, _| matches!(seat, Seat::Waitlisted { .. }));
        if let (Some(last), Some(first)) = (last.last(), first.first())
            && last > first
        {
            wrong.push(format!(
                "{last:?} has a seat, {first:?} came before and waits"
            ));
        }
        let state = self.activity.state.value;
        if quiet && matches!(state, Some(State::Open | State::Closed)) && !first.is_empty() {
            let room = capacity.is_none_or(|capacity| accepted + leased < capacity);
            if room {
                wrong.push("there is a seat, and somebody waits".to_owned());
            }
        }
        if quiet && state == Some(State::Cancelled) && self.count(Seat::is_open) > 0 {
            wrong.push("somebody has or waits for a seat of what was cancelled".to_owned());
        }
        let id = self.activity.id;
        wrong
            .iter()
            .map(|what| format!("activity {id}: {what}"))
            .collect()
    }

    /// Enrolments whose seat is such.
    #[must_use]
    pub fn count(&self, such: impl Fn(Seat) -> bool) -> u32 {
        let seats = self.enrolments.iter().filter_map(|e| e.standing.seat);
        u32::try_from(seats.filter(|seat| such(*seat)).count()).expect("not that many")
    }

    /// Every request is answered once, by the very next change the relay took of its own; what is
    /// decided later moves somebody.
    fn unanswered(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for enrolment in &self.enrolments {
            for request in &enrolment.requests {
                let told: Vec<_> = enrolment
                    .decisions
                    .iter()
                    .filter(|decision| decision.request == request.entry)
                    .collect();
                let answers = told.iter().copied().filter(|decision| {
                    !matches!(
                        decision.reason,
                        Some(Reason::Promoted | Reason::CapacityLowered)
                    )
                });
                // Of one who was accepted and then heard that the activity is cancelled: two.
                let cancelled = Some(Reason::Cancelled);
                let (mut ends, mut firsts) = (0, 0);
                for decision in answers {
                    ends += usize::from(decision.reason == cancelled);
                    firsts += usize::from(decision.reason != cancelled);
                }
                let once = firsts == 1 || (firsts == 0 && ends == 1);
                if !once || ends > 1 {
                    let id = enrolment.id;
                    wrong.push(format!("{id}: request {} was told {told:?}", request.entry));
                }
                let released = told.iter().any(|d| d.outcome == Outcome::Released);
                if released != (request.what == Ask::Cancel) {
                    wrong.push(format!("{}: {request:?} was told {told:?}", enrolment.id));
                }
            }
            if !matches!(
                enrolment.standing.seat,
                None | Some(
                    Seat::Accepted { .. }
                        | Seat::Waitlisted { .. }
                        | Seat::Refused { .. }
                        | Seat::Cancelled
                )
            ) {
                wrong.push(format!("{}: {:?}", enrolment.id, enrolment.standing));
            }
        }
        wrong
    }

    /// Seats that leases hold and nobody has asked for at the relay.
    fn outstanding(&self) -> u32 {
        let held = self.activity.leases.iter().map(|lease| {
            let returned = self.activity.lease_returns.iter();
            let returned = returned.filter(|returned| returned.lease == lease.entry);
            let used = returned.map(|r| if r.lost { 0 } else { r.used }).min();
            let requests = self.enrolments.iter().flat_map(|e| &e.requests);
            let heard_of = requests.filter(|request| request.lease == Some(lease.entry));
            let heard_of = u32::try_from(heard_of.count()).expect("not that many");
            used.map_or(lease.seats, |used| used.min(lease.seats))
                .saturating_sub(heard_of)
        });
        held.sum()
    }

    /// Where the requests came in by which such enrolments stand, rising.
    fn arrivals(&self, such: impl Fn(Seat, Option<EntryId>) -> bool) -> Vec<Place> {
        let mut arrivals: Vec<Place> = self
            .enrolments
            .iter()
            .filter(|enrolment| {
                let seat = enrolment.standing.seat;
                seat.is_some_and(|seat| such(seat, enrolment.standing.lease))
            })
            .filter_map(arrival)
            .collect();
        arrivals.sort_unstable();
        arrivals
    }
}

/// Where the request came in that began the present standing: the first one since the last time
/// that nothing was open.
fn arrival(enrolment: &Enrolment) -> Option<Place> {
    let closed = enrolment
        .decisions
        .iter()
        .filter(|decision| matches!(decision.outcome, Outcome::Refused | Outcome::Released));
    let closed = closed.map(|decision| decision.place).next_back();
    let mut requests = enrolment.requests.iter().map(|request| request.place);
    requests.find(|place| closed.is_none_or(|closed| *place > closed))
}
