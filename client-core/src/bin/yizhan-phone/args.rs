//! What can be typed. The help texts are the manual.

mod activity;
mod attachment;
mod check;
mod consent;
mod device;
mod enrol;
#[cfg(test)]
mod examples;
mod keeper;
mod notice;
mod problems;
mod report;
mod screens;
mod station;
mod ticket;
mod visit;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

pub(crate) use self::activity::{
    ActivityCommand, ActivityCreateArgs, ActivitySetArgs, QuestionArgs,
};
pub(crate) use self::attachment::{AttachTo, AttachmentCommand};
pub(crate) use self::check::{CheckAddArgs, CheckCommand};
pub(crate) use self::consent::ConsentCommand;
pub(crate) use self::device::{DeviceCommand, PersonCommand, StoreCommand};
pub(crate) use self::enrol::EnrolCommand;
pub(crate) use self::keeper::KeeperCommand;
pub(crate) use self::notice::{NoticeCommand, NoticePublishArgs};
pub(crate) use self::problems::Problems;
pub(crate) use self::report::ReportArgs;
pub(crate) use self::screens::{HistoryArgs, TodayArgs};
pub(crate) use self::station::{StationCommand, StationSetArgs};
pub(crate) use self::ticket::{TicketCommand, TicketRaiseArgs, TicketWordsArgs};
pub(crate) use self::visit::{VisitCommand, VisitStartArgs};

/// What stands at the end of `--help`.
const AFTER: &str = "\
Examples:
  yizhan-phone --home ./li pair http://127.0.0.1:8787 ABCDE-FGHJK
  yizhan-phone --home ./li sync
  yizhan-phone --home ./li visit start --station zy-xinglongsheng --want shower
  yizhan-phone --home ./li visit end last
  yizhan-phone --home ./li status

Ids may be shortened to any four or more characters that fit only one; `last` is the latest
of its kind. Everything but pair, register and sync works without a network.

Exit codes:
  0  done
  1  anything else (too old for the relay, output cannot be written)
  2  usage: a wrong flag, or a value that makes no sense
  3  not found, or more than one found; a code that is wrong or too old
  4  refused by the rules, or not confirmed
  5  the relay cannot be reached or cannot serve; nothing is lost, sync again later
  6  this device is not paired, or was revoked; what is written here is kept
  7  the local store is damaged, locked, full or not writable
130  ended by Ctrl-C (as `sync --watch` is): what was stored or received before is kept";

/// A Yizhan client in the terminal: log visits, checks and consents offline, and sync them.
#[derive(Debug, Parser)]
#[command(name = "yizhan-phone", version, after_help = AFTER, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// Folder of this phone: its store and its key. Made if it is missing.
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "YIZHAN_HOME",
        default_value = "./yizhan-phone-home"
    )]
    pub(crate) home: PathBuf,
    /// Print JSON: an object with the `id` of what was made or shown, or an array of such.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// A file with the key of an encrypted store: 32 bytes, or 64 hexadecimal digits. A new store is
    /// then made encrypted. Needs a build with the feature sqlcipher.
    #[arg(long, global = true, value_name = "FILE", env = "YIZHAN_KEY_FILE")]
    pub(crate) key_file: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Pair this phone with a person, by a one-time code of a coordinator or keeper.
    ///
    /// What was written before pairing stays, and is sent at the next sync.
    #[command(
        after_help = "What is typed behind a command can be seen by others on this machine while it runs; `-` takes the code, or all that the QR says, from a line of standard input.\n\nExamples:\n  yizhan-phone pair http://127.0.0.1:8787 ABCDE-FGHJK --label \"Li's phone\"\n  yizhan-phone pair http://127.0.0.1:8787 - < code.txt\n  yizhan-phone pair 'http://127.0.0.1:8787/pair?code=ABCDE-FGHJK'\n  yizhan-phone pair https://relay.example.org --token-file id-token"
    )]
    Pair {
        /// The relay's address, or all that the pairing QR says; `-` reads that.
        url: String,
        /// The code, not needed if the QR's text is given; `-` reads it.
        code: Option<String>,
        /// A file with a token of the relay's identity provider, in place of the code.
        #[arg(long, value_name = "FILE", conflicts_with = "code")]
        token_file: Option<PathBuf>,
        /// What people call this device.
        #[arg(long, default_value = "")]
        label: String,
    },
    /// Register as a driver, with what the station's standing QR says.
    #[command(
        after_help = "Example:\n  yizhan-phone register 'http://10.0.0.7:8787/register?code=STATIONCODE' --name 李师傅"
    )]
    Register {
        /// What the QR says.
        url: String,
        /// Your name, as keepers will see it.
        #[arg(long, default_value = "")]
        name: String,
        /// What people call this device.
        #[arg(long, default_value = "")]
        label: String,
    },
    /// Show your check-in code: a QR that a keeper scans. Works without a network.
    ///
    /// It is signed by this phone, and good for 90 seconds and one arrival.
    #[command(
        after_help = "Examples:\n  yizhan-phone --home ./li code\n  yizhan-phone --home ./li code --activity 0199abcd-0000-7000-8000-000000000000"
    )]
    Code {
        /// The activity it is shown for, if for one.
        #[arg(long, value_name = "ID")]
        activity: Option<String>,
    },
    /// Arrivals, departures, services, notes.
    #[command(subcommand)]
    Visit(VisitCommand),
    /// Requests: raised by drivers, answered by a desk.
    #[command(subcommand)]
    Ticket(TicketCommand),
    /// Health checks (needs the health role to add).
    #[command(subcommand)]
    Check(CheckCommand),
    /// Consents of drivers.
    #[command(subcommand)]
    Consent(ConsentCommand),
    /// What stations hold: lectures, clinics, classes with a quiz; seats, leases, rosters.
    #[command(subcommand)]
    Activity(ActivityCommand),
    /// Your seats in activities: asking, giving up, the quiz, feedback.
    #[command(subcommand)]
    Enrol(EnrolCommand),
    /// Messages of stations and regions.
    #[command(subcommand)]
    Notice(NoticeCommand),
    /// The directory of stations.
    #[command(subcommand)]
    Station(StationCommand),
    /// Photos and papers of tickets, activities and visits.
    #[command(subcommand)]
    Attachment(AttachmentCommand),
    /// A station's day: who came, who is still there, and the beds (keepers).
    #[command(
        after_help = "Examples:\n  yizhan-phone today\n  yizhan-phone today --station zy-xinglongsheng --json"
    )]
    Today(TodayArgs),
    /// A driver's visits, checks and readings, and where the readings are going; your own without --driver.
    #[command(
        after_help = "Examples:\n  yizhan-phone history\n  yizhan-phone history --item systolic --last 20\n  yizhan-phone history --driver 李师傅"
    )]
    History(HistoryArgs),
    /// Find documents by words in names, notes and plates; one Chinese character is enough.
    #[command(after_help = "Example:\n  yizhan-phone search 热饭")]
    Search {
        /// Words; all of them must be there.
        #[arg(required = true, num_args = 1..)]
        text: Vec<String>,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Exchange with the relay until both agree.
    #[command(
        after_help = "With --watch it then listens, and syncs again whenever something moves, until Ctrl-C\n(exit code 130; nothing is lost). Each sync that did something prints a line.\n\nExamples:\n  yizhan-phone --home ./li sync\n  yizhan-phone --home ./li sync --watch --for 60"
    )]
    Sync {
        /// Stay, and sync whenever the relay says that something moved.
        #[arg(long)]
        watch: bool,
        /// With --watch: end after so many seconds.
        #[arg(long = "for", value_name = "SECONDS", requires = "watch")]
        seconds: Option<u64>,
    },
    /// Unsent changes, last sync, what was refused and why.
    #[command(
        after_help = "Examples:\n  yizhan-phone --home ./li status\n  yizhan-phone --home ./li status --json"
    )]
    Status,
    /// Everything entered here that is not where it should be, and what one can do.
    ///
    /// Refused, waiting for a person's decision, waiting for something else at the relay, or in a
    /// document that this version cannot open. With a change: all that was typed into it.
    #[command(
        after_help = "Examples:\n  yizhan-phone --home ./li problems\n  yizhan-phone --home ./li problems 3fa9c1d2\n  yizhan-phone --home ./li problems --json"
    )]
    Problems(Problems),
    /// Own changes that the relay refused, or that wait for a decision.
    #[command(subcommand)]
    Refused(RefusedCommand),
    /// Write everything about you, for you to keep or to take along. Works offline.
    ///
    /// json: all documents, to a file or the terminal. csv: a file for each kind, in a folder.
    /// fhir: your health checks as a FHIR R4 bundle, without your name unless you ask for it.
    #[command(
        after_help = "Examples:\n  yizhan-phone --home ./li export li.json\n  yizhan-phone --home ./li export > li.json\n  yizhan-phone --home ./li export --format csv li-folder\n  yizhan-phone --home ./li export --format fhir checks.json"
    )]
    Export {
        /// Where to: a file, or a folder for csv; standard output without it.
        #[arg(required_if_eq("format", "csv"))]
        file: Option<PathBuf>,
        /// json, csv or fhir.
        #[arg(long, default_value = "json", value_parser = ["json", "csv", "fhir"])]
        format: String,
        /// fhir: with your name.
        #[arg(long)]
        with_name: bool,
    },
    /// Numbers by month and station, from what this phone holds. Works offline.
    ///
    /// Keepers see their own station; for specialists and coordinators, numbers about fewer than
    /// ten people are withheld.
    #[command(
        after_help = "Examples:\n  yizhan-phone report --month 2026-11\n  yizhan-phone report --what tickets --from 2026-01 --to 2026-11 --format csv --out tickets.csv"
    )]
    Report(ReportArgs),
    /// Who this phone acts for.
    Whoami,
    /// This phone's key.
    #[command(subcommand)]
    Device(DeviceCommand),
    /// The files of this phone's store.
    #[command(subcommand)]
    Store(StoreCommand),
    /// Drivers who are there twice (coordinators).
    #[command(subcommand)]
    Person(PersonCommand),
    /// A tablet that several keepers share: each with a PIN and a profile of their own.
    #[command(subcommand)]
    Keeper(KeeperCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum RefusedCommand {
    /// List them, with the reasons.
    List,
    /// Delete a refused change, and what builds on it, from this phone. Cannot be undone.
    ///
    /// A change that waits for a decision (quarantined) stays until somebody decides.
    #[command(
        after_help = "Example (the beginning of the hash, as `refused list` shows it):\n  yizhan-phone refused discard 3fa9c1d2"
    )]
    Discard {
        /// The change, by the beginning of its hash.
        hash: String,
    },
    /// Offer a change again at the next sync.
    #[command(
        after_help = "Example (the beginning of the hash, as `refused list` shows it):\n  yizhan-phone refused retry 3fa9c1d2"
    )]
    Retry {
        /// The change, by the beginning of its hash.
        hash: String,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use clap::error::ErrorKind;

    use super::*;

    fn parse(line: &[&str]) -> Result<Cli, ErrorKind> {
        let words = std::iter::once("yizhan-phone").chain(line.iter().copied());
        Cli::try_parse_from(words).map_err(|error| error.kind())
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn home_and_json_may_stand_anywhere() {
        for line in [
            ["--home", "h", "--json", "visit", "list"],
            ["visit", "--json", "list", "--home", "h"],
            ["visit", "list", "--home", "h", "--json"],
        ] {
            let cli = parse(&line).unwrap();
            assert_eq!((cli.home, cli.json), (PathBuf::from("h"), true), "{line:?}");
        }
    }

    #[test]
    fn the_lines_of_the_manual_are_understood() {
        for line in MANUAL {
            let words: Vec<&str> = line.split(' ').collect();
            assert!(parse(&words).is_ok(), "{line}: {:?}", parse(&words).err());
        }
    }

    const MANUAL: &[&str] = &[
        "pair http://127.0.0.1:8787 ABCDE-FGHJK --label phone",
        "pair http://127.0.0.1:8787/pair?code=A",
        "register http://127.0.0.1:8787/register?code=A --name 李师傅",
        "visit start --station s --plate 鲁F12345 --want shower --want meal --at 08:30",
        "visit start --station s --driver 0199abcd --name 李师傅",
        "visit serve last shower --quantity 2",
        "visit note last 夜里到站,有热饭 谢谢",
        "visit rate last 5",
        "visit end last --at 17:45",
        "visit list --open --station s",
        "visit show 0199",
        "check add --driver p --station s --visit v --systolic 126 --diastolic 82 --pulse 70 --glucose 5.6 --unit mg/dL --fasting --neck tight:3 --lumbar normal:0 --advice rest --advice stretch --note n --replaces c --reason r --confirm",
        "check add --visit last --glucose 5.6 --after-meal",
        "check list --crisis",
        "consent give --station s --purpose health_record --driver d",
        "consent withdraw last",
        "consent list",
        "device rotate-key",
        "store encrypt --key-file key",
        "person merge 0199abcd-0000-7000-8000-000000000000 0199abce-0000-7000-8000-000000000000",
        "keeper add 王站长 --pin 20261121",
        "keeper list",
        "keeper switch 王站长 --pin 20261121 --no-sync",
        "keeper lock",
        "keeper set-pin 王站长 --pin 20261121 --new-pin 11212026",
        "activity list --station s --region r --all --limit 5",
        "activity show last",
        "activity create --station s --type clinic --title 义诊 --starts 09:00 --ends 11:30 --capacity 40 --place 大厅 --text t --quiz-draw 5 --state draft",
        "activity set last --capacity 60 --starts 10:00",
        "activity state last closed",
        "activity question last 几小时 必须休息 --a 2 --b 4 --c 6 --d 8 --answer b",
        "activity lease last --seats 10 --until 18:00",
        "activity lease-return last",
        "activity lease-return last 0199abcd --lost",
        "activity roster last",
        "activity enrol last --driver 李师傅 --name 李 --lease",
        "activity certificate last --number 7",
        "enrol add last --name 李",
        "enrol cancel last",
        "enrol list --everybody --limit 3",
        "enrol show last",
        "enrol quiz last",
        "enrol answer last 1 b",
        "enrol feedback last 5",
        "enrol feedback last 5 讲得 很好",
        "notice list --all --station s",
        "notice show last",
        "notice publish --station s --title 停水 今晚 停水 --level urgent --until 23:00",
        "notice publish --region r --title 暴雪 封路",
        "notice publish --station s --keepers-only --title 排班 早到",
        "notice withdraw last",
        "ticket raise --class pay --title 运费 --station s 三月 五月",
        "ticket raise --class food --title t --visit last",
        "ticket raise --class legal --title t --driver d --station s --desk k --region r --about p --about-text a --phone 1",
        "ticket list --desk k --open --limit 0",
        "ticket list --assigned --mine",
        "ticket show last",
        "ticket verify last --class labour --urgent 属实",
        "ticket reject last 重复",
        "ticket assign last a b",
        "ticket assign last --suggest",
        "ticket start last",
        "ticket ask last 哪个月?",
        "ticket answer last 五月",
        "ticket resolve last --yuan 36000.50 --outcome settled 已付清",
        "ticket rate last 5 快",
        "ticket withdraw last",
        "ticket reopen last 只付了一半",
        "ticket escalate last --desk k --region r 跨市",
        "ticket comment last 已联系",
        "ticket party last merchant 货主 --contact 1",
        "ticket link a b",
        "ticket review",
        "ticket review a b 已说清",
        "ticket note last 有前例",
        "station list",
        "station list --region zhaoyuan",
        "station show s",
        "station set s --beds-free 3 --hours 全天 --phone 0535-1 --open yes --notice 停水 --offer shower --stop laundry",
        "today",
        "today --station s",
        "history",
        "history --driver 李师傅 --last 20",
        "history --item systolic",
        "search 热饭",
        "sync",
        "sync --watch --for 60",
        "status",
        "refused list",
        "refused discard abcd",
        "refused retry abcd",
        "export",
        "report --what checks --from 2026-10 --to 2026-11 --station s --zone Asia/Shanghai --format csv --out r.csv",
        "report --month 2026-11",
        "export out.json",
        "export --format csv folder",
        "export --format fhir --with-name checks.json",
        "whoami",
    ];

    #[test]
    fn mistakes_are_usage_errors() {
        for line in [
            "visit strat",
            "visit start",
            "visit rate last 300",
            "visit rate last -1",
            "ticket rate last 6",
            "ticket assign last",
            "ticket assign last a --suggest",
            "ticket review a",
            "ticket resolve last",
            "visit serve last",
            "check add --systolic 120 --diastolic 80",
            "check add --visit v --glucose 5 --fasting --after-meal",
            "check add --visit v --fasting",
            "check add --visit v --replaces c",
            "consent give --station s --purpose anything",
            "activity create --station s --type party --title t --starts 1:00 --ends 2:00",
            "activity state last over",
            "activity question last 几小时 --a 2 --b 4 --answer e",
            "activity lease last --seats 10",
            "activity lease-return last --lost",
            "enrol answer last one b",
            "notice publish --title t text",
            "notice publish --region r --keepers-only --title t text",
            "sync --for 60",
            "report --month 2026-13",
            "report --what weather",
            "report --from 2026-11",
            "history --item weight",
            "station set s --open maybe",
            "history --last -1",
            "--jsom status",
        ] {
            let words: Vec<&str> = line.split(' ').collect();
            let kind = parse(&words).map(|_| ()).unwrap_err();
            let help = [ErrorKind::DisplayHelp, ErrorKind::DisplayVersion];
            assert!(!help.contains(&kind), "{line}: {kind}");
        }
    }
}
