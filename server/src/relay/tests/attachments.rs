//! Photos and papers: who may send and fetch which bytes, and what stays of them.

use yizhan_client_core::model::Command;
use yizhan_client_core::model::attachment::NewAttachment;
use yizhan_proto::limits::{PERSON_ATTACHMENT_BYTES_MAX, PIECE_BYTES_MAX};
use yizhan_proto::sync::{ForgetReason, Outcome};
use yizhan_proto::{ContentHash, DocumentId, EntryId, Kind, MediaType, Timestamp};

use super::phone::{Edit, Phone};
use super::{MORNING_MS, World, open};
use crate::error::{AttachmentError, RelayError};
use crate::relay::{AttachmentState, Piece};
use crate::store::LogTx;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// A photo of so many bytes.
pub(super) fn photo(bytes: usize) -> Vec<u8> {
    let mut photo = vec![0xff, 0xd8, 0xff];
    photo.extend((3..bytes).map(|n| u8::try_from(n % 251).unwrap()));
    photo
}

impl Phone {
    /// Names these bytes in a document, and pushes that.
    pub(super) async fn name(&mut self, id: DocumentId, sha256: ContentHash, bytes: u64) {
        let entry = EntryId::from_bytes(sha256.as_bytes()[..16].try_into().unwrap());
        let attachment = NewAttachment {
            entry,
            sha256,
            bytes,
            media_type: MediaType::Jpeg,
            name: "收据.jpg".to_owned(),
            thumb: None,
            by: self.identity.person,
            at: Timestamp::from_ms(MORNING_MS),
        };
        let kind = Kind::Visit;
        self.edit(id, Edit(Command::Attach { kind, attachment }));
        for receipt in self.push().await {
            assert!(
                matches!(receipt.outcome, Outcome::Accepted(_)),
                "{receipt:?}"
            );
        }
    }

    pub(super) async fn put(
        &self,
        sha256: ContentHash,
        at: usize,
        piece: &[u8],
        whole: usize,
    ) -> Result<AttachmentState, AttachmentError> {
        let caller = self.relay().caller(self.device).unwrap();
        let piece = Piece {
            at: at as u64,
            piece: piece.to_vec(),
            whole: whole as u64,
        };
        self.relay().put_attachment(&caller, sha256, piece).await
    }

    pub(super) async fn put_all(&self, bytes: &[u8]) -> AttachmentState {
        let sha256 = ContentHash::of(bytes);
        let mut state = None;
        for (n, piece) in bytes.chunks(PIECE_BYTES_MAX).enumerate() {
            let put = self.put(sha256, n * PIECE_BYTES_MAX, piece, bytes.len());
            state = Some(put.await.unwrap());
        }
        state.unwrap()
    }

    pub(super) async fn state(
        &self,
        sha256: ContentHash,
    ) -> Result<AttachmentState, AttachmentError> {
        let caller = self.relay().caller(self.device).unwrap();
        self.relay().attachment_state(&caller, sha256).await
    }

    pub(super) async fn get(&self, sha256: ContentHash) -> Result<Vec<u8>, AttachmentError> {
        let caller = self.relay().caller(self.device).unwrap();
        let mut readable = self.relay().read_attachment(&caller, sha256).await?;
        Ok(readable
            .read(0, usize::try_from(readable.bytes).unwrap())
            .unwrap())
    }
}

/// Neither fetches, nor sends, nor learns whether there is anything.
async fn knows_nothing_of(phone: &Phone, sha256: ContentHash, bytes: &[u8]) {
    let unknown = ContentHash::of(b"what nobody ever had");
    for asked in [sha256, unknown] {
        let said = [
            phone.state(asked).await.unwrap_err().to_string(),
            phone.get(asked).await.unwrap_err().to_string(),
            phone
                .put(asked, 0, bytes, bytes.len())
                .await
                .unwrap_err()
                .to_string(),
            phone
                .put(asked, 0, &[], bytes.len())
                .await
                .unwrap_err()
                .to_string(),
        ];
        let not_found = AttachmentError::NotFound.to_string();
        assert!(said.iter().all(|said| *said == not_found), "{said:?}");
    }
}

#[tokio::test]
async fn a_photo_goes_up_in_pieces_and_comes_down_whole_for_the_station() {
    let mut world = World::new().await;
    let (mut driver, keeper) = (world.driver().await, world.keeper(0).await);
    let (stranger, other) = (world.driver().await, world.keeper(1).await);
    let id = world.document_id();
    driver.check_in(id, world.stations[0]);
    let bytes = photo(2 * PIECE_BYTES_MAX + 7);
    let sha256 = ContentHash::of(&bytes);
    knows_nothing_of(&driver, sha256, &bytes).await;
    driver.name(id, sha256, bytes.len() as u64).await;

    let begun = driver
        .put(sha256, 0, &bytes[..PIECE_BYTES_MAX], bytes.len())
        .await
        .unwrap();
    assert_eq!(
        (begun.have, begun.complete),
        (PIECE_BYTES_MAX as u64, false)
    );
    // The station knows that there is one, and waits for it.
    assert!(matches!(
        keeper.get(sha256).await,
        Err(AttachmentError::NotHere)
    ));
    assert!(matches!(
        keeper.state(sha256).await,
        Err(AttachmentError::NotHere)
    ));
    assert!(matches!(
        keeper.put(sha256, 0, &bytes[..9], bytes.len()).await,
        Err(AttachmentError::NotHere)
    ));
    for phone in [&stranger, &other] {
        knows_nothing_of(phone, sha256, &bytes).await;
    }
    assert!(driver.put_all(&bytes).await.complete);
    assert_eq!(keeper.get(sha256).await.unwrap(), bytes);
    let state = keeper.state(sha256).await.unwrap();
    assert_eq!(
        (state.have, state.bytes, state.complete),
        (bytes.len() as u64, bytes.len() as u64, true)
    );
    assert_eq!(state.media_type, "image/jpeg");
    for phone in [&stranger, &other] {
        knows_nothing_of(phone, sha256, &bytes).await;
    }
}

#[tokio::test]
async fn who_only_knows_a_hash_gets_nothing_by_naming_it() {
    let mut world = World::new().await;
    let (mut driver, mut thief) = (world.driver().await, world.driver().await);
    let keeper = world.keeper(0).await;
    let bytes = photo(500);
    let sha256 = ContentHash::of(&bytes);
    let (true_one, bait) = (world.document_id(), world.document_id());
    driver.check_in(true_one, world.stations[0]);
    driver.name(true_one, sha256, 500).await;
    driver.put_all(&bytes).await;

    // In a visit of the thief's own, at the same station: the keeper reads both.
    thief.check_in(bait, world.stations[0]);
    thief.name(bait, sha256, 500).await;
    assert!(keeper.state(sha256).await.unwrap().complete);
    // The thief hears what one hears of bytes that nobody ever had.
    let state = thief.state(sha256).await.unwrap();
    assert_eq!((state.have, state.complete), (0, false));
    assert!(matches!(
        thief.get(sha256).await,
        Err(AttachmentError::NotHere)
    ));
    // Guesses spoil the thief's own upload, and nothing else.
    let guessed = thief
        .put(sha256, 0, &photo(500)[..1].repeat(500), 500)
        .await;
    assert!(matches!(guessed, Err(AttachmentError::Mismatch)));
    assert!(matches!(
        thief.get(sha256).await,
        Err(AttachmentError::NotHere)
    ));
    assert_eq!(keeper.get(sha256).await.unwrap(), bytes);
    // Who has the bytes may share them.
    assert!(thief.put_all(&bytes).await.complete);
    assert_eq!(thief.get(sha256).await.unwrap(), bytes);
}

#[tokio::test]
async fn who_can_fetch_bytes_need_not_send_them_again() {
    let mut world = World::new().await;
    let mut driver = world.driver().await;
    let mut keeper = world.keeper(0).await;
    let bytes = photo(500);
    let sha256 = ContentHash::of(&bytes);
    let (first, second) = (world.document_id(), world.document_id());
    driver.check_in(first, world.stations[0]);
    driver.name(first, sha256, 500).await;
    driver.put_all(&bytes).await;
    let mut other = world.driver().await;
    other.check_in(second, world.stations[0]);
    other.push().await;
    keeper.sync(0).await;
    keeper.name(second, sha256, 500).await;
    assert!(matches!(
        other.get(sha256).await,
        Err(AttachmentError::NotHere)
    ));
    // The keeper's phone asks how far it is, and that is all.
    assert!(keeper.put(sha256, 0, &[], 500).await.unwrap().complete);
    assert_eq!(other.get(sha256).await.unwrap(), bytes);
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_leaves_nothing() {
    let mut world = World::new().await;
    let mut driver = world.driver().await;
    let id = world.document_id();
    driver.check_in(id, world.stations[0]);
    let bytes = photo(1_000);
    let sha256 = ContentHash::of(&bytes);
    driver.name(id, sha256, 1_000).await;
    let length = |error| {
        matches!(
            error,
            Err(AttachmentError::Length {
                announced: 1_000,
                ..
            })
        )
    };
    assert!(length(driver.put(sha256, 0, &bytes, 1_001).await));
    assert!(length(driver.put(sha256, 0, &bytes, 999).await));
    assert!(length(driver.put(sha256, 1, &bytes, 1_000).await));
    assert!(length(driver.put(sha256, usize::MAX, &bytes, 1_000).await));
    let long = vec![0; PIECE_BYTES_MAX + 1];
    assert!(driver.put(sha256, 0, &long, 1_000).await.is_err());
    assert_eq!(driver.state(sha256).await.unwrap().have, 0);
    // The wrong bytes, to the last: dropped, and said so.
    let mut wrong = bytes.clone();
    wrong[500] ^= 1;
    driver.put(sha256, 0, &wrong[..600], 1_000).await.unwrap();
    let spoiled = driver.put(sha256, 600, &wrong[600..], 1_000).await;
    assert!(
        matches!(spoiled, Err(AttachmentError::Mismatch)),
        "{spoiled:?}"
    );
    assert_eq!(driver.state(sha256).await.unwrap().have, 0);
    assert!(matches!(
        driver.get(sha256).await,
        Err(AttachmentError::NotHere)
    ));
    assert!(driver.put_all(&bytes).await.complete);
}

#[tokio::test]
async fn an_upload_survives_a_restart_and_is_given_up_after_seven_days() {
    let mut world = World::new().await;
    let mut driver = world.driver().await;
    let id = world.document_id();
    driver.check_in(id, world.stations[0]);
    let (kept, given_up) = (photo(1_000), photo(2_000));
    for bytes in [&kept, &given_up] {
        let sha256 = ContentHash::of(bytes);
        driver.name(id, sha256, bytes.len() as u64).await;
        driver
            .put(sha256, 0, &bytes[..700], bytes.len())
            .await
            .unwrap();
    }
    world.relay.shutdown();
    world.relay = open(world.folder.path(), &world.clock);
    driver.reach(world.relay.clone());
    let have = |state: Result<AttachmentState, AttachmentError>| state.unwrap().have;
    assert_eq!(have(driver.state(ContentHash::of(&kept)).await), 700);

    world.clock.advance_ms(5 * DAY_MS);
    let again = driver
        .put(ContentHash::of(&kept), 700, &kept[700..800], 1_000)
        .await;
    assert_eq!(have(again), 800);
    world.clock.advance_ms(3 * DAY_MS);
    assert_eq!(world.relay.remove_unwanted_attachments().await.unwrap(), 1);
    assert_eq!(have(driver.state(ContentHash::of(&kept)).await), 800);
    assert_eq!(have(driver.state(ContentHash::of(&given_up)).await), 0);
    // What is whole stays however old it is.
    driver
        .put(ContentHash::of(&kept), 800, &kept[800..], 1_000)
        .await
        .unwrap();
    world.clock.advance_ms(365 * DAY_MS);
    assert_eq!(world.relay.remove_unwanted_attachments().await.unwrap(), 0);
    assert_eq!(driver.get(ContentHash::of(&kept)).await.unwrap(), kept);
}

#[tokio::test]
async fn a_person_has_so_much_room_and_no_more() {
    let mut world = World::new().await;
    let (mut driver, mut other) = (world.driver().await, world.driver().await);
    let person = driver.identity.person;
    // What the person has put here before: all of the room but 2,000 bytes.
    let before = PERSON_ATTACHMENT_BYTES_MAX - 2_000;
    let job = move |tx: &mut LogTx<'_>| -> Result<(), RelayError> {
        let now = Timestamp::from_ms(MORNING_MS);
        Ok(tx.put_proof(ContentHash::of(b"earlier"), person, before, now)?)
    };
    let written = world.relay.inner.writer.write(job).await;
    assert!(written.is_ok());
    let (first, second, third) = (photo(900), photo(1_100), photo(1_101));
    for phone in [&mut driver, &mut other] {
        let id = world.document_id();
        phone.check_in(id, world.stations[0]);
        for bytes in [&first, &second, &third] {
            phone
                .name(id, ContentHash::of(bytes), bytes.len() as u64)
                .await;
        }
    }
    assert!(driver.put_all(&first).await.complete);
    let refused = driver
        .put(ContentHash::of(&third), 0, &third[..9], 1_101)
        .await;
    let quota = |wanted| AttachmentError::Quota {
        bound: PERSON_ATTACHMENT_BYTES_MAX,
        wanted,
    };
    let said = refused.unwrap_err().to_string();
    assert_eq!(said, quota(PERSON_ATTACHMENT_BYTES_MAX + 1).to_string());
    // What is only half here counts, too.
    let half = driver
        .put(ContentHash::of(&second), 0, &second[..9], 1_100)
        .await;
    assert_eq!(half.unwrap().have, 9);
    let refused = driver
        .put(ContentHash::of(&third), 0, &third[..9], 1_101)
        .await;
    let said = refused.unwrap_err().to_string();
    assert_eq!(said, quota(PERSON_ATTACHMENT_BYTES_MAX + 10).to_string());
    let rest = driver
        .put(ContentHash::of(&second), 9, &second[9..], 1_100)
        .await;
    assert!(rest.unwrap().complete);
    // Nobody else has less room for it.
    assert!(other.put_all(&third).await.complete);
}

#[tokio::test]
async fn who_leaves_the_audience_has_no_more_of_it() {
    let mut world = World::new().await;
    let mut driver = world.driver().await;
    let keeper = world.keeper(0).await;
    let id = world.document_id();
    driver.check_in(id, world.stations[0]);
    let bytes = photo(500);
    let sha256 = ContentHash::of(&bytes);
    driver.name(id, sha256, 500).await;
    driver.put_all(&bytes).await;
    assert_eq!(keeper.get(sha256).await.unwrap(), bytes);
    let scope = world.station_scope(0);
    world
        .relay
        .leave_scope(id, scope, ForgetReason::Left)
        .await
        .unwrap();
    knows_nothing_of(&keeper, sha256, &bytes).await;
    assert_eq!(driver.get(sha256).await.unwrap(), bytes);
}

#[tokio::test]
async fn two_requests_of_one_upload_do_not_mix() {
    let mut world = World::new().await;
    let mut driver = world.driver().await;
    let id = world.document_id();
    driver.check_in(id, world.stations[0]);
    let bytes = photo(1_000);
    let sha256 = ContentHash::of(&bytes);
    driver.name(id, sha256, 1_000).await;
    let (one, two) = tokio::join!(
        driver.put(sha256, 0, &bytes[..600], 1_000),
        driver.put(sha256, 0, &bytes[..600], 1_000)
    );
    for put in [one, two] {
        match put {
            Ok(state) => assert_eq!(state.have, 600),
            Err(AttachmentError::Relay(RelayError::Busy { .. })) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert!(
        driver
            .put(sha256, 600, &bytes[600..], 1_000)
            .await
            .unwrap()
            .complete
    );
    assert_eq!(driver.get(sha256).await.unwrap(), bytes);
}
