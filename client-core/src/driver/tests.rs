//! A client, its driver and a relay that is played: every effect, and a death after each.

mod attacks;
mod sheets;

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use yizhan_proto::ContentHash;
use yizhan_proto::attachment::{Piece, Upload};
use yizhan_proto::identity::{
    Access, Identity, PairRequest, RegisterRequest, TokenRequest, Welcome,
};
use yizhan_proto::report::{SheetAnswer, SheetRequest};
use yizhan_proto::sync::{
    Item, Outcome as Kept, Page, Push, Receipt, Stored, SyncRequest, SyncResponse,
};
use yizhan_proto::version::ProtocolVersion;
use yizhan_proto::{
    ChangeHash, Cursor, Epoch, Fault, FaultCode, PersonId, Role, Scope, Sequence, StationId,
    Timestamp,
};

use super::Step;
use crate::Client;
use crate::client::VisitStart;
use crate::clock::{Clock, NoRandomness};
use crate::engine::{Failure, Input, Outcome, Stop};
use crate::error::{ClientError, SyncError};
use crate::transport::{RelayUrl, Transport, TransportError, WatchEvent};

/// A clock that stands until it is set, and counts instead of rolling dice.
#[derive(Debug, Default)]
struct TestClock {
    calls: std::sync::atomic::AtomicU64,
    /// Milliseconds by which it was set on.
    on_ms: std::sync::atomic::AtomicI64,
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let on_ms = self.on_ms.load(std::sync::atomic::Ordering::Relaxed);
        Timestamp::from_ms(1_795_000_000_000 + on_ms)
    }

    fn elapsed_ms(&self) -> u64 {
        0
    }

    fn fill_random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        let call = self
            .calls
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let mixed = call.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
        for (byte, value) in bytes.iter_mut().zip(mixed.iter().cycle()) {
            *byte = *value;
        }
        Ok(())
    }
}

/// What happens to the next exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weather {
    Fair,
    /// The request is lost.
    Dead,
    /// The relay serves, the answer is lost.
    AnswerLost,
}

/// A relay as small as can be: it keeps what is pushed, and says so.
#[derive(Debug)]
struct PlayedRelay {
    person: PersonId,
    stored: Vec<ChangeHash>,
    tokens: u32,
    /// Exchanges that a token is good for.
    token_good_for: u32,
    weather: Weather,
    revoked: bool,
    requests: u32,
    roles: Vec<Role>,
    reports: sheets::Played,
    /// What a piece is answered with; nothing: no attachments are played.
    upload: Option<fn(&Piece) -> Upload>,
    /// Pieces that came.
    pieces: u32,
}

impl PlayedRelay {
    fn new() -> Self {
        Self {
            person: PersonId::from_bytes([9; 16]),
            stored: Vec::new(),
            tokens: 0,
            token_good_for: u32::MAX,
            weather: Weather::Fair,
            revoked: false,
            requests: 0,
            roles: vec![Role::Driver],
            reports: sheets::Played::default(),
            upload: None,
            pieces: 0,
        }
    }

    fn access(&mut self) -> Access {
        self.tokens += 1;
        Access {
            token: format!("token {}", self.tokens),
            token_ttl_s: 900,
            challenge: vec![1],
            check_in: None,
        }
    }

    fn head(&self) -> Cursor {
        Cursor::new(self.stored.len() as u64)
    }

    fn serve(&mut self, request: &SyncRequest) -> SyncResponse {
        let mut receipts = Vec::new();
        for push in &request.pushes {
            let change = ChangeHash::of_chunk(&push.change);
            let known = self.stored.iter().position(|stored| *stored == change);
            let at = known.unwrap_or_else(|| {
                self.stored.push(change);
                self.stored.len() - 1
            });
            let stored = Stored {
                sequence: Sequence::new(at as u64 + 1).unwrap(),
                received_at: Timestamp::from_ms(1_795_000_000_500),
                skew_ms: 0,
            };
            let outcome = match known {
                Some(_) => Kept::Duplicate(stored),
                None => Kept::Accepted(stored),
            };
            receipts.push(Receipt { change, outcome });
        }
        let pages = request
            .scopes
            .iter()
            .filter(|state| state.live != Some(self.head()) || state.floor != Cursor::START)
            .map(|state| Page {
                scope: state.scope.clone(),
                items: if self.upload.is_some() {
                    pushed_items(request, self.head())
                } else {
                    Vec::new()
                },
                live: self.head(),
                floor: Cursor::START,
                digest: None,
                more: false,
                settled: None,
            })
            .collect();
        SyncResponse {
            version: ProtocolVersion::CURRENT,
            epoch: Epoch::from_bytes([1; 8]),
            relay_time: Timestamp::from_ms(1_795_000_000_500),
            head: self.head(),
            receipts,
            pages,
            identity: None,
            repairs: Vec::new(),
            fetched: Vec::new(),
            next_sync_ms: None,
            decisions: None,
        }
    }
}

impl Transport for PlayedRelay {
    fn put_piece(&mut self, _: &str, piece: &Piece) -> Result<Upload, TransportError> {
        self.pieces += 1;
        let offline = || TransportError::offline("no attachments are played");
        self.upload.map(|answer| answer(piece)).ok_or_else(offline)
    }

    fn get_piece(
        &mut self,
        _: &str,
        _: ContentHash,
        _: u64,
        _: usize,
    ) -> Result<Vec<u8>, TransportError> {
        Err(TransportError::offline("no attachments are played"))
    }

    fn pair(&mut self, _: &PairRequest) -> Result<Welcome, TransportError> {
        Ok(Welcome {
            identity: Identity {
                version: 1,
                person: self.person,
                name: "李师傅".to_owned(),
                aliases: Vec::new(),
                roles: self.roles.clone(),
                scopes: vec![Scope::Person(self.person)],
                regions: Vec::new(),
                desks: None,
            },
            epoch: Epoch::from_bytes([1; 8]),
            relay_time: Timestamp::from_ms(1_795_000_000_500),
            access: self.access(),
        })
    }

    fn register(&mut self, _: &RegisterRequest) -> Result<Welcome, TransportError> {
        Err(Fault::new(FaultCode::RegistrationClosed, "Closed.").into())
    }

    fn token(&mut self, request: &TokenRequest) -> Result<Access, TransportError> {
        if request.challenge != [1] {
            let fault = Fault::new(FaultCode::ChallengeInvalid, "Answer this one.");
            return Err(fault.challenge(vec![1]).into());
        }
        assert_eq!(request.signature.len(), 64);
        self.token_good_for = u32::MAX;
        Ok(self.access())
    }

    fn sync(&mut self, token: &str, request: &SyncRequest) -> Result<SyncResponse, TransportError> {
        self.requests += 1;
        if self.weather == Weather::Dead {
            return Err(TransportError::offline("a dead zone"));
        }
        if self.revoked {
            return Err(Fault::new(FaultCode::DeviceRevoked, "Revoked.").into());
        }
        if self.token_good_for == 0 || token != format!("token {}", self.tokens) {
            let fault = Fault::new(FaultCode::TokenExpired, "Renew it.");
            return Err(fault.challenge(vec![1]).into());
        }
        self.token_good_for -= 1;
        let response = self.serve(request);
        if self.weather == Weather::AnswerLost {
            return Err(TransportError::offline("cut"));
        }
        Ok(response)
    }

    fn sheet(
        &mut self,
        token: &str,
        request: &SheetRequest,
    ) -> Result<SheetAnswer, TransportError> {
        if token != format!("token {}", self.tokens) {
            let fault = Fault::new(FaultCode::TokenExpired, "Renew it.");
            return Err(fault.challenge(vec![1]).into());
        }
        self.reports.answer(request)
    }

    fn watch(
        &mut self,
        _: &str,
        _: &mut dyn FnMut(WatchEvent) -> ControlFlow<()>,
    ) -> Result<(), TransportError> {
        Ok(())
    }
}

/// What was pushed is in the scope.
fn pushed_items(request: &SyncRequest, head: Cursor) -> Vec<Item> {
    let item = |push: &Push| Item {
        document: push.document,
        kind: push.kind,
        sequence: Sequence::new(head.get()).unwrap(),
        changes: Vec::new(),
        forget: None,
    };
    request.pushes.iter().map(item).collect()
}

fn relay_url() -> RelayUrl {
    "http://127.0.0.1:8787".parse().unwrap()
}

fn open(home: &Path) -> Client {
    Client::open(home, Arc::new(TestClock::default())).unwrap()
}

fn arrive(client: &mut Client) {
    client
        .start_visit(VisitStart {
            station: StationId::from_bytes([5; 16]),
            driver: None,
            own_name: Some("李师傅".to_owned()),
            arrived_at: None,
            vehicle_plate: None,
            requested: vec!["shower".to_owned()],
        })
        .unwrap();
}

/// A paired client in memory, with one visit to send.
fn client_with_a_visit(relay: &mut PlayedRelay) -> Client {
    let mut client = Client::in_memory(Arc::new(TestClock::default())).unwrap();
    client.pair(relay, &relay_url(), "CODE", "").unwrap();
    arrive(&mut client);
    client
}

fn unsent(client: &Client) -> u64 {
    client.status().unwrap().unsent_changes
}

#[test]
fn a_visit_written_before_pairing_is_sent_after_it() {
    let mut relay = PlayedRelay::new();
    let mut client = Client::in_memory(Arc::new(TestClock::default())).unwrap();
    arrive(&mut client);
    let error = client.sync(&mut relay).unwrap_err();
    assert!(matches!(error, SyncError::NotPaired));
    client.pair(&mut relay, &relay_url(), "CODE", "").unwrap();
    let report = client.sync(&mut relay).unwrap();
    assert_eq!((report.sent, report.unsent_left), (1, 0));
    assert_eq!(unsent(&client), 0);
    assert_eq!(relay.stored.len(), 1);
}

#[test]
fn a_second_sync_is_one_request() {
    let mut relay = PlayedRelay::new();
    let mut client = client_with_a_visit(&mut relay);
    client.sync(&mut relay).unwrap();
    let before = relay.requests;
    let report = client.sync(&mut relay).unwrap();
    assert_eq!(relay.requests, before + 1);
    assert_eq!((report.exchanges, report.sent), (1, 0));
}

#[test]
fn bad_weather_loses_nothing_and_sends_nothing_twice() {
    for weather in [Weather::Dead, Weather::AnswerLost] {
        let mut relay = PlayedRelay::new();
        let mut client = client_with_a_visit(&mut relay);
        relay.weather = weather;
        let error = client.sync(&mut relay).unwrap_err();
        let SyncError::Waiting { failure, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!(*failure, Failure::Offline);
        assert_eq!(ClientError::from(error).code(), "relay.unreachable");
        assert_eq!(unsent(&client), 1);
        assert!(client.status().unwrap().last_sync_error.is_some());

        relay.weather = Weather::Fair;
        client.sync(&mut relay).unwrap();
        assert_eq!(unsent(&client), 0);
        assert_eq!(relay.stored.len(), 1);
    }
}

#[test]
fn an_expired_token_is_renewed_within_the_round() {
    let mut relay = PlayedRelay::new();
    let mut client = client_with_a_visit(&mut relay);
    relay.token_good_for = 0;
    client.sync(&mut relay).unwrap();
    assert_eq!(relay.tokens, 2);
    assert_eq!(unsent(&client), 0);
}

#[test]
fn a_revoked_device_stops_and_keeps_its_work() {
    let mut relay = PlayedRelay::new();
    let mut client = client_with_a_visit(&mut relay);
    relay.revoked = true;
    let error = client.sync(&mut relay).unwrap_err();
    assert!(matches!(error, SyncError::Stopped(Stop::Revoked)));
    assert_eq!(ClientError::from(error).code(), "device.revoked");
    assert_eq!(unsent(&client), 1);

    relay.revoked = false;
    client.pair(&mut relay, &relay_url(), "CODE", "").unwrap();
    client.sync(&mut relay).unwrap();
    assert_eq!(unsent(&client), 0);
}

#[test]
fn a_refused_registration_changes_nothing() {
    let mut relay = PlayedRelay::new();
    let mut client = Client::in_memory(Arc::new(TestClock::default())).unwrap();
    let before = client.device().unwrap();
    let error = client
        .register(&mut relay, &relay_url(), "CODE", "李师傅", "")
        .unwrap_err();
    assert!(matches!(ClientError::from(error), ClientError::Denied(_)));
    assert_eq!(client.device().unwrap(), before);
}

#[test]
fn a_phone_that_dies_after_any_step_goes_on_where_it_was() {
    // How many steps a whole round takes is found out by the last turn, which is not cut.
    for steps in 0..12 {
        let home = tempfile::tempdir().unwrap();
        let mut relay = PlayedRelay::new();
        relay.token_good_for = 0;
        {
            let mut client = open(home.path());
            client.pair(&mut relay, &relay_url(), "CODE", "").unwrap();
            arrive(&mut client);
            arrive(&mut client);
            let mut driver = client.driver(&mut relay);
            driver.notify(Input::SyncWanted);
            for _ in 0..steps {
                if let Step::Finished(outcome) = driver.step().unwrap() {
                    assert!(matches!(outcome, Outcome::Synced { .. }));
                }
            }
        }
        let mut client = open(home.path());
        client.sync(&mut relay).unwrap();
        assert_eq!(unsent(&client), 0, "died after {steps} steps");
        assert_eq!(relay.stored.len(), 2, "died after {steps} steps");
    }
}

#[test]
fn a_suspended_client_comes_back_as_it_was() {
    let home = tempfile::tempdir().unwrap();
    let mut client = open(home.path());
    arrive(&mut client);
    let device = client.device().unwrap();
    let client = Client::reopen(client.suspend()).unwrap();
    assert_eq!(client.device().unwrap(), device);
    assert_eq!(unsent(&client), 1);

    let mut client = Client::in_memory(Arc::new(TestClock::default())).unwrap();
    arrive(&mut client);
    let client = Client::reopen(client.suspend()).unwrap();
    assert_eq!(unsent(&client), 1);
}

#[test]
fn steps_without_a_wish_do_nothing() {
    let mut relay = PlayedRelay::new();
    let mut client = Client::in_memory(Arc::new(TestClock::default())).unwrap();
    client.pair(&mut relay, &relay_url(), "CODE", "").unwrap();
    let mut driver = client.driver(&mut relay);
    assert_eq!(driver.step().unwrap(), Step::Idle);
    assert_eq!(driver.poll_timeout(), None);
    assert_eq!(relay.requests, 0);
}
