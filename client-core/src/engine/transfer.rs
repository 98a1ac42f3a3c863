//! What to send or fetch next of photos and papers, one piece at a time. Pure: what is on the
//! phone goes in, the next step comes out, and the phone may die between any two.
//!
//! Small pictures go first, so that a list of papers soon shows something; then what this phone has and
//! nobody else; then what a person here waits for, and what is small. A file that failed waits by
//! itself and stands in nobody's way.

use yizhan_proto::limits::PIECE_BYTES_MAX;
use yizhan_proto::{ContentHash, Timestamp};

/// The longest wait of one file that is believed, milliseconds: a clock that was set back must not
/// hold a photo for days.
const WAIT_MAX_MS: i64 = 2 * 60 * 60 * 1_000;

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// To the relay.
    Send,
    /// From the relay.
    Fetch,
}

/// One file that is not where it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its bytes.
    pub sha256: ContentHash,
    /// How many.
    pub bytes: u64,
    /// Which way.
    pub way: Way,
    /// How many are there already; `None`: that has to be asked first (the relay is another one,
    /// say).
    pub done: Option<u64>,
    /// Whether it is a small picture of another.
    pub thumb: bool,
    /// Whether a person waits for it.
    pub asked: bool,
    /// Not to be tried before.
    pub not_before: Option<Timestamp>,
}

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// Send this piece; with `len` 0, ask how far the upload is.
    Send {
        /// Which bytes.
        sha256: ContentHash,
        /// Where the piece begins.
        at: u64,
        /// Its length.
        len: usize,
        /// How many bytes there are in all.
        whole: u64,
    },
    /// Fetch this piece.
    Fetch {
        /// Which bytes.
        sha256: ContentHash,
        /// Where the piece begins.
        at: u64,
        /// Its length.
        len: usize,
    },
}

impl Move {
    /// Which bytes.
    #[must_use]
    pub const fn sha256(&self) -> ContentHash {
        match self {
            Self::Send { sha256, .. } | Self::Fetch { sha256, .. } => *sha256,
        }
    }
}

/// The next step, if there is one at this moment.
#[must_use]
pub fn next(jobs: &[Job], now: Timestamp) -> Option<Move> {
    jobs.iter()
        .filter(|job| is_due(job, now) && job.done.is_none_or(|done| done < job.bytes))
        .min_by_key(|job| {
            let left = job.bytes.saturating_sub(job.done.unwrap_or(0));
            (rank(job), left, job.sha256)
        })
        .map(step)
}

/// Whether a file may be tried now.
fn is_due(job: &Job, now: Timestamp) -> bool {
    job.not_before.is_none_or(|not_before| {
        let wait_ms = not_before.ms_since(now);
        wait_ms <= 0 || wait_ms > WAIT_MAX_MS
    })
}

/// Lower goes first.
const fn rank(job: &Job) -> u8 {
    match (job.thumb, job.way, job.asked) {
        (true, Way::Send, _) => 0,
        (true, Way::Fetch, _) => 1,
        (false, Way::Send, _) => 2,
        (false, Way::Fetch, true) => 3,
        (false, Way::Fetch, false) => 4,
    }
}

fn step(job: &Job) -> Move {
    let (sha256, whole) = (job.sha256, job.bytes);
    let at = job.done.unwrap_or(0);
    let left = usize::try_from(whole.saturating_sub(at)).unwrap_or(usize::MAX);
    let len = left.min(PIECE_BYTES_MAX);
    match (job.way, job.done) {
        (Way::Send, Some(at)) => Move::Send {
            sha256,
            at,
            len,
            whole,
        },
        (Way::Send, None) => Move::Send {
            sha256,
            at: 0,
            len: 0,
            whole,
        },
        (Way::Fetch, _) => Move::Fetch { sha256, at, len },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(1_760_000_000_000);

    fn job(n: u8, way: Way, bytes: u64) -> Job {
        Job {
            sha256: ContentHash::from_bytes([n; 32]),
            bytes,
            way,
            done: Some(0),
            thumb: false,
            asked: false,
            not_before: None,
        }
    }

    #[test]
    fn small_pictures_then_own_papers_then_what_is_asked_for() {
        let thumb = |job: Job| Job { thumb: true, ..job };
        let mut jobs = vec![
            job(1, Way::Fetch, 10),
            Job {
                asked: true,
                ..job(2, Way::Fetch, 900)
            },
            job(3, Way::Send, 800),
            thumb(job(4, Way::Fetch, 20)),
            thumb(job(5, Way::Send, 30)),
        ];
        let mut order = Vec::new();
        while let Some(step) = next(&jobs, NOW) {
            order.push(step.sha256().as_bytes()[0]);
            jobs.retain(|job| job.sha256 != step.sha256());
        }
        assert_eq!(order, [5, 4, 3, 2, 1]);
    }

    #[test]
    fn a_file_that_waits_holds_up_nobody_and_not_for_ever() {
        let waits = |ms| Job {
            not_before: Some(NOW.saturating_add_ms(ms)),
            ..job(1, Way::Send, 10)
        };
        let jobs = [waits(60_000), job(2, Way::Fetch, 10)];
        assert_eq!(next(&jobs, NOW).unwrap().sha256().as_bytes()[0], 2);
        assert_eq!(next(&[waits(60_000)], NOW), None);
        assert!(next(&[waits(0)], NOW).is_some());
        // A clock that was set back by a week.
        assert!(next(&[waits(7 * 24 * 60 * 60 * 1_000)], NOW).is_some());
    }

    /// What a network does to one step.
    #[derive(Debug, Clone, Copy)]
    enum Fate {
        Carried,
        /// Nothing happened.
        Lost,
        /// It happened, and the phone did not hear of it.
        Unheard,
        /// The relay lost the file's upload.
        Restored,
        /// Fewer bytes came than were asked for.
        Short,
    }

    fn fate() -> impl Strategy<Value = Fate> {
        prop_oneof![
            Just(Fate::Carried),
            Just(Fate::Lost),
            Just(Fate::Unheard),
            Just(Fate::Restored),
            Just(Fate::Short),
        ]
    }

    proptest! {
        #[test]
        fn whatever_is_cut_all_files_end_whole_and_none_grows_too_long(
            sizes in proptest::collection::vec((1_u64..1_500_000, any::<bool>()), 1..6),
            fates in proptest::collection::vec(fate(), 0..60),
        ) {
            let mut jobs: Vec<Job> = (1..).zip(&sizes).map(|(n, (bytes, send))| {
                job(n, if *send { Way::Send } else { Way::Fetch }, *bytes)
            }).collect();
            // What is at the other end, of uploads.
            let mut relay: BTreeMap<ContentHash, u64> = BTreeMap::new();
            let mut fates = fates.into_iter();
            let mut steps = 0;
            while let Some(step) = next(&jobs, NOW) {
                steps += 1;
                prop_assert!(steps < 500, "it does not end");
                let fate = fates.next().unwrap_or(Fate::Carried);
                let job = jobs.iter_mut().find(|job| job.sha256 == step.sha256()).unwrap();
                match step {
                    Move::Send { sha256, at, len, whole } => {
                        let here = relay.entry(sha256).or_default();
                        prop_assert!(len <= PIECE_BYTES_MAX && at + len as u64 <= whole);
                        if matches!(fate, Fate::Restored) { *here = 0; }
                        if !matches!(fate, Fate::Lost) && at == *here { *here += len as u64; }
                        prop_assert!(*here <= whole);
                        // The answer: how far it is, or where the next piece begins.
                        if !matches!(fate, Fate::Lost | Fate::Unheard) { job.done = Some(*here); }
                    }
                    Move::Fetch { at, len, .. } => {
                        prop_assert!(len > 0 && len <= PIECE_BYTES_MAX);
                        prop_assert!(at + len as u64 <= job.bytes);
                        let came = if matches!(fate, Fate::Short) { len.div_ceil(2) } else { len };
                        if matches!(fate, Fate::Carried | Fate::Short) {
                            job.done = Some(at + came as u64);
                        }
                    }
                }
            }
            for job in &jobs {
                prop_assert_eq!(job.done, Some(job.bytes));
                if job.way == Way::Send { prop_assert_eq!(relay[&job.sha256], job.bytes); }
            }
        }
    }
}
