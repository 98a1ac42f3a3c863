//! `GET /v1/report`: a finished report of a region, for the phones of its coordinators.

use std::time::Duration;

use axum::extract::{Query, State};
use serde::Deserialize;
use utoipa::IntoParams;
use yizhan_client_core::model::report::{Month, MonthError, What};
use yizhan_proto::id::IdError;
use yizhan_proto::report::SheetAnswer;
use yizhan_proto::{ContentHash, Fault, FaultCode};

use super::App;
use super::fault::{self, Refused};
use crate::extract::{CborAnswer, Device};
use crate::relay::SheetWanted;

/// How long a device waits while its sheet is made. A longer one is finished all the same, and is
/// there when the device asks again.
const WAIT: Duration = Duration::from_secs(10);
/// Milliseconds after which to ask again for a sheet that is being made.
const MAKING_RETRY_MS: u64 = 60_000;

/// What is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SheetQuery {
    /// `services`, `checks`, `activities` or `tickets`.
    what: String,
    /// A region that the person coordinates: key.
    region: String,
    /// The first month, as `2026-11`; with `to`, at most 13 months. Without both: the 13 months up
    /// to the current one.
    from: Option<String>,
    /// The last month.
    to: Option<String>,
    /// The version that the device has: 64 of 0-9, a-f.
    have: Option<String>,
}

/// A finished report of a region, each month by itself, numbers about few people withheld. Without
/// its body if the device has this version.
#[utoipa::path(
    get,
    path = "/v1/report",
    tag = "device",
    params(SheetQuery),
    responses(
        (status = 200, description = "SheetAnswer", body = Vec<u8>, content_type = "application/cbor"),
        (status = "4XX", description = "Fault", body = Vec<u8>, content_type = "application/cbor"),
        (status = "5XX", description = "Fault", body = Vec<u8>, content_type = "application/cbor"),
    ),
    security(("device_token" = []))
)]
pub(super) async fn report(
    State(app): State<App>,
    Device(caller): Device,
    Query(query): Query<SheetQuery>,
) -> Result<CborAnswer, Refused> {
    let wanted = wanted(&query)?;
    let have = (query.have.as_deref())
        .map(|text| text.parse::<ContentHash>().map_err(|error| invalid(&error)))
        .transpose()?;
    let (relay, stopping) = (app.relay.clone(), app.stopping.clone());
    // It goes on without the device, which may lose its connection: what was counted is kept.
    let making = app.tasks.spawn(async move {
        tokio::select! {
            () = stopping.cancelled() => Err(fault::stopping().into()),
            made = relay.sheet(&caller, wanted) => made.map_err(Refused::from),
        }
    });
    let sheet = match tokio::time::timeout(WAIT, making).await {
        Ok(Ok(made)) => made?,
        Ok(Err(_)) => {
            return Err(
                Fault::new(FaultCode::Internal, "the relay failed; try again later").into(),
            );
        }
        Err(_) => {
            return Err(Fault::new(
                FaultCode::Busy,
                "the report is being made; ask for it again in a minute",
            )
            .retry_after_ms(MAKING_RETRY_MS)
            .into());
        }
    };
    let body = (have != Some(sheet.version)).then(|| sheet.body.to_vec());
    Ok(CborAnswer::of(&SheetAnswer {
        made_at: sheet.made_at,
        version: sheet.version,
        body,
    }))
}

fn wanted(query: &SheetQuery) -> Result<SheetWanted, Refused> {
    let month = |text: &str| -> Result<Month, Refused> {
        text.parse().map_err(|error: MonthError| invalid(&error))
    };
    let months = match (&query.from, &query.to) {
        (None, None) => None,
        (Some(from), Some(to)) => Some((month(from)?, month(to)?)),
        (Some(_), None) | (None, Some(_)) => {
            return Err(invalid(&"from and to belong together"));
        }
    };
    Ok(SheetWanted {
        what: What::from_text(&query.what)
            .ok_or_else(|| invalid(&format!("what is one of {}", What::TEXTS.join(", "))))?,
        region: (query.region.parse()).map_err(|error: IdError| invalid(&error))?,
        months,
    })
}

fn invalid(what: &dyn std::fmt::Display) -> Refused {
    Fault::new(FaultCode::Invalid, what.to_string()).into()
}
