//! Relays that never have enough of a photo: each run ends, the file waits, and others go on.

use super::*;

/// A client that is paired, with a visit and a photo of so many bytes.
fn with_photo(home: &Path, relay: &mut PlayedRelay, bytes: usize) -> Client {
    let mut client = open(home);
    client
        .pair(relay, &relay_url(), "ABCDE-FGHJK", "test")
        .unwrap();
    arrive(&mut client);
    let visit = client.document_ids(yizhan_proto::Kind::Visit).unwrap()[0];
    let mut photo = vec![0xff, 0xd8, 0xff];
    photo.resize(bytes, 7);
    client.attach(visit, "a.jpg", photo).unwrap();
    client
}

#[test]
fn a_relay_that_takes_pieces_and_keeps_none_is_not_sent_them_for_ever() {
    let answers: [fn(&Piece) -> Upload; 3] = [
        |_| Upload {
            have: 0,
            complete: false,
        },
        // One step forward, one back.
        |piece| Upload {
            have: if piece.at == 0 { 10 } else { 0 },
            complete: false,
        },
        |piece| Upload {
            have: piece.at,
            complete: false,
        },
    ];
    for answer in answers {
        let folder = tempfile::tempdir().unwrap();
        let mut relay = PlayedRelay::new();
        let mut client = with_photo(folder.path(), &mut relay, 300_000);
        relay.upload = Some(answer);
        client.sync(&mut relay).unwrap();
        assert!((2..=12).contains(&relay.pieces), "{}", relay.pieces);
        let totals = client.attachment_totals().unwrap();
        assert_eq!(totals.to_send, 1, "it waits, and nothing is lost");
    }
}

/// More than the whole file, and numbers that no file has.
#[test]
fn a_relay_that_has_more_than_there_is_does_no_harm() {
    let answers: [fn(&Piece) -> Upload; 2] = [
        |_| Upload {
            have: u64::MAX,
            complete: false,
        },
        |piece| Upload {
            have: piece.whole + 1,
            complete: false,
        },
    ];
    for answer in answers {
        let folder = tempfile::tempdir().unwrap();
        let mut relay = PlayedRelay::new();
        let mut client = with_photo(folder.path(), &mut relay, 1_000);
        relay.upload = Some(answer);
        client.sync(&mut relay).unwrap();
        assert!((1..=4).contains(&relay.pieces), "{}", relay.pieces);
        // An honest one gets it afterwards, from the first byte on if it wants.
        relay.upload = Some(|piece| Upload {
            have: piece.at + piece.bytes.len() as u64,
            complete: piece.at + piece.bytes.len() as u64 == piece.whole,
        });
        client.sync(&mut relay).unwrap();
        assert_eq!(client.attachment_totals().unwrap().to_send, 0);
    }
}
