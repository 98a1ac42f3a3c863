//! `yizhan audit …`: list, verify, export. Entries are verified here, by whoever asks, and not by the
//! relay that is asked.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, Read as _, Write as _};
use std::path::Path;

use indicatif::ProgressBar;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp as Moment};
use serde::Serialize;

use super::args::{Audit as Command, AuditList, AuditVerify};
use super::output::private_file;
use super::relay::{Relay, named, part};
use super::{Failure, Output, text};
use crate::admin::{AuditChain, AuditEntry, AuditHead, AuditListing, Device, Person};
use crate::audit::{Broken, ChainHash, Verified, Verifier};

/// Bytes of one line of an exported file: far more than an entry has.
const LINE_BYTES_MAX: u64 = 16 * 1024;

pub(super) fn obey(data: &Path, command: &Command, output: &mut Output) -> Result<(), Failure> {
    match command {
        Command::List(args) => list(data, args, output),
        Command::Verify(args) => verify(data, args, output),
        Command::Export { out } => export(data, out, output),
    }
}

fn list(data: &Path, args: &AuditList, output: &mut Output) -> Result<(), Failure> {
    let relay = Relay::find(data)?;
    let people: Vec<Person> = relay.get("people")?;
    let path = query(&relay, &people, args)?;
    let listing: AuditListing = relay.get(&path)?;
    let name = |id: &str| {
        let known = people
            .iter()
            .find(|person| person.id == id || person.aliases.iter().any(|alias| alias == id));
        known.map_or_else(|| id.to_owned(), |person| person.name.clone())
    };
    output.say(&listing, |listing| table(listing, name))
}

/// What to ask the relay.
fn query(relay: &Relay, people: &[Person], args: &AuditList) -> Result<String, Failure> {
    let since = args.since.as_deref().map(moment).transpose()?;
    // A person who was merged away is named by an id that nobody has as the first.
    let person = |text: &String| match named("person", text, people, |p| &p.id, |p| &p.name) {
        Ok(person) => Ok(person.id.clone()),
        Err(_) if text.len() == 36 => Ok(text.clone()),
        Err(failure) => Err(failure),
    };
    let device = |text: &String| -> Result<String, Failure> {
        let devices: Vec<Device> = relay.get("devices")?;
        let device = named("device", text, &devices, |d| &d.id, |d| &d.label);
        match device {
            Ok(device) => Ok(device.id.clone()),
            Err(_) if text.len() == 36 => Ok(text.clone()),
            Err(failure) => Err(failure),
        }
    };
    let said = [
        ("since", since),
        ("person", args.person.as_ref().map(person).transpose()?),
        ("device", args.device.as_ref().map(device).transpose()?),
        ("document", args.document.clone()),
        ("action", args.action.clone()),
        ("before", args.before.map(|n| n.to_string())),
        ("limit", Some(args.limit.to_string())),
    ];
    let said = said
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", part(&value?))));
    Ok(format!("audit?{}", said.collect::<Vec<_>>().join("&")))
}

/// A time as typed, as RFC 3339.
fn moment(typed: &str) -> Result<String, Failure> {
    let ago = super::args::seconds(typed)
        .ok()
        .and_then(|seconds| i64::try_from(seconds).ok())
        .and_then(|seconds| {
            Moment::now()
                .checked_sub(SignedDuration::from_secs(seconds))
                .ok()
        });
    let time = || typed.parse::<Moment>().ok();
    let local = || {
        let date = typed.parse::<jiff::civil::DateTime>().ok();
        let date = date.or_else(|| Some(typed.parse::<jiff::civil::Date>().ok()?.at(0, 0, 0, 0)));
        Some(date?.to_zoned(TimeZone::system()).ok()?.timestamp())
    };
    let found = ago.or_else(time).or_else(local);
    found.map(|moment| moment.to_string()).ok_or_else(|| {
        Failure::Usage(format!(
            "{typed} is no time; try 24h, 7d, 2026-11-21 or 2026-11-21T08:00:00Z"
        ))
    })
}

fn table(listing: &AuditListing, name: impl Fn(&str) -> String) -> String {
    if listing.entries.is_empty() && listing.changes.is_empty() {
        return "nothing of that is in the audit log".to_owned();
    }
    let row = |entry: &AuditEntry| {
        let who = match &entry.person {
            Some(person) => name(person),
            None => entry.by.clone(),
        };
        let subject = entry.subject.as_deref().unwrap_or_default();
        let what = match subject.strip_prefix("person:") {
            Some(person) => name(person),
            None => subject.to_owned(),
        };
        let result = entry.refused.as_ref();
        vec![
            entry.id.to_string(),
            text::local(&entry.at),
            who,
            entry.device.clone().unwrap_or_default(),
            entry.action.clone(),
            entry.detail.clone().unwrap_or_default(),
            what,
            entry.about.as_deref().map(&name).unwrap_or_default(),
            result.map_or_else(|| "done".to_owned(), |why| format!("refused ({why})")),
        ]
    };
    let rows: Vec<Vec<String>> = listing.entries.iter().map(row).collect();
    let head = [
        "N", "TIME", "WHO", "DEVICE", "ACTION", "DETAIL", "WHAT", "ABOUT", "RESULT",
    ];
    let mut said = text::table(&head, &rows);
    if !listing.changes.is_empty() {
        let rows: Vec<Vec<String>> = listing
            .changes
            .iter()
            .map(|change| {
                vec![
                    change.id.to_string(),
                    text::local(&change.at),
                    name(&change.person),
                    change.device.clone(),
                ]
            })
            .collect();
        said.push_str("\nits changes:\n");
        said.push_str(&text::table(&["SEQUENCE", "TIME", "WHO", "DEVICE"], &rows));
    }
    if let Some(before) = listing.before {
        said.push_str(&format!("\nthere are more: --before {before}\n"));
    }
    said
}

/// What a verified or exported log is.
#[derive(Debug, Serialize)]
struct Told {
    /// The last entry's hash.
    id: String,
    /// How many entries.
    entries: u64,
    /// The entry that has the hash looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    anchor: Option<u64>,
}

impl Told {
    fn of(verified: Verified) -> Self {
        Self {
            id: verified
                .last
                .map(|hash| hash.to_string())
                .unwrap_or_default(),
            entries: verified.entries,
            anchor: verified.anchor,
        }
    }
}

fn verify(data: &Path, args: &AuditVerify, output: &mut Output) -> Result<(), Failure> {
    let mut verifier = Verifier::new(args.anchor);
    match &args.file {
        Some(file) => along_file(file, &mut verifier)?,
        None => {
            let relay = Relay::find(data)?;
            let head: AuditHead = relay.get("audit/head")?;
            along_relay(&relay, &head, &mut verifier, |_| Ok(()))?;
        }
    }
    let told = Told::of(verifier.finish()?);
    output.say(&told, |told| {
        let anchor = told.anchor.map(|n| format!("\nthe hash that was written down is that of entry {n}"));
        format!(
            "{} entries, each as it was written{}\nlast hash: {}\nwrite it down elsewhere: yizhan audit verify --anchor {}",
            told.entries,
            anchor.unwrap_or_default(),
            told.id,
            told.id
        )
    })
}

fn export(data: &Path, out: &Path, output: &mut Output) -> Result<(), Failure> {
    let relay = Relay::find(data)?;
    let mut file = BufWriter::new(private_file(out).map_err(Failure::Output)?);
    let head: AuditHead = relay.post("audit/exports", &serde_json::json!({}))?;
    let mut verifier = Verifier::new(None);
    along_relay(&relay, &head, &mut verifier, |entry| {
        let line = serde_json::to_string(entry).map_err(io::Error::from);
        line.and_then(|line| writeln!(file, "{line}"))
            .map_err(Failure::Output)
    })?;
    let file = file
        .into_inner()
        .map_err(|error| Failure::Output(error.into_error()))?;
    file.sync_all().map_err(Failure::Output)?;
    let told = Told::of(verifier.finish()?);
    output.say(&told, |told| {
        format!(
            "{} entries in {}\nlast hash: {}",
            told.entries,
            out.display(),
            told.id
        )
    })
}

/// Goes along the log of a running relay, up to where it ended when asked.
fn along_relay(
    relay: &Relay,
    head: &AuditHead,
    verifier: &mut Verifier,
    mut each: impl FnMut(&AuditEntry) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let bar = ProgressBar::new(head.entries);
    while verifier.entries() < head.entries {
        let after = verifier.entries();
        let part: AuditChain = relay.get(&format!("audit/chain?after={after}"))?;
        if part.entries.is_empty() {
            let (found, entries) = (after, head.entries);
            return Err(Broken::End { found, entries }.into());
        }
        for entry in &part.entries {
            if verifier.entries() == head.entries {
                break;
            }
            add(verifier, entry)?;
            if part.misfiled == Some(verifier.entries()) {
                return Err(Broken::Shown {
                    n: verifier.entries(),
                }
                .into());
            }
            each(entry)?;
        }
        bar.set_position(verifier.entries());
    }
    bar.finish_and_clear();
    Ok(())
}

fn along_file(path: &Path, verifier: &mut Verifier) -> Result<(), Failure> {
    let shown = path.display().to_string();
    let unreadable = |source| Failure::Unreadable {
        path: shown.clone(),
        source,
    };
    let file = File::open(path).map_err(unreadable)?;
    let bar = ProgressBar::new(file.metadata().map_err(unreadable)?.len());
    let mut reader = BufReader::new(file);
    let mut line = String::new();
    for number in 1.. {
        let wrong = |why: &str| Failure::AuditFile {
            path: shown.clone(),
            line: number,
            why: why.to_owned(),
        };
        line.clear();
        let read = reader.by_ref().take(LINE_BYTES_MAX).read_line(&mut line);
        let read = match read {
            Ok(0) => break,
            Ok(read) => read as u64,
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(wrong("it is not UTF-8"));
            }
            Err(error) => return Err(unreadable(error)),
        };
        if read == LINE_BYTES_MAX {
            return Err(wrong("it is too long"));
        }
        let entry: AuditEntry =
            serde_json::from_str(&line).map_err(|error| wrong(&error.to_string()))?;
        add(verifier, &entry)?;
        bar.inc(read);
    }
    bar.finish_and_clear();
    Ok(())
}

/// Verifies one entry, and that what is shown of it is what its bytes say.
fn add(verifier: &mut Verifier, entry: &AuditEntry) -> Result<(), Failure> {
    let n = verifier.entries() + 1;
    let (Some(bytes), Ok(hash)) = (entry.bytes(), entry.hash.parse::<ChainHash>()) else {
        return Err(Broken::Hash { n }.into());
    };
    let event = verifier.add(&bytes, &hash)?;
    if AuditEntry::of(n, &event, &bytes, &hash) != *entry {
        return Err(Broken::Shown { n }.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_people_type_it() {
        for good in [
            "24h",
            "7d",
            "2026-11-21",
            "2026-11-21T08:00",
            "2026-11-21T08:00:00Z",
        ] {
            assert!(moment(good).is_ok(), "{good}");
        }
        for wrong in ["", "gestern", "2026-13-01", "昨天"] {
            assert_eq!(moment(wrong).unwrap_err().exit_code(), 2, "{wrong}");
        }
    }
}
