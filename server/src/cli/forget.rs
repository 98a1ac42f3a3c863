//! `yizhan forget …`.

use std::path::Path;

use super::args::Forget as Command;
use super::relay::{Relay, part};
use super::{Failure, Output, text};
use crate::admin::{ForgetPage, Forgets};

pub(super) fn obey(data: &Path, command: Command, output: &mut Output) -> Result<(), Failure> {
    match command {
        Command::List => list(data, output),
    }
}

fn list(data: &Path, output: &mut Output) -> Result<(), Failure> {
    let relay = Relay::find(data)?;
    let mut devices: Vec<Forgets> = Vec::new();
    let mut path = "forgets".to_owned();
    loop {
        let page: ForgetPage = relay.get(&path)?;
        devices.extend(page.devices);
        let Some(next) = page.next else { break };
        path = format!("forgets?after={}", part(&next));
    }
    devices.sort_by_key(|device| std::cmp::Reverse(device.age_ms));
    output.say(&devices, |devices| {
        if devices.is_empty() {
            return "nothing is outstanding: every device has forgotten what it was asked to forget"
                .to_owned();
        }
        let rows: Vec<Vec<String>> = devices.iter().map(row).collect();
        text::table(
            &[
                "DEVICE",
                "LABEL",
                "PERSON",
                "SINCE",
                "AGE",
                "DOCUMENTS",
                "LEFT",
                "LAST SEEN",
                "REVOKED",
            ],
            &rows,
        )
    })
}

fn row(device: &Forgets) -> Vec<String> {
    let left = device.scopes_left.iter().map(|left| left.scope.as_str());
    let last_seen = device.last_seen_at.as_deref().map(text::local);
    let last_seen = last_seen.unwrap_or_default();
    vec![
        device.id.clone(),
        device.label.clone(),
        device.person_name.clone(),
        text::local(&device.since),
        age(device.age_ms),
        device.documents.to_string(),
        left.collect::<Vec<_>>().join(" "),
        last_seen,
        device_fate(
            device.revoked_at.as_deref(),
            device.wipe_ordered_at.as_deref(),
            device.wiped_at.as_deref(),
        ),
    ]
}

/// Since when a device is revoked, and whether what was on it is known to be gone: what a receipt says of one
/// that confirms nothing any more. Empty for one that is not revoked.
pub(super) fn device_fate(
    revoked_at: Option<&str>,
    wipe_ordered_at: Option<&str>,
    wiped_at: Option<&str>,
) -> String {
    let Some(revoked_at) = revoked_at.map(text::local) else {
        return String::new();
    };
    match (wiped_at.map(text::local), wipe_ordered_at) {
        (Some(at), _) => format!("{revoked_at}, erased itself {at}"),
        (None, Some(_)) => format!("{revoked_at}, wipe not confirmed"),
        (None, None) => format!("{revoked_at}, no wipe ordered"),
    }
}

/// A time that has passed, in its largest unit.
fn age(ms: u64) -> String {
    let minutes = ms / 60_000;
    match (minutes / 60 / 24, minutes / 60, minutes) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, _) => format!("{hours} h"),
        (days, ..) => format!("{days} d"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_of_a_revoked_device_is_told_in_words() {
        let at = "2026-11-21T08:00:00Z";
        assert_eq!(device_fate(None, None, None), "");
        for (ordered, wiped, words) in [
            (None, None, "no wipe ordered"),
            (Some(at), None, "wipe not confirmed"),
            (Some(at), Some(at), "erased itself"),
        ] {
            let told = device_fate(Some(at), ordered, wiped);
            assert!(
                told.starts_with(&text::local(at)) && told.contains(words),
                "{told}"
            );
        }
    }

    #[test]
    fn ages_are_told_in_their_largest_unit() {
        const HOUR_MS: u64 = 3_600_000;
        let told = [0, 59, 60, 23 * 60, 24 * 60, 30 * 24 * 60].map(|min| age(min * HOUR_MS / 60));
        assert_eq!(told, ["0 min", "59 min", "1 h", "23 h", "1 d", "30 d"]);
    }
}
