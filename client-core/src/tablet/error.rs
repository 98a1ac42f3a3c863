//! Why something about a tablet's keepers could not be done.

use std::path::PathBuf;

use crate::clock::NoRandomness;
use crate::error::{Cause, ClientError};
use crate::store::{StoreError, Unfinished};

/// Something about a tablet's keepers could not be done. Nothing changed, but that a wrong PIN was
/// counted.
#[derive(Debug, thiserror::Error)]
pub enum TabletError {
    /// It is no keeper's turn.
    #[error("this tablet is locked; open it with your PIN: yizhan-phone keeper switch NAME")]
    Locked,
    /// The PIN is another one.
    #[error("this is not the PIN{}", then_wait(.0))]
    WrongPin(i64),
    /// Too many wrong PINs: wait so many milliseconds.
    #[error("too many wrong PINs; wait {} seconds, then try again", (.0 + 999) / 1_000)]
    WaitFirst(i64),
    /// No PIN looks like this.
    #[error("a PIN has 4 to 12 digits; eight or more are hard to guess")]
    PinRule,
    /// Nobody of this name keeps the tablet.
    #[error("no keeper {0} on this tablet; see: yizhan-phone keeper list")]
    NoKeeper(String),
    /// A name that cannot be added: taken, empty or too long; or the tablet is full.
    #[error("{0}")]
    BadName(String),
    /// A keeper cannot be removed: there is work of theirs that is nowhere else.
    #[error("{name} has {} that the relay has not taken; nothing was removed: switch to {name} and sync, and give up or send again what was refused", left_text(.left))]
    Unsent {
        /// The keeper.
        name: String,
        /// What there is.
        left: Unfinished,
    },
    /// The folder is not a tablet's.
    #[error("this folder is not a shared tablet's; make it one with: yizhan-phone keeper add NAME")]
    NotShared,
    /// The folder is one person's phone.
    #[error(
        "this folder is one person's phone, with entries of its own; give the tablet a new folder: --home DIR"
    )]
    OnePerson,
    /// A file of the tablet is not what it was.
    #[error("the file {} is damaged ({why}); the profiles beside it are kept, ask for support", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// The operating system gave no randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// A profile's store, or a file.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// `3 entries, 1 photo or paper and 2 looks at checks`.
fn left_text(left: &Unfinished) -> String {
    let of = |number: u64, one: &str, many: &str| match number {
        0 => None,
        1 => Some(format!("1 {one}")),
        n => Some(format!("{n} {many}")),
    };
    let parts = [
        of(left.entries, "entry", "entries"),
        of(left.files, "photo or paper", "photos or papers"),
        of(left.looks, "look at a check", "looks at checks"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    parts.join(" and ")
}

fn then_wait(wait_ms: &i64) -> String {
    match wait_ms {
        0 => "; try again".to_owned(),
        ms => format!("; wait {} seconds, then try again", (ms + 999) / 1_000),
    }
}

impl From<TabletError> for ClientError {
    fn from(error: TabletError) -> Self {
        let denied = |code: &str, error| Self::Denied(Cause::new(code, error));
        let invalid = |code: &str, error| Self::Invalid(Cause::new(code, error));
        match error {
            TabletError::Store(error) => error.into(),
            TabletError::NoRandomness(error) => error.into(),
            TabletError::Locked => denied("tablet.locked", error),
            TabletError::WrongPin(_) => denied("tablet.pin_wrong", error),
            TabletError::WaitFirst(_) => denied("tablet.pin_wait", error),
            TabletError::PinRule => invalid("tablet.pin_rule", error),
            TabletError::BadName(_) => invalid("tablet.name", error),
            TabletError::NoKeeper(_) => invalid("tablet.no_keeper", error),
            TabletError::NotShared => invalid("tablet.not_shared", error),
            TabletError::Unsent { .. } => denied("tablet.unsent", error),
            TabletError::OnePerson => invalid("tablet.one_person", error),
            TabletError::Damaged { path, why } => Self::Store(StoreError::Damaged {
                path,
                why,
                source: None,
            }),
        }
    }
}
