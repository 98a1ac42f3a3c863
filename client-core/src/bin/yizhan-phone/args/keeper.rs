//! `keeper …`: a tablet that several keepers share.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum KeeperCommand {
    /// Add a keeper with a profile and a PIN of their own; then pair the profile with a code.
    ///
    /// The first one makes the folder a shared tablet's. A PIN has 4 to 12 digits. It guards the
    /// keeper's key and screens; it does not encrypt the entries on the disk.
    #[command(
        after_help = "Without --pin the PIN is asked for.\n\nExamples:\n  yizhan-phone --home ./tablet keeper add 王站长\n  yizhan-phone --home ./tablet keeper switch 王站长\n  yizhan-phone --home ./tablet pair http://127.0.0.1:8787 ABCDE-FGHJK"
    )]
    Add {
        /// The keeper's name, as it is typed to switch.
        name: String,
        /// The PIN.
        #[arg(long, env = "YIZHAN_PIN", hide_env_values = true)]
        pin: Option<String>,
    },
    /// Whose profiles there are, whose turn it is, and what waits unsent in each.
    List,
    /// Make it a keeper's turn: the profile before is locked, this one opened with its PIN.
    ///
    /// Nothing unsent is lost. What the keeper before has not sent is sent now if the relay can be
    /// reached; else it waits for that keeper's next turn.
    #[command(
        after_help = "Examples:\n  yizhan-phone --home ./tablet keeper switch 王站长\n  yizhan-phone --home ./tablet keeper switch 王站长 --pin 20261121 --no-sync"
    )]
    Switch {
        /// The keeper.
        name: String,
        /// The PIN.
        #[arg(long, env = "YIZHAN_PIN", hide_env_values = true)]
        pin: Option<String>,
        /// Do not try to send what the keeper before has not sent.
        #[arg(long)]
        no_sync: bool,
    },
    /// Lock the tablet: nobody's screens are shown until somebody switches to themselves.
    Lock {
        /// Do not try to send what is unsent.
        #[arg(long)]
        no_sync: bool,
    },
    /// Remove a keeper: the profile goes from this tablet, what the relay has of it stays there.
    ///
    /// Nothing unsent is lost: with the keeper's PIN it is sent first, and as long as anything of it is
    /// nowhere else, nothing is removed. Without it, it has to be another keeper's turn.
    #[command(
        after_help = "Examples:\n  yizhan-phone --home ./tablet keeper remove 王站长 --pin 20261121\n  yizhan-phone --home ./tablet keeper switch 赵站长\n  yizhan-phone --home ./tablet keeper remove 王站长"
    )]
    Remove {
        /// The keeper.
        name: String,
        /// The keeper's PIN.
        #[arg(long, env = "YIZHAN_PIN", hide_env_values = true)]
        pin: Option<String>,
    },
    /// Give a keeper another PIN; the old one is needed.
    #[command(after_help = "Example:\n  yizhan-phone --home ./tablet keeper set-pin 王站长")]
    SetPin {
        /// The keeper.
        name: String,
        /// The PIN so far.
        #[arg(long, env = "YIZHAN_PIN", hide_env_values = true)]
        pin: Option<String>,
        /// The PIN from now on.
        #[arg(long, env = "YIZHAN_NEW_PIN", hide_env_values = true)]
        new_pin: Option<String>,
    },
}
