//! The oracle has teeth: worlds that are wrong are found to be wrong.

use rusqlite::Connection;
use yizhan_tests::pocket;
use yizhan_tests::world::{PhoneNo, World};

use crate::HOME;

/// A settled world with a driver, a keeper and one visit.
fn settled() -> (World, PhoneNo, PhoneNo) {
    let mut world = World::new(1);
    let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
    let station = world.station(HOME);
    let visit = world.phone(li).log_visit(station).unwrap();
    world.phone(li).note(visit, "夜里到站没有热饭").unwrap();
    world.settle();
    (world, li, wang)
}

fn spoil(world: &mut World, phone: PhoneNo, sql: &str) {
    let file = pocket::file(world.phone(phone).home());
    let changed = Connection::open(file).unwrap().execute(sql, []).unwrap();
    assert!(changed > 0, "something was spoilt");
}

fn finds(world: &World, words: &str) {
    let wrong = world.wrong();
    assert!(
        wrong.iter().any(|what| what.contains(words)),
        "{words}: {wrong:?}"
    );
}

#[test]
fn a_change_that_is_believed_accepted_and_is_not_is_found() {
    let (mut world, li, _) = settled();
    let station = world.station(HOME);
    world.phone(li).log_visit(station).unwrap();
    spoil(
        &mut world,
        li,
        "UPDATE changes SET state = 1 WHERE state = 0",
    );
    finds(&world, "believes");
    finds(&world, "lost");
}

#[test]
fn a_document_that_is_missing_is_found() {
    let (mut world, _, wang) = settled();
    spoil(&mut world, wang, "DELETE FROM documents WHERE kind = 4");
    finds(&world, "misses visit");
    finds(&world, "digest");
}

#[test]
fn a_change_that_is_missing_is_found() {
    let (mut world, _, wang) = settled();
    let last = "DELETE FROM changes WHERE n = (
        SELECT max(c.n) FROM changes c JOIN documents d ON d.n = c.document WHERE d.kind = 4)";
    spoil(&mut world, wang, last);
    finds(&world, "acknowledged changes of");
    finds(&world, "note: shows None");
}

#[test]
fn a_document_that_is_not_for_the_phone_is_found() {
    let (mut world, _, _) = settled();
    let zhang = world.driver("张师傅");
    world.settle();
    let foreign = {
        let reference = world.reference();
        let entry = reference.entries().next().unwrap();
        entry.document
    };
    let hex: String = foreign
        .as_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let sql = format!("INSERT INTO documents (id, kind) VALUES (x'{hex}', 4)");
    spoil(&mut world, zhang, &sql);
    finds(&world, "which is not for it");
    spoil(&mut world, zhang, "DELETE FROM documents WHERE kind = 4");
    finds(&world, "its files have traces");
}

#[test]
fn a_scope_that_is_not_read_to_its_end_is_found() {
    let (mut world, _, wang) = settled();
    spoil(
        &mut world,
        wang,
        "UPDATE scopes SET floor = 1 WHERE scope LIKE 'station:%'",
    );
    finds(&world, "is not complete");
}
