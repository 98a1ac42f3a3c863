//! `activity`.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum ActivityCommand {
    /// List activities that have not ended, what begins first, first.
    #[command(
        after_help = "Examples:\n  yizhan-phone activity list\n  yizhan-phone activity list --station zy-xinglongsheng --all --json"
    )]
    List {
        /// Only those held by this station (key, id or name).
        #[arg(long, value_name = "STATION")]
        station: Option<String>,
        /// Only those of this region.
        #[arg(long)]
        region: Option<String>,
        /// Also those that have ended.
        #[arg(long)]
        all: bool,
        /// At most so many; 0: all.
        #[arg(long, default_value_t = 0)]
        limit: u32,
    },
    /// Show one activity: seats, quiz, leases, conflicts, and who wrote what when.
    #[command(after_help = "Example:\n  yizhan-phone activity show last")]
    Show {
        /// The activity.
        activity: String,
    },
    /// Announce an activity (keepers of the station, coordinators).
    #[command(
        after_help = "Examples:\n  yizhan-phone activity create --station zy-xinglongsheng --type clinic --title 义诊 --starts '2026-11-28 09:00' --ends '2026-11-28 11:30' --capacity 40\n  yizhan-phone activity create --station zy-xinglongsheng --type quiz --title 安全知识竞赛 --starts '2026-12-01 14:00' --ends '2026-12-01 16:00' --quiz-draw 5 --state draft"
    )]
    Create(ActivityCreateArgs),
    /// Change what is given; what is not given stays.
    #[command(
        after_help = "Examples:\n  yizhan-phone activity set last --capacity 60\n  yizhan-phone activity set last --starts '2026-11-28 10:00' --ends '2026-11-28 12:30'"
    )]
    Set(ActivitySetArgs),
    /// Say where an activity stands. Cancelling gives every seat up at the next sync.
    #[command(after_help = "Example:\n  yizhan-phone activity state last closed")]
    State {
        /// The activity.
        activity: String,
        /// draft, open, closed, cancelled or done.
        #[arg(value_parser = ["draft", "open", "closed", "cancelled", "done"])]
        state: String,
    },
    /// Add a question to the quiz. Each driver is asked some of them, drawn at random.
    #[command(
        after_help = "Example:\n  yizhan-phone activity question last 连续驾驶几小时必须休息? --a 2 --b 4 --c 6 --answer b"
    )]
    Question(QuestionArgs),
    /// Ask for seats that this device may give away while it is offline.
    #[command(
        after_help = "Example:\n  yizhan-phone activity lease last --seats 10 --until 18:00\n\nThe relay grants it at the next sync. Until then, and after its end, no seat of it can be given."
    )]
    Lease {
        /// The activity.
        activity: String,
        /// How many seats, 1 to 1,000.
        #[arg(long)]
        seats: u32,
        /// Until when.
        #[arg(long, value_name = "TIME")]
        until: String,
    },
    /// Return what is left of a lease before its end. A lease that has ended is returned by itself.
    #[command(
        after_help = "Examples:\n  yizhan-phone activity lease-return last\n  yizhan-phone activity lease-return last 0199abcd --lost"
    )]
    LeaseReturn {
        /// The activity.
        activity: String,
        /// Which lease, by its id; this device's only one without it.
        lease: Option<String>,
        /// It is another device's, which is lost: its seats are given to others.
        #[arg(long, requires = "lease")]
        lost: bool,
    },
    /// Who asked for a seat, who has one, who was there, and how the quiz went.
    #[command(after_help = "Example:\n  yizhan-phone activity roster last")]
    Roster {
        /// The activity.
        activity: String,
    },
    /// Ask for a seat for a driver (keepers of the host station).
    #[command(
        after_help = "Examples:\n  yizhan-phone activity enrol last --driver 李师傅\n  yizhan-phone activity enrol last --driver 0199abcd --name 王师傅 --lease"
    )]
    Enrol {
        /// The activity.
        activity: String,
        /// The driver: an id, or a name seen on this phone.
        #[arg(long, value_name = "PERSON")]
        driver: String,
        /// The driver's name as shown to keepers.
        #[arg(long)]
        name: Option<String>,
        /// Give a seat of this device's lease: it is for sure, also offline.
        #[arg(long)]
        lease: bool,
    },
    /// Record that a driver is there, by the driver's check-in code (staff of the host station).
    ///
    /// Works without a network. A scan is never refused: one that does not show that the driver is
    /// there (expired, revoked, not verified, for another activity) is kept with its reason.
    #[command(after_help = "Example:\n  yizhan-phone activity scan last YZ1:pwABAaYA...")]
    Scan {
        /// The activity.
        activity: String,
        /// What the driver's code says (the QR of `yizhan-phone code`).
        code: String,
    },
    /// Issue a certificate to a driver (keepers of the host station).
    #[command(
        after_help = "Examples:\n  yizhan-phone activity certificate 5f0c3a77\n  yizhan-phone activity certificate 5f0c3a77 --number ZY-2026-017"
    )]
    Certificate {
        /// The driver's enrolment, as `activity roster` shows it.
        enrolment: String,
        /// The number; by itself it is made of station, day and enrolment.
        #[arg(long)]
        number: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ActivityCreateArgs {
    /// The host station: key, id or name.
    #[arg(long, value_name = "STATION")]
    pub(crate) station: String,
    /// What sort it is.
    #[arg(long = "type", value_name = "TYPE", value_parser = ["lecture", "clinic", "legal", "training", "quiz", "family", "meeting", "volunteer"])]
    pub(crate) sort: String,
    /// Title, one line.
    #[arg(long)]
    pub(crate) title: String,
    /// What it is about.
    #[arg(long)]
    pub(crate) text: Option<String>,
    /// When it begins: `17:45`, `2026-11-21 17:45`, or with a zone `2026-11-21T17:45:00+08:00`.
    #[arg(long, value_name = "TIME")]
    pub(crate) starts: String,
    /// When it ends.
    #[arg(long, value_name = "TIME")]
    pub(crate) ends: String,
    /// Where, if not at the station itself.
    #[arg(long)]
    pub(crate) place: Option<String>,
    /// Seats; without it there is room for all.
    #[arg(long)]
    pub(crate) capacity: Option<u32>,
    /// How many questions each driver is asked; without it all.
    #[arg(long, value_name = "N")]
    pub(crate) quiz_draw: Option<u32>,
    /// draft or open.
    #[arg(long, default_value = "open", value_parser = ["draft", "open"])]
    pub(crate) state: String,
}

#[derive(Debug, Args)]
pub(crate) struct ActivitySetArgs {
    /// The activity.
    pub(crate) activity: String,
    /// Title, one line.
    #[arg(long)]
    pub(crate) title: Option<String>,
    /// What it is about.
    #[arg(long)]
    pub(crate) text: Option<String>,
    /// Where.
    #[arg(long)]
    pub(crate) place: Option<String>,
    /// When it begins.
    #[arg(long, value_name = "TIME")]
    pub(crate) starts: Option<String>,
    /// When it ends.
    #[arg(long, value_name = "TIME")]
    pub(crate) ends: Option<String>,
    /// Seats.
    #[arg(long)]
    pub(crate) capacity: Option<u32>,
    /// How many questions each driver is asked.
    #[arg(long, value_name = "N")]
    pub(crate) quiz_draw: Option<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct QuestionArgs {
    /// The activity.
    pub(crate) activity: String,
    /// What is asked; several words need no quotes.
    #[arg(required = true, num_args = 1..)]
    pub(crate) text: Vec<String>,
    /// First option.
    #[arg(long)]
    pub(crate) a: String,
    /// Second option.
    #[arg(long)]
    pub(crate) b: String,
    /// Third option.
    #[arg(long)]
    pub(crate) c: Option<String>,
    /// Fourth option.
    #[arg(long)]
    pub(crate) d: Option<String>,
    /// The right one: a, b, c or d.
    #[arg(long, value_parser = ["a", "b", "c", "d"])]
    pub(crate) answer: String,
}
