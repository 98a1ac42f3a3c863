//! `device …`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum DeviceCommand {
    /// Go over to a new key. Needs the relay; repeat it if the answer was lost.
    ///
    /// Check-in codes shown before stay good. A copy of this phone's folder that still has the old
    /// key is refused from then on.
    #[command(after_help = "Example:\n  yizhan-phone --home ./li device rotate-key")]
    RotateKey,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PersonCommand {
    /// Say that OTHER and KEEP are one driver, who registered twice. Needs the relay.
    ///
    /// A coordinator of the region says it, and the driver on both phones, within an hour; with the
    /// last word, OTHER becomes an alias of KEEP. Phones and requests go over; nothing that was
    /// written is rewritten. There is no way back.
    #[command(
        after_help = "Both must have registered by themselves at a station of your region, and be nothing but\ndrivers; for others, or if\none of the phones is lost, ask the operator (yizhan person merge).\n\nExample:\n  yizhan-phone person merge 0199abcd-0000-7000-8000-000000000000 0199abce-0000-7000-8000-000000000000"
    )]
    Merge {
        /// Who stays: an id or its beginning, or a name that only one has here.
        keep: String,
        /// Who becomes an alias: the same.
        other: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Encrypt a store that is not, with the key of --key-file. Close every other program first.
    #[command(
        after_help = "Example:\n  head -c 32 /dev/urandom > key && chmod 600 key\n  yizhan-phone --home ./li store encrypt --key-file key\n  yizhan-phone --home ./li --key-file key status"
    )]
    Encrypt,
}
