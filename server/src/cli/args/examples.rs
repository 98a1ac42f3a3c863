//! Every example of every help text, and every command of the handbook, is understood as it stands.

use std::path::Path;

use clap::{Command, CommandFactory as _, Parser as _};

use super::Args;

/// The words of a line as a shell reads them. What explains it begins behind two spaces; a file that is
/// read or written, behind `<` or `>`; a remark, behind `#`.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            (end, Some(begun)) if end == begun => quote = None,
            (inside, Some(_)) => word.get_or_insert_default().push(inside),
            ('\'' | '"', None) => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (' ', None) => {
                words.extend(word.take());
                if letters.peek() == Some(&' ') {
                    break;
                }
            }
            ('<' | '>' | '#' | '|', None) if word.is_none() => break,
            (plain, None) => word.get_or_insert_default().push(plain),
        }
    }
    words.extend(word);
    words
}

/// The lines of a text that call the program.
fn calls(text: &str) -> Vec<String> {
    let whole = text.replace("\\\n", " ");
    let lines = whole.lines().map(str::trim);
    let lines = lines.map(|line| line.strip_prefix("$ ").unwrap_or(line));
    lines
        .filter(|line| *line == "yizhan" || line.starts_with("yizhan "))
        .map(str::to_owned)
        .collect()
}

/// The examples in the help of a command and of all below it.
fn examples(command: &Command, found: &mut Vec<String>) {
    for help in [command.get_after_help(), command.get_after_long_help()] {
        found.extend(help.map_or_else(Vec::new, |help| calls(&help.to_string())));
    }
    for below in command.get_subcommands() {
        examples(below, found);
    }
}

/// The lines that are not understood, each with why.
fn wrong(lines: &[String]) -> Vec<String> {
    // What stands for a hash that was written down.
    let hash = |word: String| {
        if word == "HASH" { "0".repeat(64) } else { word }
    };
    let parsed = |line: &String| match Args::try_parse_from(words(line).into_iter().map(hash)) {
        Ok(_) => None,
        Err(error) => Some(format!("{line}\n{error}")),
    };
    lines.iter().filter_map(parsed).collect()
}

#[test]
fn every_example_of_the_help_is_understood() {
    let mut lines = Vec::new();
    examples(&Args::command(), &mut lines);
    assert!(lines.len() > 70, "{} examples are found", lines.len());
    let wrong = wrong(&lines);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_command_of_the_handbook_is_understood() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut lines = Vec::new();
    for file in ["README.md", "docs/OPERATIONS.md", "docs/PRIVACY.md"] {
        let text = std::fs::read_to_string(root.join(file)).unwrap();
        // Blocks of code stand between lines of three marks.
        let blocks = text.split("```").skip(1).step_by(2);
        blocks.for_each(|block| lines.extend(calls(block)));
    }
    assert!(lines.len() > 20, "{} commands are found", lines.len());
    let wrong = wrong(&lines);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_line_is_read_as_a_shell_reads_it() {
    let read = words("yizhan erase 李 --ground 'in writing, \"x\"' --yes   and so on");
    assert_eq!(
        read,
        [
            "yizhan",
            "erase",
            "李",
            "--ground",
            "in writing, \"x\"",
            "--yes"
        ]
    );
    assert_eq!(words("yizhan status # now"), ["yizhan", "status"]);
    assert_eq!(words("yizhan status > file"), ["yizhan", "status"]);
    let wrong = wrong(&["yizhan status --colour".to_owned()]);
    assert!(wrong[0].contains("--colour"), "{wrong:?}");
}
