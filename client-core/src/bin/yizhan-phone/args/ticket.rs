//! `ticket`.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum TicketCommand {
    /// Raise a request: your own, or as a keeper that of a driver.
    ///
    /// It goes to the station's desk, or to the region's desk for that class; --desk says otherwise.
    #[command(
        after_help = "Examples:\n  yizhan-phone ticket raise --class pay --title 运费被拖欠三个月 --station zy-xinglongsheng 三月到五月没有结\n  yizhan-phone ticket raise --class food --title 夜里没有热饭 --visit last\n  yizhan-phone ticket raise --class legal --title 事故责任不服 --driver 李师傅 --station s --desk cz-legal --region changzhou"
    )]
    Raise(Box<TicketRaiseArgs>),
    /// List requests: your own, a desk's, or those assigned to you.
    #[command(
        after_help = "Examples:\n  yizhan-phone ticket list\n  yizhan-phone ticket list --desk cz-legal --open     those due first\n  yizhan-phone ticket list --assigned --open"
    )]
    List {
        /// Of this desk, those due first.
        #[arg(long, value_name = "DESK")]
        desk: Option<String>,
        /// Raised at this station.
        #[arg(long, value_name = "STATION")]
        station: Option<String>,
        /// Assigned to you, those due first.
        #[arg(long)]
        assigned: bool,
        /// Your own requests only.
        #[arg(long)]
        mine: bool,
        /// Only those in which something is still to be done.
        #[arg(long)]
        open: bool,
        /// At most so many; 0: all.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Show one request: what happened, comments, parties, notes, due times.
    Show {
        /// The ticket.
        ticket: String,
    },
    /// It is in order (keepers of the station, the desk).
    #[command(after_help = "Example:\n  yizhan-phone ticket verify last --class labour --urgent")]
    Verify {
        /// The ticket.
        ticket: String,
        /// What it is really about.
        #[arg(long, value_name = "CLASS")]
        class: Option<String>,
        /// It must be seen to soon.
        #[arg(long)]
        urgent: bool,
        /// In words.
        text: Vec<String>,
    },
    /// It is not one to be handled, and why (keepers of the station, the desk).
    #[command(after_help = "Example:\n  yizhan-phone ticket reject last 与另一件重复")]
    Reject(TicketWordsArgs),
    /// Have a pair handle it (the desk; only a coordinator where others are assigned).
    #[command(
        after_help = "Examples:\n  yizhan-phone ticket assign last 0199abcd 0199ef01\n  yizhan-phone ticket assign last --suggest"
    )]
    Assign {
        /// The ticket.
        ticket: String,
        /// One of the pair: `me`, an id, or a name of the desk's people.
        #[arg(required_unless_present = "suggest", conflicts_with = "suggest")]
        first: Option<String>,
        /// The other.
        second: Option<String>,
        /// The pair that follows from class and load.
        #[arg(long)]
        suggest: bool,
    },
    /// Start handling it (either of the pair).
    Start {
        /// The ticket.
        ticket: String,
    },
    /// Ask the driver something; the clock stands still until it is answered.
    #[command(after_help = "Example:\n  yizhan-phone ticket ask last 是哪个月的运费?")]
    Ask(TicketWordsArgs),
    /// Answer what was asked (the driver, or a keeper for the driver).
    #[command(after_help = "Example:\n  yizhan-phone ticket answer last 五月的")]
    Answer(TicketWordsArgs),
    /// It is done: what was done, and what was recovered (either of the pair).
    #[command(
        after_help = "Example:\n  yizhan-phone ticket resolve last --yuan 36000.50 --outcome settled 货主已付清"
    )]
    Resolve {
        /// The ticket.
        ticket: String,
        /// What was recovered for the driver, in yuan.
        #[arg(long, value_name = "YUAN")]
        yuan: Option<String>,
        /// What came of a dispute.
        #[arg(long, value_parser = ["settled", "partly", "not_settled", "referred"])]
        outcome: Option<String>,
        /// What was done.
        #[arg(required = true, num_args = 1..)]
        text: Vec<String>,
    },
    /// Rate the solution, 1 to 5 (the driver); closes what is resolved.
    #[command(after_help = "Example:\n  yizhan-phone ticket rate last 5 办得快")]
    Rate {
        /// The ticket.
        ticket: String,
        /// 1 to 5.
        #[arg(value_parser = clap::value_parser!(u8).range(1..=5))]
        rating: u8,
        /// In words.
        text: Vec<String>,
    },
    /// Take it back (the driver, before it is resolved).
    Withdraw {
        /// The ticket.
        ticket: String,
        /// Why.
        text: Vec<String>,
    },
    /// Reopen it: the solution is none (the driver, once, within seven days).
    #[command(after_help = "Example:\n  yizhan-phone ticket reopen last 只付了一半")]
    Reopen(TicketWordsArgs),
    /// Let the desk above answer it, or the one named (coordinators).
    #[command(
        after_help = "Examples:\n  yizhan-phone ticket escalate last 跨市\n  yizhan-phone ticket escalate last --desk js-rights --region jiangsu"
    )]
    Escalate {
        /// The ticket.
        ticket: String,
        /// The desk.
        #[arg(long, value_name = "DESK")]
        desk: Option<String>,
        /// The desk's region, if the desk is not known here.
        #[arg(long, value_name = "REGION", requires = "desk")]
        region: Option<String>,
        /// Why.
        text: Vec<String>,
    },
    /// Comment on it, whatever state it is in.
    #[command(after_help = "Example:\n  yizhan-phone ticket comment last 已联系货主")]
    Comment(TicketWordsArgs),
    /// Name a party of a dispute.
    #[command(
        after_help = "Example:\n  yizhan-phone ticket party last merchant 常州某货主 --contact 0519-0000000"
    )]
    Party {
        /// The ticket.
        ticket: String,
        /// What it is.
        #[arg(value_parser = ["driver", "merchant", "company", "other"])]
        role: String,
        /// Its name.
        name: String,
        /// How to reach it.
        #[arg(long)]
        contact: Option<String>,
    },
    /// Say that two requests are about the same (keepers of the station, the desk).
    Link {
        /// One.
        ticket: String,
        /// The other.
        other: String,
    },
    /// What does not count and nobody has looked at; with a ticket and an event: look at it.
    #[command(
        after_help = "Examples:\n  yizhan-phone ticket review\n  yizhan-phone ticket review 0199abcd 0199ef01 两人同时开始,已说清"
    )]
    Review {
        /// The ticket.
        #[arg(requires = "event")]
        ticket: Option<String>,
        /// The event, as the list shows it.
        event: Option<String>,
        /// What follows from it.
        text: Vec<String>,
    },
    /// Write a note that only the desk sees.
    #[command(after_help = "Example:\n  yizhan-phone ticket note last 货主有前例")]
    Note(TicketWordsArgs),
}

#[derive(Debug, Args)]
pub(crate) struct TicketWordsArgs {
    /// The ticket.
    pub(crate) ticket: String,
    /// The words; several need no quotes.
    #[arg(required = true, num_args = 1..)]
    pub(crate) text: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct TicketRaiseArgs {
    /// What it is about: parking, charging, entry, rest, food, toll_route, permit, labour, pay,
    /// injury, legal, counselling, dispute, fine, insurance, repair, family, suggestion, errand,
    /// other.
    #[arg(long, value_name = "CLASS")]
    pub(crate) class: String,
    /// In a line.
    #[arg(long)]
    pub(crate) title: String,
    /// Where: the station's key, id or name.
    #[arg(long, value_name = "STATION")]
    pub(crate) station: Option<String>,
    /// During this visit.
    #[arg(long, value_name = "VISIT", conflicts_with = "activity")]
    pub(crate) visit: Option<String>,
    /// At this activity.
    #[arg(long, value_name = "ACTIVITY")]
    pub(crate) activity: Option<String>,
    /// The driver, if it is not you: an id, or a name as it stands in a visit here (keepers).
    #[arg(long, value_name = "PERSON")]
    pub(crate) driver: Option<String>,
    /// The driver's name to show.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// The desk.
    #[arg(long, value_name = "DESK")]
    pub(crate) desk: Option<String>,
    /// The desk's region, if the desk is not known here.
    #[arg(long, value_name = "REGION", requires = "desk")]
    pub(crate) region: Option<String>,
    /// The person complained about, who will have no part in handling it.
    #[arg(long, value_name = "PERSON")]
    pub(crate) about: Option<String>,
    /// Who or what is complained about, in words.
    #[arg(long, value_name = "WORDS")]
    pub(crate) about_text: Option<String>,
    /// A number to call back.
    #[arg(long)]
    pub(crate) phone: Option<String>,
    /// In full; several words need no quotes. The title, if left out.
    pub(crate) text: Vec<String>,
}
