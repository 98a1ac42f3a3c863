//! A keeper goes through a day with a damaged tablet.

use std::ops::ControlFlow;
use std::path::Path;

use yizhan_client_core::Client;
use yizhan_client_core::error::ClientError;
use yizhan_client_core::model::{Command, station, visit};
use yizhan_client_core::store::{
    ActivityFilter, CheckFilter, ConsentFilter, EnrolmentFilter, NoticeFilter, TicketFilter,
    VisitFilter,
};
use yizhan_client_core::transport::{Transport, TransportError, WatchEvent};
use yizhan_proto::attachment::{Piece, Upload};
use yizhan_proto::identity::{Access, PairRequest, RegisterRequest, TokenRequest, Welcome};
use yizhan_proto::sync::{Outcome, Receipt, Stored, SyncRequest, SyncResponse};
use yizhan_proto::{ChangeHash, ContentHash, Cursor, Epoch, ProtocolVersion, Sequence, Timestamp};

use crate::chance::Chance;
use crate::clock::{BEGINNING, DAY_MS, SimClock, TrueTime};

/// Opens the store in `home`, looks at every screen, edits, and syncs. Whatever fails says so.
pub(super) fn live_with(home: &Path) {
    let clock = SimClock::new(TrueTime::new(), Chance::new(5));
    let mut client = match Client::open(home, clock) {
        Ok(client) => client,
        Err(error) => return assert_in_words(&error),
    };
    told(client.status().map(drop));
    look(&client);
    edit(&mut client);
    let mut played = Played { exchanges: 0 };
    let _ = client.sync(&mut played);
    told(client.rebuild_views_step(1_000).map(drop));
    look(&client);
}

fn told(result: Result<(), ClientError>) {
    if let Err(error) = result {
        assert_in_words(&error);
    }
}

/// For people, and of a length that a screen has room for.
fn assert_in_words(error: &ClientError) {
    let words = error.to_string();
    assert!((8..4_000).contains(&words.len()), "{words}");
}

fn look(client: &Client) {
    told(client.author().map(drop));
    told(client.held().map(drop));
    let visits = client.visits(&VisitFilter::default()).unwrap_or_default();
    for row in &visits {
        told(client.visit(row.id).map(drop));
        told(client.open_visits(row.driver).map(drop));
        told(client.history(row.driver, 50).map(drop));
        told(client.driver_card(row.driver, row.station).map(drop));
    }
    for row in client.checks(&CheckFilter::default()).unwrap_or_default() {
        told(client.check(row.id).map(drop));
    }
    for row in client.tickets(&TicketFilter::default()).unwrap_or_default() {
        told(client.ticket(row.id).map(drop));
    }
    let day = BEGINNING..BEGINNING.saturating_add_ms(DAY_MS);
    for row in client.stations().unwrap_or_default() {
        told(client.today(row.id, day.clone()).map(drop));
        told(client.station(&row.key).map(drop));
    }
    told(client.consents(&ConsentFilter::default()).map(drop));
    told(client.activities(&ActivityFilter::default()).map(drop));
    told(client.enrolments(&EnrolmentFilter::default()).map(drop));
    told(client.notices(&NoticeFilter::default()).map(drop));
    told(client.open_crises().map(drop));
    told(client.leases().map(drop));
    told(client.search("李", 20).map(drop));
    told(client.attachments(None).map(drop));
    told(client.export(&mut std::io::sink()).map(drop));
    told(client.check_in_code(None).map(drop));
    let sink = &mut |_: &str| Ok(Box::new(std::io::sink()) as Box<dyn std::io::Write>);
    told(
        client
            .export_csv(sink, &|at| at.as_ms().to_string())
            .map(drop),
    );
}

fn edit(client: &mut Client) {
    let first = client.visits(&VisitFilter::default()).unwrap_or_default();
    if let Some(row) = first.first() {
        let note = visit::Command::SetKeeperNote("又来了".to_owned());
        told(client.edit(row.id, &Command::Visit(note)).map(drop));
    }
    let first = client.stations().unwrap_or_default();
    if let Some(row) = first.first() {
        let beds = station::Command::SetBedsFree(1);
        told(
            client
                .edit(row.id.into(), &Command::Station(beds))
                .map(drop),
        );
    }
}

/// A relay that takes everything, has nothing, and after a while cannot be reached.
struct Played {
    exchanges: u64,
}

const EXCHANGES_MAX: u64 = 8;

fn unreachable<T>() -> Result<T, TransportError> {
    Err(TransportError::offline("out of coverage"))
}

impl Transport for Played {
    fn pair(&mut self, _: &PairRequest) -> Result<Welcome, TransportError> {
        unreachable()
    }

    fn register(&mut self, _: &RegisterRequest) -> Result<Welcome, TransportError> {
        unreachable()
    }

    fn token(&mut self, _: &TokenRequest) -> Result<Access, TransportError> {
        Ok(Access {
            token: "a token".to_owned(),
            token_ttl_s: 900,
            challenge: vec![1; 24],
            check_in: None,
        })
    }

    fn sync(&mut self, _: &str, request: &SyncRequest) -> Result<SyncResponse, TransportError> {
        self.exchanges += 1;
        if self.exchanges > EXCHANGES_MAX {
            return unreachable();
        }
        let first = 1_000_000 * self.exchanges;
        let receipt = |(number, push): (u64, &yizhan_proto::sync::Push)| Receipt {
            change: ChangeHash::of_chunk(&push.change),
            outcome: Outcome::Accepted(Stored {
                sequence: Sequence::new(number).expect("not 0"),
                received_at: BEGINNING,
                skew_ms: 0,
            }),
        };
        Ok(SyncResponse {
            version: ProtocolVersion::CURRENT,
            epoch: request.epoch.unwrap_or(Epoch::from_bytes([9; 8])),
            relay_time: Timestamp::from_ms(BEGINNING.as_ms()),
            head: Cursor::new(first + request.pushes.len() as u64),
            receipts: (first..).zip(&request.pushes).map(receipt).collect(),
            pages: Vec::new(),
            identity: None,
            repairs: Vec::new(),
            fetched: Vec::new(),
            decisions: None,
            next_sync_ms: None,
        })
    }

    fn put_piece(&mut self, _: &str, _: &Piece) -> Result<Upload, TransportError> {
        unreachable()
    }

    fn get_piece(
        &mut self,
        _: &str,
        _: ContentHash,
        _: u64,
        _: usize,
    ) -> Result<Vec<u8>, TransportError> {
        unreachable()
    }

    fn watch(
        &mut self,
        _: &str,
        _: &mut dyn FnMut(WatchEvent) -> ControlFlow<()>,
    ) -> Result<(), TransportError> {
        unreachable()
    }
}
