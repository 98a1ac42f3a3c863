//! File lengths, and what must not stand anywhere.

use crate::source::files;

/// Lines a source file may have before its tests (a file with a second subject is split).
const LINES_MAX: usize = 400;

#[test]
fn no_file_has_a_second_subject() {
    let long: Vec<String> = files(&[".rs"])
        .iter()
        .filter(|source| source.path.contains("/src/") && !source.is_tests())
        .map(|source| (source.lines_without_tests(), &source.path))
        .filter(|(lines, _)| *lines > LINES_MAX)
        .map(|(lines, path)| format!("{path}: {lines} lines before its tests, at most {LINES_MAX}"))
        .collect();
    assert!(long.is_empty(), "\n{}", long.join("\n"));
}

#[test]
fn every_module_says_what_it_is() {
    let silent: Vec<String> = files(&[".rs"])
        .iter()
        .filter(|source| !source.text.starts_with("//!"))
        .map(|source| source.path.clone())
        .collect();
    assert!(
        silent.is_empty(),
        "without a first line of `//!`:\n{}",
        silent.join("\n")
    );
}

#[test]
fn no_test_waits_and_none_is_left_out() {
    // Spelled in two parts, so that this file does not hold them itself.
    let banned = [
        concat!("#[", "ignore"),
        concat!("thread::", "sleep"),
        concat!("time::", "sleep("),
        concat!("to", "do!("),
        concat!("unimple", "mented!("),
        concat!("assert!(", "true)"),
    ];
    let mut found = Vec::new();
    for source in files(&[".rs"]) {
        for (index, line) in source.text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for word in banned.iter().filter(|word| code.contains(**word)) {
                found.push(format!("{}:{}: {word}", source.path, index + 1));
            }
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn nothing_names_a_machine() {
    let banned = [
        concat!("/wo", "rk/"),
        concat!("/ro", "ot/"),
        concat!("/fa", "rm/"),
        concat!("/tmp/", "wt"),
    ];
    let mut found = Vec::new();
    for source in files(&[".rs", ".md", ".toml", ".json", "run", ".yml"]) {
        for (index, line) in source.text.lines().enumerate() {
            for word in banned.iter().filter(|word| line.contains(**word)) {
                found.push(format!("{}:{}: {word}", source.path, index + 1));
            }
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}
