//! What the pre-parser accepts and refuses.

use sha2::{Digest, Sha256};
use yizhan_proto::limits::{CHANGE_BYTES_MAX, CHANGE_OPS_MAX};

use super::*;
use crate::model::testing::*;

/// A chunk of this type around this body, with a checksum that fits.
fn chunk(chunk_type: u8, body: &[u8]) -> Vec<u8> {
    let mut hashed = vec![chunk_type];
    unsigned(&mut hashed, body.len() as u64);
    hashed.extend(body);
    let mut chunk = vec![0x85, 0x6f, 0x4a, 0x83];
    chunk.extend(&Sha256::digest(&hashed)[..4]);
    chunk.extend(hashed);
    chunk
}

fn unsigned(out: &mut Vec<u8>, mut value: u64) {
    loop {
        let byte = u8::try_from(value & 0x7f).unwrap();
        value >>= 7;
        if value == 0 {
            return out.push(byte);
        }
        out.push(byte | 0x80);
    }
}

fn signed(out: &mut Vec<u8>, mut value: i64) {
    loop {
        let byte = u8::try_from(value & 0x7f).unwrap();
        value >>= 7;
        if (value == 0 && byte & 0x40 == 0) || (value == -1 && byte & 0x40 != 0) {
            return out.push(byte);
        }
        out.push(byte | 0x80);
    }
}

/// The header of a change: no dependencies, device 1, first in sequence, no other actors.
fn header() -> Vec<u8> {
    let mut body = vec![0, 20];
    body.extend(actor(&author(DRIVER)).as_bytes());
    body.extend([1, 1, 0, 0, 0]);
    body
}

/// A change with these columns.
fn with_columns(columns: &[(u64, &[u8])]) -> Vec<u8> {
    let mut body = header();
    unsigned(&mut body, columns.len() as u64);
    for (spec, data) in columns {
        unsigned(&mut body, *spec);
        unsigned(&mut body, data.len() as u64);
    }
    columns.iter().for_each(|(_, data)| body.extend(*data));
    chunk(1, &body)
}

/// `count` operations that put null at the key `k`, in a few bytes.
fn repeated(count: i64) -> Vec<u8> {
    let run = |value: &[u8]| {
        let mut run = Vec::new();
        signed(&mut run, count);
        run.extend(value);
        run
    };
    let mut falses = Vec::new();
    unsigned(&mut falses, count.unsigned_abs());
    with_columns(&[
        (0x15, &run(&[1, b'k'])),
        (0x34, &falses),
        (0x42, &run(&[1])),
        (0x56, &run(&[0])),
        (0x70, &run(&[0])),
    ])
}

#[track_caller]
fn refused(chunk: &[u8]) -> RefusalCode {
    inspect(chunk).unwrap_err().code
}

#[test]
fn ten_million_operations_in_a_run_length_are_refused_before_they_exist() {
    assert!(repeated(10_000_000).len() < 100);
    for count in [CHANGE_OPS_MAX as i64 + 1, 10_000_000, i64::MAX] {
        assert_eq!(refused(&repeated(count)), RefusalCode::ChangeTooManyOps);
    }
    // Exactly the limit is a change, and what it takes is counted in operations.
    assert_eq!(inspect(&repeated(5_000)).unwrap().ops.len(), 5_000);
    assert_eq!(inspect(&repeated(2)).unwrap().last_op, 2);
}

#[test]
fn a_short_column_with_a_long_one_beside_it_is_refused() {
    let mut millions = Vec::new();
    signed(&mut millions, 10_000_000);
    millions.push(0);
    let key: &[u8] = &[0x7f, 1, b'k'];
    for columns in [
        [
            (0x15, key),
            (0x34, &[1]),
            (0x42, &[0x7f, 1]),
            (0x56, &millions),
            (0x70, &[0x7f, 0]),
        ],
        [
            (0x15, key),
            (0x34, &[1]),
            (0x42, &[0x7f, 1]),
            (0x56, &[0x7f, 0]),
            (0x70, &millions),
        ],
        // A million predecessors of one operation.
        [
            (0x15, key),
            (0x34, &[1]),
            (0x42, &[0x7f, 1]),
            (0x56, &[0x7f, 0]),
            (0x70, &[0x7f, 0xc0, 0x84, 0x3d]),
        ],
        // A million insert flags.
        [
            (0x15, key),
            (0x34, &[0xc0, 0x84, 0x3d]),
            (0x42, &[0x7f, 1]),
            (0x56, &[0x7f, 0]),
            (0x70, &[0x7f, 0]),
        ],
    ] {
        assert_eq!(
            refused(&with_columns(&columns)),
            RefusalCode::ChangeTooManyOps
        );
    }
}

#[test]
fn nothing_is_ever_inflated() {
    // A deflate stream of zeros: 1 KiB of input stands for 1 MiB and more.
    let bomb = vec![0_u8; 32 * 1024];
    assert_eq!(refused(&chunk(2, &bomb)), RefusalCode::ChangeMalformed);
    assert_eq!(
        refused(&with_columns(&[(0x42 | 8, &bomb)])),
        RefusalCode::ChangeMalformed
    );
    for chunk_type in [0, 3, 4, 0xff] {
        assert_eq!(
            refused(&chunk(chunk_type, &header())),
            RefusalCode::ChangeMalformed
        );
    }
}

#[test]
fn a_sync_message_is_not_a_change() {
    let message = [
        0x42, 0, 0, 1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1,
    ];
    assert_eq!(refused(&message), RefusalCode::ChangeMalformed);
    assert_eq!(refused(&[]), RefusalCode::ChangeMalformed);
}

#[test]
fn too_many_bytes_are_refused_unread() {
    assert_eq!(
        refused(&vec![0; CHANGE_BYTES_MAX + 1]),
        RefusalCode::ChangeTooLarge
    );
    assert_eq!(
        refused(&vec![0; CHANGE_BYTES_MAX]),
        RefusalCode::ChangeMalformed
    );
}

#[test]
fn lengths_and_counts_at_the_ends_of_their_types_are_refused() {
    for value in [65, u64::from(u32::MAX), u64::MAX >> 1, u64::MAX] {
        // Dependencies, then other actors.
        let mut deps = Vec::new();
        unsigned(&mut deps, value);
        assert_eq!(refused(&chunk(1, &deps)), RefusalCode::ChangeTooManyRefs);
        let mut actors = header();
        actors.pop();
        unsigned(&mut actors, value);
        assert_eq!(refused(&chunk(1, &actors)), RefusalCode::ChangeTooManyRefs);
        // Length of the actor, of a column.
        let mut actor = vec![0];
        unsigned(&mut actor, value);
        refused(&chunk(1, &actor));
        let mut columns = header();
        columns.push(1);
        unsigned(&mut columns, 0x42);
        unsigned(&mut columns, value);
        assert_eq!(refused(&chunk(1, &columns)), RefusalCode::ChangeMalformed);
    }
    // Sequence and start op beyond what Automerge's 32 bits hold.
    for at in [22, 23] {
        let mut body = header();
        let mut large = Vec::new();
        unsigned(&mut large, (1 << 31) + 1);
        body.splice(at..=at, large);
        assert_eq!(refused(&chunk(1, &body)), RefusalCode::ChangeMalformed);
    }
}

/// Automerge keeps times as differences: one at each end of its type cannot be told apart.
#[test]
fn a_change_is_dated_within_what_differences_hold() {
    let dated = |ms: i64| {
        let plain = repeated(2);
        let mut body = plain[10..].to_vec();
        let mut time = Vec::new();
        signed(&mut time, ms);
        body.splice(24..=24, time);
        inspect(&chunk(1, &body)).map(|change| change.time.as_ms())
    };
    for ms in [0, -1, 1_793_577_600_000, 1 << 53, -(1 << 53)] {
        assert_eq!(dated(ms), Ok(ms));
    }
    for ms in [i64::MIN, i64::MAX, (1 << 53) + 1, -(1 << 53) - 1] {
        assert_eq!(dated(ms).unwrap_err().code, RefusalCode::ChangeMalformed);
    }
}

#[test]
fn numbers_have_one_form() {
    let read = |bytes: &[u8]| {
        let mut reader = leb128::Bytes::new(bytes, 0);
        reader.unsigned().ok().filter(|_| reader.is_empty())
    };
    let read_signed = |bytes: &[u8]| {
        let mut reader = leb128::Bytes::new(bytes, 0);
        reader.signed().ok().filter(|_| reader.is_empty())
    };
    for value in [0, 1, 127, 128, 16_383, 16_384, u64::MAX - 1, u64::MAX] {
        let mut bytes = Vec::new();
        unsigned(&mut bytes, value);
        assert_eq!(read(&bytes), Some(value));
    }
    for value in [0, 1, -1, 63, 64, -64, -65, i64::MAX, i64::MIN, i64::MIN + 1] {
        let mut bytes = Vec::new();
        signed(&mut bytes, value);
        assert_eq!(read_signed(&bytes), Some(value));
    }
    for wrong in [
        &[][..],
        &[0x80],
        &[0x80, 0],
        &[0x81, 0x80, 0],
        &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2],
        &[0x80; 11],
    ] {
        assert_eq!(read(wrong), None, "{wrong:?}");
    }
    for wrong in [
        &[0xff, 0x7f][..],
        &[0x80, 0],
        &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
        &[0x80; 11],
    ] {
        assert_eq!(read_signed(wrong), None, "{wrong:?}");
    }
}

#[test]
fn actors_that_nothing_names_are_refused() {
    let plain = repeated(2);
    let (body, actors_at) = (&plain[10..], header().len() - 1);
    let mut idle = body[..actors_at].to_vec();
    idle.extend([1, 20]);
    idle.extend([9; 20]);
    idle.extend(&body[actors_at + 1..]);
    assert_eq!(refused(&chunk(1, &idle)), RefusalCode::ChangeMalformed);
    assert!(inspect(&chunk(1, body)).is_ok());
}

#[test]
fn predecessors_stand_in_order_each_once() {
    let replacing = |counters: &[u8]| {
        let plain = with_columns(&[
            (0x15, &[0x7f, 1, b'k']),
            (0x34, &[1]),
            (0x42, &[0x7f, 1]),
            (0x56, &[0x7f, 0]),
            (0x70, &[0x7f, 2]),
            (0x71, &[2, 0]),
            (0x73, counters),
        ]);
        let mut body = plain[10..].to_vec();
        // Its first operation is the fifth.
        body[23] = 5;
        inspect(&chunk(1, &body)).map(|change| change.preds.len())
    };
    // Counters 1 and 3, 1 and 1, 3 and 1, 3 and 5, as differences.
    assert_eq!(replacing(&[0x7e, 1, 2]), Ok(2));
    for counters in [[0x7e, 1, 0], [0x7e, 3, 0x7e], [0x7e, 3, 2]] {
        let refusal = replacing(&counters).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::ChangeMalformed);
    }
}

mod damage;
