//! `attachment`.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use yizhan_client_core::Client;
use yizhan_client_core::error::ClientError;
use yizhan_client_core::store::{AttachmentPlace, AttachmentRow, AttachmentTotals};
use yizhan_client_core::transport::http::HttpTransport;
use yizhan_proto::limits::ATTACHMENT_BYTES_MAX;
use yizhan_proto::{ContentHash, DocumentId, EntryId, Kind, MediaType};

use super::{facts, sync};
use crate::args::{AttachTo, AttachmentCommand};
use crate::failure::Failure;
use crate::names::{self, short};
use crate::output::{Output, count, labelled, only_mine, table};
use crate::when;

pub(crate) fn run(
    client: &mut Client,
    command: &AttachmentCommand,
    output: Output,
) -> Result<(), Failure> {
    match command {
        AttachmentCommand::Add { to, file, name } => add(client, to, file, name.as_deref(), output),
        AttachmentCommand::List { document } => list(client, document.as_deref(), output),
        AttachmentCommand::Get {
            attachment,
            out,
            thumb,
        } => get(client, attachment, out, *thumb, output),
    }
}

fn add(
    client: &mut Client,
    to: &AttachTo,
    file: &Path,
    name: Option<&str>,
    output: Output,
) -> Result<(), Failure> {
    let document = match (&to.visit, &to.ticket, &to.activity) {
        (Some(visit), ..) => names::visit(client, visit)?,
        (None, Some(ticket), _) => names::of_kind(client, "ticket", Kind::Ticket, ticket)?,
        (None, None, Some(activity)) => {
            names::of_kind(client, "activity", Kind::Activity, activity)?
        }
        (None, None, None) => return Err(Failure::usage("say what to put it to")),
    };
    let bytes = read(file)?;
    let own_name = file
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let name = name.map_or(own_name, |name| Some(name.to_owned()));
    let name = name.unwrap_or_default();
    let entry = client.attach(document, &name, bytes)?;
    let row = client.attachment(entry)?;
    if row.kind == Kind::Activity {
        let names = client.not_in_photos(document)?;
        if !names.is_empty() {
            output.remark(&format!(
                "in no photo, as they asked: {}; everybody registered sees this one",
                names.join(", ")
            ));
        }
    }
    output.result(&row_json(&row), || {
        format!(
            "attachment {} ({name}, {}) put to {} {}, stored here; sync to send it\n",
            short(&entry),
            size(row.bytes),
            row.kind,
            short(&document)
        )
    })
}

/// The file's bytes; of one that is far too large no more than shows that.
fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let unreadable =
        |error: io::Error| Failure::usage(format!("{} cannot be read: {error}", path.display()));
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(ATTACHMENT_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    Ok(bytes)
}

fn list(client: &Client, document: Option<&str>, output: Output) -> Result<(), Failure> {
    let document = document.map(|text| any(client, text)).transpose()?;
    let rows = client.attachments(document)?;
    let value = Value::Array(rows.iter().map(row_json).collect());
    output.result(&value, || {
        let lines: Vec<Vec<String>> = rows.iter().map(row_line).collect();
        table(
            &["id", "of", "when", "size", "type", "where", "name"],
            &lines,
            "no attachments on this phone",
        )
    })
}

/// A document that has attachments.
fn any(client: &Client, text: &str) -> Result<DocumentId, Failure> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let kinds = [
        ("visit", Kind::Visit),
        ("ticket", Kind::Ticket),
        ("activity", Kind::Activity),
    ];
    let mut last = None;
    for (what, kind) in kinds {
        match names::of_kind(client, what, kind, text) {
            Ok(id) => return Ok(id),
            Err(failure) => last = Some(failure),
        }
    }
    Err(last.unwrap_or_else(|| Failure::usage("name a document")))
}

fn get(
    client: &mut Client,
    text: &str,
    out: &Path,
    thumb: bool,
    output: Output,
) -> Result<(), Failure> {
    let rows = client.attachments(None)?;
    let entry: EntryId = names::attachment(&rows, text)?;
    let row = client.attachment(entry)?;
    let sha256 = if thumb {
        row.thumb.ok_or_else(|| {
            Failure::NotFound(format!("attachment {} has no small picture", short(&entry)))
        })?
    } else {
        row.sha256
    };
    let bytes = match client.attachment_bytes(sha256)? {
        Some(bytes) => bytes,
        None => fetch(client, sha256, row.bytes, output)?,
    };
    write(out, &bytes)?;
    output.result(&row_json(&row), || {
        format!(
            "{} written to {}\n",
            size(bytes.len() as u64),
            out.display()
        )
    })
}

/// Fetches what is not here, with a bar if a person looks on.
fn fetch(
    client: &mut Client,
    sha256: ContentHash,
    bytes: u64,
    output: Output,
) -> Result<Vec<u8>, Failure> {
    let mut transport = HttpTransport::new(sync::relay(client)?);
    let bar = bar(bytes, output);
    let why = client
        .fetch_attachment(sha256, &mut transport, &mut |report| {
            bar.set_position(report.attachment_bytes);
        })
        .map_err(ClientError::from)?;
    bar.finish_and_clear();
    if let Some(found) = client.attachment_bytes(sha256)? {
        return Ok(found);
    }
    let failed = client
        .attachments(None)?
        .into_iter()
        .find(|row| row.sha256 == sha256)
        .and_then(|row| row.failed)
        .map(|(_, text)| text);
    Err(Failure::NotFound(format!(
        "the attachment is not on this phone yet: {}; what came is kept, try again later",
        why.or(failed)
            .unwrap_or_else(|| "it is on its way".to_owned())
    )))
}

/// A bar of bytes; hidden where nobody looks on.
pub(super) fn bar(bytes: u64, output: Output) -> ProgressBar {
    let bar = ProgressBar::new(bytes);
    if output.json {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    let style = ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {msg}");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}

fn write(out: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    let written = only_mine(&mut options)
        .open(out)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    written.map_err(|error| {
        let out = out.display();
        if error.kind() == io::ErrorKind::AlreadyExists {
            Failure::usage(format!("{out} is there already; give another name"))
        } else {
            Failure::usage(format!("{out} cannot be written: {error}"))
        }
    })
}

fn row_json(row: &AttachmentRow) -> Value {
    let (place, done) = match row.place {
        AttachmentPlace::Here => ("here", None),
        AttachmentPlace::Sending(sent) => ("sending", Some(sent)),
        AttachmentPlace::Fetching(have) => ("fetching", Some(have)),
        AttachmentPlace::Away => ("away", None),
    };
    json!({
        "id": row.entry.to_string(),
        "document": row.document.to_string(),
        "kind": row.kind.to_string(),
        "name": row.name,
        "media_type": row.media_type.map(MediaType::as_str),
        "bytes": row.bytes,
        "sha256": row.sha256.to_string(),
        "thumb_sha256": row.thumb.map(|thumb| thumb.to_string()),
        "by": row.by.map(|by| by.to_string()),
        "at": facts::time(row.at),
        "where": place,
        "bytes_done": done,
        "failed": row.failed.as_ref().map(|(code, text)| json!({ "code": code, "text": text })),
    })
}

fn row_line(row: &AttachmentRow) -> Vec<String> {
    let mut place = match row.place {
        AttachmentPlace::Here => "here".to_owned(),
        AttachmentPlace::Sending(sent) => {
            format!("{} to send", size(row.bytes - sent.min(row.bytes)))
        }
        AttachmentPlace::Fetching(have) => {
            format!("{} to come", size(row.bytes - have.min(row.bytes)))
        }
        AttachmentPlace::Away => "at the relay".to_owned(),
    };
    if let Some((_, why)) = &row.failed {
        place.push_str(&format!(": {why}"));
    }
    vec![
        short(&row.entry),
        format!("{} {}", row.kind, short(&row.document)),
        row.at.map(when::local).unwrap_or_default(),
        size(row.bytes),
        row.media_type.map_or("?", MediaType::extension).to_owned(),
        place,
        row.name.clone(),
    ]
}

/// Bytes for people.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{} KiB", bytes.div_ceil(1_024)),
        _ => format!("{}.{} MiB", bytes >> 20, ((bytes & 0xf_ffff) * 10) >> 20),
    }
}

/// What is on its way, for `status`.
pub(super) fn totals_json(totals: Result<&AttachmentTotals, &ClientError>) -> Value {
    match totals {
        Ok(totals) => json!({
            "to_send": totals.to_send,
            "to_send_bytes": totals.to_send_bytes,
            "to_fetch": totals.to_fetch,
            "to_fetch_bytes": totals.to_fetch_bytes,
            "failed": totals.failed,
        }),
        Err(error) => json!({ "error": error.to_string() }),
    }
}

/// The same for people; nothing if nothing is on its way.
pub(super) fn totals_lines(totals: Result<&AttachmentTotals, &ClientError>) -> String {
    let totals = match totals {
        Ok(totals) => totals,
        Err(error) => return labelled("attachments", &error.to_string()),
    };
    let mut parts = Vec::new();
    if totals.to_send > 0 {
        let files = count(totals.to_send, "file");
        parts.push(format!("{files} to send ({})", size(totals.to_send_bytes)));
    }
    if totals.to_fetch > 0 {
        let files = count(totals.to_fetch, "file");
        parts.push(format!("{files} to come ({})", size(totals.to_fetch_bytes)));
    }
    if totals.failed > 0 {
        parts.push(format!("{} failed: see `attachment list`", totals.failed));
    }
    if parts.is_empty() {
        return String::new();
    }
    labelled("attachments", &parts.join(", "))
}
