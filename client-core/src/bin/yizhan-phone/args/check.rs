//! `check`.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum CheckCommand {
    /// Record a health check. It needs the driver's consent (purpose health_record).
    ///
    /// Unusual values are asked about, or need --confirm. Screening only, never a diagnosis.
    #[command(
        after_help = "Examples:\n  yizhan-phone check add --visit last --systolic 126 --diastolic 82 --pulse 70 --glucose 5.6 --fasting\n  yizhan-phone check add --visit last --neck tight:3 --lumbar normal:0 --advice stretch\n  yizhan-phone check add --visit last --systolic 130 --missing 'cuff slipped'"
    )]
    Add(Box<CheckAddArgs>),
    /// List checks, the latest first.
    #[command(
        after_help = "Examples:\n  yizhan-phone check list --crisis\n  yizhan-phone check list --driver 李师傅"
    )]
    List {
        /// Only those of this driver.
        #[arg(long, value_name = "PERSON")]
        driver: Option<String>,
        /// Only those with a crisis.
        #[arg(long)]
        crisis: bool,
    },
    /// Show one check.
    Show {
        /// The check.
        check: String,
    },
}

#[derive(Debug, Args, Default)]
pub(crate) struct CheckAddArgs {
    /// Of whom; not needed with --visit.
    #[arg(long, value_name = "PERSON", required_unless_present = "visit")]
    pub(crate) driver: Option<String>,
    /// Where; not needed with --visit.
    #[arg(long, value_name = "STATION", required_unless_present = "visit")]
    pub(crate) station: Option<String>,
    /// During which visit.
    #[arg(long)]
    pub(crate) visit: Option<String>,
    /// Upper blood pressure, mmHg.
    #[arg(long, value_name = "MMHG")]
    pub(crate) systolic: Option<String>,
    /// Lower blood pressure, mmHg.
    #[arg(long, value_name = "MMHG")]
    pub(crate) diastolic: Option<String>,
    /// Why the other value of the blood pressure is missing.
    #[arg(long, value_name = "REASON")]
    pub(crate) missing: Option<String>,
    /// Pulse, beats a minute.
    #[arg(long, value_name = "PER_MIN")]
    pub(crate) pulse: Option<String>,
    /// Blood glucose; HI and LO are understood.
    #[arg(long, value_name = "VALUE")]
    pub(crate) glucose: Option<String>,
    /// Unit of the glucose.
    #[arg(long, default_value = "mmol/L", value_parser = ["mmol/L", "mg/dL"], requires = "glucose")]
    pub(crate) unit: String,
    /// The glucose was measured fasting.
    #[arg(long, requires = "glucose", conflicts_with = "after_meal")]
    pub(crate) fasting: bool,
    /// The glucose was measured two hours after a meal.
    #[arg(long, requires = "glucose")]
    pub(crate) after_meal: bool,
    /// Neck: normal, tight, tender, limited or radiating, and pain from 0 to 10.
    #[arg(long, value_name = "FINDING:PAIN")]
    pub(crate) neck: Option<String>,
    /// Lower back, like --neck.
    #[arg(long, value_name = "FINDING:PAIN")]
    pub(crate) lumbar: Option<String>,
    /// Advice given: rest, drink_water, see_doctor, do_not_drive, stretch... May be repeated.
    #[arg(long, value_name = "CODE")]
    pub(crate) advice: Vec<String>,
    /// Advice in words.
    #[arg(long)]
    pub(crate) note: Option<String>,
    /// The check that this one corrects.
    #[arg(long, value_name = "CHECK", requires = "reason")]
    pub(crate) replaces: Option<String>,
    /// Why it is corrected.
    #[arg(long, requires = "replaces")]
    pub(crate) reason: Option<String>,
    /// When it was taken, if not at this moment.
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// Yes, the unusual values are right.
    #[arg(long)]
    pub(crate) confirm: bool,
}
