//! What can be typed. The help texts are the manual.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// What stands at the end of `--help`.
const AFTER: &str = "\
Examples:
  yizhan-phone --home ./li pair http://127.0.0.1:8787 ABCDE-FGHJK
  yizhan-phone --home ./li sync
  yizhan-phone --home ./li visit start --station zy-xinglongsheng --want shower
  yizhan-phone --home ./li visit end last
  yizhan-phone --home ./li status

Ids may be shortened to any four or more characters that fit only one; `last` is the latest
visit, check or consent. Everything but pair, register and sync works without a network.

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
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Pair this phone with a person, by a one-time code of a coordinator or keeper.
    ///
    /// What was written before pairing stays, and is sent at the next sync.
    #[command(
        after_help = "Examples:\n  yizhan-phone pair http://127.0.0.1:8787 ABCDE-FGHJK --label \"Li's phone\"\n  yizhan-phone pair 'http://127.0.0.1:8787/pair?code=ABCDE-FGHJK'"
    )]
    Pair {
        /// The relay's address, or all that the pairing QR says.
        url: String,
        /// The code; not needed if the QR's text is given.
        code: Option<String>,
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
    /// Arrivals, departures, services, notes.
    #[command(subcommand)]
    Visit(VisitCommand),
    /// Health checks (needs the health role to add).
    #[command(subcommand)]
    Check(CheckCommand),
    /// Consents of drivers.
    #[command(subcommand)]
    Consent(ConsentCommand),
    /// The directory of stations.
    #[command(subcommand)]
    Station(StationCommand),
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
    /// Own changes that the relay refused, or that wait for a decision.
    #[command(subcommand)]
    Refused(RefusedCommand),
    /// Write everything about you as JSON, to a file or the terminal. Works offline.
    #[command(
        after_help = "Examples:\n  yizhan-phone --home ./li export li.json\n  yizhan-phone --home ./li export > li.json"
    )]
    Export {
        /// Where to; standard output without it.
        file: Option<PathBuf>,
    },
    /// Who this phone acts for.
    Whoami,
}

#[derive(Debug, Subcommand)]
pub(crate) enum VisitCommand {
    /// Record an arrival: your own, or as a keeper that of a driver.
    #[command(
        after_help = "Examples:\n  yizhan-phone visit start --station zy-xinglongsheng --plate 鲁F12345 --want shower --want meal\n  yizhan-phone visit start --station zy-xinglongsheng --driver 0199abcd --name 李师傅 --at 08:30"
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

#[derive(Debug, Subcommand)]
pub(crate) enum StationCommand {
    /// List the stations that this phone knows.
    List,
    /// Show one station.
    Show {
        /// Key, id or name.
        station: String,
    },
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
        for line in [
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
            "station list",
            "station show s",
            "search 热饭",
            "sync",
            "sync --watch --for 60",
            "status",
            "refused list",
            "refused discard abcd",
            "refused retry abcd",
            "export",
            "export out.json",
            "whoami",
        ] {
            let words: Vec<&str> = line.split(' ').collect();
            assert!(parse(&words).is_ok(), "{line}: {:?}", parse(&words).err());
        }
    }

    #[test]
    fn mistakes_are_usage_errors() {
        for line in [
            "visit strat",
            "visit start",
            "visit rate last 300",
            "visit rate last -1",
            "visit serve last",
            "check add --systolic 120 --diastolic 80",
            "check add --visit v --glucose 5 --fasting --after-meal",
            "check add --visit v --fasting",
            "check add --visit v --replaces c",
            "consent give --station s --purpose anything",
            "sync --for 60",
            "--jsom status",
        ] {
            let words: Vec<&str> = line.split(' ').collect();
            let kind = parse(&words).map(|_| ()).unwrap_err();
            let help = [ErrorKind::DisplayHelp, ErrorKind::DisplayVersion];
            assert!(!help.contains(&kind), "{line}: {kind}");
        }
    }
}
