//! Lists that are too long, name what is another's, or spell a name oddly.

use yizhan_proto::limits::{FETCHES_MAX, FORGOTTEN_MAX, REPAIR_RANGES_MAX, SCOPES_MAX};
use yizhan_proto::sync::{Fetch, Forgotten, RangeDigest, ScopeState, SyncRequest};
use yizhan_proto::{DeskKey, DocumentId, RegionKey, Role, Scope, ScopeDigest, Sequence};

use super::super::World;
use super::{Subject, measured, settle};
use crate::audit::Action;
use crate::error::{RelayError, SheetError};
use crate::relay::SheetWanted;

/// Requests with one more than may be, of each sort, and the limit that each passes.
fn too_long(
    base: &SyncRequest,
    scope: &Scope,
    document: DocumentId,
) -> [(&'static str, SyncRequest); 5] {
    let base = || base.clone();
    let scope = scope.clone();
    let forgotten = Forgotten {
        scope: scope.clone(),
        document,
        sequence: Sequence::FIRST,
    };
    let range = RangeDigest {
        scope: scope.clone(),
        from: None,
        until: None,
        digest: ScopeDigest::EMPTY,
    };
    let fetch = Fetch {
        scope: scope.clone(),
        document,
    };
    let (mut scopes, mut left, mut forgets) = (base(), base(), base());
    let (mut repairs, mut fetches) = (base(), base());
    let state = ScopeState::new(scope.clone(), None, ScopeDigest::EMPTY);
    scopes.scopes = vec![state; SCOPES_MAX + 1];
    left.left = vec![scope; SCOPES_MAX + 1];
    forgets.forgotten = vec![forgotten; FORGOTTEN_MAX + 1];
    repairs.repairs = vec![range; REPAIR_RANGES_MAX + 1];
    fetches.fetches = vec![fetch; FETCHES_MAX + 1];
    [
        ("SCOPES_MAX", scopes),
        ("SCOPES_MAX", left),
        ("FORGOTTEN_MAX", forgets),
        ("REPAIR_RANGES_MAX", repairs),
        ("FETCHES_MAX", fetches),
    ]
}

/// One more than may be, of each sort: the limit is named, and nothing of the request is done.
#[tokio::test]
async fn lists_beyond_their_bound_are_refused_whole_and_by_name() {
    let mut scene = measured().await;
    let scope = Scope::Person(scene.li.identity.person);
    let visit = scene.world.document_id();
    scene.li.check_in(visit, scene.world.stations[0]);
    let base = SyncRequest {
        pushes: scene.li.unsent.clone(),
        ..scene.li.request()
    };
    for (name, request) in too_long(&base, &scope, scene.check) {
        let told = scene.li.send(request).await;
        assert!(
            matches!(told, Err(RelayError::Limit { limit, .. }) if limit == name),
            "{name}: {told:?}"
        );
    }
    let again = scene.li.send(base).await.unwrap();
    assert_eq!(
        super::said(&again.receipts),
        ["accepted"],
        "it was not stored before"
    );
}

/// A device that confirms, for itself and in scopes of others, all that it can think of: of other
/// devices nothing is confirmed, and of itself nothing that it is still to be told.
#[tokio::test]
async fn a_device_confirms_for_itself_alone_and_only_what_it_was_told() {
    let mut scene = measured().await;
    let station = scene.world.stations[0];
    let relay = scene.world.relay.clone();
    let erased = relay
        .erase(Subject::Document(scene.check), "in writing")
        .await;
    settle(&relay).await;
    let id = erased.unwrap().erasure.id;
    let outstanding = async || {
        let receipt = relay.erasure(id).await.unwrap();
        let mut devices: Vec<_> = receipt.outstanding.iter().map(|it| it.device).collect();
        devices.sort_unstable();
        devices
    };
    let mut both = vec![scene.li.device, scene.medic.device];
    both.sort_unstable();
    assert_eq!(outstanding().await, both);
    let scopes = [
        Scope::Person(scene.li.identity.person),
        Scope::StationHealth(station),
        Scope::Station(station),
    ];
    let head = scene.li.send(scene.li.request()).await.unwrap().head.get();
    let mut thief = scene.world.driver().await;
    thief.sync(0).await;
    for first in (1..=head).step_by(300) {
        let sequences = (first..first + 300).filter_map(Sequence::new);
        let forgotten = sequences.flat_map(|sequence| {
            scopes.iter().map(move |scope| Forgotten {
                scope: scope.clone(),
                document: scene.check,
                sequence,
            })
        });
        let lies = SyncRequest {
            forgotten: forgotten.collect(),
            left: scopes.to_vec(),
            ..thief.request()
        };
        thief.send(lies).await.unwrap();
    }
    assert_eq!(outstanding().await, both);
    let said = super::count(&relay, Action::ForgetAcknowledged).await;
    assert_eq!(
        said, 0,
        "and the log does not say that it forgot what it never had"
    );
    for phone in [&mut scene.li, &mut scene.medic] {
        phone.sync(0).await;
        phone.exchange(0).await;
    }
    assert_eq!(outstanding().await, []);
}

/// Decisions about work are told to the device whose work it was, whatever another asks for; and
/// whatever scopes a device names, what is kept of it does not grow.
#[tokio::test]
async fn asking_for_what_is_anothers_brings_nothing_and_leaves_nothing_behind() {
    let mut world = World::new().await;
    let (_, keeper, _) = super::super::quarantine::late_work(&mut world, 1).await;
    let hash = super::super::quarantine::hash(&keeper, 0);
    let relay = world.relay.clone();
    relay
        .reject_quarantined(&[hash], "不对", None)
        .await
        .unwrap();
    let thief = world.driver().await;
    let told = super::super::quarantine::told(&thief, 0).await;
    assert!(told.is_none_or(|told| told.receipts.is_empty()));
    let theirs = [
        Scope::Person(keeper.identity.person),
        world.station_scope(0),
        Scope::Desk("nowhere".parse().unwrap()),
    ];
    let asks = SyncRequest {
        scopes: theirs
            .iter()
            .map(|scope| ScopeState::new(scope.clone(), None, ScopeDigest::EMPTY))
            .collect(),
        left: theirs.to_vec(),
        ..thief.request()
    };
    thief.send(asks).await.unwrap();
    let told = relay.devices_told(theirs.to_vec()).await.unwrap();
    assert!(told.iter().all(|it| it.device != thief.device), "{told:?}");
}

/// Keys of desks and regions that look like another's.
#[test]
fn odd_spellings_are_no_keys_and_no_scopes() {
    for odd in [
        "ｃｉｔｙ",
        "City",
        "city ",
        " city",
        "ci\u{200b}ty",
        "city\u{0}",
        "сity",
        "city/..",
        "城市",
        "city\n",
        "",
        "\u{202e}ytic",
        "city:x",
        "city@x",
    ] {
        assert!(odd.parse::<DeskKey>().is_err(), "{odd:?}");
        assert!(odd.parse::<RegionKey>().is_err(), "{odd:?}");
        for word in ["desk", "region", "person", "station"] {
            assert!(format!("{word}:{odd}").parse::<Scope>().is_err(), "{odd:?}");
        }
        for word in ["specialist", "coordinator", "keeper", "health"] {
            let role = format!("{word}@{odd}").parse::<Role>();
            let known = role.is_ok_and(|role| !matches!(role, Role::Other(_)));
            assert!(!known, "{odd:?}");
        }
    }
    assert!("city".parse::<DeskKey>().is_ok());
}

/// A region that is not one's own, and one that is nowhere, are the same to whoever asks.
#[tokio::test]
async fn reports_do_not_tell_which_regions_there_are() {
    let mut world = World::new().await;
    let banan = world.relay.add_region("banan".parse().unwrap(), "巴南");
    banan.await.unwrap();
    let roles = vec![Role::Coordinator("banan".parse().unwrap()), Role::Driver];
    let phone = world.phone("外区协调", roles).await;
    let caller = world.relay.caller(phone.device).unwrap();
    let mut answers = Vec::new();
    for region in ["changzhou", "nowhere"] {
        for months in [
            None,
            Some(("2020-01".parse().unwrap(), "9999-12".parse().unwrap())),
        ] {
            let region: RegionKey = region.parse().unwrap();
            let what = yizhan_client_core::model::report::What::Checks;
            let wanted = SheetWanted {
                what,
                region: region.clone(),
                months,
            };
            let told = world.relay.sheet(&caller, wanted).await;
            assert!(
                matches!(&told, Err(SheetError::NotCoordinated(_))),
                "{told:?}"
            );
            let text = told.unwrap_err().to_string();
            answers.push(text.replace(region.as_str(), "REGION"));
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}
