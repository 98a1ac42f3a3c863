//! `sync`, once or watching.

use std::ops::ControlFlow;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use yizhan_client_core::Client;
use yizhan_client_core::driver::SyncReport;
use yizhan_client_core::error::{ClientError, SyncError};
use yizhan_client_core::transport::http::HttpTransport;
use yizhan_client_core::transport::{RelayUrl, Transport, TransportError, WatchEvent};
use yizhan_proto::DeviceId;

use super::attachment::size;
use crate::failure::Failure;
use crate::output::{Output, count};

/// The first wait before a broken watch is taken up again, milliseconds.
const RECONNECT_MIN_MS: u64 = 1_000;
/// The longest, milliseconds.
const RECONNECT_MAX_MS: u64 = 60_000;

pub(crate) fn once(client: &mut Client, output: Output) -> Result<(), Failure> {
    let relay = relay(client)?;
    let mut transport = HttpTransport::new(relay);
    let report = exchange(client, &mut transport, output)?;
    print(client, &report, output)
}

pub(super) fn relay(client: &Client) -> Result<RelayUrl, Failure> {
    match client.device()?.relay_url {
        Some(url) => Ok(url.parse()?),
        None => Err(SyncError::NotPaired.into()),
    }
}

/// One round, with a spinner if a person looks on and it takes more than one exchange.
fn exchange(
    client: &mut Client,
    transport: &mut HttpTransport,
    output: Output,
) -> Result<SyncReport, ClientError> {
    let bar = spinner(output);
    let report = client.sync_with(transport, &mut |report| {
        if report.attachment_bytes > 0 {
            bar.set_message(format!(
                "attachments: {} done, {} to go",
                size(report.attachment_bytes),
                size(report.attachment_bytes_left)
            ));
            bar.tick();
        } else if report.exchanges > 1 {
            bar.set_message(format!(
                "{} changes sent, {} documents received, {} requests",
                report.sent, report.documents_received, report.exchanges
            ));
            bar.tick();
        }
    });
    bar.finish_and_clear();
    Ok(report?)
}

fn spinner(output: Output) -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if output.json {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template("{spinner} syncing: {msg}") {
        bar.set_style(style);
    }
    bar
}

fn print(client: &Client, report: &SyncReport, output: Output) -> Result<(), Failure> {
    let device = client.device()?.device;
    output.result(&report_json(device, report), || report_line(report))
}

fn report_json(device: DeviceId, report: &SyncReport) -> Value {
    json!({
        "id": device.to_string(),
        "exchanges": report.exchanges,
        "sent": report.sent,
        "refused": report.refused,
        "quarantined": report.quarantined,
        "put_off": report.put_off,
        "changes_received": report.changes_received,
        "documents_received": report.documents_received,
        "forgotten": report.forgotten,
        "grown_old": report.grown_old,
        "erased": report.erased,
        "erased_unsent": report.erased_unsent,
        "set_aside": report.set_aside,
        "repairs_started": report.repairs_started,
        "identity_changed": report.identity_changed,
        "epoch_changed": report.epoch_changed,
        "unsent_changes": report.unsent_left,
        "attachments_sent": report.attachments_sent,
        "attachments_received": report.attachments_received,
        "attachment_bytes": report.attachment_bytes,
        "attachment_bytes_left": report.attachment_bytes_left,
        "attachments_stopped": report.attachments_stopped,
        "reports_received": report.sheets_received,
        "reports_stopped": report.sheets_stopped,
    })
}

fn report_line(report: &SyncReport) -> String {
    let mut line = format!(
        "synced: {} sent, {} received, {}",
        count(report.sent, "change"),
        report.changes_received,
        count(report.documents_received, "new document")
    );
    for (count, what) in [
        (report.forgotten, "left this phone"),
        (report.grown_old, "of them because they grew old"),
        (
            report.erased,
            "of them erased for everybody: see `yizhan-phone status`",
        ),
        (report.refused, "refused: see `yizhan-phone refused list`"),
        (report.quarantined, "waiting for a decision"),
        (
            report.put_off,
            "put off by the relay, and tried again later",
        ),
        (report.set_aside, "set aside: see `yizhan-phone status`"),
        (report.unsent_left, "still unsent"),
        (report.attachments_sent, "attachment files sent"),
        (report.attachments_received, "attachment files received"),
        (report.sheets_received, "reports of your region received"),
    ] {
        if count > 0 {
            line.push_str(&format!("; {count} {what}"));
        }
    }
    if report.attachments_stopped {
        line.push_str("; the exchange of attachments broke off: see `yizhan-phone status`");
    }
    if report.sheets_stopped {
        line.push_str("; not all reports of your region came: a later sync asks again");
    }
    if report.attachment_bytes_left > 0 {
        let left = size(report.attachment_bytes_left);
        line.push_str(&format!(
            "; {left} of attachments still to go: see `yizhan-phone attachment list`"
        ));
    }
    line.push('\n');
    line
}

/// Whether a round did anything worth a line.
fn is_news(report: &SyncReport) -> bool {
    report.sent
        + report.refused
        + report.quarantined
        + report.put_off
        + report.changes_received
        + report.documents_received
        + report.forgotten
        + report.set_aside
        + report.attachments_sent
        + report.attachments_received
        + report.sheets_received
        > 0
        || report.identity_changed
        || report.epoch_changed
}

/// What the listening thread says.
enum Heard {
    Event(WatchEvent),
    Ended(Result<(), TransportError>),
}

/// Syncs, then listens and syncs again whenever something moved.
pub(crate) fn watch(
    client: &mut Client,
    seconds: Option<u64>,
    output: Output,
) -> Result<(), Failure> {
    let relay = relay(client)?;
    let until_ms = seconds.map(|seconds| {
        let now_ms = client.clock().elapsed_ms();
        now_ms.saturating_add(seconds.saturating_mul(1_000))
    });
    let mut transport = HttpTransport::new(relay.clone());
    let mut reconnect_ms = RECONNECT_MIN_MS;
    let mut first = true;
    loop {
        if first || reconnect_ms > RECONNECT_MIN_MS {
            first &= !try_exchange(client, &mut transport, first, output)?;
        }
        let (sender, receiver) = mpsc::channel();
        listen(relay.clone(), client.access_token()?, sender);
        let mut connected = false;
        let ended = hear(
            client,
            &mut transport,
            &receiver,
            until_ms,
            &mut connected,
            output,
        )?;
        let Some(ended) = ended else {
            return Ok(());
        };
        if connected {
            reconnect_ms = RECONNECT_MIN_MS;
        }
        if let Err(error) = ended {
            let error = ClientError::from(error);
            // A token that ran out is renewed by the next sync, which also finds out about
            // a device that may not sync at all.
            let passes = matches!(
                error,
                ClientError::RequiresPairing(_) | ClientError::TryLater(_)
            );
            if !passes {
                return Err(error.into());
            }
            if !output.json {
                output.remark(&format!("watching: {error}; trying again"));
            }
        }
        if !wait(client, reconnect_ms, until_ms) {
            return Ok(());
        }
        reconnect_ms = (reconnect_ms * 2).min(RECONNECT_MAX_MS);
    }
}

/// Listens in a thread of its own, so that time and events can be waited for at once. The thread
/// ends with the stream, or with the program.
fn listen(relay: RelayUrl, token: String, sender: Sender<Heard>) {
    thread::spawn(move || {
        let mut transport = HttpTransport::new(relay);
        let ended = transport.watch(
            &token,
            &mut |event| match sender.send(Heard::Event(event)) {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            },
        );
        // Nobody may be left to hear it.
        let _ = sender.send(Heard::Ended(ended));
    });
}

/// Syncs at every event that is news; how the stream ended, or `None` if the time is up.
fn hear(
    client: &mut Client,
    transport: &mut HttpTransport,
    receiver: &Receiver<Heard>,
    until_ms: Option<u64>,
    connected: &mut bool,
    output: Output,
) -> Result<Option<Result<(), TransportError>>, Failure> {
    loop {
        let Some(mut heard) = receive(client, receiver, until_ms) else {
            return Ok(None);
        };
        let mut wanted = false;
        // Whatever else was said meanwhile is answered by one sync.
        loop {
            match heard {
                Heard::Event(WatchEvent::Alive) => {}
                Heard::Event(WatchEvent::Connected) => {
                    *connected = true;
                    wanted = true;
                }
                Heard::Event(WatchEvent::Pull) => wanted = true,
                Heard::Event(WatchEvent::Moved(moved)) => {
                    wanted |= !client.has_read(&moved)?;
                }
                Heard::Ended(ended) => return Ok(Some(ended)),
            }
            match receiver.try_recv() {
                Ok(next) => heard = next,
                Err(_) => break,
            }
        }
        if wanted {
            try_exchange(client, transport, false, output)?;
        }
    }
}

/// The next thing heard; `None` when the time is up.
fn receive(client: &Client, receiver: &Receiver<Heard>, until_ms: Option<u64>) -> Option<Heard> {
    let Some(until_ms) = until_ms else {
        // The thread says how it ended before it lets go.
        return Some(receiver.recv().unwrap_or(Heard::Ended(Ok(()))));
    };
    let left_ms = until_ms.saturating_sub(client.clock().elapsed_ms());
    match receiver.recv_timeout(Duration::from_millis(left_ms)) {
        Ok(heard) => Some(heard),
        Err(RecvTimeoutError::Timeout) => None,
        Err(RecvTimeoutError::Disconnected) => Some(Heard::Ended(Ok(()))),
    }
}

/// A sync that may fail for a while: whether it went through. Prints it if it is news.
fn try_exchange(
    client: &mut Client,
    transport: &mut HttpTransport,
    always_print: bool,
    output: Output,
) -> Result<bool, Failure> {
    match exchange(client, transport, output) {
        Ok(report) => {
            if always_print || is_news(&report) {
                print(client, &report, output)?;
            }
            Ok(true)
        }
        Err(error @ ClientError::TryLater(_)) => {
            if !output.json {
                output.remark(&format!("not synced: {error}; trying again"));
            }
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

/// Waits so many milliseconds; false if the time for watching is up before.
fn wait(client: &Client, ms: u64, until_ms: Option<u64>) -> bool {
    let left_ms = until_ms.map_or(u64::MAX, |until_ms| {
        until_ms.saturating_sub(client.clock().elapsed_ms())
    });
    // A channel that nothing is sent on: the wait is for the time alone.
    let (_sender, receiver) = mpsc::channel::<()>();
    let _ = receiver.recv_timeout(Duration::from_millis(ms.min(left_ms)));
    ms < left_ms
}
