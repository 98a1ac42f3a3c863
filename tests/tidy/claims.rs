//! What SECURITY.md and PRIVACY.md claim is held by tests that there are.
//!
//! A test is named in code marks, as the end of its file's path, two colons and its name:
//! `sim/hostile.rs::nobody_writes_in_anothers_name`. The end must fit one file only.

use crate::source::{Source, files, root};

/// The documents whose claims are looked at, and how many tests each names at least: a way of
/// writing that this reader does not understand must not look like a document without claims.
const DOCUMENTS: [(&str, usize); 2] = [("docs/SECURITY.md", 100), ("docs/PRIVACY.md", 20)];

/// What a table's first column is headed that says what somebody cannot do.
const CANNOT: &str = "| cannot |";

/// A test that a line names: the end of a path, and a function.
#[derive(Debug, PartialEq, Eq)]
struct Claim<'a> {
    file: &'a str,
    test: &'a str,
}

/// The tests that a line names.
fn claims(line: &str) -> impl Iterator<Item = Claim<'_>> {
    line.split('`').skip(1).step_by(2).filter_map(|marked| {
        let (file, test) = marked.split_once("::")?;
        file.ends_with(".rs").then_some(Claim { file, test })
    })
}

/// Why there is no such test; `None` if there is.
fn missing(claim: &Claim<'_>, sources: &[Source]) -> Option<&'static str> {
    let fits = |path: &str| {
        path.strip_suffix(claim.file)
            .is_some_and(|before| before.is_empty() || before.ends_with('/'))
    };
    let mut found = sources.iter().filter(|source| fits(&source.path));
    match (found.next(), found.next()) {
        (None, _) => Some("there is no such file"),
        (Some(_), Some(_)) => Some("more than one file has such a path"),
        (Some(source), None) if is_test(&source.text, claim.test) => None,
        (Some(_), None) => Some("the file has no such test"),
    }
}

/// Whether the source has a function of this name with a test's attribute above it.
fn is_test(text: &str, name: &str) -> bool {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let is_named = |line: &str| {
        let line = line.strip_prefix("async ").unwrap_or(line);
        line.strip_prefix("fn ")
            .and_then(|rest| rest.strip_prefix(name))
            .is_some_and(|rest| rest.starts_with('('))
    };
    lines.iter().enumerate().any(|(at, line)| {
        is_named(line)
            && lines[..at]
                .iter()
                .rev()
                .take_while(|above| above.starts_with("#[") || above.starts_with("//"))
                .any(|above| *above == "#[test]" || above.starts_with("#[tokio::test"))
    })
}

fn text_of(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).expect("the document is there")
}

#[test]
fn every_test_that_a_claim_names_exists() {
    let sources = files(&[".rs"]);
    let mut wrong = Vec::new();
    for (path, least) in DOCUMENTS {
        let mut named = 0;
        for (index, line) in text_of(path).lines().enumerate() {
            for claim in claims(line) {
                named += 1;
                if let Some(why) = missing(&claim, &sources) {
                    let Claim { file, test } = claim;
                    wrong.push(format!("{path}:{}: {file}::{test}: {why}", index + 1));
                }
            }
        }
        assert!(named >= least, "{path} was not understood: {named} tests");
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn whatever_somebody_cannot_do_is_held_by_a_test() {
    let mut bare = Vec::new();
    let mut rows = 0;
    for (path, _) in DOCUMENTS {
        let mut is_cannot = false;
        for (index, line) in text_of(path).lines().enumerate() {
            if line.starts_with(CANNOT) {
                is_cannot = true;
                continue;
            }
            is_cannot &= line.starts_with('|');
            if is_cannot && !line.starts_with("| ---") {
                rows += 1;
                if claims(line).next().is_none() {
                    bare.push(format!("{path}:{}: no test: {line}", index + 1));
                }
            }
        }
    }
    assert!(rows > 40, "the tables were not understood: {rows} rows");
    assert!(bare.is_empty(), "\n{}", bare.join("\n"));
}

#[test]
fn the_claim_reader_reads_claims() {
    let line = "see `a/b.rs::c_d`, `Client::edit` and `x.rs::y`, not e.rs::f";
    let read: Vec<_> = claims(line).map(|claim| (claim.file, claim.test)).collect();
    assert_eq!(read, [("a/b.rs", "c_d"), ("x.rs", "y")]);

    let text = "#[test]\n#[cfg(unix)]\nfn one() {}\n\nfn two() {}\n\
        \n    #[tokio::test]\n    async fn three() {}\n";
    assert!(is_test(text, "one") && is_test(text, "three"));
    assert!(!is_test(text, "two"), "no test");
    assert!(!is_test(text, "on"), "another's beginning");

    let source = |path: &str| Source {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    let sources = [source("a/one.rs"), source("b/one.rs"), source("c/d.rs")];
    let why = |file, test| missing(&Claim { file, test }, &sources);
    assert_eq!(why("c/d.rs", "one"), None);
    assert_eq!(why("c/d.rs", "two"), Some("the file has no such test"));
    assert_eq!(why("ne.rs", "one"), Some("there is no such file"));
    assert_eq!(
        why("one.rs", "one"),
        Some("more than one file has such a path")
    );
}
