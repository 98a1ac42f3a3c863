//! Reports: numbers by month and place, as lines of JSON that tell how far it is.

use std::collections::BTreeSet;
use std::convert::Infallible;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::tz::TimeZone;
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use yizhan_client_core::model::report::{Field, Month, Sheet, What, Where};
use yizhan_proto::RegionKey;
use yizhan_proto::id::IdError;

use super::{invalid, not_found, station, station_id};
use crate::admin::{Problem, ReportCell, ReportLine, ReportQuery, ReportSheet};
use crate::audit::{Action, Detail, Subject};
use crate::extract::Admin;
use crate::relay::{Relay, ReportWanted, months_in};
use crate::routes::App;
use crate::routes::fault::Refused;

/// A line of progress each so many documents.
const PROGRESS_DOCUMENTS: u64 = 500;

/// A report, as lines of JSON: progress, then the report. Numbers about fewer than ten people are
/// withheld, always.
#[utoipa::path(
    get,
    path = "/v1/admin/report",
    tag = "admin",
    params(ReportQuery),
    responses((status = 200, description = "Lines of JSON", body = ReportLine, content_type = "application/x-ndjson"), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn report(
    State(app): State<App>,
    _: Admin,
    Query(query): Query<ReportQuery>,
) -> Result<Response, Refused> {
    let zone_name = query.zone.clone().unwrap_or_else(|| "UTC".to_owned());
    let zone = TimeZone::get(&zone_name).map_err(|_| {
        let named: String = zone_name.chars().take(64).collect();
        invalid(format!("{named} is no time zone here; try Asia/Shanghai"))
    })?;
    let wanted = wanted(&app.relay, &query).await?;
    let about = match &wanted.place {
        Where::Everywhere => None,
        Where::Region(key, _) => Some(Subject::Region(key.clone())),
        Where::Stations(stations) => stations.first().copied().map(Subject::Station),
    };
    let what = Detail::word(wanted.what.as_str());
    app.relay
        .audit_operator(Action::ReportMade, about, what)
        .await?;
    let (lines, receiver) = mpsc::channel::<ReportLine>(16);
    let relay = app.relay.clone();
    let stopping = app.stopping.clone();
    app.tasks.spawn(async move {
        let mut next = 0;
        let progress = |done, of| {
            if done >= next {
                next = done + PROGRESS_DOCUMENTS;
                // Who reads slowly misses a line, and loses nothing.
                drop(lines.try_send(ReportLine::Progress { done, of }));
            }
        };
        let (from, to) = (wanted.from, wanted.to);
        let made = tokio::select! {
            () = stopping.cancelled() => return,
            () = lines.closed() => return,
            made = relay.report(wanted, months_in(zone), progress) => made,
        };
        let last = match made {
            Ok(sheet) => ReportLine::Report(told(&sheet, from, to, zone_name)),
            Err(error) => ReportLine::Problem(Problem::of(&Refused::from(error).into_fault())),
        };
        drop(lines.send(last).await);
    });
    let lines = ReceiverStream::new(receiver).map(|line| {
        let mut text = serde_json::to_string(&line).unwrap_or_default();
        text.push('\n');
        Ok::<_, Infallible>(text)
    });
    let media_type = [(header::CONTENT_TYPE, "application/x-ndjson")];
    Ok((media_type, Body::from_stream(lines)).into_response())
}

async fn wanted(relay: &Relay, query: &ReportQuery) -> Result<ReportWanted, Refused> {
    let what = What::from_text(&query.what)
        .ok_or_else(|| invalid(format!("what is one of {}", What::TEXTS.join(", "))))?;
    let month = |text: &str| -> Result<Month, Refused> {
        text.parse()
            .map_err(|error: yizhan_client_core::model::report::MonthError| {
                invalid(error.to_string())
            })
    };
    let (from, to) = (month(&query.from)?, month(&query.to)?);
    if from > to {
        return Err(invalid(format!("from {from} lies after to {to}")));
    }
    let place = match (&query.station, &query.region) {
        (None, None) => Where::Everywhere,
        (Some(_), Some(_)) => return Err(invalid("a station or a region, not both")),
        (Some(named), None) => {
            let station = station_id(&station(relay, named).await?);
            Where::Stations(BTreeSet::from([station]))
        }
        (None, Some(key)) => {
            let key: RegionKey = key
                .parse()
                .map_err(|error: IdError| invalid(error.to_string()))?;
            let stations = relay.stations().await?;
            let of_region = stations
                .iter()
                .filter(|station| station.region.as_ref() == Some(&key));
            let ids: BTreeSet<_> = of_region.map(station_id).collect();
            if ids.is_empty() {
                return Err(not_found(format!("no station in the region {key}")));
            }
            Where::Region(key, ids)
        }
    };
    Ok(ReportWanted {
        what,
        from,
        to,
        place,
    })
}

fn told(sheet: &Sheet, from: Month, to: Month, zone: String) -> ReportSheet {
    let cell = |field: &Field| match field {
        Field::Text(text) => ReportCell::Text(text.clone()),
        Field::Whole(number) => ReportCell::Whole(*number),
        Field::Hundredths(_) => field
            .to_string()
            .parse()
            .map_or(ReportCell::Nothing, ReportCell::Number),
        Field::Nothing => ReportCell::Nothing,
        Field::Withheld => ReportCell::Text(field.to_string()),
    };
    let row = |row: &Vec<Field>| {
        let cells = row.iter().map(cell);
        let names = sheet.columns.iter().cloned();
        names.zip(cells).collect()
    };
    ReportSheet {
        id: sheet.what.as_str().to_owned(),
        from: from.to_string(),
        to: to.to_string(),
        zone,
        withheld: sheet.withholds(),
        unreadable: sheet.unreadable,
        columns: sheet.columns.clone(),
        rows: sheet.rows.iter().map(row).collect(),
    }
}
