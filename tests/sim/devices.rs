//! Devices that are copied, revoked, lost, and given new keys.

use std::path::Path;

use ed25519_dalek::{Signer, SigningKey};
use yizhan_client_core::checkin::Finding;
use yizhan_client_core::client::confirm_wipe;
use yizhan_client_core::engine::{Outcome, Stop};
use yizhan_client_core::error::{ClientError, SyncError};
use yizhan_client_core::store::{StoreError, VisitFilter};
use yizhan_client_core::transport::{Transport, TransportError, WatchEvent};
use yizhan_proto::attachment::{Piece, Upload};
use yizhan_proto::device::{FarewellRequest, FarewellResponse, Merged, OrderSignature, WipeOrder};
use yizhan_proto::identity::{Access, PairRequest, RegisterRequest, TokenRequest, Welcome};
use yizhan_proto::sync::{
    Outcome as Said, Push, Reason, Receipt, SyncRequest, SyncResponse, quota,
};
use yizhan_proto::{
    ChangeHash, ContentHash, DeviceId, Epoch, Fault, FaultCode, Nonce, PersonId, Role, Timestamp,
};
use yizhan_tests::net::Mishap;
use yizhan_tests::pocket;
use yizhan_tests::world::{PhoneNo, World};

use crate::{HOME, seeds};

/// What the relay says of a device.
fn told(world: &World, device: DeviceId) -> yizhan_server::relay::DeviceInfo {
    let devices = world.run(world.relay().devices()).unwrap();
    devices
        .into_iter()
        .find(|info| info.id == device)
        .expect("a device of this relay")
}

fn quarantined(world: &World) -> u64 {
    world.run(world.relay().status()).unwrap().quarantined
}

/// Files of the store that are left in a phone's folder.
fn files_left(home: &Path) -> Vec<String> {
    let names = std::fs::read_dir(home).unwrap().map(|entry| {
        let name = entry.unwrap().file_name();
        name.to_string_lossy().into_owned()
    });
    names.filter(|name| name != "yizhan.wiped").collect()
}

/// Syncs as an app does, leave and all.
fn sync(world: &mut World, phone: PhoneNo) -> Result<(), SyncError> {
    world
        .phone(phone)
        .over(|client, transport| client.sync(transport))
        .map(drop)
}

/// Both copies hold the same unsent work, and write on; each does so as another life of the device.
#[test]
fn a_phone_whose_folder_was_copied_with_unsent_work_loses_nothing_and_nor_does_the_copy() {
    for seed in seeds(5) {
        let mut world = World::new(seed);
        let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
        let home = world.station(HOME);
        world.run_until_quiet();
        world.go_offline(li);
        let before = world.phone(li).log_visit(home).unwrap();
        let life = world.phone(li).status().incarnation;
        let copy = world.copy_of(li);
        world.phone(copy).note(before, "副本写的").unwrap();
        world.phone(li).note(before, "原机写的").unwrap();
        let mine = world.phone(li).log_visit(home).unwrap();
        let theirs = world.phone(copy).log_visit(home).unwrap();
        world.come_online(li);
        assert_ne!(
            world.phone(copy).status().incarnation,
            world.phone(li).status().incarnation,
            "from the first edit on each is a life of its own"
        );
        assert_ne!(world.phone(copy).status().incarnation, life);
        world.settle();
        for phone in [li, copy, wang] {
            let seen = world.phone(phone).visits(&VisitFilter::default());
            let mut seen: Vec<_> = seen.iter().map(|row| row.id).collect();
            seen.sort_unstable();
            let mut all = vec![before, mine, theirs];
            all.sort_unstable();
            assert_eq!(seen, all);
        }
        assert_eq!(quarantined(&world), 0);
    }
}

#[test]
fn a_revoked_device_is_refused_from_its_next_request_on_and_keeps_its_work() {
    let mut world = World::new(1);
    let li = world.driver("李师傅");
    let home = world.station(HOME);
    world.settle();
    world.phone(li).log_visit(home).unwrap();
    let device = world.phone(li).device();
    world.run(world.relay().revoke_device(device)).unwrap();
    assert_eq!(world.phone(li).sync(), Outcome::Stopped(Stop::Revoked));
    assert!(matches!(
        sync(&mut world, li),
        Err(SyncError::Stopped(Stop::Revoked))
    ));
    assert_eq!(world.phone(li).status().unsent_changes, 1);
    assert_eq!(quarantined(&world), 0, "nobody asked for its work");
    // Found again: a new code brings the device back, and its work is sent.
    let person = world.person(li);
    world.pair(li, person);
    world.settle();
    assert_eq!(world.phone(li).status().unsent_changes, 0);
}

/// What was unsent waits at the relay for a coordinator; what others hold stays; nothing is left on
/// the phone, wherever its farewell breaks off.
#[test]
fn a_lost_phone_hands_over_its_unsent_work_and_erases_itself() {
    let words = "a-word-that-is-written-nowhere-else";
    let trouble = [None, Some(Mishap::RequestLost), Some(Mishap::ResponseLost)];
    for (place, mishap) in (0..4).flat_map(|place| trouble.map(|mishap| (place, mishap))) {
        let mut world = World::new(7);
        let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
        let home = world.station(HOME);
        let sent = world.phone(li).log_visit(home).unwrap();
        world.settle();
        world.phone(wang).serve(sent, "meal", 1).unwrap();
        let unsent = world.phone(li).log_visit(home).unwrap();
        world.phone(li).note(unsent, words).unwrap();
        assert!(pocket::says(world.phone(li).home(), words));
        let device = world.phone(li).device();
        world.run(world.relay().order_wipe(device)).unwrap();
        assert!(world.run(world.relay().order_wipe(device)).is_ok(), "again");
        // The exchange that hears of the revocation, then the farewell's own calls.
        let mut order = vec![Mishap::Doubled; place];
        order.extend(mishap);
        world.order(li, &order);
        let mut rounds = 0;
        let error = loop {
            match sync(&mut world, li) {
                Err(SyncError::Store(error @ StoreError::Wiped { .. })) => break error,
                Err(_) => assert!(rounds < 4, "{place} {mishap:?}: it never takes its leave"),
                Ok(()) => panic!("a revoked device is served"),
            }
            rounds += 1;
            world.wait_ms(600_000);
        };
        assert!(
            error
                .to_string()
                .contains("was wiped by its relay on 2026-")
        );
        let folder = world.phone(li).home().to_owned();
        assert_eq!(files_left(&folder), Vec::<String>::new());
        assert!(!pocket::says(&folder, words));
        world
            .phone(li)
            .over(|_, transport| confirm_wipe(&folder, transport))
            .unwrap();
        let info = told(&world, device);
        let wipe = info.wipe.expect("an order");
        assert!(wipe.wiped_at.is_some(), "{place} {mishap:?}");
        assert_eq!(
            wipe.handed_over, 2,
            "each change once, however often it came"
        );
        assert_eq!(quarantined(&world), 2);
        // Nobody opens what is left, and it says why.
        let clock = world.phone(wang).client().clock().now();
        let reopened = world.phone(li).client().status();
        assert!(clock > Timestamp::from_ms(0));
        assert!(
            matches!(reopened, Err(ClientError::RequiresPairing(cause)) if cause.code == "device.wiped")
        );
        world.sync(wang);
        assert_eq!(world.phone(wang).visits(&VisitFilter::default()).len(), 1);
    }
}

/// The order that is given to a question.
pub(crate) type Answer = Box<dyn Fn(&FarewellRequest) -> WipeOrder>;

/// A portal's answers, a copied order, an order of another relay: nothing is handed over to them.
pub(crate) struct Impostor {
    pub(crate) order: Answer,
    pub(crate) was_asked: u32,
    pub(crate) was_given: usize,
    /// What each change that it is handed is told; nothing: no receipts.
    pub(crate) says: Option<Said>,
    /// The orders that it gave.
    pub(crate) gave: Vec<WipeOrder>,
}

impl Impostor {
    /// Who gives these orders, and says that of what is handed over.
    pub(crate) fn new(order: Answer, says: Option<Said>) -> Self {
        Self {
            order,
            was_asked: 0,
            was_given: 0,
            says,
            gave: Vec::new(),
        }
    }
}

fn revoked<T>() -> Result<T, TransportError> {
    Err(Fault::new(FaultCode::DeviceRevoked, "wipe yourself").into())
}

impl Transport for Impostor {
    fn pair(&mut self, _: &PairRequest) -> Result<Welcome, TransportError> {
        revoked()
    }

    fn register(&mut self, _: &RegisterRequest) -> Result<Welcome, TransportError> {
        revoked()
    }

    fn token(&mut self, _: &TokenRequest) -> Result<Access, TransportError> {
        revoked()
    }

    fn sync(&mut self, _: &str, _: &SyncRequest) -> Result<SyncResponse, TransportError> {
        revoked()
    }

    fn put_piece(&mut self, _: &str, _: &Piece) -> Result<Upload, TransportError> {
        revoked()
    }

    fn get_piece(
        &mut self,
        _: &str,
        _: ContentHash,
        _: u64,
        _: usize,
    ) -> Result<Vec<u8>, TransportError> {
        revoked()
    }

    fn farewell(&mut self, request: &FarewellRequest) -> Result<FarewellResponse, TransportError> {
        self.was_asked += 1;
        self.was_given += request.pushes.len();
        let receipt = |outcome: &Said| {
            let outcome = outcome.clone();
            move |push: &Push| Receipt {
                change: ChangeHash::of_chunk(&push.change),
                outcome: outcome.clone(),
            }
        };
        let receipts = self.says.as_ref().map(receipt);
        let order = (self.order)(request);
        self.gave.push(order.clone());
        Ok(FarewellResponse {
            order,
            receipts: receipts.map_or_else(Vec::new, |receipt| {
                request.pushes.iter().map(receipt).collect()
            }),
            challenge: Vec::new(),
        })
    }

    fn watch(
        &mut self,
        _: &str,
        _: &mut dyn FnMut(WatchEvent) -> std::ops::ControlFlow<()>,
    ) -> Result<(), TransportError> {
        revoked()
    }
}

pub(crate) fn signed_by(seed: u8, mut order: WipeOrder) -> WipeOrder {
    let signature = SigningKey::from_bytes(&[seed; 32]).sign(&order.signed_bytes());
    order.signatures = vec![
        OrderSignature([0; 64]),
        OrderSignature(signature.to_bytes()),
    ];
    order
}

pub(crate) fn order_for(request: &FarewellRequest) -> WipeOrder {
    WipeOrder {
        device: request.device,
        epoch: Epoch::from_bytes([1; 8]),
        nonce: request.nonce,
        ordered_at: Timestamp::from_ms(1_795_000_000_000),
        signatures: Vec::new(),
    }
}

#[test]
fn nobody_but_its_own_relay_can_order_a_phone_to_erase_itself() {
    // 77 is the seed of this world's relay key: the last two are orders that it really signed.
    let orders: [(&str, Answer); 4] = [
        ("unsigned", Box::new(order_for)),
        (
            "another relay's",
            Box::new(|request| signed_by(78, order_for(request))),
        ),
        (
            "the answer to another question",
            Box::new(|request| {
                let mut order = order_for(request);
                order.nonce = Nonce::from_bytes([9; 16]);
                signed_by(77, order)
            }),
        ),
        (
            "another device's",
            Box::new(|request| {
                let mut order = order_for(request);
                order.device = DeviceId::from_bytes([9; 16]);
                signed_by(77, order)
            }),
        ),
    ];
    let mut world = World::new(1);
    let li = world.driver("李师傅");
    let home = world.station(HOME);
    world.settle();
    world.phone(li).log_visit(home).unwrap();
    for (what, order) in orders {
        let mut impostor = Impostor::new(order, None);
        let end = world
            .phone(li)
            .over(|client, _| client.sync(&mut impostor).map(drop));
        assert!(
            matches!(end, Err(SyncError::Stopped(Stop::Revoked))),
            "{what}: {end:?}"
        );
        assert_eq!((impostor.was_asked, impostor.was_given), (1, 0), "{what}");
        assert_eq!(world.phone(li).status().unsent_changes, 1, "{what}");
    }
    // The same phone obeys the same order, signed by its relay for its question: the test has teeth.
    let mut genuine = Impostor::new(Box::new(|request| signed_by(77, order_for(request))), None);
    let end = world
        .phone(li)
        .over(|client, _| client.sync(&mut genuine).map(drop));
    assert!(end.is_err());
    assert_eq!(genuine.was_given, 1, "it begins to hand over");
    // Whoever gives no receipt for what was handed over gets nothing erased.
    assert_eq!(world.phone(li).status().unsent_changes, 1);
    world.settle();
}

/// The phone's own relay, which has no room for what is handed over.
pub(crate) fn full() -> Impostor {
    let later = Said::Later(Reason {
        code: quota::PERSON_WAITING.to_owned(),
        path: None,
        bound: Some("2000".to_owned()),
    });
    let order = |request: &FarewellRequest| signed_by(77, order_for(request));
    Impostor::new(Box::new(order), Some(later))
}

/// Too much of the driver's work waits at the relay already: what the phone has is nowhere else.
#[test]
fn a_lost_phone_whose_work_is_put_off_erases_nothing_and_asks_again() {
    let mut world = World::new(1);
    let li = world.driver("李师傅");
    let home = world.station(HOME);
    world.settle();
    world.phone(li).log_visit(home).unwrap();
    let mut full = full();
    for asked in 1..=2 {
        let end = world
            .phone(li)
            .over(|client, _| client.sync(&mut full).map(drop));
        assert!(
            matches!(end, Err(SyncError::Waiting { .. })),
            "{asked}: {end:?}"
        );
        assert_eq!(full.was_given, asked);
        assert_eq!(world.phone(li).status().unsent_changes, 1);
    }
    // There is room again.
    full.says = Some(Said::Quarantined(Reason {
        code: "device.revoked".to_owned(),
        path: None,
        bound: None,
    }));
    let end = world
        .phone(li)
        .over(|client, _| client.sync(&mut full).map(drop));
    assert!(matches!(
        end,
        Err(SyncError::Store(StoreError::Wiped { .. }))
    ));
}

/// The request or its answer is lost, and the phone dies: it goes on under whichever key the relay
/// knows, and codes shown before stay good.
#[test]
fn a_phone_whose_change_of_keys_broke_off_goes_on() {
    let trouble = [None, Some(Mishap::RequestLost), Some(Mishap::ResponseLost)];
    for (mishap, dies) in trouble.into_iter().flat_map(|m| [(m, false), (m, true)]) {
        let mut world = World::new(3);
        let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
        let home = world.station(HOME);
        world.settle();
        world.sync(wang);
        let shown = world.phone(li).client().check_in_code(None).unwrap();
        let old_key = world.phone(li).client().device().unwrap().public_key;
        world.phone(li).log_visit(home).unwrap();
        if let Some(mishap) = mishap {
            world.order(li, &[mishap]);
        }
        let changed = world
            .phone(li)
            .over(|client, transport| client.rotate_key(transport));
        assert_eq!(changed.is_ok(), mishap.is_none(), "{mishap:?}");
        if dies {
            world.phone(li).crash();
        }
        // Long enough for the token to end: it must be renewed under the right key.
        world.wait_ms(20 * 60 * 1_000);
        let key_at_relay = |world: &World, li_device| {
            world
                .relay()
                .caller(li_device)
                .expect("a device")
                .public_key
        };
        let device = world.phone(li).device();
        world.order(li, &[Mishap::TokenExpired]);
        sync(&mut world, li).unwrap();
        assert_eq!(world.phone(li).status().unsent_changes, 0);
        let again = world
            .phone(li)
            .over(|client, transport| client.rotate_key(transport));
        let new_key = again.unwrap();
        assert_ne!(new_key, old_key);
        assert_eq!(key_at_relay(&world, device), new_key);
        assert_eq!(
            world.phone(li).client().device().unwrap().public_key,
            new_key
        );
        // A code of before, and one of the new key.
        let of_new_key = world.phone(li).client().check_in_code(None).unwrap();
        let keeper = world.phone(wang).client();
        assert_eq!(
            keeper.check_code(&of_new_key.text).unwrap().finding,
            Finding::Ok
        );
        assert_eq!(
            keeper.check_code(&shown.text).unwrap().finding,
            Finding::Expired,
            "genuine, and 20 minutes old"
        );
        world.settle();
    }
}

#[test]
fn a_code_shown_with_the_former_key_is_genuine_while_its_certificate_is() {
    let mut world = World::new(3);
    let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
    world.settle();
    world.sync(wang);
    let shown = world.phone(li).client().check_in_code(None).unwrap();
    world
        .phone(li)
        .over(|client, transport| client.rotate_key(transport))
        .unwrap();
    world.sync(wang);
    let checked = world.phone(wang).client().check_code(&shown.text).unwrap();
    assert_eq!(checked.finding, Finding::Ok);
}

/// The copy has the old key: it is told so, and nothing of it is lost.
#[test]
fn a_copy_left_behind_with_the_old_key_is_told_and_comes_back_with_a_code() {
    let mut world = World::new(4);
    let li = world.driver("李师傅");
    let home = world.station(HOME);
    world.settle();
    let copy = world.copy_of(li);
    world.phone(copy).log_visit(home).unwrap();
    world
        .phone(li)
        .over(|client, transport| client.rotate_key(transport))
        .unwrap();
    world.order(copy, &[Mishap::TokenExpired]);
    assert!(matches!(
        sync(&mut world, copy),
        Err(SyncError::Stopped(Stop::KeyMismatch))
    ));
    assert_eq!(world.phone(copy).status().unsent_changes, 1);
    let person = world.person(copy);
    world.pair(copy, person);
    sync(&mut world, copy).unwrap();
    assert_eq!(world.phone(copy).status().unsent_changes, 0);
}

/// One driver who registered twice, with an unsent visit in each phone.
#[test]
fn a_coordinator_makes_one_driver_of_two_and_nothing_is_rewritten_or_lost() {
    let mut world = World::new(2);
    let (li, again) = (world.driver("李师傅"), world.driver("李师傅"));
    // Drivers here register at the first station.
    assert_eq!(world.stations()[0], world.station("bn-highway-base"));
    let coordinator = |region: &str| vec![Role::Coordinator(region.parse().unwrap())];
    let chen = world.worker("陈主任", coordinator("banan"));
    let wang = world.keeper("王站长", HOME);
    let home = world.station(HOME);
    let old = world.phone(again).log_visit(home).unwrap();
    world.settle();
    let before = world.ledger();
    let unsent = world.phone(again).log_visit(home).unwrap();
    let (keep, other) = (world.person(li), world.person(again));
    // Who keeps a station, and a coordinator of elsewhere may not say so.
    let elsewhere = world.worker("外区主任", coordinator("zhaoyuan"));
    for phone in [wang, elsewhere] {
        let merged = merge(&mut world, phone, keep, other);
        assert!(
            matches!(&merged, Err(ClientError::Denied(cause)) if cause.code == "access.forbidden"),
            "{merged:?}"
        );
    }
    // Nor may a coordinator make themselves, or anybody with another role, one with a driver.
    let keeper = world.person(wang);
    assert!(merge(&mut world, chen, keep, keeper).is_err());
    // The coordinator and both phones say so; then, whoever says it again, they are one.
    for (phone, waits) in [(chen, true), (li, true), (again, false), (chen, false)] {
        let merged = merge(&mut world, phone, keep, other).unwrap();
        assert_eq!(merged.waits.unwrap_or(false), waits);
    }
    world.are_one(li, again);
    world.settle();
    assert_eq!(world.ledger().breaks_with(&before), Vec::<String>::new());
    for phone in [li, again, wang] {
        let seen = world.phone(phone).visits(&VisitFilter::default());
        let mut seen: Vec<_> = seen.iter().map(|row| row.id).collect();
        seen.sort_unstable();
        let mut both = vec![old, unsent];
        both.sort_unstable();
        assert_eq!(seen, both);
    }
}

fn merge(
    world: &mut World,
    phone: PhoneNo,
    keep: PersonId,
    other: PersonId,
) -> Result<Merged, ClientError> {
    sync(world, phone)?;
    world
        .phone(phone)
        .over(|client, transport| client.merge_people(transport, keep, other))
}
