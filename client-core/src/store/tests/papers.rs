//! Photos and papers: what is kept of them, and until when.

use yizhan_proto::limits::{ATTACHMENT_BYTES_MAX, PIECE_BYTES_MAX};
use yizhan_proto::{ContentHash, EntryId, Epoch, Kind, MediaType, Role, Scope};

use super::world::*;
use crate::clock::Clock as _;
use crate::model::attachment::NewAttachment;
use crate::model::{Command, RefusalCode};
use crate::store::{
    AttachmentPlace, AttachmentTotals, ChangeState, EditError, NewFile, Store, Transfer,
    TransferWay,
};

/// A photo of so many bytes; no two of different `seed` share a byte's worth of their middle.
fn photo(seed: u8, bytes: usize) -> Vec<u8> {
    let mut photo = vec![0xff, 0xd8, 0xff];
    photo.resize(bytes, seed);
    photo
}

fn file(n: u8, bytes: Vec<u8>, thumb: Option<Vec<u8>>) -> NewFile {
    NewFile {
        entry: entry(n),
        bytes,
        thumb,
        name: "收据.jpg".to_owned(),
    }
}

fn with_role(role: Role, relay: &mut Relay, clock: &TestClock) -> Store {
    let mut store = Store::in_memory(clock).unwrap();
    relay.pair(&mut store, vec![role], clock);
    store
}

fn ways(store: &Store) -> Vec<(TransferWay, bool, u64)> {
    let short = |one: &Transfer| (one.way, one.thumb, one.bytes);
    store.transfers().unwrap().iter().map(short).collect()
}

fn place(store: &Store, n: u8) -> AttachmentPlace {
    store.attachment(entry(n)).unwrap().place
}

#[test]
fn a_photo_taken_offline_is_kept_and_waits_to_be_sent() {
    let clock = TestClock::new(1);
    let mut store = Store::in_memory(&clock).unwrap();
    check_in(&mut store, document(1), "李师傅", &clock);
    let bytes = photo(7, PIECE_BYTES_MAX + 5);
    let sha256 = store
        .attach(
            document(1),
            &file(2, bytes.clone(), Some(photo(8, 50))),
            &clock,
        )
        .unwrap();
    assert_eq!(sha256, ContentHash::of(&bytes));
    assert_eq!(store.file_bytes(sha256).unwrap(), Some(bytes.clone()));
    assert_eq!(place(&store, 2), AttachmentPlace::Sending(0));
    let send = TransferWay::Send;
    assert_eq!(
        ways(&store),
        [(send, false, bytes.len() as u64), (send, true, 50)]
    );
    let totals = store.attachment_totals().unwrap();
    assert_eq!(
        (totals.to_send, totals.to_send_bytes),
        (2, bytes.len() as u64 + 50)
    );
    // Pieces are read wherever the relay wants to go on.
    assert_eq!(store.piece(sha256, 3, 4).unwrap(), bytes[3..7]);
    let across = PIECE_BYTES_MAX as u64 - 2;
    assert_eq!(
        store.piece(sha256, across, 9).unwrap(),
        bytes[PIECE_BYTES_MAX - 2..]
    );
    store.note_sent(sha256, 100, false).unwrap();
    assert_eq!(place(&store, 2), AttachmentPlace::Sending(100));
    store.note_sent(sha256, bytes.len() as u64, true).unwrap();
    assert_eq!(place(&store, 2), AttachmentPlace::Here);
}

#[test]
fn what_may_not_be_attached_leaves_no_bytes() {
    let clock = TestClock::new(1);
    let mut relay = Relay::new();
    let mut store = with_role(Role::Driver, &mut relay, &clock);
    check_in(&mut store, document(1), "李师傅", &clock);
    give_consent(&mut store, document(2), &clock);
    let large = photo(1, usize::try_from(ATTACHMENT_BYTES_MAX).unwrap() + 1);
    for (bytes, code) in [
        (Vec::new(), RefusalCode::AttachmentEmpty),
        (large, RefusalCode::AttachmentTooLarge),
        (
            b"MZ, whatever it is called".to_vec(),
            RefusalCode::AttachmentType,
        ),
    ] {
        match store.attach(document(1), &file(3, bytes, None), &clock) {
            Err(EditError::Refused(refusal)) => assert_eq!(refusal.code, code),
            other => panic!("{other:?}"),
        }
    }
    // Of a kind that has no attachments; not here at all; without a name.
    let put = |store: &mut Store, to, name: &str| {
        let file = NewFile {
            name: name.to_owned(),
            ..file(3, photo(1, 90), None)
        };
        assert!(
            store.attach(document(to), &file, &clock).is_err(),
            "{to} {name}"
        );
    };
    put(&mut store, 2, "x");
    put(&mut store, 9, "x");
    put(&mut store, 1, "");
    assert_eq!(
        store.attachment_totals().unwrap(),
        AttachmentTotals::default()
    );
    assert_eq!(
        store.file_bytes(ContentHash::of(&photo(1, 90))).unwrap(),
        None
    );
}

#[test]
fn a_document_names_fifty_attachments_and_no_more() {
    let clock = TestClock::new(1);
    let mut store = Store::in_memory(&clock).unwrap();
    check_in(&mut store, document(1), "李师傅", &clock);
    for n in 0..50 {
        store
            .attach(document(1), &file(n, photo(n, 20), None), &clock)
            .unwrap();
    }
    match store.attach(document(1), &file(50, photo(50, 20), None), &clock) {
        Err(EditError::Refused(refusal)) => assert_eq!(refusal.code, RefusalCode::AttachmentsFull),
        other => panic!("{other:?}"),
    }
    assert_eq!(store.attachments(Some(document(1))).unwrap().len(), 50);
}

#[test]
fn a_small_picture_and_its_length_are_named_together() {
    let clock = TestClock::new(1);
    let mut store = Store::in_memory(&clock).unwrap();
    check_in(&mut store, document(1), "李师傅", &clock);
    let attachment = NewAttachment {
        entry: EntryId::from_bytes([5; 16]),
        sha256: ContentHash::of(b"x"),
        bytes: ATTACHMENT_BYTES_MAX + 1,
        media_type: MediaType::Pdf,
        name: "x".to_owned(),
        thumb: None,
        by: store.device().unwrap().person,
        at: clock.now(),
    };
    let kind = Kind::Visit;
    let refused = store.edit(document(1), &Command::Attach { kind, attachment }, &clock);
    match refused {
        Err(EditError::Refused(refusal)) => assert_eq!(refusal.code, RefusalCode::ValueRange),
        other => panic!("{other:?}"),
    }
}

/// A keeper's tablet that knows of a photo of a driver's, and has nothing of it yet.
fn photo_of_a_driver(bytes: &[u8], thumb: Option<Vec<u8>>) -> (Store, Store, Relay, TestClock) {
    let clock = TestClock::new(1);
    let mut relay = Relay::new();
    let mut keeper = with_role(Role::Keeper(station_id()), &mut relay, &clock);
    let mut driver = with_role(Role::Driver, &mut relay, &clock);
    check_in(&mut driver, document(1), "李师傅", &clock);
    driver
        .attach(document(1), &file(2, bytes.to_vec(), thumb), &clock)
        .unwrap();
    sync(&mut driver, &mut relay, &clock);
    sync(&mut keeper, &mut relay, &clock);
    keeper.reconcile_files(clock.now()).unwrap();
    (driver, keeper, relay, clock)
}

#[test]
fn small_files_and_pictures_are_fetched_by_themselves_and_large_ones_when_asked_for() {
    let bytes = photo(7, PIECE_BYTES_MAX + 1);
    let sha256 = ContentHash::of(&bytes);
    let (_, mut keeper, ..) = photo_of_a_driver(&bytes, Some(photo(8, 50)));
    let fetch = TransferWay::Fetch;
    assert_eq!(ways(&keeper), [(fetch, true, 50)]);
    assert_eq!(place(&keeper, 2), AttachmentPlace::Away);
    keeper.want_file(sha256).unwrap();
    assert_eq!(place(&keeper, 2), AttachmentPlace::Fetching(0));
    let large = (fetch, false, bytes.len() as u64);
    assert!(ways(&keeper).contains(&large));
    let (_, keeper, ..) = photo_of_a_driver(&photo(7, PIECE_BYTES_MAX), None);
    assert_eq!(ways(&keeper), [(fetch, false, PIECE_BYTES_MAX as u64)]);
}

#[test]
fn pieces_count_once_in_order_and_never_beyond_the_end() {
    let bytes = photo(7, 100);
    let sha256 = ContentHash::of(&bytes);
    let (_, mut keeper, ..) = photo_of_a_driver(&bytes, None);
    let mut note = |at: u64, piece: &[u8]| keeper.note_piece(sha256, at, piece).unwrap();
    assert_eq!(note(0, &bytes[..40]), Some(false));
    assert_eq!(note(0, &bytes[..40]), Some(false), "again");
    assert_eq!(note(50, &bytes[50..]), Some(false), "with a gap");
    assert_eq!(
        note(40, &[bytes[40..].to_vec(), vec![0]].concat()),
        Some(false),
        "too long"
    );
    assert_eq!(note(40, &[]), Some(false));
    assert_eq!(note(40, &bytes[40..]), Some(true));
    assert_eq!(keeper.file_bytes(sha256).unwrap(), Some(bytes));
    assert!(keeper.transfers().unwrap().is_empty());
}

#[test]
fn what_came_and_is_something_else_is_dropped_and_fetched_again() {
    let bytes = photo(7, 100);
    let sha256 = ContentHash::of(&bytes);
    let (_, mut keeper, _, clock) = photo_of_a_driver(&bytes, None);
    assert_eq!(
        keeper.note_piece(sha256, 0, &photo(9, 60)).unwrap(),
        Some(false)
    );
    assert_eq!(keeper.note_piece(sha256, 60, &bytes[60..]).unwrap(), None);
    assert_eq!(keeper.file_bytes(sha256).unwrap(), None);
    let later = clock.now().saturating_add_ms(60_000);
    keeper
        .note_transfer_failed(sha256, "attachment.mismatch", "why", later)
        .unwrap();
    let row = keeper.attachment(entry(2)).unwrap();
    assert_eq!(row.place, AttachmentPlace::Fetching(0));
    assert_eq!(row.failed.unwrap().0, "attachment.mismatch");
    let waiting = &keeper.transfers().unwrap()[0];
    assert_eq!((waiting.tries, waiting.not_before), (1, Some(later)));
    assert_eq!(keeper.note_piece(sha256, 0, &bytes).unwrap(), Some(true));
    assert_eq!(keeper.attachment(entry(2)).unwrap().failed, None);
}

#[test]
fn bytes_leave_with_the_last_document_that_names_them() {
    let bytes = photo(7, 100);
    let sha256 = ContentHash::of(&bytes);
    let (mut driver, mut keeper, mut relay, clock) = photo_of_a_driver(&bytes, None);
    keeper.note_piece(sha256, 0, &bytes).unwrap();
    // The same bytes in another visit.
    check_in(&mut driver, document(3), "李师傅", &clock);
    driver
        .attach(document(3), &file(4, bytes.clone(), None), &clock)
        .unwrap();
    sync(&mut driver, &mut relay, &clock);
    sync(&mut keeper, &mut relay, &clock);
    for (leaves, left) in [(1, Some(bytes.clone())), (3, None)] {
        relay.forget(&Scope::Station(station_id()), document(leaves));
        sync(&mut keeper, &mut relay, &clock);
        keeper.reconcile_files(clock.now()).unwrap();
        assert_eq!(keeper.file_bytes(sha256).unwrap(), left, "{leaves}");
    }
    assert!(keeper.attachments(None).unwrap().is_empty());
    assert!(driver.file_bytes(sha256).unwrap().is_some());
}

#[test]
fn what_was_photographed_stays_though_its_entry_was_refused() {
    let clock = TestClock::new(1);
    let mut relay = Relay::new();
    let mut driver = with_role(Role::Driver, &mut relay, &clock);
    check_in(&mut driver, document(1), "李师傅", &clock);
    sync(&mut driver, &mut relay, &clock);
    let bytes = photo(7, 100);
    let sha256 = driver
        .attach(document(1), &file(2, bytes.clone(), None), &clock)
        .unwrap();
    let visit = driver.visit(document(1), clock.now()).unwrap();
    let unsent = visit
        .changes
        .iter()
        .find(|change| change.state == ChangeState::Unsent);
    let change = unsent.unwrap().change;
    relay.refuse.insert(change);
    let applied = sync(&mut driver, &mut relay, &clock);
    assert_eq!(applied.refused, 1);
    assert!(
        driver.attachments(None).unwrap().is_empty(),
        "it is shown among what is held"
    );
    clock.pass(2 * 60 * 60 * 1_000);
    driver.reconcile_files(clock.now()).unwrap();
    assert_eq!(driver.file_bytes(sha256).unwrap(), Some(bytes));
    // Until the person gives it up.
    driver.discard(change).unwrap();
    driver.reconcile_files(clock.now()).unwrap();
    assert_eq!(driver.file_bytes(sha256).unwrap(), None);
}

#[test]
fn a_relay_of_another_lineage_is_asked_again() {
    let bytes = photo(7, 100);
    let sha256 = ContentHash::of(&bytes);
    let (mut driver, _, mut relay, clock) = photo_of_a_driver(&bytes, None);
    driver.reconcile_files(clock.now()).unwrap();
    driver.note_sent(sha256, 100, true).unwrap();
    driver.reconcile_files(clock.now()).unwrap();
    assert!(driver.transfers().unwrap().is_empty());
    relay.restore(relay.head, Epoch::from_bytes([9; 8]));
    sync(&mut driver, &mut relay, &clock);
    driver.reconcile_files(clock.now()).unwrap();
    let asked = driver.transfers().unwrap();
    assert_eq!((asked[0].way, asked[0].done), (TransferWay::Send, None));
}

#[test]
fn damaged_bytes_stop_no_tap_and_no_sync() {
    let clock = TestClock::new(1);
    let mut relay = Relay::new();
    let home = tempfile::tempdir().unwrap();
    std::fs::write(
        home.path().join("attachments.db"),
        b"this is no database at all",
    )
    .unwrap();
    let mut store = Store::open(home.path(), &clock).unwrap();
    relay.pair(&mut store, vec![Role::Driver], &clock);
    check_in(&mut store, document(1), "李师傅", &clock);
    sync(&mut store, &mut relay, &clock);
    note(&mut store, document(1), "写得下", &clock);
    let error = store.attachment_totals().unwrap_err().to_string();
    assert!(error.contains("attachments.db"), "{error}");
    assert!(
        store
            .attach(document(1), &file(2, photo(1, 50), None), &clock)
            .is_err()
    );
    assert!(
        store.attachments(None).unwrap().is_empty(),
        "nothing names what is not here"
    );
}
