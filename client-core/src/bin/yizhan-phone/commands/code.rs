//! `code`, and `visit start --code`: a code is shown, and one is scanned.

use std::io::{self, IsTerminal};

use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};
use serde_json::json;
use yizhan_client_core::Client;
use yizhan_client_core::checkin::{Checked, Finding};
use yizhan_client_core::client::{CodeScan, CodeVisit, VisitStart};
use yizhan_client_core::model::enrolment::{Mark, ScanResult, Seat};
use yizhan_proto::DocumentId;

use super::{facts, visit};
use crate::args::VisitStartArgs;
use crate::failure::Failure;
use crate::names::{self, short};
use crate::output::Output;
use crate::when;

/// Shows a new code.
pub(crate) fn show(
    client: &Client,
    activity: Option<DocumentId>,
    output: Output,
) -> Result<(), Failure> {
    let shown = client.check_in_code(activity)?;
    let overdue = shown.vouched_until <= client.clock().now();
    let value = json!({
        "id": shown.nonce.to_string(),
        "code": shown.text,
        "activity": facts::text(activity),
        "good_until": when::rfc3339(shown.good_until),
        "good_for_ms": shown.good_for_ms,
        "vouched_until": when::rfc3339(shown.vouched_until),
    });
    if overdue && !output.json {
        output.remark(
            "warning: this phone has not synced for a month; keepers are told that the code is not verified. Sync, then show it again",
        );
    }
    output.result(&value, || {
        let until = when::local_exact(shown.good_until);
        let good = when::span(shown.good_for_ms);
        let picture = qr(&shown.text, io::stdout().is_terminal());
        format!(
            "{picture}\n{}\ngood for {good}, until {until}; once\n",
            shown.text
        )
    })
}

/// A QR code in half blocks, of the smallest size; empty for a text that none holds. With
/// `colours`, black on white whatever the terminal's own; without, as a dark terminal shows it.
fn qr(text: &str, colours: bool) -> String {
    let Ok(code) = QrCode::with_error_correction_level(text, EcLevel::L) else {
        return String::new();
    };
    let code = code
        .render::<Dense1x2>()
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark)
        .build();
    if !colours {
        return code;
    }
    let lines: Vec<String> = code
        .lines()
        .map(|line| format!("\u{1b}[97;40m{line}\u{1b}[0m"))
        .collect();
    lines.join("\n")
}

/// What a scan found, as a word for programs.
pub(crate) const fn word(finding: Finding) -> &'static str {
    match finding {
        Finding::Ok => "ok",
        Finding::Expired => "expired",
        Finding::NotYetValid => "not_yet_valid",
        Finding::Revoked => "revoked",
        Finding::Unverified(_) => "unverified",
    }
}

/// Records the arrival of the driver whose code was scanned. A code that is not to be believed
/// shows nothing for it: then the arrival is the keeper's own entry, if it is wanted so.
pub(crate) fn arrive(
    client: &mut Client,
    args: &VisitStartArgs,
    text: &str,
    output: Output,
) -> Result<(), Failure> {
    let text = text.trim();
    let checked = client.check_code(text)?;
    let believed = checked.finding == Finding::Ok;
    if !believed && !args.confirm {
        let question = format!(
            "{}, said to be of {}. Record the arrival as your own entry?",
            checked.finding.sentence(),
            checked.name
        );
        if !(output.can_ask() && output.ask(&question)) {
            return Err(Failure::NotConfirmed(format!(
                "{}; nothing was stored: scan a new code, or repeat with --confirm to record the arrival of {} as your own entry",
                checked.finding.sentence(),
                checked.name
            )));
        }
    }
    let (station, station_name) = names::station_id(client, &args.station)?;
    let now = client.clock().now();
    let at = args.at.as_deref();
    let arrived_at = at.map(|at| when::parse(at, now)).transpose()?;
    let before = client.visits_of_showing(checked.nonce)?;
    let (vehicle_plate, requested) = (args.plate.clone(), args.want.clone());
    let id = if believed {
        client.start_visit_by_code(CodeVisit {
            code: text.to_owned(),
            station,
            arrived_at,
            vehicle_plate,
            requested,
        })?
    } else {
        client.start_visit(VisitStart {
            station,
            driver: Some((checked.driver, checked.name.clone())),
            own_name: None,
            arrived_at,
            vehicle_plate,
            requested,
        })?
    };
    let mut warnings = warnings(&checked, &before);
    warnings.extend(visit::still_open(client, checked.driver, id)?);
    let mut value = visit::started_json(id, station, &station_name, checked.driver, &warnings);
    value["driver_name"] = json!(checked.name);
    value["finding"] = json!(word(checked.finding));
    value["same_as"] = before.iter().map(ToString::to_string).collect();
    output.result(&value, || {
        let whose = format!("of {} ", checked.name);
        visit::started_text(id, &whose, &station_name, &warnings)
    })
}

/// Records that a driver's code was scanned at an activity.
pub(crate) fn scan(
    client: &mut Client,
    activity: &str,
    text: &str,
    output: Output,
) -> Result<(), Failure> {
    let activity = names::activity(client, activity)?;
    let CodeScan { checked, scanned } = client.scan_code(activity, text.trim())?;
    let why = reason(&checked, scanned.result);
    let value = json!({
        "id": scanned.enrolment.to_string(),
        "activity": activity.to_string(),
        "driver": checked.driver.to_string(),
        "driver_name": checked.name,
        "showing": checked.nonce.to_string(),
        "finding": word(checked.finding),
        "result": scanned.result.as_str(),
        "mark": scanned.mark.as_str(),
        "seat": scanned.seat.map(Seat::as_str),
        "reason": why,
    });
    output.result(&value, || {
        let mut text = format!(
            "{}: {} ({}), stored here; sync to send it\n",
            checked.name, scanned.result, scanned.mark
        );
        if let Some(why) = why {
            text.push_str(&format!("note: {why}\n"));
        }
        if scanned.mark == Mark::Duplicate {
            text.push_str("note: this driver was scanned here before\n");
        }
        text
    })
}

/// What there is to say of a scan that is not simply good.
const fn reason(checked: &Checked, result: ScanResult) -> Option<&'static str> {
    match result {
        ScanResult::Ok => None,
        ScanResult::WalkIn => Some("the driver has no seat that this phone knows of"),
        ScanResult::WrongActivity => Some("the code was shown for another activity"),
        ScanResult::Expired | ScanResult::Revoked | ScanResult::Unverified => {
            Some(checked.finding.sentence())
        }
    }
}

fn warnings(checked: &Checked, before: &[DocumentId]) -> Vec<String> {
    let mut warnings = Vec::new();
    if checked.finding != Finding::Ok {
        let why = checked.finding.sentence();
        warnings.push(format!("recorded as your own entry: {why}"));
    }
    if checked.activity.is_some() {
        warnings.push("the code was shown for an activity".to_owned());
    }
    if let Some(first) = before.first() {
        let first = short(first);
        warnings.push(format!(
            "this code was scanned before: the same arrival as visit {first}"
        ));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_code_is_one_frame_that_fits_a_screen() {
        let text = "A"
            .repeat(yizhan_proto::limits::CODE_CHARS_MAX)
            .to_lowercase();
        let picture = qr(&text, false);
        let widths: Vec<usize> = picture.lines().map(|line| line.chars().count()).collect();
        assert!(
            widths
                .iter()
                .all(|width| *width == widths[0] && *width <= 96),
            "{widths:?}"
        );
        assert!(widths.len() <= 48);
    }
}
