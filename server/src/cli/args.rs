//! What can be typed, and the help that teaches it.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

mod audit;
mod desk;
mod erase;
#[cfg(test)]
mod examples;
mod forget;
mod key;
mod quarantine;
mod report;
mod serve;

pub(super) use audit::{Audit, List as AuditList, Verify as AuditVerify};
pub(super) use desk::{Desk, Member as DeskMembers};
pub(super) use erase::{Erase, EraseCommand};
pub(super) use forget::Forget;
pub(super) use quarantine::Quarantine;
pub(super) use report::Report;

pub(super) use key::Key;
pub(super) use serve::Serve;

const EXAMPLES: &str = "\
Examples:
  yizhan                                           start a relay on ./yizhan-data
  yizhan serve --listen 0.0.0.0:8787               let phones on the network reach it
  yizhan station import data/network.json          in another terminal: bring in stations
  yizhan person add --name 李师傅 --role driver     add a driver
  yizhan pair 李师傅                                show the code that pairs a phone

Exit codes: 0 done, 1 something else failed, 2 not understood, 3 not found or ambiguous,
4 refused or unusable input, 5 the relay does not run, 6 the audit log is not what was written,
7 the data folder or its store.";

/// The relay of Yizhan: check-ins that work without coverage.
#[derive(Debug, Parser)]
#[command(name = "yizhan", version, about, after_help = EXAMPLES, disable_help_subcommand = true)]
pub(super) struct Args {
    /// The data folder: the relay makes it; the other commands find the relay through it.
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "YIZHAN_DATA",
        default_value = "./yizhan-data"
    )]
    pub(super) data: PathBuf,
    /// Print JSON: one object with the `id` of what was made or shown, or an array of such.
    #[arg(long, global = true)]
    pub(super) json: bool,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run a relay; the first start makes everything and says what to do next.
    #[command(
        after_help = "Examples:\n  yizhan serve\n  yizhan serve --listen 0.0.0.0:8787 --public-url https://relay.example.org\n  yizhan serve --metrics-listen off --log-format json\n  yizhan serve --restored    once, after a backup was put back\n\nCtrl-C or SIGTERM stops it in order; a second one at once.\nUntil somebody is added, the start says what to do next."
    )]
    Serve(Serve),
    /// Stations: import, list, the QR at the counter.
    #[command(subcommand)]
    Station(Station),
    /// Desks that answer tickets: add, list, who belongs to each.
    #[command(subcommand)]
    Desk(Desk),
    /// People: add, list, roles, and people who are one.
    #[command(subcommand)]
    Person(Person),
    /// Make a one-time code that pairs a phone with a person.
    #[command(
        after_help = "Examples:\n  yizhan pair 李师傅\n  yizhan pair 01999c2e --ttl 2h\n  yizhan pair 李师傅 --json"
    )]
    Pair(Pair),
    /// Devices: list, revoke.
    #[command(subcommand)]
    Device(Device),
    /// Work that waits for a person to decide: list, show, accept, reject.
    #[command(subcommand)]
    Quarantine(Quarantine),
    /// What devices are still to forget.
    #[command(subcommand)]
    Forget(Forget),
    /// Person-times, checks, activities, tickets by month and place; small numbers are withheld.
    #[command(
        after_help = "Numbers about fewer than ten people are never told, nor what they could be computed from.\n\nExamples:\n  yizhan report --month 2026-11\n  yizhan report --what tickets --from 2026-01 --to 2026-11 --region changzhou\n  yizhan report --what checks --format csv --out checks.csv"
    )]
    Report(Report),
    /// Who did what to what: list, verify that nothing was changed, export.
    #[command(subcommand)]
    Audit(Audit),
    /// Erase a person or a document for good, here and on every phone; receipts; the ledger.
    #[command(
        after_help = "A person goes with every document about them; a document with what only makes sense with it.\nWhat comes later of it is refused. The receipt names the devices that have yet to confirm.\n\nExamples:\n  yizhan erase 李师傅 --ground 'asked for in writing, 2026-11-20'\n  yizhan erase 01999c2e-4a7b-7c3d-8e9f-0a1b2c3d4e5f --ground 'wrong person photographed' --yes --json\n  yizhan erase status"
    )]
    Erase(Erase),
    /// The key that signs: list, change.
    #[command(subcommand)]
    Key(Key),
    /// Numbers of the running relay.
    #[command(after_help = "Examples:\n  yizhan status\n  yizhan status --json")]
    Status,
}

impl Default for Command {
    fn default() -> Self {
        Self::Serve(Serve::default())
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Station {
    /// Import stations from a JSON or CSV file: all of them, or none if one is wrong.
    #[command(
        after_help = "JSON has the shape of data/network.json. CSV has a header line:\n  key,region,name,type,facilities,beds_total\n  cz-east,changzhou,东站驿站,courier_station,rest;shower,12\nMore columns it may have: lat, lon, address, rooms, hours, phone. Importing again changes what differs.\n\nExamples:\n  yizhan station import data/network.json\n  yizhan station import stations.csv"
    )]
    Import {
        /// The file.
        file: PathBuf,
    },
    /// List all stations.
    #[command(after_help = "Examples:\n  yizhan station list\n  yizhan station list --json")]
    List,
    /// Show the standing QR with which drivers register at a station by themselves.
    #[command(after_help = "Example:\n  yizhan station qr zy-xinglongsheng")]
    Qr {
        /// Key or id of the station.
        station: String,
    },
    /// Close a station: nobody works there, and the directory says so. Nothing is erased.
    #[command(
        after_help = "The roles of its keepers end until it opens again; their devices upload what is unsent and\nthen forget what they hold of it. Drivers keep what is theirs. Its standing code registers nobody.\n\nExample:\n  yizhan station close zy-xinglongsheng"
    )]
    Close {
        /// Key or id of the station.
        station: String,
    },
    /// Open a station that was closed: the same people have their roles again.
    #[command(after_help = "Example:\n  yizhan station reopen zy-xinglongsheng")]
    Reopen {
        /// Key or id of the station.
        station: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Person {
    /// Add a person.
    #[command(
        after_help = "Roles: driver, keeper@STATION, health@STATION, specialist@DESK, coordinator@REGION, operator\n\nExamples:\n  yizhan person add --name 李师傅 --role driver\n  yizhan person add --name 王站长 --role keeper@zy-xinglongsheng --role health@zy-xinglongsheng"
    )]
    Add {
        /// The person's name.
        #[arg(long)]
        name: String,
        /// What the person may do, and where; may be given more than once.
        #[arg(long = "role", required = true, value_name = "ROLE")]
        roles: Vec<String>,
    },
    /// List all people.
    #[command(after_help = "Examples:\n  yizhan person list\n  yizhan person list --json")]
    List,
    /// What a person may do, and where: add, end.
    #[command(subcommand)]
    Role(PersonRole),
    /// List pairs of people who may be one, and why; those with most in common first.
    #[command(
        after_help = "Looks for the same name (spaces, width and case apart) and the same name of a phone, and says whether both registered at the same station within a day.\n\nExamples:\n  yizhan person duplicates\n  yizhan person duplicates --json"
    )]
    Duplicates,
    /// Say who somebody of the outside identity provider is here: their token then pairs phones.
    #[command(
        after_help = "Without --issuer it is the provider that the relay accepts, and no other is of use.\n\nExamples:\n  yizhan person link 李师傅 --subject 8f2c1d\n  yizhan person link 01999c2e --issuer https://id.example.org --subject li@example.org"
    )]
    Link {
        /// The person's name, id, or the beginning of the id.
        person: String,
        /// The provider, as it calls itself.
        #[arg(long, value_name = "URL")]
        issuer: Option<String>,
        /// Who, as the provider calls them (the claim `sub`, if not configured otherwise).
        #[arg(long)]
        subject: String,
    },
    /// Take a link back. Phones paired through it stay: see yizhan device revoke.
    #[command(after_help = "Example:\n  yizhan person unlink --subject 8f2c1d")]
    Unlink {
        /// The provider, as it calls itself; without it, the one that the relay accepts.
        #[arg(long, value_name = "URL")]
        issuer: Option<String>,
        /// Who, as the provider calls them.
        #[arg(long)]
        subject: String,
    },
    /// List all links to outside identities.
    #[command(after_help = "Examples:\n  yizhan person links\n  yizhan person links --json")]
    Links,
    /// Make OTHER an alias of KEEP: devices, roles and desks go over; nothing is rewritten.
    #[command(after_help = "Example:\n  yizhan person merge 01999c2e 0199aa51")]
    Merge {
        /// Who stays: name, id, or the beginning of the id.
        keep: String,
        /// Who becomes an alias: name, id, or the beginning of the id.
        other: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum PersonRole {
    /// Give a person a role.
    #[command(
        after_help = "Roles: driver, keeper@STATION, health@STATION, specialist@DESK, coordinator@REGION, operator\n\nExample:\n  yizhan person role add 王站长 health@zy-xinglongsheng"
    )]
    Add {
        /// The person's name, id, or the beginning of the id.
        person: String,
        /// The role.
        role: String,
    },
    /// Move a person from one role to another, in one step.
    #[command(
        after_help = "Example:\n  yizhan person role move 王站长 keeper@zy-xinglongsheng keeper@cz-east"
    )]
    Move {
        /// The person's name, id, or the beginning of the id.
        person: String,
        /// The role that ends.
        from: String,
        /// The role that is given.
        to: String,
    },
    /// End a role. What was written under it and arrives later waits for a person to decide.
    #[command(after_help = "Example:\n  yizhan person role end 王站长 keeper@zy-xinglongsheng")]
    End {
        /// The person's name, id, or the beginning of the id.
        person: String,
        /// The role.
        role: String,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Pair {
    /// The person's name, id, or the beginning of the id.
    pub(super) person: String,
    /// How long the code is good: 30s, 15m, 2h, 7d.
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = seconds)]
    pub(super) ttl: u64,
}

#[derive(Debug, Subcommand)]
pub(super) enum Device {
    /// List all devices.
    #[command(after_help = "Examples:\n  yizhan device list\n  yizhan device list --json")]
    List,
    /// Revoke a device: from its next request on it is refused. What it sent stays.
    ///
    /// With --wipe it also erases itself at its next contact: first it hands over what it had not
    /// sent, which waits for a person to decide. Pairing it anew before that takes the order back.
    #[command(
        after_help = "A phone that never comes back on a network keeps what it holds.\n\nExamples:\n  yizhan device revoke 01999c2e-4a7b-7c3d-8e9f-0a1b2c3d4e5f\n  yizhan device revoke 李的手机 --wipe"
    )]
    Revoke {
        /// The device's id, or its beginning, or its label.
        device: String,
        /// The phone is lost: it is to erase itself.
        #[arg(long)]
        wipe: bool,
    },
}

/// Seconds of `30s`, `15m`, `2h`, `7d`.
pub(super) fn seconds(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text} is not a time; try 30s, 15m, 2h or 7d");
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let seconds_each = match unit {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return Err(wrong()),
    };
    text[..text.len() - 1]
        .parse::<u64>()
        .ok()
        .and_then(|count| count.checked_mul(seconds_each))
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound_and_takes_its_options_anywhere() {
        Args::command().debug_assert();
        for line in [
            ["yizhan", "--data", "x", "--json", "station", "list"],
            ["yizhan", "station", "--data", "x", "--json", "list"],
            ["yizhan", "station", "list", "--json", "--data", "x"],
        ] {
            let args = Args::try_parse_from(line).unwrap();
            assert!(args.json && args.data.ends_with("x"), "{line:?}");
        }
    }

    #[test]
    fn times_are_read_with_their_unit() {
        for (text, expected) in [
            ("0s", 0),
            ("90s", 90),
            ("15m", 900),
            ("2h", 7_200),
            ("1d", 86_400),
        ] {
            assert_eq!(seconds(text), Ok(expected));
        }
        for wrong in [
            "",
            "s",
            "15",
            "-1s",
            "1.5h",
            "99999999999999999999d",
            "15分",
        ] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
