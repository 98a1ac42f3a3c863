//! The gate: changes that are well formed and say what they should not, in documents of all kinds.
//!
//! The bytes choose a step of an honest history, who takes it, and how its change is spoilt:
//! operation by operation, byte by byte, or replaced altogether.

mod spoil;

use std::panic::{AssertUnwindSafe, catch_unwind};

use yizhan_client_core::model::{Author, Document, Outline, Verdict, gate, inspect};
use yizhan_proto::codec;
use yizhan_proto::limits::{DOCUMENT_BYTES_MAX, REQUEST_BYTES_MAX};

use super::bytes::{Draw, body_of, framed};
use super::shelf::{AUTHORS, Step, author, steps};
use crate::reading;

/// A change of ours, or of somebody, spoilt.
fn spoilt(step: &Step, mut draw: Draw<'_>) -> Option<Vec<u8>> {
    match draw.byte() & 3 {
        0 => Some(framed(draw.0)),
        1 => {
            let mut body = body_of(&step.chunk).to_vec();
            while !draw.is_empty() {
                let at = usize::from(draw.word()).checked_rem(body.len())?;
                body[at] ^= draw.byte();
            }
            Some(framed(&body))
        }
        _ => catch_unwind(AssertUnwindSafe(|| spoil::spoilt(step, draw))).ok(),
    }
}

/// What the gate accepts, Automerge applies, saves and loads; people can read it; and the outline
/// is what a phone makes of the same changes.
///
/// # Panics
/// If not.
pub fn check(bytes: &[u8]) {
    let mut draw = Draw(bytes);
    let step = &steps()[draw.index(steps().len())];
    let by = match draw.byte() {
        0 => step.author.clone(),
        other => author(AUTHORS[usize::from(other) % AUTHORS.len()]),
    };
    let Some(chunk) = spoilt(step, draw) else {
        return;
    };
    if let Some(outline) = accepted(step, &by, &chunk) {
        assert_sound(step, &chunk, &outline);
    }
}

fn accepted(step: &Step, by: &Author, chunk: &[u8]) -> Option<Outline> {
    let change = inspect(chunk).ok()?;
    match step.before.decide(step.document, step.kind, by, &change) {
        Verdict::Accept(outline) => {
            assert_eq!(change.actor.device(), by.device, "written by its author");
            Some(*outline)
        }
        Verdict::Needs(missing) => {
            assert!(missing.iter().all(|hash| change.deps.contains(hash)));
            assert!(!missing.is_empty());
            None
        }
        Verdict::Refuse(refusal) | Verdict::Quarantine(refusal) => {
            assert!(refusal.to_string().len() < 2_000, "{refusal}");
            None
        }
    }
}

fn assert_sound(step: &Step, chunk: &[u8], outline: &Outline) {
    let mut changes = step.before.changes(step.document);
    changes.push(chunk.to_vec());
    let opened = Document::open(step.document, step.kind, changes.iter().map(Vec::as_slice));
    let opened = opened.expect("what was accepted is applied");
    let saved = opened.saved();
    let loaded = automerge::Automerge::load(&saved).expect("what was saved loads");
    assert_eq!(loaded.save(), saved);
    reading::visible(&opened).expect("what was accepted is read");
    assert!(outline.bytes <= DOCUMENT_BYTES_MAX);
    let kept = codec::encode(outline);
    let again: Outline = codec::decode(&kept, REQUEST_BYTES_MAX).expect("an outline is kept");
    assert_eq!(&again, outline);
    let inspected: Vec<_> = changes
        .iter()
        .map(|chunk| inspect(chunk).expect("accepted"))
        .collect();
    let made = gate::outline_of(step.kind, &inspected).expect("of its changes");
    assert_eq!(&made, outline);
}

/// Each step as it was taken, and one with a spoilt operation.
#[must_use]
pub fn seeds() -> Vec<(String, Vec<u8>)> {
    let mut seeds = Vec::new();
    for (n, step) in steps().iter().enumerate().take(256) {
        let at = u8::try_from(n).unwrap_or_default();
        seeds.push((format!("{}-{n:02}", step.kind), vec![at, 0, 2]));
    }
    seeds
}
