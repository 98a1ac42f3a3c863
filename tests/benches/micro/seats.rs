//! What the relay's decision about a seat costs, beside a push that needs none.

use std::sync::Arc;

use divan::Bencher;
use tokio::runtime::Runtime;
use yizhan_client_core::model::activity::{self, NewActivity, Sort, State};
use yizhan_client_core::model::enrolment::{self, Ask, First, NewEnrolment, NewRequest};
use yizhan_client_core::model::{Command, Document};
use yizhan_proto::codec::encode;
use yizhan_proto::sync::{Push, SyncRequest};
use yizhan_proto::{
    ActorId, DocumentId, EntryId, Incarnation, Kind, PersonId, Role, StationId, Timestamp,
};
use yizhan_server::relay::{Caller, Relay};
use yizhan_tests::clock::{BEGINNING, DAY_MS};
use yizhan_tests::load;

/// Requests of one exchange, when an activity is filled.
const FILLED_AT_ONCE: usize = 500;
/// Seats: half of those who ask have none, so both answers are among those measured.
const SEATS: u32 = 5_000;

/// A relay with one activity, and the tablet of the station's keeper.
struct Bench {
    runtime: Runtime,
    relay: Relay,
    caller: Arc<Caller>,
    station: StationId,
    activity: DocumentId,
    _folder: tempfile::TempDir,
}

fn id(kind: u8, number: usize) -> [u8; 16] {
    let mut bytes = [kind; 16];
    bytes[8..].copy_from_slice(&(number as u64).to_be_bytes());
    bytes
}

impl Bench {
    fn with_enrolments(count: usize) -> Self {
        let (relay, folder) = load::relay();
        let runtime = load::runtime();
        let station = runtime.block_on(relay.stations()).expect("stations")[0].id;
        let station = StationId::from_bytes(*station.as_bytes());
        let owner = relay.caller(load::device(0)).expect("a device").person;
        let keeper = relay.add_role(owner, Role::Keeper(station));
        runtime.block_on(keeper).expect("a keeper");
        let bench = Self {
            caller: relay.caller(load::device(0)).expect("a device"),
            activity: DocumentId::from_bytes(id(20, 0)),
            runtime,
            relay,
            station,
            _folder: folder,
        };
        let new = NewActivity {
            region: "changzhou".parse().expect("a key"),
            station,
            sort: Sort::Lecture,
            title: "道路货运安全".to_owned(),
            text: None,
            starts_at: BEGINNING.saturating_add_ms(DAY_MS),
            ends_at: BEGINNING.saturating_add_ms(2 * DAY_MS),
            place: None,
            capacity: Some(SEATS),
            state: State::Open,
            quiz_draw: None,
            by: bench.caller.person,
        };
        let command = Command::Activity(activity::Command::Create(new));
        bench.exchange(&bench.request(vec![bench.push(bench.activity, &command)]));
        let numbers: Vec<usize> = (0..count).collect();
        for some in numbers.chunks(FILLED_AT_ONCE) {
            let pushes = some.iter().map(|number| bench.enrolment(*number));
            let answer = bench.exchange(&bench.request(pushes.collect()));
            load::assert_accepted(&answer, some.len());
        }
        bench
    }

    fn push(&self, document: DocumentId, command: &Command) -> Push {
        let actor = ActorId::new(load::device(0), Incarnation(1));
        let at: Timestamp = BEGINNING;
        let change = Document::begin(document, command.kind())
            .expect("a known kind")
            .write(actor, at, command)
            .expect("a well-formed command");
        Push {
            document,
            kind: command.kind(),
            change,
        }
    }

    /// A driver of that number asks for a seat.
    fn enrolment(&self, number: usize) -> Push {
        let driver = PersonId::from_bytes(id(21, number));
        let request = NewRequest {
            entry: EntryId::from_bytes(id(22, number)),
            what: Ask::Enrol,
            lease: None,
            by: self.caller.person,
            at: BEGINNING,
        };
        let new = NewEnrolment {
            driver,
            driver_name: "王建国".to_owned(),
            activity: self.activity,
            station: self.station,
            first: First::Request(request),
        };
        let id = enrolment::id_of(self.activity, driver);
        let push = self.push(id, &Command::Enrolment(enrolment::Command::Create(new)));
        assert_eq!(push.kind, Kind::Enrolment);
        push
    }

    fn request(&self, pushes: Vec<Push>) -> Vec<u8> {
        encode(&SyncRequest {
            pushes,
            ..load::nothing(self.caller.identity.version)
        })
    }

    fn exchange(&self, request: &[u8]) -> Vec<u8> {
        let answer = load::exchange(&self.relay, &self.caller, request);
        self.runtime.block_on(answer)
    }
}

/// One request with its decision, durable; beside it stands `push_one_change`, which needs no
/// decision. It must not grow with the enrolments there are.
#[divan::bench(args = [100, 10_000], sample_count = 200, sample_size = 1)]
fn push_one_request_for_a_seat_among(bencher: Bencher<'_, '_>, enrolments: usize) {
    let bench = Bench::with_enrolments(enrolments);
    let mut number = enrolments;
    bencher
        .with_inputs(|| {
            number += 1;
            bench.request(vec![bench.enrolment(number)])
        })
        .bench_local_values(|request| bench.exchange(&request));
}
