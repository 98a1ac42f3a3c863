//! `notice`.

use serde_json::{Value, json};
use yizhan_client_core::Client;
use yizhan_client_core::client::NoticeEntry;
use yizhan_client_core::model::notice::Level;
use yizhan_client_core::store::{NoticeDetail, NoticeFilter, NoticeRow};

use super::activity::code;
use super::facts;
use crate::args::{NoticeCommand, NoticePublishArgs};
use crate::failure::Failure;
use crate::names::{self, short};
use crate::output::{Output, labelled, table};
use crate::when;

pub(crate) fn run(
    client: &mut Client,
    command: &NoticeCommand,
    output: Output,
) -> Result<(), Failure> {
    match command {
        NoticeCommand::List {
            all,
            station,
            limit,
        } => list(client, !all, station.as_deref(), *limit, output),
        NoticeCommand::Show { notice } => show(client, notice, output),
        NoticeCommand::Publish(args) => publish(client, args, output),
        NoticeCommand::Withdraw { notice } => {
            let id = names::notice(client, notice)?;
            client.withdraw_notice(id)?;
            output.result(&json!({ "id": id.to_string() }), || {
                format!(
                    "notice {} taken back, stored here; sync to send it\n",
                    short(&id)
                )
            })
        }
    }
}

fn publish(client: &mut Client, args: &NoticePublishArgs, output: Output) -> Result<(), Failure> {
    let station = match &args.station {
        Some(text) => Some(names::station(client, text)?),
        None => None,
    };
    let region = match (&args.region, &station) {
        (Some(text), _) => Some(names::region(text)?),
        (None, Some(station)) if !args.keepers_only => station.region.clone(),
        (None, _) => None,
    };
    let now = client.clock().now();
    let until = args.until.as_deref();
    let id = client.publish_notice(NoticeEntry {
        region,
        station: station.map(|station| station.id),
        title: args.title.clone(),
        text: args.text.join(" "),
        level: code("level", &args.level, Level::from_text)?,
        until: until.map(|until| when::parse(until, now)).transpose()?,
    })?;
    output.result(&json!({ "id": id.to_string() }), || {
        format!("notice {id} published, stored here; sync to send it\n")
    })
}

fn list(
    client: &Client,
    in_force: bool,
    station: Option<&str>,
    limit: u32,
    output: Output,
) -> Result<(), Failure> {
    let station = match station {
        Some(text) => Some(names::station(client, text)?.id),
        None => None,
    };
    let rows = client.notices(&NoticeFilter {
        region: None,
        station,
        in_force,
        limit,
    })?;
    let value: Value = rows.iter().map(row_json).collect();
    output.result(&value, || {
        let cells: Vec<Vec<String>> = rows
            .iter()
            .map(|row| {
                let mut marks = facts::marks(row.unsent, row.held, false);
                if !row.in_force {
                    marks.push_str(" not in force");
                }
                vec![
                    short(&row.id),
                    row.level.as_str().to_owned(),
                    when::local(row.published_at),
                    row.until.map_or_else(String::new, when::local),
                    from(row),
                    row.title.clone(),
                    row.text.clone(),
                    marks.trim().to_owned(),
                ]
            })
            .collect();
        table(
            &[
                "notice",
                "level",
                "published",
                "until",
                "from",
                "title",
                "text",
                "",
            ],
            &cells,
            "no notices here",
        )
    })
}

fn from(row: &NoticeRow) -> String {
    let region = row.region.as_ref().map(ToString::to_string);
    let station = row.station.as_ref().map(short);
    row.station_name
        .clone()
        .or(station)
        .or(region)
        .unwrap_or_default()
}

fn row_json(row: &NoticeRow) -> Value {
    json!({
        "id": row.id.to_string(),
        "region": facts::text(row.region.as_ref()),
        "station": facts::text(row.station),
        "station_name": row.station_name,
        "title": row.title,
        "text": row.text,
        "level": row.level.as_str(),
        "published_at": when::rfc3339(row.published_at),
        "until": facts::time(row.until),
        "withdrawn_at": facts::time(row.withdrawn_at),
        "in_force": row.in_force,
        "unsent": row.unsent,
        "held": row.held,
    })
}

fn show(client: &Client, text: &str, output: Output) -> Result<(), Failure> {
    let detail = client.notice(names::notice(client, text)?)?;
    let now = client.clock().now();
    let in_force = detail.notice.is_in_force(now);
    output.result(&detail_json(&detail, in_force), || {
        let notice = &detail.notice;
        let state = if in_force { "in force" } else { "not in force" };
        let mut text = labelled("notice", &format!("{} ({state})", notice.id));
        text.push_str(&labelled("level", notice.level.as_str()));
        text.push_str(&labelled("title", &notice.title));
        let fields = [
            ("region", notice.region.as_ref().map(ToString::to_string)),
            ("station", detail.station_name.clone()),
            ("published", Some(when::local(notice.published_at))),
            ("until", notice.until.map(when::local)),
            ("taken back", notice.withdrawn_at.value.map(when::local)),
        ];
        for (label, value) in fields {
            if let Some(value) = value {
                text.push_str(&labelled(label, &value));
            }
        }
        text.push_str(&format!("\n{}\n", notice.text));
        text + &facts::changes_table(&detail.changes)
    })
}

fn detail_json(detail: &NoticeDetail, in_force: bool) -> Value {
    let notice = &detail.notice;
    json!({
        "id": notice.id.to_string(),
        "region": facts::text(notice.region.as_ref()),
        "station": facts::text(notice.station),
        "station_name": detail.station_name,
        "title": notice.title,
        "text": notice.text,
        "level": notice.level.as_str(),
        "published_at": when::rfc3339(notice.published_at),
        "until": facts::time(notice.until),
        "by": facts::text(notice.by),
        "withdrawn_at": facts::time(notice.withdrawn_at.value),
        "in_force": in_force,
        "changes": facts::changes(&detail.changes),
    })
}
