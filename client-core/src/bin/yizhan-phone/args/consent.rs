//! `consent`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum ConsentCommand {
    /// Give a consent: your own, or as a keeper witness that of a driver.
    #[command(
        after_help = "Examples:\n  yizhan-phone consent give --station zy-xinglongsheng --purpose health_record\n  yizhan-phone consent give --station zy-xinglongsheng --purpose visits --driver 0199abcd"
    )]
    Give {
        /// To whom: the station's key, id or name.
        #[arg(long, value_name = "STATION")]
        station: String,
        /// What for.
        #[arg(long, value_parser = ["visits", "health_record", "share", "photos", "statistics"])]
        purpose: String,
        /// The driver, if it is not you; you are the witness.
        #[arg(long, value_name = "PERSON")]
        driver: Option<String>,
        /// With purpose share: the station to share with.
        #[arg(long, value_name = "STATION")]
        with: Option<String>,
        /// In force until; needed with purpose share.
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
    },
    /// Withdraw a consent, as of this moment.
    #[command(
        after_help = "Example:\n  yizhan-phone consent withdraw last\n\nWhat was recorded under it stays; nothing more is accepted under it."
    )]
    Withdraw {
        /// The consent.
        consent: String,
    },
    /// List consents, the latest first.
    List,
}
