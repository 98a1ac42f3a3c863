//! Damaged changes: never a panic, and never one that spoils a document.

use proptest::prelude::*;
use sha2::{Digest, Sha256};
use yizhan_proto::{ChangeHash, DocumentId, Kind};

use super::{chunk, header, refused};
use crate::model::genesis::Genesis;
use crate::model::testing::*;
use crate::model::{RefusalCode, Verdict, inspect};

/// One change as a command writes it, and what the relay held before it.
#[derive(Debug)]
struct Step {
    before: Shelf,
    document: DocumentId,
    kind: Kind,
    author: u8,
    chunk: Vec<u8>,
}

/// Changes of every kind as the commands write them: new documents, and edits with predecessors
/// and other actors.
fn corpus() -> &'static [Step] {
    static CORPUS: std::sync::OnceLock<Vec<Step>> = std::sync::OnceLock::new();
    CORPUS.get_or_init(|| {
        let mut edits = vec![
            (STATION, LEADER, new_station()),
            (VISIT, DRIVER, check_in()),
            (CONSENT, DRIVER, give_consent()),
            (CHECK, MEDIC, new_check(plain_check())),
        ];
        let visit = crate::model::tests::visit_edits().into_iter();
        edits.extend(visit.map(|(who, command)| (VISIT, who, command)));
        let mut shelf = Shelf::default();
        let mut steps = Vec::new();
        for (id, who, command) in edits {
            let (id, kind, who_writes) = (document(id), command.kind(), author(who));
            let chunk = shelf.write(id, &who_writes, &command).unwrap();
            steps.push(Step {
                before: shelf.clone(),
                document: id,
                kind,
                author: who,
                chunk: chunk.clone(),
            });
            let verdict = shelf.push(id, kind, &who_writes, &chunk);
            assert!(
                matches!(verdict, Verdict::Accept(_)),
                "{command:?}: {verdict:?}"
            );
        }
        steps
    })
}

impl Step {
    /// Whether the gate takes `chunk` in this one's place. If it does, Automerge must open the
    /// document, save it, load it and save it again.
    #[track_caller]
    fn takes(&self, chunk: &[u8]) -> bool {
        let mut shelf = self.before.clone();
        let verdict = shelf.push(self.document, self.kind, &author(self.author), chunk);
        if !matches!(verdict, Verdict::Accept(_)) {
            return false;
        }
        let opened = shelf.open(self.document, self.kind);
        let saved = opened.automerge.save();
        let loaded = automerge::Automerge::load(&saved).expect("what was saved loads");
        assert_eq!(loaded.save(), saved);
        true
    }
}

/// With a checksum that fits again.
fn mended(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.len() > 8 {
        let sum = Sha256::digest(&bytes[8..]);
        bytes[4..8].copy_from_slice(&sum[..4]);
    }
    bytes
}

#[test]
fn every_change_that_a_command_writes_is_accepted() {
    for step in corpus() {
        let inspected = inspect(&step.chunk).unwrap();
        assert_eq!(inspected.bytes, step.chunk.len() as u64);
        assert_eq!(inspected.hash, ChangeHash::of_chunk(&step.chunk));
        assert!(step.takes(&step.chunk));
    }
    for kind in [Kind::Station, Kind::Visit, Kind::Check, Kind::Consent] {
        // The constant changes are well formed but written by no device.
        assert_eq!(
            refused(Genesis::of(kind).unwrap().steps()[0].chunk),
            RefusalCode::ActorMalformed
        );
    }
}

#[test]
fn flipped_bytes_never_panic_and_never_spoil_a_document() {
    let (mut well_formed, mut accepted) = (0, 0);
    for step in corpus() {
        for at in 0..step.chunk.len() {
            for flip in [
                0x01, 0x02, 0x03, 0x07, 0x10, 0x11, 0x40, 0x7e, 0x7f, 0x80, 0xff,
            ] {
                let mut flipped = step.chunk.clone();
                flipped[at] ^= flip;
                assert!(inspect(&flipped).is_err(), "a checksum holds");
                let flipped = mended(flipped);
                well_formed += usize::from(inspect(&flipped).is_ok());
                accepted += usize::from(step.takes(&flipped));
            }
        }
    }
    assert!(well_formed > accepted);
    assert!(
        accepted > 100,
        "flips inside texts are changes, too: {accepted}"
    );
}

#[test]
fn cut_off_changes_are_refused() {
    for step in corpus() {
        for length in 0..step.chunk.len() {
            let cut = &step.chunk[..length];
            assert!(inspect(cut).is_err());
            assert!(inspect(&mended(cut.to_vec())).is_err());
        }
        let mut longer = step.chunk.clone();
        longer.push(0);
        assert!(inspect(&longer).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn random_bytes_never_panic(body in proptest::collection::vec(any::<u8>(), 0..200), kind in 0_u8..4) {
        let _ = inspect(&body);
        let _ = inspect(&chunk(kind, &body));
        let mut behind_a_header = header();
        behind_a_header.extend(&body);
        let _ = inspect(&chunk(1, &behind_a_header));
    }

    #[test]
    fn random_damage_never_panics_and_never_spoils_a_document(
        which in any::<proptest::sample::Index>(),
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>(), 0_u8..3), 1..5),
    ) {
        let step = which.get(corpus());
        let mut bytes = step.chunk.clone();
        for (at, byte, what) in damage {
            let at = at.index(bytes.len());
            match what {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => { bytes.remove(at); }
            }
        }
        // The frame is made to fit, so that the damage itself is looked at.
        let header = if bytes.get(9).is_some_and(|byte| byte & 0x80 != 0) { 11 } else { 10 };
        step.takes(&mended(bytes.clone()));
        step.takes(&chunk(1, bytes.get(header..).unwrap_or_default()));
    }
}

#[test]
fn the_gate_refuses_what_is_damaged() {
    let shelf = Shelf::furnished();
    let verdict = shelf.decide(document(VISIT), Kind::Visit, &author(DRIVER), &[0; 15]);
    assert!(matches!(verdict, Verdict::Refuse(_)));
}
