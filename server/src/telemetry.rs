//! Logs and metrics. Neither ever holds a body, a token, a name, a place or a code.

use std::io::IsTerminal as _;
use std::sync::OnceLock;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::routing::get;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::relay::{DueStep, Relay};

/// Borders between which durations are counted.
const SECONDS: [f64; 10] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0];
/// Borders between which the jobs of a commit are counted.
const JOBS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];
/// Between two tidyings of what was recorded and nobody scraped.
const UPKEEP: Duration = Duration::from_secs(5);

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for programs.
    Json,
}

/// The log filter is not one.
#[derive(Debug, thiserror::Error)]
#[error("the log filter {filter} is not one; try info, debug, or yizhan_server=debug")]
pub struct LogFilterError {
    /// As given.
    pub filter: String,
    /// Why.
    #[source]
    pub source: tracing_subscriber::filter::ParseError,
}

/// Sends log lines to standard error from here on. Does nothing if somebody did so before.
///
/// # Errors
/// [`LogFilterError`].
pub fn log(filter: &str, format: LogFormat) -> Result<(), LogFilterError> {
    let filter = EnvFilter::try_new(filter).map_err(|source| LogFilterError {
        filter: filter.to_owned(),
        source,
    })?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let set = match format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
    // A second relay in one process (tests, the demo) logs where the first one does.
    drop(set);
    Ok(())
}

/// The recorder of this process: metrics are one for all relays in it.
fn recorder() -> Option<&'static PrometheusHandle> {
    static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    RECORDER
        .get_or_init(|| {
            let seconds = Matcher::Suffix("_seconds".to_owned());
            let jobs = Matcher::Full("yizhan_commit_jobs".to_owned());
            let recorder = PrometheusBuilder::new()
                .set_buckets_for_metric(seconds, &SECONDS)
                .ok()?
                .set_buckets_for_metric(jobs, &JOBS)
                .ok()?
                .build_recorder();
            let handle = recorder.handle();
            // If a program that embeds the relay records elsewhere, its recorder stays.
            metrics::set_global_recorder(recorder).ok().map(|()| handle)
        })
        .as_ref()
}

/// Counts one request that was answered.
pub(crate) fn count_request(route: &str, status: u16, took_ms: u64) {
    metrics::counter!("yizhan_requests_total", "route" => route.to_owned(), "status" => status.to_string())
        .increment(1);
    let took_s = Duration::from_millis(took_ms).as_secs_f64();
    metrics::histogram!("yizhan_request_seconds", "route" => route.to_owned()).record(took_s);
}

/// The routes of the second listener.
pub(crate) fn router(relay: Relay) -> Router {
    recorder();
    Router::new()
        .route("/metrics", get(scrape))
        .with_state(relay)
}

/// Tidies what was recorded, for ever: a relay that nobody scrapes must not grow by its metrics.
pub(crate) async fn upkeep() {
    let mut due = tokio::time::interval(UPKEEP);
    loop {
        due.tick().await;
        if let Some(recorder) = recorder() {
            recorder.run_upkeep();
        }
    }
}

async fn scrape(State(relay): State<Relay>) -> ([(HeaderName, &'static str); 1], String) {
    if let Ok(status) = relay.status().await {
        for (name, value) in [
            ("yizhan_documents", status.documents),
            ("yizhan_changes", status.changes),
            ("yizhan_people", status.people),
            ("yizhan_devices", status.devices),
            ("yizhan_devices_revoked", status.devices_revoked),
            ("yizhan_quarantined", status.quarantined),
            (
                "yizhan_quarantined_oldest_seconds",
                status.quarantined_oldest_ms.unwrap_or_default() / 1000,
            ),
            ("yizhan_retired", status.retired),
            ("yizhan_seats_waiting", status.seats_waiting),
            ("yizhan_head", status.head.get()),
            ("yizhan_database_bytes", status.database_bytes),
            ("yizhan_queue_depth", status.queue_depth),
        ] {
            // Exact up to 2^53, which none of these reaches.
            #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
            metrics::gauge!(name).set(value as f64);
        }
        for step in [
            Some(DueStep::Verify),
            Some(DueStep::Response),
            Some(DueStep::Solution),
            None,
        ] {
            let count = status.tickets.iter().find(|count| count.step == step);
            let (open, breached) = count.map_or((0, 0), |count| (count.open, count.breached));
            let name = step.map_or("paused", DueStep::as_str);
            #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
            metrics::gauge!("yizhan_tickets_open", "step" => name).set(open as f64);
            #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
            metrics::gauge!("yizhan_tickets_breached", "step" => name).set(breached as f64);
        }
    }
    let text = recorder().map(PrometheusHandle::render).unwrap_or_default();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text)
}
