//! Relays that lie, and what stands between them and a phone. Each lie is told several times over; then
//! the relay is itself again, and nothing that anybody entered is missing, nothing waits for ever, and
//! other documents come and go as before.

use yizhan_proto::sync::{
    Decisions, Fetched, ForgetReason, Item, Outcome, Page, RangeDigest, RangeEntry, Reason,
    Receipt, RepairAnswer, Stored, StoredChange, SyncRequest, SyncResponse,
};
use yizhan_proto::{
    ChangeHash, Cursor, DocumentId, Epoch, Kind, Role, Scope, ScopeDigest, Sequence, Timestamp,
};

use super::world::*;
use crate::clock::Clock as _;
use crate::model::{Command, visit};
use crate::store::{Applied, Budget, ChangeState, Store, VisitFilter};

/// Milliseconds after which whatever was put off is tried again.
const LATER_MS: i64 = 3 * 60 * 60 * 1000;

/// One lie: what becomes of an honest answer.
type Lie = (&'static str, fn(&SyncRequest, &mut SyncResponse));

fn own_scope(request: &SyncRequest) -> Option<Scope> {
    let scopes = request.scopes.iter().map(|state| state.scope.clone());
    scopes
        .into_iter()
        .find(|scope| matches!(scope, Scope::Person(_)))
}

fn number(n: u64) -> Sequence {
    Sequence::new(n).unwrap()
}

fn stored(n: u64, ms: i64) -> Stored {
    Stored {
        sequence: number(n),
        received_at: Timestamp::from_ms(ms),
        skew_ms: ms,
    }
}

fn change(bytes: &[u8], n: u64) -> StoredChange {
    StoredChange {
        sequence: number(n),
        received_at: Timestamp::from_ms(i64::MIN),
        skew_ms: i64::MAX,
        change: bytes.to_vec(),
    }
}

fn item(id: DocumentId, kind: Kind, n: u64, changes: Vec<StoredChange>) -> Item {
    Item {
        document: id,
        kind,
        sequence: number(n),
        changes,
        forget: None,
    }
}

fn reason(code: &str) -> Reason {
    Reason {
        code: code.to_owned(),
        path: Some("x".repeat(10_000)),
        bound: Some("\u{202e}\0".to_owned()),
    }
}

/// Puts items into the page of each scope, making pages where there are none.
fn slip_in(request: &SyncRequest, response: &mut SyncResponse, items: &[Item]) {
    if response.pages.is_empty() {
        for state in &request.scopes {
            let window = yizhan_proto::Window::complete(response.head);
            let page = Page::new(state.scope.clone(), Vec::new(), window, None, false);
            response.pages.push(page);
        }
    }
    for page in &mut response.pages {
        page.items.extend(items.iter().cloned());
    }
}

fn every_window(response: &mut SyncResponse, live: u64, floor: u64, settled: Option<u64>) {
    for page in &mut response.pages {
        page.live = Cursor::new(live);
        page.floor = Cursor::new(floor);
        page.settled = settled.map(Cursor::new);
        page.more = true;
    }
}

fn lies_about_cursors() -> Vec<Lie> {
    vec![
        ("head and cursors at the end", |request, response| {
            response.head = Cursor::new(u64::MAX);
            slip_in(request, response, &[]);
            every_window(response, u64::MAX, 0, None);
        }),
        ("cursors past the head", |request, response| {
            slip_in(request, response, &[]);
            every_window(response, u64::MAX - 1, 0, None);
        }),
        (
            "the largest number that can be kept",
            |request, response| {
                response.head = Cursor::new(i64::MAX as u64);
                slip_in(request, response, &[]);
                every_window(response, i64::MAX as u64, 0, None);
            },
        ),
        ("a head far ahead, and no page", |_, response| {
            response.head = Cursor::new(1_000_000);
            response.pages.clear();
        }),
        ("cursors that go back", |request, response| {
            response.head = Cursor::new(1);
            slip_in(request, response, &[]);
            every_window(response, 1, 1, Some(1));
        }),
        ("cursors that cannot be", |request, response| {
            slip_in(request, response, &[]);
            every_window(response, 1, u64::MAX, Some(7));
        }),
        (
            "pages twice, and of scopes of others",
            |request, response| {
                slip_in(request, response, &[]);
                response.pages.extend(response.pages.clone());
                response.pages.extend((0..=255_u8).map(|n| Page {
                    scope: Scope::Person(yizhan_proto::PersonId::from_bytes([n; 16])),
                    items: Vec::new(),
                    live: response.head,
                    floor: Cursor::START,
                    digest: Some(ScopeDigest::from_bits(n.into())),
                    more: true,
                    settled: None,
                }));
            },
        ),
        ("a digest that never agrees", |request, response| {
            slip_in(request, response, &[]);
            for page in &mut response.pages {
                page.digest = Some(ScopeDigest::from_bits(42));
            }
        }),
        ("another lineage in each answer", |request, response| {
            let before = request.epoch.map_or(1, |epoch| epoch.as_bytes()[0]);
            response.epoch = Epoch::from_bytes([before.wrapping_add(1); 8]);
        }),
        ("times at the ends", |_, response| {
            response.relay_time = Timestamp::from_ms(i64::MIN);
            response.next_sync_ms = Some(u64::MAX);
        }),
        ("times at the other end", |_, response| {
            response.relay_time = Timestamp::from_ms(i64::MAX);
        }),
    ]
}

fn lies_about_documents() -> Vec<Lie> {
    vec![
        (
            "what was never sent is to be forgotten",
            |request, response| {
                let mut gone = item(document(1), Kind::Visit, 900, Vec::new());
                gone.forget = Some(ForgetReason::Left);
                slip_in(request, response, &[gone]);
            },
        ),
        (
            "an item that comes and goes at once",
            |request, response| {
                let mut both = item(document(1), Kind::Visit, 901, vec![change(b"bytes", 901)]);
                both.forget = Some(ForgetReason::Left);
                let came = item(document(1), Kind::Visit, 902, Vec::new());
                slip_in(request, response, &[both.clone(), came.clone(), both, came]);
            },
        ),
        (
            "garbage for a change of an own document",
            |request, response| {
                slip_in(
                    request,
                    response,
                    &[item(
                        document(1),
                        Kind::Visit,
                        903,
                        vec![change(b"garbage", 903)],
                    )],
                );
            },
        ),
        (
            "bytes without end, of an unknown kind",
            |request, response| {
                let many = (0..200).map(|n| change(&[n; 700], 1_000 + u64::from(n)));
                let kind = Kind::from_code(200);
                slip_in(
                    request,
                    response,
                    &[item(document(77), kind, 2_000, many.collect())],
                );
            },
        ),
    ]
}

fn lies_about_kinds_and_places() -> Vec<Lie> {
    vec![
        ("another kind for what will come", |request, response| {
            let kind = Kind::from_code(201);
            slip_in(
                request,
                response,
                &[item(document(50), kind, 904, Vec::new())],
            );
        }),
        ("another kind for an own document", |request, response| {
            slip_in(
                request,
                response,
                &[item(document(1), Kind::Check, 905, Vec::new())],
            );
        }),
        ("forgets of what nobody knows", |request, response| {
            let gone: Vec<Item> = (100..220)
                .map(|n| Item {
                    forget: Some(ForgetReason::Left),
                    ..item(document(n), Kind::Visit, u64::MAX, Vec::new())
                })
                .collect();
            slip_in(request, response, &gone);
        }),
        ("fetched that nobody asked for", |request, response| {
            if let Some(scope) = own_scope(request) {
                let item = item(document(1), Kind::Visit, 906, Vec::new());
                response.fetched.push(Fetched { scope, item });
            }
        }),
    ]
}

fn lies_about_differences() -> Vec<Lie> {
    vec![
        (
            "repairs that name all and narrow nothing",
            |request, response| {
                slip_in(request, response, &[]);
                for page in &mut response.pages {
                    page.digest = Some(ScopeDigest::from_bits(43));
                }
                response.fetched.clear();
                response.repairs = request
                    .repairs
                    .iter()
                    .map(|asked| RepairAnswer {
                        range: asked.clone(),
                        parts: vec![
                            asked.clone(),
                            RangeDigest {
                                from: None,
                                until: None,
                                ..asked.clone()
                            },
                            RangeDigest {
                                from: Some(document(9)),
                                until: Some(document(3)),
                                ..asked.clone()
                            },
                        ],
                        entries: None,
                    })
                    .collect();
            },
        ),
        (
            "repairs that name what is never sent",
            |request, response| {
                slip_in(request, response, &[]);
                for page in &mut response.pages {
                    page.digest = Some(ScopeDigest::from_bits(44));
                }
                response.fetched.clear();
                response.repairs = request
                    .repairs
                    .iter()
                    .map(|asked| RepairAnswer {
                        range: asked.clone(),
                        parts: Vec::new(),
                        entries: Some(
                            (60..160)
                                .map(|n| RangeEntry {
                                    document: document(n),
                                    digest: yizhan_proto::digest::DocumentDigest::from_bits(
                                        u64::from(n),
                                    ),
                                })
                                .collect(),
                        ),
                    })
                    .collect();
            },
        ),
    ]
}

fn lies_about_work() -> Vec<Lie> {
    vec![
        ("receipts for what was never pushed", |_, response| {
            let change = ChangeHash::from_bytes([3; 32]);
            for outcome in [
                Outcome::Accepted(stored(907, i64::MAX)),
                Outcome::Refused(reason("x.y")),
                Outcome::Needs(vec![change; 500]),
            ] {
                response.receipts.push(Receipt { change, outcome });
            }
        }),
        ("no receipts at all", |_, response| {
            response.receipts.clear()
        }),
        ("later, later", |_, response| {
            for receipt in &mut response.receipts {
                receipt.outcome = Outcome::Later(reason("quota.documents"));
            }
        }),
        ("what was pushed needs what nobody has", |_, response| {
            for receipt in &mut response.receipts {
                receipt.outcome = Outcome::Needs(vec![ChangeHash::from_bytes([4; 32])]);
            }
        }),
        ("what was pushed needs itself", |_, response| {
            for receipt in &mut response.receipts {
                receipt.outcome = Outcome::Needs(vec![receipt.change]);
            }
        }),
        ("accepted, refused, quarantined in turn", |_, response| {
            let all = response.receipts.clone();
            for outcome in [
                Outcome::Quarantined(reason("role.ended")),
                Outcome::Later(reason("x")),
                Outcome::Accepted(stored(u64::MAX, i64::MIN)),
                Outcome::Refused(reason("field.forbidden")),
                Outcome::Quarantined(reason("role.ended")),
            ] {
                let said = all.iter().map(|receipt| Receipt {
                    change: receipt.change,
                    outcome: outcome.clone(),
                });
                response.receipts.extend(said);
            }
        }),
    ]
}

fn lies_about_rights() -> Vec<Lie> {
    vec![
        ("decisions about what nobody asked", |_, response| {
            let receipts = (0..100).map(|n| Receipt {
                change: ChangeHash::from_bytes([n; 32]),
                outcome: match n % 3 {
                    0 => Outcome::Accepted(stored(908, 0)),
                    1 => Outcome::Refused(reason("quarantine.rejected")),
                    _ => Outcome::Quarantined(reason("x")),
                },
            });
            response.decisions = Some(Decisions {
                until: u64::MAX,
                receipts: receipts.collect(),
                more: true,
            });
        }),
        ("an identity that may read nothing", |_, response| {
            response.identity = Some(yizhan_proto::identity::Identity {
                version: u64::MAX,
                person: yizhan_proto::PersonId::from_bytes([66; 16]),
                name: "\u{202e}".repeat(5_000),
                aliases: Vec::new(),
                roles: Vec::new(),
                scopes: Vec::new(),
                regions: Vec::new(),
                desks: None,
            });
        }),
        ("an identity with scopes without end", |_, response| {
            let scopes = (0..2_000_u32).map(|n| {
                let mut id = [1; 16];
                id[..4].copy_from_slice(&n.to_be_bytes());
                Scope::Person(yizhan_proto::PersonId::from_bytes(id))
            });
            response.identity = Some(yizhan_proto::identity::Identity {
                version: u64::MAX - 1,
                person: yizhan_proto::PersonId::from_bytes([67; 16]),
                name: String::new(),
                aliases: Vec::new(),
                roles: vec![Role::Other("x".repeat(1_000).into())],
                scopes: scopes.collect(),
                regions: Vec::new(),
                desks: Some(Vec::new()),
            });
        }),
    ]
}

/// One exchange with a relay that lies in its answer.
fn exchange_with(lie: Lie, store: &mut Store, relay: &mut Relay, clock: &TestClock) -> Applied {
    let device = store.device().unwrap().device;
    let request = store.plan_request(&Budget::default(), clock.now());
    let request = request.unwrap_or_else(|error| panic!("{}: {error}", lie.0));
    let mut response = relay.sync(device, &request);
    (lie.1)(&request, &mut response);
    let applied = store.apply_response(&request, &response, clock);
    applied.unwrap_or_else(|error| panic!("{}: {error}", lie.0))
}

/// All that screens ask for, as a person goes through them: nothing may fail or panic.
fn go_through_the_screens(store: &Store, clock: &TestClock) {
    let _ = store.status().unwrap();
    let _ = store.held().unwrap();
    let _ = store.visits(&VisitFilter::default(), clock.now()).unwrap();
    let _ = store.visit(document(1), clock.now());
    let _ = store.search("张", 10).unwrap();
    let _ = store.problems().unwrap();
    let mut written = Vec::new();
    store.export(&mut written).unwrap();
    store.relay_time(clock.now()).unwrap();
    store.verify().unwrap();
}

/// Written before the lies, and while they are told.
const BEFORE: &str = "写了还没送";
const MEANWHILE: &str = "说谎的时候写的";

/// A driver, a keeper, and their relay.
struct Case {
    what: &'static str,
    clock: TestClock,
    relay: Relay,
    driver: Store,
    keeper: Store,
}

impl Case {
    /// A visit that the relay has, with a note that it has not, and a visit that it has not.
    fn new(what: &'static str) -> Self {
        let clock = TestClock::new(1);
        let mut relay = Relay::new();
        let mut driver = Store::in_memory(&clock).unwrap();
        relay.pair(&mut driver, vec![Role::Driver], &clock);
        let roles = vec![Role::Keeper(station_id()), Role::Health(station_id())];
        let mut keeper = Store::in_memory(&clock).unwrap();
        relay.pair(&mut keeper, roles, &clock);
        check_in(&mut driver, document(1), "张伟国", &clock);
        sync(&mut driver, &mut relay, &clock);
        sync(&mut keeper, &mut relay, &clock);
        note(&mut driver, document(1), BEFORE, &clock);
        check_in(&mut driver, document(2), "张伟国", &clock);
        Self {
            what,
            clock,
            relay,
            driver,
            keeper,
        }
    }

    /// Six lies in a row. Whether something could be written meanwhile: somebody who has no rights, as
    /// far as the phone is told, is refused at the tap.
    fn lie(&mut self, lie: Lie) -> bool {
        let mut written = false;
        for round in 0..6 {
            exchange_with(lie, &mut self.driver, &mut self.relay, &self.clock);
            go_through_the_screens(&self.driver, &self.clock);
            if round == 2 {
                let note = visit::Command::SetNote(MEANWHILE.to_owned());
                let edit = self
                    .driver
                    .edit(document(2), &Command::Visit(note), &self.clock);
                written = edit.is_ok();
            }
        }
        written
    }

    /// The keeper writes in one document, and makes one.
    fn others_go_on(&mut self) {
        let (keeper, clock) = (&mut self.keeper, &self.clock);
        sync(keeper, &mut self.relay, clock);
        let noted = visit::Command::SetKeeperNote("床位已备".to_owned());
        keeper
            .edit(document(1), &Command::Visit(noted), clock)
            .unwrap();
        let device = self.driver.device().unwrap().device;
        let noted = visit::Command::CheckIn {
            driver: self.relay.person_of(device).unwrap(),
            driver_name: "张伟国".to_owned(),
            station: station_id(),
            arrived_at: clock.now(),
            source: visit::Source::Keeper,
            vehicle_plate: None,
            requested: Vec::new(),
        };
        keeper
            .edit(document(50), &Command::Visit(noted), clock)
            .unwrap();
        sync(keeper, &mut self.relay, clock);
    }

    fn all_is_well_again(&mut self, written: bool) {
        let what = self.what;
        for _ in 0..6 {
            self.clock.pass(LATER_MS);
            sync(&mut self.driver, &mut self.relay, &self.clock);
            for held in self.driver.held().unwrap() {
                self.driver.retry(held.change).unwrap_or_default();
            }
        }
        let (driver, now) = (&self.driver, self.clock.now());
        let status = driver.status().unwrap();
        assert_eq!(status.unsent_changes, 0, "{what}: {status:?}");
        let rows = driver.visits(&VisitFilter::default(), now).unwrap();
        let mut seen: Vec<DocumentId> = rows.iter().map(|row| row.id).collect();
        seen.sort_unstable();
        assert_eq!(seen, [document(1), document(2), document(50)], "{what}");
        let first = driver.visit(document(1), now).unwrap();
        let note = &first.visit.note;
        let mut notes = note.value.iter().chain(&note.others);
        assert!(notes.any(|text| text == BEFORE), "{what}: {note:?}");
        let kept = first.visit.keeper_note.value.as_deref();
        assert_eq!(kept, Some("床位已备"), "{what}");
        let second = driver.visit(document(2), now).unwrap();
        let expected = written.then(|| MEANWHILE.to_owned());
        assert_eq!(second.visit.note.value, expected, "{what}");
        for change in first.changes.iter().chain(&second.changes) {
            assert_eq!(change.state, ChangeState::Acknowledged, "{what}");
        }
        // And the relay has it all.
        sync(&mut self.keeper, &mut self.relay, &self.clock);
        let theirs = self.keeper.visit(document(2), now).unwrap().visit.note;
        assert_eq!(theirs.value, expected, "{what}");
    }
}

fn tell(lie: Lie) {
    let mut case = Case::new(lie.0);
    let written = case.lie(lie);
    case.others_go_on();
    // The relay is itself again.
    case.all_is_well_again(written);
}

#[test]
fn no_lie_about_cursors_wedges_a_phone_or_loses_what_was_entered() {
    lies_about_cursors().into_iter().for_each(tell);
}

#[test]
fn no_lie_about_documents_wedges_a_phone_or_loses_what_was_entered() {
    let all = lies_about_documents().into_iter();
    let all = all.chain(lies_about_kinds_and_places());
    all.chain(lies_about_differences()).for_each(tell);
}

#[test]
fn no_lie_about_work_or_rights_wedges_a_phone_or_loses_what_was_entered() {
    let all = lies_about_work().into_iter();
    all.chain(lies_about_rights()).for_each(tell);
}

/// However long a relay goes on lying, what it leaves behind in the store is bounded: ranges to compare
/// and documents to fetch do not pile up.
#[test]
fn a_relay_that_never_tires_fills_no_tables() {
    let all = lies_about_documents().into_iter();
    let all = all.chain(lies_about_kinds_and_places());
    for lie in all
        .chain(lies_about_differences())
        .chain(lies_about_cursors())
    {
        let clock = TestClock::new(1);
        let mut relay = Relay::new();
        let mut driver = Store::in_memory(&clock).unwrap();
        relay.pair(&mut driver, vec![Role::Driver], &clock);
        check_in(&mut driver, document(1), "张伟国", &clock);
        sync(&mut driver, &mut relay, &clock);
        for _ in 0..40 {
            clock.pass(LATER_MS);
            exchange_with(lie, &mut driver, &mut relay, &clock);
        }
        for table in ["repairs", "fetches", "forgets", "documents", "left_scopes"] {
            let sql = format!("SELECT COUNT(*) FROM {table}");
            let rows: i64 = driver
                .connection_for_tests()
                .query_row(&sql, [], |row| row.get(0))
                .unwrap();
            assert!(rows <= 130, "{}: {rows} in {table}", lie.0);
        }
    }
}

/// A page with a number that is none, as bytes: refused where it comes in, and the phone goes on.
#[test]
fn a_forget_numbered_0_is_no_message() {
    let clock = TestClock::new(1);
    let mut relay = Relay::new();
    let mut driver = Store::in_memory(&clock).unwrap();
    relay.pair(&mut driver, vec![Role::Driver], &clock);
    let device = driver.device().unwrap().device;
    let request = driver
        .plan_request(&Budget::default(), clock.now())
        .unwrap();
    let mut response = relay.sync(device, &request);
    let mut gone = item(document(1), Kind::Visit, 1, Vec::new());
    gone.forget = Some(ForgetReason::Left);
    let honest = yizhan_proto::codec::encode(&gone);
    slip_in(&request, &mut response, &[gone]);
    assert!(yizhan_proto::codec::decode::<Item>(&honest, usize::MAX).is_ok());
    let places: Vec<usize> = (0..honest.len()).filter(|at| honest[*at] == 1).collect();
    let refused = places.into_iter().any(|at| {
        let mut forged = honest.clone();
        forged[at] = 0;
        let read = yizhan_proto::codec::decode::<Item>(&forged, usize::MAX);
        read.is_err_and(|error| error.to_string().contains("sequence"))
    });
    assert!(refused);
}
