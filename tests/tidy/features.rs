//! What is checked before a change lands is checked with every feature there is.

use crate::source::root;

/// Features that put an encrypting SQLite in the place of the usual one, for all crates at once: no
/// code depends on them, and they take another library of the system.
const APART: [&str; 2] = ["sqlcipher", "sqlcipher-vendored"];

/// The features of a crate, with what each turns on.
fn features(name: &str) -> Vec<(String, String)> {
    let manifest = std::fs::read_to_string(root().join(name).join("Cargo.toml"))
        .expect("a crate has a manifest");
    let Some((_, rest)) = manifest.split_once("[features]\n") else {
        return Vec::new();
    };
    rest.lines()
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, turns_on)| (name.to_owned(), turns_on.to_owned()))
        .collect()
}

#[test]
fn the_feature_that_is_checked_turns_on_all_others() {
    for name in ["proto", "server", "tests"] {
        assert_eq!(
            features(name),
            [],
            "{name}: name its features where changes are checked"
        );
    }
    let all = features("client-core");
    let turns_on = |feature: &str| {
        let (_, turns_on) = all.iter().find(|(name, _)| name == feature)?;
        Some(turns_on.clone())
    };
    let mut reached = vec!["cli".to_owned()];
    let mut next = 0;
    while next < reached.len() {
        let on = turns_on(&reached[next]).expect("a feature of the crate");
        for (name, _) in &all {
            if on.contains(&format!("\"{name}\"")) && !reached.contains(name) {
                reached.push(name.clone());
            }
        }
        next += 1;
    }
    for (name, _) in &all {
        let is_apart = name == "default" || APART.contains(&name.as_str());
        assert!(
            is_apart || reached.contains(name),
            "the feature {name} is not turned on by cli: have it checked too"
        );
    }
    for place in [".ci/run", "tests/src/process.rs"] {
        let text = std::fs::read_to_string(root().join(place)).expect("it is there");
        assert!(text.contains("yizhan-client-core/cli"), "{place}");
    }
}

#[test]
fn no_code_depends_on_the_features_apart() {
    for source in crate::source::files(&[".rs"]) {
        if source.path.starts_with("tests/tidy/") {
            continue;
        }
        for (number, code) in source.code() {
            assert!(
                !code.contains("feature = \"sqlcipher"),
                "{}:{number}: ask at run time whether SQLite can encrypt",
                source.path
            );
        }
    }
}
