//! Half uploads: at odd places, by others, and after their person became somebody else.

use yizhan_proto::{ContentHash, Role};

use super::super::World;
use super::super::attachments::photo;
use crate::error::AttachmentError;

/// Pieces at places that are not the next one, or beyond the end: refused, and the upload goes on as
/// if nothing had been.
#[tokio::test]
async fn pieces_at_odd_places_neither_spoil_an_upload_nor_break_anything() {
    let mut world = World::new().await;
    let mut li = world.driver().await;
    let visit = world.document_id();
    li.check_in(visit, world.stations[0]);
    let bytes = photo(1_000);
    let (sha256, whole) = (ContentHash::of(&bytes), bytes.len());
    li.name(visit, sha256, whole as u64).await;
    li.put(sha256, 0, &bytes[..400], whole).await.unwrap();
    for (at, len, said) in [
        (401, 10, "offset"),
        (399, 10, "offset"),
        (1_000, 0, "offset"),
        (1_001, 0, "length"),
        (999, 2, "length"),
        (usize::MAX, 1, "length"),
        (usize::MAX, 0, "length"),
    ] {
        let told = li.put(sha256, at, &bytes[..len], whole).await;
        let found = match &told {
            Err(AttachmentError::Offset { expected: 400 }) => "offset",
            Err(AttachmentError::Length {
                announced: 1_000, ..
            }) => "length",
            _ => "another",
        };
        assert_eq!(found, said, "{at} {len} {told:?}");
    }
    for whole in [0, 999, 1_001, usize::MAX] {
        let told = li.put(sha256, 400, &bytes[400..410], whole).await;
        assert!(
            matches!(told, Err(AttachmentError::Length { .. })),
            "{told:?}"
        );
    }
    assert_eq!(li.state(sha256).await.unwrap().have, 400);
    let done = li.put(sha256, 400, &bytes[400..], whole).await.unwrap();
    assert!(done.complete);
    assert_eq!(li.get(sha256).await.unwrap(), bytes);
}

/// Two people name the same bytes. One of them sends others under that name: the other's upload is
/// not touched, and neither reads by the half of the other.
#[tokio::test]
async fn nobody_spoils_or_goes_on_with_somebody_elses_half() {
    let mut world = World::new().await;
    let (mut li, mut thief) = (world.driver().await, world.driver().await);
    let bytes = photo(1_000);
    let sha256 = ContentHash::of(&bytes);
    for phone in [&mut li, &mut thief] {
        let visit = world.document_id();
        phone.check_in(visit, world.stations[0]);
        phone.name(visit, sha256, 1_000).await;
    }
    li.put(sha256, 0, &bytes[..600], 1_000).await.unwrap();
    assert_eq!(thief.state(sha256).await.unwrap().have, 0);
    let rest = thief.put(sha256, 600, &bytes[600..], 1_000).await;
    assert!(matches!(rest, Err(AttachmentError::Offset { expected: 0 })));
    let spoiled = thief.put(sha256, 0, &[7; 1_000], 1_000).await;
    assert!(
        matches!(spoiled, Err(AttachmentError::Mismatch)),
        "{spoiled:?}"
    );
    assert_eq!(li.state(sha256).await.unwrap().have, 600);
    let done = li.put(sha256, 600, &bytes[600..], 1_000).await.unwrap();
    assert!(done.complete);
    // It is here, and opens nothing for who has not shown to have it.
    let got = thief.get(sha256).await;
    assert!(matches!(got, Err(AttachmentError::NotHere)), "{got:?}");
}

/// A driver who registered twice is made one person while a photo is half sent: it goes on, from
/// either phone.
#[tokio::test]
async fn a_half_sent_photo_goes_on_after_its_person_became_an_alias() {
    let mut world = World::new().await;
    let (mut old, new) = (world.driver().await, world.driver().await);
    let visit = world.document_id();
    old.check_in(visit, world.stations[0]);
    let bytes = photo(1_000);
    let sha256 = ContentHash::of(&bytes);
    old.name(visit, sha256, 1_000).await;
    old.put(sha256, 0, &bytes[..600], 1_000).await.unwrap();
    let (keep, other) = (new.identity.person, old.identity.person);
    world.relay.merge_people(keep, other).await.unwrap();
    for phone in [&old, &new] {
        assert_eq!(phone.state(sha256).await.unwrap().have, 600);
    }
    let done = old.put(sha256, 600, &bytes[600..], 1_000).await.unwrap();
    assert!(done.complete);
    let keeper = world.keeper(0).await;
    for phone in [&old, &new, &keeper] {
        assert_eq!(phone.get(sha256).await.unwrap(), bytes);
    }
}

/// Uploads that were begun and left count, until they are given up.
#[tokio::test]
async fn uploads_that_were_left_count_until_they_are_given_up() {
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    let mut world = World::new().await;
    let mut li = world.phone("李师傅", vec![Role::Driver]).await;
    let blobs = &world.relay.inner.blobs;
    let none = ContentHash::of(b"another");
    for n in 0..3_u8 {
        let visit = yizhan_proto::DocumentId::from_bytes([0x40 + n; 16]);
        li.check_in(visit, world.stations[0]);
        let mut bytes = photo(1_000);
        bytes[999] = n;
        let sha256 = ContentHash::of(&bytes);
        li.name(visit, sha256, 1_000).await;
        li.put(sha256, 0, &bytes[..300], 1_000).await.unwrap();
    }
    let person = li.identity.person;
    assert_eq!(blobs.parts_bytes(person, none).unwrap(), 900);
    world.clock.advance_ms(8 * DAY_MS);
    world.relay.remove_unwanted_attachments().await.unwrap();
    assert_eq!(blobs.parts_bytes(person, none).unwrap(), 0);
}
