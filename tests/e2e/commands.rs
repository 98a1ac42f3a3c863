//! The operator's commands as a person types them: those for the key that signs, and every example of
//! their help.

use std::path::Path;

use yizhan_tests::process::{PhoneProcess, RelayProcess};

use crate::{STATION, driver, keeper, relay_with_network};

/// The commands that a help text gives as examples, without the program's name and without the words
/// that explain them.
fn examples(help: &str) -> Vec<Vec<String>> {
    let behind = help.split("Example").nth(1).unwrap_or_default();
    let lines = behind
        .lines()
        .filter_map(|line| line.trim().strip_prefix("yizhan "));
    let command = |line: &str| line.split("  ").next().unwrap_or_default().to_owned();
    let words = |line: String| line.split(' ').map(str::to_owned).collect();
    lines.map(command).map(words).collect()
}

/// Files of former keys in a data folder.
fn former_keys(data: &Path) -> usize {
    let files = std::fs::read_dir(data).expect("the data folder");
    let names = files.filter_map(|file| file.expect("a file").file_name().into_string().ok());
    names.filter(|name| name.starts_with("token.key.")).count()
}

fn is_well(relay: &RelayProcess, phones: &[&PhoneProcess]) {
    for phone in phones {
        let visit = phone.run(&["visit", "start", "--station", STATION]);
        assert!(visit.code == 0 || visit.code == 4, "{visit:?}");
        phone.sync();
        assert_eq!(phone.ok(&["status"])["unsent_changes"], 0);
    }
    assert_eq!(relay.admin(&["status"]).code, 0);
}

#[test]
fn the_key_that_signs_is_listed_changed_and_dropped_by_command() {
    let (relay, data) = relay_with_network();
    let (li, wang) = (driver(&relay, "李师傅"), keeper(&relay, "王站长"));
    let phones = [&li, &wang];
    let keys = |args: &[&str]| relay.admin(&[&["key"], args].concat()).json();
    let first = keys(&["list"]);
    assert_eq!(
        (first.as_array().map(Vec::len), &first[0]["signs"]),
        (Some(1), &true.into())
    );
    let rotated = keys(&["rotate"]);
    assert_eq!(rotated.as_array().map(Vec::len), Some(2), "{rotated}");
    assert_eq!(
        (&rotated[0]["signs"], &rotated[1]["id"]),
        (&true.into(), &first[0]["id"])
    );
    assert!(rotated[1]["ends_at"].is_string(), "{rotated}");
    assert_eq!(keys(&["list"]), rotated);
    let table = relay.typed(&["key", "list"]);
    for words in ["signs", "verifies until 20"] {
        assert!(table.out.contains(words), "{words}: {table:?}");
    }
    is_well(&relay, &phones);
    for former in 2..=7 {
        assert_eq!(keys(&["rotate"]).as_array().map(Vec::len), Some(former + 1));
    }
    let eighth = relay.admin(&["key", "rotate"]);
    assert_eq!(eighth.code, 4, "{eighth:?}");
    assert_eq!(
        keys(&["list"]).as_array().map(Vec::len),
        Some(8),
        "nothing was changed"
    );
    assert_eq!(former_keys(data.path()), 7);
    is_well(&relay, &phones);

    // No key is ever said, neither what signs nor what signed.
    let private = std::fs::read(data.path().join("token.key")).expect("the key");
    let private = String::from_utf8_lossy(&private).trim().to_owned();
    let all = relay.typed(&["key", "list"]).out + &relay.admin(&["key", "list"]).out;
    assert!(private.len() < 16 || !all.contains(&private));

    // Somebody may have read it: phones renew by themselves.
    assert_eq!(
        keys(&["rotate", "--drop-former"]).as_array().map(Vec::len),
        Some(1)
    );
    assert_eq!(former_keys(data.path()), 0);
    is_well(&relay, &phones);
    let args = ["audit", "list", "--action", "key.rotated"];
    let log = relay.admin(&args).json();
    let entries = log["entries"].as_array().expect("a list");
    let refused = entries.iter().filter(|entry| entry["refused"] == "failed");
    // Seven that were changed, the eighth that was tried and failed, and the one that drops them.
    assert_eq!((entries.len(), refused.count()), (10, 1), "{log}");
    assert_eq!(entries[0]["detail"], "signing.former_dropped");
}

#[test]
fn every_example_about_keys_is_a_command_that_works() {
    let (relay, _data) = relay_with_network();
    for command in [["key", "list"], ["key", "rotate"]] {
        let help = relay.typed(&[&command[..], &["--help"]].concat());
        assert_eq!(help.code, 0, "{help:?}");
        let examples = examples(&help.out);
        assert!(examples.len() >= 2, "{help:?}");
        for example in examples {
            let args: Vec<&str> = example.iter().map(String::as_str).collect();
            let said = relay.typed(&args);
            assert_eq!(said.code, 0, "{example:?}: {said:?}");
            assert!(said.out.contains("signs"), "{example:?}: {said:?}");
        }
    }
}
