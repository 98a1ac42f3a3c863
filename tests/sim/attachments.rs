//! Photos and papers in worlds where everything goes wrong.

use yizhan_proto::ContentHash;
use yizhan_proto::limits::PIECE_BYTES_MAX;
use yizhan_server::relay::Periods;
use yizhan_tests::net::Mishap;
use yizhan_tests::world::World;

use crate::{ELSEWHERE, HOME, seeds};

/// What stands in the photo of these tests, and nowhere else.
const SECRET: &str = "只给这家司机之家看的照片";

/// A photo of so many bytes that says the secret at its beginning and its end.
fn photo(bytes: usize) -> Vec<u8> {
    let mut photo = vec![0xff, 0xd8, 0xff];
    photo.extend(SECRET.as_bytes());
    photo.extend((photo.len()..bytes - SECRET.len()).map(|n| u8::try_from(n % 241).unwrap()));
    photo.extend(SECRET.as_bytes());
    photo
}

/// The sender dies after every piece, and so does the receiver; answers are lost, cut and doubled.
#[test]
fn phones_may_die_between_any_two_pieces() {
    for seed in seeds(4) {
        let mut world = World::new(seed);
        let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
        let station = world.station(HOME);
        let visit = world.phone(li).log_visit(station).unwrap();
        let bytes = photo(4 * PIECE_BYTES_MAX + 17);
        let sha256 = ContentHash::of(&bytes);
        world.phone(li).attach(visit, "收据.jpg", &bytes).unwrap();
        world.sync(li);
        world.sync(wang);
        let seeing = world.phone(wang).client_mut();
        seeing.want_attachment(sha256).unwrap();

        world.net().fail_one_in(3);
        let mut runs = 0;
        for (phone, steps) in [(li, 1), (wang, 2)] {
            while !world.phone(phone).move_pieces_and_die_after(steps) {
                runs += 1;
                assert!(runs < 200, "seed {seed}: it does not come to an end");
                // A file that failed waits for a while.
                world.wait_ms(3_600_000);
            }
        }
        assert!(runs >= 5, "seed {seed}: a phone died in between");
        world.net().heal();
        world.phone(li).move_pieces();
        world.phone(wang).move_pieces();
        assert_eq!(world.phone(wang).photo(sha256), Some(bytes), "seed {seed}");
        world.settle();
    }
}

/// A relay that stops in the middle of an upload goes on where it was.
#[test]
fn an_upload_goes_on_where_the_relay_stopped() {
    let mut world = World::new(1);
    let li = world.driver("李师傅");
    let station = world.station(HOME);
    let visit = world.phone(li).log_visit(station).unwrap();
    let bytes = photo(4 * PIECE_BYTES_MAX);
    world.phone(li).attach(visit, "收据.jpg", &bytes).unwrap();
    world.sync(li);
    assert!(!world.phone(li).move_pieces_and_die_after(2));
    world.stop_relay();
    assert!(world.phone(li).move_pieces().attachments_stopped);
    world.start_relay();
    let report = world.phone(li).move_pieces();
    assert_eq!(report.attachment_bytes, 2 * PIECE_BYTES_MAX as u64);
    assert_eq!(
        (report.attachments_sent, report.attachment_bytes_left),
        (1, 0)
    );
    world.settle();
}

/// One photo that the relay refuses holds up no other, and says why.
#[test]
fn one_bad_file_holds_up_no_other() {
    let mut world = World::new(1);
    let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
    let station = world.station(HOME);
    let visit = world.phone(li).log_visit(station).unwrap();
    let (lost, good) = (photo(300), photo(PIECE_BYTES_MAX + 1));
    let entry = world.phone(li).attach(visit, "坏.jpg", &lost).unwrap();
    world.phone(li).attach(visit, "好.jpg", &good).unwrap();
    // The documents are not there yet: nobody names these bytes, says the relay.
    let report = world.phone(li).move_pieces();
    assert_eq!(
        (report.attachments_sent, report.attachments_stopped),
        (0, false)
    );
    let why = world.phone(li).client().attachment(entry).unwrap().failed;
    assert_eq!(why.unwrap().0, "request.not_found");
    world.sync(li);
    world.order(li, &[Mishap::TokenExpired, Mishap::ResponseCut]);
    let report = world.phone(li).move_pieces();
    assert_eq!(report.attachments_sent, 1, "{report:?}");
    let report = world.phone(li).move_pieces();
    assert_eq!(
        (report.attachments_sent, report.attachment_bytes_left),
        (2, 0),
        "what the first was told is added up"
    );
    let why = world.phone(li).client().attachment(entry).unwrap().failed;
    assert_eq!(why, None);
    world.sync(wang);
    world
        .phone(wang)
        .client_mut()
        .want_attachment(ContentHash::of(&good))
        .unwrap();
    world.phone(wang).move_pieces();
    assert!(world.phone(wang).photo(ContentHash::of(&lost)).is_some());
    assert!(world.phone(wang).photo(ContentHash::of(&good)).is_some());
    world.settle();
}

/// Nobody outside the audience holds the bytes; who leaves it keeps nothing of them.
#[test]
fn no_phone_outside_the_audience_holds_the_photo() {
    let mut world = World::new(1);
    let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
    let (zhao, sun) = (world.driver("赵师傅"), world.keeper("孙站长", ELSEWHERE));
    let station = world.station(HOME);
    let visit = world.phone(li).log_visit(station).unwrap();
    let bytes = photo(5_000);
    let sha256 = ContentHash::of(&bytes);
    world.phone(li).attach(visit, "收据.jpg", &bytes).unwrap();
    world.run_until_quiet();
    for phone in [li, wang, zhao, sun] {
        world
            .phone(phone)
            .client_mut()
            .want_attachment(sha256)
            .unwrap();
        world.phone(phone).move_pieces();
    }
    for (phone, holds) in [(li, true), (wang, true), (zhao, false), (sun, false)] {
        assert_eq!(world.phone(phone).photo(sha256).is_some(), holds);
        assert_eq!(world.phone(phone).any_file_says(SECRET), holds);
    }
    // The relay itself gives them nothing, though they know the hash.
    let relay = world.relay().clone();
    for phone in [zhao, sun] {
        let device = world.phone(phone).device();
        let caller = relay.caller(device).unwrap();
        assert!(world.run(relay.read_attachment(&caller, sha256)).is_err());
    }
    world.keep(Periods::default());
    world.wait_days(32);
    world.run_until_quiet();
    for (phone, allowed) in [(li, true), (wang, false)] {
        let relay = world.relay().clone();
        let caller = relay.caller(world.phone(phone).device()).unwrap();
        let read = world.run(relay.read_attachment(&caller, sha256));
        assert_eq!(read.is_ok(), allowed, "nor does the relay give it again");
    }
    world.phone(wang).move_pieces();
    assert_eq!(world.phone(wang).photo(sha256), None);
    assert!(
        !world.phone(wang).any_file_says(SECRET),
        "deleted is overwritten"
    );
    assert!(world.phone(li).any_file_says(SECRET));
    world.settle();
}

/// A relay that was restored without its newest photos is sent them again.
#[test]
fn a_restored_relay_gets_its_photos_back() {
    let mut world = World::new(1);
    let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
    let station = world.station(HOME);
    let visit = world.phone(li).log_visit(station).unwrap();
    world.run_until_quiet();
    let backup = world.back_up_relay();
    let bytes = photo(3 * PIECE_BYTES_MAX);
    let sha256 = ContentHash::of(&bytes);
    world.phone(li).attach(visit, "收据.jpg", &bytes).unwrap();
    world.run_until_quiet();
    assert_eq!(world.phone(li).move_pieces().attachments_sent, 1);
    world.restore_relay(&backup);
    world.run_until_quiet();
    assert_eq!(world.phone(li).move_pieces().attachments_sent, 2);
    world
        .phone(wang)
        .client_mut()
        .want_attachment(sha256)
        .unwrap();
    world.phone(wang).move_pieces();
    assert_eq!(world.phone(wang).photo(sha256), Some(bytes));
    world.settle();
}
