//! The bytes of entries are pinned, and nothing done to a log goes unnoticed.

use proptest::prelude::*;
use yizhan_proto::{DeviceId, DocumentId, EntryId, Epoch, PersonId, Role, StationId, Timestamp};

use super::*;

const DEVICE: DeviceId = DeviceId::from_bytes([2; 16]);
const EPOCH: Epoch = Epoch::from_bytes([1; 8]);

fn at(n: u64) -> Timestamp {
    Timestamp::from_ms(1_770_000_000_000 + i64::try_from(n).unwrap())
}

fn began() -> Event {
    Event::new(at(0), By::Relay, Action::RelayBegan)
        .to(Subject::Device(DEVICE))
        .detail(Detail::word(&EPOCH.to_string()))
}

fn read(n: u8) -> Event {
    let by = By::Device(PersonId::from_bytes([3; 16]), DeviceId::from_bytes([4; 16]));
    Event {
        read_at: Some(at(u64::from(n))),
        entry: Some(EntryId::from_bytes([n; 16])),
        ..Event::new(at(900), by, Action::CheckRead)
            .to(Subject::Document(DocumentId::from_bytes([n; 16])))
            .about(PersonId::from_bytes([6; 16]))
            .detail(Detail::word("opened"))
    }
}

/// A log of these events, as bytes and hashes.
fn log(events: &[Event]) -> Vec<(Vec<u8>, ChainHash)> {
    let mut before = begin(DEVICE, EPOCH);
    let numbered = (1..).zip(events);
    let link = |(n, event): (u64, &Event)| {
        let bytes = encode(n, event);
        before = follow(&before, &bytes);
        (bytes, before)
    };
    numbered.map(link).collect()
}

fn verify(log: &[(Vec<u8>, ChainHash)], anchor: Option<ChainHash>) -> Result<Verified, Broken> {
    let mut verifier = Verifier::new(anchor);
    for (bytes, hash) in log {
        verifier.add(bytes, hash)?;
    }
    verifier.finish()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_bytes_and_hashes_of_entries_are_what_docs_operations_says() {
    let log = log(&[began(), read(7)]);
    assert_eq!(
        hex(&log[0].0),
        "a60001011b0000019c1c38a4000201056b72656c61792e626567616e0678".to_owned()
            + &hex(b"\x2bdevice:02020202-0202-0202-0202-020202020202")
            + "0870"
            + &hex(b"0101010101010101")
    );
    // Made by another program, from the description.
    let first = "5bdac28f635db20973cb8921b52afe90da9aa06e386b7dd47269cd518a776434";
    let second = "fdb39a14c7d6a428b5102c6ac46f76fdd7f561f3657ec5aae9266035e7940016";
    assert_eq!(log[0].1.to_string(), first);
    assert_eq!(
        hex(&log[1].0),
        concat!(
            "ab0002011b0000019c1c38a784020203500303030303030303030303030303030304500404040404",
            "0404040404040404040404056a636865636b2e7265616406782d646f63756d656e743a3037303730",
            "3730372d303730372d303730372d303730372d303730373037303730373037075006060606060606",
            "06060606060606060608666f70656e6564091b0000019c1c38a4070a500707070707070707070707",
            "0707070707"
        )
    );
    assert_eq!(log[1].1.to_string(), second);
    let (n, event) = decode(&log[1].0).unwrap();
    assert_eq!((n, event), (2, read(7)));
}

#[test]
fn a_detail_holds_no_sentence_and_no_name() {
    for text in ["李师傅", "Li", "li shifu", "", "a\n", &"x".repeat(81)] {
        assert_eq!(Detail::word(text).as_str(), "other", "{text}");
    }
    let keeper = Role::Keeper(StationId::from_bytes([1; 16]));
    assert_eq!(Detail::role(&keeper).as_str(), keeper.to_string());
}

#[test]
fn every_code_reads_back_and_none_stands_twice() {
    let mut codes: Vec<&str> = Action::ALL.iter().map(Action::as_str).collect();
    for code in &codes {
        assert_eq!(Action::from_text(code).as_str(), *code);
        assert!(!matches!(Action::from_text(code), Action::Other(_)));
    }
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), Action::ALL.len());
}

#[test]
fn an_empty_log_and_one_without_its_beginning() {
    assert_eq!(verify(&[], None).unwrap().entries, 0);
    let mut whole = log(&[began(), read(1), read(2)]);
    let missing = verify(&whole[1..], None).unwrap_err();
    assert!(matches!(missing, Broken::Missing { n: 1, found: 2 }));
    whole[0].0 = encode(1, &read(1));
    let other = verify(&whole, None).unwrap_err();
    assert!(matches!(other, Broken::Beginning));
}

#[test]
fn an_end_that_was_cut_off_shows_by_a_hash_that_was_written_down() {
    let whole = log(&[began(), read(1), read(2)]);
    let anchor = Some(whole[2].1);
    assert_eq!(verify(&whole, anchor).unwrap().anchor, Some(3));
    assert!(
        verify(&whole[..2], None).is_ok(),
        "the chain alone cannot tell"
    );
    let cut = verify(&whole[..2], anchor).unwrap_err();
    assert!(matches!(cut, Broken::Anchor { .. }));
}

#[test]
fn bytes_that_are_no_entry_are_refused_with_a_reason() {
    let good = encode(1, &began());
    let longer = [&good[..], &[0]].concat();
    assert!(matches!(decode(&longer), Err(EventError::Trailing)));
    assert!(matches!(decode(&good[..9]), Err(EventError::Malformed(_))));
    // The same map with a key that entries do not have: another spelling of the same entry.
    let mut padded = good.clone();
    padded[0] += 1;
    padded.extend([0x18, 99, 1]);
    assert!(matches!(decode(&padded), Err(EventError::NotCanonical)));
    // Done by a person, and it does not say which.
    let mut nobody = good;
    let by = nobody.windows(2).position(|pair| pair == [2, 1]).unwrap();
    nobody[by + 1] = 2;
    assert!(matches!(decode(&nobody), Err(EventError::Nobody)));
}

fn some_log() -> impl Strategy<Value = Vec<(Vec<u8>, ChainHash)>> {
    proptest::collection::vec(any::<u8>(), 1..12).prop_map(|numbers| {
        let reads = numbers.into_iter().map(read);
        log(&std::iter::once(began()).chain(reads).collect::<Vec<_>>())
    })
}

proptest! {
    #[test]
    fn any_flipped_bit_is_found_at_its_entry(
        log in some_log(), which in any::<prop::sample::Index>(),
        byte in any::<prop::sample::Index>(), bit in 0_u8..8, of_hash in any::<bool>(),
    ) {
        let mut log = log;
        let which = which.index(log.len());
        let (bytes, hash) = &mut log[which];
        if of_hash {
            let mut flipped = *hash.as_bytes();
            flipped[byte.index(32)] ^= 1 << bit;
            *hash = ChainHash::from_bytes(flipped);
        } else {
            let at = byte.index(bytes.len());
            bytes[at] ^= 1 << bit;
        }
        let n = which as u64 + 1;
        let found = match verify(&log, None) {
            Ok(_) => 0,
            Err(Broken::Unreadable { n, .. } | Broken::Missing { n, .. } | Broken::Hash { n }) => n,
            Err(Broken::Beginning) => 1,
            Err(_) => u64::MAX,
        };
        prop_assert_eq!(found, n);
    }

    #[test]
    fn any_entry_removed_repeated_or_moved_is_found(
        log in some_log(), one in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
    ) {
        let (one, other) = (one.index(log.len()), other.index(log.len()));
        let last = log.len() - 1;
        let mut removed = log.clone();
        removed.remove(one);
        // Only the end can be cut off unseen, and that is what anchors are for.
        prop_assert_eq!(verify(&removed, None).is_err(), one != last);
        prop_assert!(verify(&removed, Some(log[last].1)).is_err());
        let mut repeated = log.clone();
        repeated.insert(one, log[one].clone());
        prop_assert!(verify(&repeated, None).is_err());
        let mut moved = log.clone();
        moved.swap(one, other);
        prop_assert_eq!(verify(&moved, None).is_err(), one != other);
    }

    #[test]
    fn no_bytes_bring_the_reader_down(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        drop(decode(&bytes));
        drop(Subject::from_text(&String::from_utf8_lossy(&bytes)));
    }
}
