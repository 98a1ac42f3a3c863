//! Phones whose stores are not what they should be: found by the digest, and made good.

use rusqlite::Connection;
use yizhan_proto::DocumentId;
use yizhan_tests::pocket;
use yizhan_tests::world::{PhoneNo, World};

use crate::{HOME, seeds};

/// Changes the phone's store behind its back, and the digests as if that had always been so.
fn tamper(world: &mut World, phone: PhoneNo, statements: &str, document: DocumentId) {
    world.expect_repairs();
    world.phone(phone).switch_off();
    let file = pocket::file(world.phone(phone).home());
    let connection = Connection::open(file).unwrap();
    connection
        .execute_batch("PRAGMA foreign_keys = ON")
        .unwrap();
    uncount(&connection, document);
    for statement in statements
        .split(';')
        .map(str::trim)
        .filter(|s| !s.is_empty())
    {
        connection
            .execute(statement, [document.as_bytes()])
            .unwrap();
    }
    drop(connection);
    world.phone(phone).switch_on();
}

/// Takes the document out of the digests of its scopes. They are sums that begin again at 2^64.
fn uncount(connection: &Connection, document: DocumentId) {
    let sql = "SELECT s.n, s.digest, d.acked_digest FROM scopes s
               JOIN members m ON m.scope = s.n JOIN documents d ON d.n = m.document WHERE d.id = ?1";
    let mut statement = connection.prepare(sql).unwrap();
    let scopes: Vec<(i64, i64, i64)> = statement
        .query_map([document.as_bytes()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    for (scope, digest, counted) in scopes {
        let without = digest.wrapping_sub(counted);
        connection
            .execute(
                "UPDATE scopes SET digest = ?2 WHERE n = ?1",
                [scope, without],
            )
            .unwrap();
    }
}

/// As if the phone had never been given the document: its digests are those of a phone without.
const LOSE_DOCUMENT: &str = "DELETE FROM documents WHERE id = ?1";

#[test]
fn a_document_that_went_missing_is_found_and_fetched() {
    for seed in seeds(2) {
        for documents in [1, 5, 300] {
            let mut world = World::new(seed);
            let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
            let station = world.station(HOME);
            let mut visits = Vec::new();
            for _ in 0..documents {
                visits.push(world.phone(li).log_visit(station).unwrap());
            }
            world.settle();
            tamper(&mut world, wang, LOSE_DOCUMENT, visits[documents / 2]);
            world.settle();
            assert_eq!(world.phone(wang).status().repairs, 1, "and it was counted");
        }
    }
}

/// A receipt that was forgotten: offered again, known there already.
#[test]
fn a_change_whose_receipt_was_forgotten_is_offered_again() {
    let mut world = World::new(1);
    let li = world.driver("李师傅");
    let station = world.station(HOME);
    let visit = world.phone(li).log_visit(station).unwrap();
    world.settle();
    let forget_receipt = "
        UPDATE documents SET acked_digest = NULL WHERE id = ?1;
        UPDATE changes SET state = 0, sequence = NULL
            WHERE document = (SELECT n FROM documents WHERE id = ?1)";
    tamper(&mut world, li, forget_receipt, visit);
    assert_eq!(world.phone(li).status().unsent_changes, 1);
    world.settle();
}
