//! `yizhan erase …`.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::path::Path;

use indicatif::ProgressBar;

use super::args::{Erase as Args, EraseCommand};
use super::forget::device_fate;
use super::relay::{Relay, named, part};
use super::{Failure, Output, text};
use crate::admin::{Erasure, ErasureLine, LedgerEntry, NewErasure, Person, Replayed};

/// Bytes of a ledger that is read.
const LEDGER_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Documents, and erasures, of a ledger that one request carries, unless one alone has more.
const PORTION_DOCUMENTS: usize = 5_000;
const PORTION_ENTRIES: usize = 500;

pub(super) fn obey(data: &Path, args: Args, output: &mut Output) -> Result<(), Failure> {
    match args.command {
        Some(EraseCommand::Status {
            erasure: Some(erasure),
            ..
        }) => receipt(data, &erasure, output),
        Some(EraseCommand::Status {
            erasure: None,
            before,
            limit,
        }) => receipts(data, before.as_deref(), limit, output),
        Some(EraseCommand::Ledger { out }) => ledger(data, out.as_deref(), output),
        Some(EraseCommand::Replay { file }) => replay(data, &file, output),
        None => {
            let (subject, ground) = args.subject.zip(args.ground).unwrap_or_default();
            erase(data, &subject, ground, args.yes, output)
        }
    }
}

fn erase(
    data: &Path,
    subject: &str,
    ground: String,
    yes: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    let relay = Relay::find(data)?;
    let people: Vec<Person> = relay.get("people")?;
    let before: Vec<Erasure> = if is_id(subject) {
        relay.get(&format!("erasures?named={}", part(subject)))?
    } else {
        Vec::new()
    };
    let (new, shown) = whom(subject, ground, &people, &before)?;
    if !yes && !is_wanted(&shown)? {
        return Err(Failure::Unwanted);
    }
    let ordered: Erasure = relay.post("erasures", &new)?;
    let bar = ProgressBar::new(0);
    let mut receipt = None;
    let path = format!("erasures/{}/lines", part(&ordered.id));
    relay.lines(&path, |line: ErasureLine| match line {
        ErasureLine::Progress { done, of } => {
            bar.set_length(of);
            bar.set_position(done);
            Ok(())
        }
        ErasureLine::Receipt(made) => {
            receipt = Some(made);
            Ok(())
        }
        ErasureLine::Problem(problem) => Err(Failure::Problem(Box::new(problem))),
    })?;
    bar.finish_and_clear();
    let receipt = receipt.ok_or_else(|| Failure::Answer("it ended before the receipt".into()))?;
    output.say(&receipt, shown_receipt)
}

/// What is to be erased, and how to call it when asking.
fn whom(
    subject: &str,
    ground: String,
    people: &[Person],
    before: &[Erasure],
) -> Result<(NewErasure, String), Failure> {
    let new = |kind: &str, subject: &str| NewErasure {
        kind: kind.to_owned(),
        subject: subject.to_owned(),
        ground,
    };
    match named("person", subject, people, |p| &p.id, |p| &p.name) {
        Ok(person) => Ok((
            new("person", &person.id),
            format!(
                "{} ({}), with every document about them",
                person.name, person.id
            ),
        )),
        // A whole id that is nobody's in the list: an alias, somebody erased before, or a document.
        Err(Failure::NotFound(_)) if is_id(subject) => {
            let erased = before.iter().find(|erasure| erasure.subject == subject);
            if let Some(erased) = erased {
                return Ok((
                    new(&erased.kind, subject),
                    format!("{subject}, which was erased before"),
                ));
            }
            let alias = people
                .iter()
                .find(|p| p.aliases.iter().any(|a| a == subject));
            Ok(match alias {
                Some(person) => (
                    new("person", &person.id),
                    format!(
                        "{} ({}), with every document about them",
                        person.name, person.id
                    ),
                ),
                None => (
                    new("document", subject),
                    format!("the document {subject}, with what only makes sense with it"),
                ),
            })
        }
        Err(failure) => Err(failure),
    }
}

fn is_id(text: &str) -> bool {
    text.parse::<yizhan_proto::DocumentId>().is_ok()
}

/// Asks, if somebody is there to answer.
fn is_wanted(shown: &str) -> Result<bool, Failure> {
    let input = io::stdin();
    if !input.is_terminal() {
        return Err(Failure::NotConfirmed);
    }
    let mut said = io::stderr();
    write!(
        said,
        "Erase {shown}?\nThis cannot be undone. Type yes to go on: "
    )
    .and_then(|()| said.flush())
    .map_err(Failure::Output)?;
    let mut answer = String::new();
    input
        .lock()
        .take(64)
        .read_line(&mut answer)
        .map_err(Failure::Output)?;
    Ok(answer.trim() == "yes")
}

/// One receipt.
fn receipt(data: &Path, wanted: &str, output: &mut Output) -> Result<(), Failure> {
    let none = || {
        Failure::NotFound(format!(
            "no erasure {wanted}, or more than one; see: yizhan erase status"
        ))
    };
    let relay = Relay::find(data)?;
    // What is no beginning of an id is the name of no erasure.
    if !wanted.chars().all(|c| c == '-' || c.is_ascii_hexdigit()) {
        return Err(none());
    }
    let found: Vec<Erasure> = relay.get(&format!("erasures?named={}&limit=2", part(wanted)))?;
    let one = named("erasure", wanted, &found, |e| &e.id, |e| &e.subject);
    output.say(one.map_err(|_| none())?, shown_receipt)
}

/// A page of receipts.
fn receipts(
    data: &Path,
    before: Option<&str>,
    limit: u32,
    output: &mut Output,
) -> Result<(), Failure> {
    let behind = before.map_or_else(String::new, |id| format!("&before={}", part(id)));
    let path = format!("erasures?limit={limit}{behind}");
    let erasures: Vec<Erasure> = Relay::find(data)?.get(&path)?;
    output.say(&erasures, |erasures| {
        let Some(last) = erasures.last() else {
            return match before {
                Some(_) => "nothing was erased before that".to_owned(),
                None => "nothing was ever erased here".to_owned(),
            };
        };
        let rows: Vec<Vec<String>> = erasures.iter().map(row).collect();
        let mut table = text::table(
            &[
                "ERASURE",
                "WHAT",
                "ERASED",
                "DOCUMENTS",
                "BYTES GONE",
                "DEVICES LEFT",
                "LAST BACKUP",
                "GROUND",
            ],
            &rows,
        );
        if erasures.len() as u64 == u64::from(limit) {
            table.push_str(&format!(
                "\nthere may be more: yizhan erase status --before {}",
                last.id
            ));
        }
        table
    })
}

fn row(erasure: &Erasure) -> Vec<String> {
    let (gone, of) = erasure.progress();
    let documents = if gone == of {
        of.to_string()
    } else {
        format!("{gone} of {of}")
    };
    vec![
        erasure.id.clone(),
        erasure.kind.clone(),
        text::local(&erasure.erased_at),
        documents,
        when(erasure.bytes_gone_at.as_deref()),
        erasure.outstanding.len().to_string(),
        text::local(&erasure.backups_expire_at),
        erasure.ground.clone(),
    ]
}

fn when(time: Option<&str>) -> String {
    time.map_or_else(|| "not yet".to_owned(), text::local)
}

/// A receipt for people.
fn shown_receipt(receipt: &Erasure) -> String {
    let (gone, of) = receipt.progress();
    let mut said = format!(
        "Erasure {}\n{} {}\nground: {}\nordered {}: nothing of it was taken from then on\n\n\
         {gone} of {of} documents are gone, with {} changes, {} that waited in quarantine, and {} files\n",
        receipt.id,
        receipt.kind,
        receipt.subject,
        receipt.ground,
        text::local(&receipt.erased_at),
        receipt.changes,
        receipt.quarantined,
        receipt.attachments,
    );
    for kind in &receipt.documents {
        said.push_str(&format!("  {} {}\n", kind.documents, kind.kind));
    }
    if let Some(parts) = receipt.parts_kept.filter(|parts| *parts > 0) {
        said.push_str(&format!(
            "{parts} changes by this person in documents about others stay\n"
        ));
    }
    said.push_str(&format!(
        "gone from the relay's tables and folders: {}\ngone from every byte of its files: {}\n\
         the last backup that holds it expires: {}\n",
        when(receipt.rows_gone_at.as_deref()),
        when(receipt.bytes_gone_at.as_deref()),
        text::local(&receipt.backups_expire_at),
    ));
    if receipt.outstanding.is_empty() {
        said.push_str("no device is outstanding: all that had it have confirmed\n");
        return said;
    }
    said.push_str(&format!(
        "{} devices have yet to confirm:\n",
        receipt.outstanding.len()
    ));
    said.push_str(&outstanding(receipt));
    said.push_str(&finished_in_words(receipt));
    said
}

/// The devices that have yet to confirm, as a table.
fn outstanding(receipt: &Erasure) -> String {
    let rows: Vec<Vec<String>> = receipt
        .outstanding
        .iter()
        .map(|device| {
            let seen = device.last_seen_at.as_deref();
            let seen = seen.map_or_else(|| "never".to_owned(), text::local);
            vec![
                device.id.clone(),
                device.label.clone(),
                device.person.clone(),
                device.documents.to_string(),
                text::local(&device.since),
                text::span(device.age_ms),
                seen,
                device_fate(
                    device.revoked_at.as_deref(),
                    device.wipe_ordered_at.as_deref(),
                    device.wiped_at.as_deref(),
                ),
            ]
        })
        .collect();
    text::table(
        &[
            "DEVICE",
            "LABEL",
            "PERSON",
            "DOCUMENTS",
            "SINCE",
            "AGE",
            "LAST SEEN",
            "REVOKED",
        ],
        &rows,
    )
}

/// What is to be said of devices that will confirm nothing any more.
fn finished_in_words(receipt: &Erasure) -> String {
    let devices = receipt.outstanding.iter();
    let (wiped, rest): (Vec<_>, Vec<_>) = devices
        .filter(|device| device.revoked_at.is_some())
        .partition(|device| device.wiped_at.is_some());
    let mut said = String::new();
    if !wiped.is_empty() {
        said.push_str(&format!(
            "\n{} of them said that they erased themselves: nothing is left there\n",
            wiped.len()
        ));
    }
    if !rest.is_empty() {
        said.push_str(&format!(
            "\n{} of them are revoked and confirm nothing any more: find out where they are, and say in the \
             receipt since when each is revoked\n",
            rest.len()
        ));
    }
    said
}

fn ledger(data: &Path, out: Option<&Path>, output: &mut Output) -> Result<(), Failure> {
    let entries: Vec<LedgerEntry> = Relay::find(data)?.get("erasures/ledger")?;
    let text =
        serde_json::to_string_pretty(&entries).map_err(|error| Failure::Output(error.into()))?;
    match out {
        Some(file) => std::fs::write(file, text + "\n").map_err(Failure::Output),
        None => output.line(&text),
    }
}

fn replay(data: &Path, file: &Path, output: &mut Output) -> Result<(), Failure> {
    let path = file.display().to_string();
    let mut text = String::new();
    std::fs::File::open(file)
        .and_then(|file| file.take(LEDGER_BYTES_MAX).read_to_string(&mut text))
        .map_err(|source| Failure::Unreadable {
            path: path.clone(),
            source,
        })?;
    let entries: Vec<LedgerEntry> =
        serde_json::from_str(&text).map_err(|source| Failure::Ledger { path, source })?;
    let relay = Relay::find(data)?;
    let mut replayed = Replayed {
        erasures: 0,
        new: 0,
    };
    for entries in portions(&entries) {
        let some: Replayed = relay.post("erasures/ledger", &entries)?;
        replayed.erasures += some.erasures;
        replayed.new += some.new;
    }
    output.say(&replayed, |replayed| {
        format!(
            "{} of {} erasures were not known here and are carried out again; see: yizhan erase status",
            replayed.new, replayed.erasures
        )
    })
}

/// The ledger in parts, each of which fits one request, in its order.
fn portions(entries: &[LedgerEntry]) -> Vec<&[LedgerEntry]> {
    let mut portions = Vec::new();
    let (mut from, mut documents) = (0, 0);
    for (n, entry) in entries.iter().enumerate() {
        if n > from && documents + entry.documents.len() > PORTION_DOCUMENTS
            || n - from >= PORTION_ENTRIES
        {
            portions.push(&entries[from..n]);
            (from, documents) = (n, 0);
        }
        documents += entry.documents.len();
    }
    if from < entries.len() {
        portions.push(&entries[from..]);
    }
    portions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::LedgerDocument;

    fn entry(n: usize, documents: usize) -> LedgerEntry {
        let document = LedgerDocument {
            id: String::new(),
            kind: 4,
        };
        LedgerEntry {
            id: n.to_string(),
            kind: "document".to_owned(),
            subject: String::new(),
            ground: String::new(),
            erased_at: String::new(),
            backups_expire_at: String::new(),
            people: Vec::new(),
            documents: vec![document; documents],
        }
    }

    #[test]
    fn a_ledger_is_sent_in_parts_that_fit_and_none_is_left_out() {
        let sizes = [1, PORTION_DOCUMENTS * 2, 3, PORTION_DOCUMENTS, 1];
        let many = (0..PORTION_ENTRIES * 2).map(|_| 1);
        let entries: Vec<_> = sizes
            .into_iter()
            .chain(many)
            .enumerate()
            .map(|(n, documents)| entry(n, documents))
            .collect();
        let parts = portions(&entries);
        assert_eq!(parts.concat(), entries);
        for part in &parts {
            let documents: usize = part.iter().map(|entry| entry.documents.len()).sum();
            assert!(part.len() == 1 || documents <= PORTION_DOCUMENTS);
            assert!(part.len() <= PORTION_ENTRIES);
        }
        assert!(portions(&[]).is_empty());
    }
}
