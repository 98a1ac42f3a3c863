//! What the reported networks do, row by row of the domain's table: each can be done here with the
//! commands of whoever does it there, entered offline, whichever phone syncs first.

mod counter;
mod directory;
mod health;
mod notices;
mod people;
mod requests;
mod round_table;
mod totals;

use serde_json::Value;
use yizhan_tests::process::{PhoneProcess, RelayProcess, Said};

use crate::{STATION, driver, keeper, relay_with_network};

/// A relay with the real network, a driver, a keeper with the health role, and the order in which
/// phones sync.
struct Town {
    relay: RelayProcess,
    li: PhoneProcess,
    wang: PhoneProcess,
    last_first: bool,
    _data: tempfile::TempDir,
}

/// Plays a story in two towns: in one the phones sync in the order they are named, in the other
/// the last of them first.
fn in_both_orders(story: impl Fn(&Town)) {
    for last_first in [false, true] {
        let (relay, data) = relay_with_network();
        let (li, wang) = (driver(&relay, "李师傅"), keeper(&relay, "王站长"));
        story(&Town {
            relay,
            li,
            wang,
            last_first,
            _data: data,
        });
    }
}

impl Town {
    /// All these phones come into coverage, one after another, twice: what the first wrote has then
    /// come to the last, and what the last wrote to the first. Nothing is held back on any.
    #[track_caller]
    fn sync(&self, phones: &[&PhoneProcess]) {
        let mut order = phones.to_vec();
        if self.last_first {
            order.reverse();
        }
        for phone in order.iter().chain(&order) {
            phone.sync();
        }
        for phone in phones {
            let status = phone.ok(&["status"]);
            for what in ["unsent_changes", "refused", "quarantined"] {
                assert_eq!(status[what], 0, "{what}: {status}");
            }
        }
    }

    /// An operator's command, which must succeed.
    #[track_caller]
    fn admin(&self, args: &[&str]) -> Value {
        let said = self.relay.admin(args);
        assert_eq!(said.code, 0, "{args:?}: {said:?}");
        said.json()
    }
}

/// Enters something offline: it waits on the phone.
#[track_caller]
fn enter(phone: &PhoneProcess, args: &[&str]) -> Said {
    let said = phone.run(args);
    assert_eq!(said.code, 0, "{args:?}: {said:?}");
    let waiting = phone.ok(&["status"])["unsent_changes"].as_u64();
    assert!(waiting >= Some(1), "{args:?}: {waiting:?} wait");
    said
}

/// Every one of these phones shows these facts, when asked like that; and all show the same.
#[track_caller]
fn all_show(phones: &[&PhoneProcess], args: &[&str], facts: &[&str]) -> Value {
    let mut first: Option<Value> = None;
    for phone in phones {
        let shown = phone.ok(args);
        let text = shown.to_string();
        for fact in facts {
            assert!(text.contains(fact), "{args:?} does not show {fact}: {text}");
        }
        match &first {
            None => first = Some(shown),
            Some(first) => assert_eq!(*first, shown, "{args:?}"),
        }
    }
    first.expect("somebody is asked")
}

/// The phone has none of it.
#[track_caller]
fn shows_nothing(phone: &PhoneProcess, args: &[&str]) {
    let said = phone.run(args);
    assert_eq!(said.code, 3, "{args:?}: {said:?}");
}

/// The person of a phone.
#[track_caller]
fn person(phone: &PhoneProcess) -> String {
    text(&phone.ok(&["whoami"])["id"])
}

/// A text in JSON.
#[track_caller]
fn text(value: &Value) -> String {
    let text = value.as_str();
    text.unwrap_or_else(|| panic!("{value} is no text"))
        .to_owned()
}

/// The items of a list in JSON.
#[track_caller]
fn list(value: &Value) -> &[Value] {
    let items = value.as_array();
    items.unwrap_or_else(|| panic!("{value} is no list"))
}
