//! `enrol`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum EnrolCommand {
    /// Ask for a seat for yourself. The relay decides at the next sync.
    #[command(after_help = "Example:\n  yizhan-phone enrol add last")]
    Add {
        /// The activity.
        activity: String,
        /// Your name as shown to keepers, if the relay has not given one.
        #[arg(long)]
        name: Option<String>,
    },
    /// Give a seat, or the wait for one, up.
    #[command(after_help = "Example:\n  yizhan-phone enrol cancel last")]
    Cancel {
        /// The enrolment.
        enrolment: String,
    },
    /// List your enrolments, the newest first; as a keeper those of your drivers.
    #[command(
        after_help = "Examples:\n  yizhan-phone enrol list\n  yizhan-phone enrol list --everybody --json"
    )]
    List {
        /// Not only your own.
        #[arg(long)]
        everybody: bool,
        /// At most so many; 0: all.
        #[arg(long, default_value_t = 0)]
        limit: u32,
    },
    /// Show one enrolment: seat, scans, quiz, feedback, and who wrote what when.
    #[command(after_help = "Example:\n  yizhan-phone enrol show last")]
    Show {
        /// The enrolment.
        enrolment: String,
    },
    /// Show the questions drawn for you, and what you answered.
    #[command(after_help = "Example:\n  yizhan-phone enrol quiz last")]
    Quiz {
        /// The enrolment.
        enrolment: String,
    },
    /// Answer a question. The first answer counts; with the last one the quiz is graded.
    #[command(after_help = "Example:\n  yizhan-phone enrol answer last 1 b")]
    Answer {
        /// The enrolment.
        enrolment: String,
        /// The question's number, as `enrol quiz` shows it.
        question: usize,
        /// a, b, c or d.
        #[arg(value_parser = ["a", "b", "c", "d"])]
        choice: String,
    },
    /// Rate an activity, 1 to 5, and say something about it.
    #[command(after_help = "Example:\n  yizhan-phone enrol feedback last 5 讲得很清楚")]
    Feedback {
        /// The enrolment.
        enrolment: String,
        /// 1 to 5.
        rating: u8,
        /// In words; several need no quotes.
        text: Vec<String>,
    },
}
