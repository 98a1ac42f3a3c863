//! `visit`.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum VisitCommand {
    /// Record an arrival: your own, or as a keeper that of a driver.
    #[command(
        after_help = "Examples:\n  yizhan-phone visit start --station zy-xinglongsheng --plate 鲁F12345 --want shower --want meal\n  yizhan-phone visit start --station zy-xinglongsheng --driver 0199abcd --name 李师傅 --at 08:30\n  yizhan-phone visit start --station zy-xinglongsheng --code YZ1:pwABAaYA..."
    )]
    Start(VisitStartArgs),
    /// Record a service given (keepers).
    #[command(
        after_help = "Examples:\n  yizhan-phone visit serve last shower\n  yizhan-phone visit serve 0199abcd meal --quantity 2"
    )]
    Serve {
        /// The visit.
        visit: String,
        /// The service: shower, meal, bed, hot_water, laundry, charging, vehicle_check...
        service: String,
        /// How many.
        #[arg(long, default_value_t = 1)]
        quantity: u32,
    },
    /// Ask for a service (drivers).
    #[command(after_help = "Example:\n  yizhan-phone visit want last laundry")]
    Want {
        /// The visit.
        visit: String,
        /// The service: shower, meal, bed...
        service: String,
        /// How many.
        #[arg(long, default_value_t = 1)]
        quantity: u32,
    },
    /// Set the note: the driver's on an own visit, the keeper's on another's.
    #[command(after_help = "Example:\n  yizhan-phone visit note last 夜里到站,有热饭")]
    Note {
        /// The visit.
        visit: String,
        /// The note; several words need no quotes. An empty one clears it.
        #[arg(required = true, num_args = 1..)]
        text: Vec<String>,
    },
    /// Rate the stay, 1 to 5 (drivers).
    #[command(after_help = "Example:\n  yizhan-phone visit rate last 5")]
    Rate {
        /// The visit.
        visit: String,
        /// 1 to 5.
        rating: u8,
    },
    /// Record the departure.
    #[command(
        after_help = "Examples:\n  yizhan-phone visit end last\n  yizhan-phone visit end last --at 17:45"
    )]
    End {
        /// The visit.
        visit: String,
        /// When: `17:45`, `2026-11-21 17:45`, or with a zone `2026-11-21T17:45:00+08:00`.
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
    },
    /// List visits, the latest first.
    #[command(
        after_help = "Examples:\n  yizhan-phone visit list --open\n  yizhan-phone visit list --station zy-xinglongsheng --limit 10 --json"
    )]
    List {
        /// Only those still open.
        #[arg(long)]
        open: bool,
        /// Only those at this station (key, id or name).
        #[arg(long, value_name = "STATION")]
        station: Option<String>,
        /// At most so many; 0: all.
        #[arg(long, default_value_t = 0)]
        limit: u32,
    },
    /// Show one visit: services, notes, conflicts, and who wrote what when.
    #[command(after_help = "Example:\n  yizhan-phone visit show last")]
    Show {
        /// The visit.
        visit: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct VisitStartArgs {
    /// Where: the station's key, id or name.
    #[arg(long, value_name = "STATION")]
    pub(crate) station: String,
    /// The driver, if it is not you: an id, or a name seen in a visit here.
    #[arg(long, value_name = "PERSON")]
    pub(crate) driver: Option<String>,
    /// What the driver's check-in code says (the QR of `yizhan-phone code`); you are the keeper.
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["driver", "name"])]
    pub(crate) code: Option<String>,
    /// With --code: yes, record the arrival as my own entry if the code is not to be believed.
    #[arg(long, requires = "code")]
    pub(crate) confirm: bool,
    /// The driver's name as shown to keepers.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Plate of the vehicle.
    #[arg(long)]
    pub(crate) plate: Option<String>,
    /// A service asked for; may be given several times.
    #[arg(long, value_name = "SERVICE")]
    pub(crate) want: Vec<String>,
    /// When: `08:30`, `2026-11-21 08:30`, or with a zone `2026-11-21T08:30:00+08:00`.
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
}
