//! `yizhan key`: the key that signs.

use clap::Subcommand;

#[derive(Debug, Clone, Copy, Subcommand)]
pub(in crate::cli) enum Key {
    /// List the keys that tokens and certificates are believed under; the first one signs.
    #[command(after_help = "Examples:\n  yizhan key list\n  yizhan key list --json")]
    List,
    /// Sign with a new key from here on; the former one verifies what it signed until that ends.
    #[command(
        after_help = "Phones notice nothing. With --drop-former everything that was signed so far stops being good at once: phones renew their tokens by themselves, and check-in codes are good again as soon as driver and keeper have been online. Do that if somebody may have read the key.\n\nExamples:\n  yizhan key rotate\n  yizhan key rotate --drop-former"
    )]
    Rotate {
        /// Believe nothing that a former key signed.
        #[arg(long)]
        drop_former: bool,
    },
}
