//! `yizhan-phone problems …`.

/// What to show of what is not where it should be.
#[derive(Debug, clap::Args)]
pub(crate) struct Problems {
    /// One change, by the beginning of its hash: with all that was typed.
    #[arg(value_name = "CHANGE")]
    pub(crate) change: Option<String>,
}
