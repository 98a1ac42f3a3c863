//! Phones that lie: they push what their client would never let them enter, and ask for what is
//! not theirs. Knowing an id is no right to write what it names, nor to read it.

use yizhan_client_core::model::{Command, Document, consent, visit};
use yizhan_proto::sync::{Fetch, Outcome, Push, ScopeState, SyncRequest, SyncResponse};
use yizhan_proto::{
    ActorId, Cursor, DocumentId, EntryId, Incarnation, Kind, PersonId, ProtocolVersion, Scope,
    ScopeDigest, StationId, Timestamp,
};
use yizhan_server::error::RelayError;
use yizhan_tests::audit::audit;
use yizhan_tests::world::{PhoneNo, World};

use crate::{ELSEWHERE, HOME};

/// A request as a lying client writes it.
fn request(world: &World) -> SyncRequest {
    SyncRequest {
        version: ProtocolVersion::CURRENT,
        epoch: Some(world.relay().epoch()),
        device_time: Timestamp::EARLIEST,
        identity_version: 0,
        summary: None,
        scopes: Vec::new(),
        pushes: Vec::new(),
        page_bytes_max: 0,
        forgotten: Vec::new(),
        repairs: Vec::new(),
        fetches: Vec::new(),
        decided: None,
        left: Vec::new(),
    }
}

fn ask(
    world: &mut World,
    phone: PhoneNo,
    mut request: SyncRequest,
) -> Result<SyncResponse, RelayError> {
    let device = world.phone(phone).device();
    let caller = world.relay().caller(device)?;
    request.identity_version = caller.identity.version;
    world.run(world.relay().sync(&caller, request))
}

/// Pushes a command in a document that `owner` may read, written with the liar's hands under the
/// name of `actor`; returns the relay's reason.
fn push(
    world: &mut World,
    [liar, owner, actor]: [PhoneNo; 3],
    document: DocumentId,
    command: &Command,
) -> Outcome {
    let device = world.phone(owner).device();
    let given = audit(world.runtime(), world.relay(), device, 0);
    let changes = given.documents.get(&document).map(|given| &given.changes);
    let bytes = changes
        .into_iter()
        .flatten()
        .map(|(_, (_, bytes))| bytes.as_slice());
    let kind = command.kind();
    let mut opened = Document::open(document, kind, bytes).unwrap();
    let actor = ActorId::new(world.phone(actor).device(), Incarnation(77));
    let now = world.time().now();
    let change = opened.write(actor, now, command).unwrap();
    let mut request = request(world);
    request.pushes.push(Push {
        document,
        kind,
        change,
    });
    let response = ask(world, liar, request).unwrap();
    response.receipts[0].outcome.clone()
}

fn assert_refused(outcome: &Outcome, code: &str) {
    match outcome {
        Outcome::Refused(reason) => assert_eq!(reason.code, code),
        Outcome::Accepted(_)
        | Outcome::Duplicate(_)
        | Outcome::Needs(_)
        | Outcome::Quarantined(_)
        | Outcome::Later(_)
        | Outcome::Unknown(_) => panic!("{code} was to be refused: {outcome:?}"),
    }
}

/// Li's visit at the driver home, with a liar about.
fn lies(liar: impl FnOnce(&mut World) -> PhoneNo) -> (World, PhoneNo, PhoneNo, DocumentId) {
    let mut world = World::new(1);
    let li = world.driver("李师傅");
    let liar = liar(&mut world);
    let station = world.station(HOME);
    let visit = world.phone(li).log_visit(station).unwrap();
    world.settle();
    (world, liar, li, visit)
}

fn serve(by: PersonId, at: Timestamp) -> Command {
    Command::Visit(visit::Command::Serve {
        entry: EntryId::from_bytes([5; 16]),
        service: "meal".to_owned(),
        quantity: 1,
        by,
        at,
    })
}

#[test]
fn nobody_writes_in_a_document_of_others() {
    let (mut world, zhang, li, visit) = lies(|world| world.driver("张师傅"));
    let note = Command::Visit(visit::Command::SetNote("我也在".to_owned()));
    let outcome = push(&mut world, [zhang, li, zhang], visit, &note);
    assert_refused(&outcome, "author.unrelated");
    world.settle();
}

#[test]
fn nobody_writes_in_anothers_name() {
    let (mut world, zhang, li, visit) = lies(|world| world.driver("张师傅"));
    let note = Command::Visit(visit::Command::SetNote("我是李师傅".to_owned()));
    let outcome = push(&mut world, [zhang, li, li], visit, &note);
    assert_refused(&outcome, "actor.foreign");
    world.settle();
}

#[test]
fn a_keeper_of_another_station_serves_nobody_here() {
    let (mut world, liu, li, visit) = lies(|world| world.keeper("刘站长", ELSEWHERE));
    let (me, now) = (world.person(liu), world.time().now());
    let outcome = push(&mut world, [liu, li, liu], visit, &serve(me, now));
    assert_refused(&outcome, "author.unrelated");
    world.settle();
}

#[test]
fn a_driver_does_not_serve_and_a_keeper_does_not_rate() {
    let (mut world, wang, li, visit) = lies(|world| world.keeper("王站长", HOME));
    let (me, now) = (world.person(li), world.time().now());
    let outcome = push(&mut world, [li, li, li], visit, &serve(me, now));
    assert_refused(&outcome, "field.forbidden");
    let rate = Command::Visit(visit::Command::Rate(5));
    let outcome = push(&mut world, [wang, li, wang], visit, &rate);
    assert_refused(&outcome, "field.forbidden");
    world.settle();
}

#[test]
fn a_keeper_signs_with_no_other_name() {
    let (mut world, wang, li, visit) = lies(|world| world.keeper("王站长", HOME));
    let (other, now) = (world.person(li), world.time().now());
    let outcome = push(&mut world, [wang, li, wang], visit, &serve(other, now));
    assert_refused(&outcome, "value.not_self");
    world.settle();
}

#[test]
fn nobody_consents_for_another() {
    let (mut world, zhang, li, _) = lies(|world| world.driver("张师傅"));
    let give = Command::Consent(consent::Command::Give {
        driver: world.person(li),
        station: world.station(HOME),
        purpose: consent::Purpose::HealthRecord,
        given_at: world.time().now(),
        witness: None,
        share_with: None,
        until: None,
    });
    let document = DocumentId::from_bytes([6; 16]);
    let outcome = push(&mut world, [zhang, zhang, zhang], document, &give);
    assert_refused(&outcome, "author.unrelated");
    world.settle();
}

/// Neither by subscribing to others' scopes, nor by fetching by name through one's own.
#[test]
fn nobody_reads_what_is_not_theirs() {
    let (mut world, zhang, li, visit) = lies(|world| world.driver("张师傅"));
    let own = Scope::Person(world.person(zhang));
    for scope in [
        Scope::Person(world.person(li)),
        Scope::Station(world.station(HOME)),
        Scope::StationHealth(world.station(HOME)),
        Scope::Station(StationId::from_bytes([1; 16])),
        own,
    ] {
        let mut request = request(&world);
        request.scopes.push(ScopeState {
            scope: scope.clone(),
            live: None,
            floor: Cursor::START,
            digest: ScopeDigest::EMPTY,
            settled: None,
        });
        request.fetches.push(Fetch {
            scope,
            document: visit,
        });
        // Refused as a whole, or answered with nothing of it: both will do.
        if let Ok(response) = ask(&mut world, zhang, request) {
            let items = response.pages.iter().flat_map(|page| &page.items);
            let fetched = response.fetched.iter().map(|fetched| &fetched.item);
            for item in items.chain(fetched) {
                assert!(item.changes.is_empty(), "{item:?}");
                assert_ne!(item.kind, Kind::Check);
            }
        }
    }
    world.settle();
}
