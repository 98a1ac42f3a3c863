//! Links in the documentation lead somewhere.

use crate::source::{files, root};

/// The targets of `[text](target)` in a line.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
}

/// A heading as it is linked to: lower case, spaces as hyphens, other marks left out.
fn anchor(heading: &str) -> String {
    heading
        .trim_start_matches('#')
        .trim()
        .to_lowercase()
        .chars()
        .filter_map(|c| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
            _ => None,
        })
        .collect()
}

#[test]
fn no_link_is_dead() {
    let documents = files(&[".md"]);
    let mut dead = Vec::new();
    for document in &documents {
        let folder = root().join(&document.path);
        let folder = folder.parent().expect("a file lies in a folder");
        for (index, line) in document.text.lines().enumerate() {
            for target in targets(line)
                .filter(|target| !target.contains("://") && !target.starts_with("mailto:"))
            {
                let (path, heading) = target.split_once('#').unwrap_or((target, ""));
                let file = if path.is_empty() {
                    root().join(&document.path)
                } else {
                    folder.join(path)
                };
                let found = file.exists()
                    && (heading.is_empty()
                        || std::fs::read_to_string(&file).is_ok_and(|text| {
                            text.lines()
                                .any(|line| line.starts_with('#') && anchor(line) == heading)
                        }));
                if !found {
                    dead.push(format!("{}:{} links to {target}", document.path, index + 1));
                }
            }
        }
    }
    assert!(dead.is_empty(), "\n{}", dead.join("\n"));
}

#[test]
fn the_link_reader_reads_links() {
    assert_eq!(
        targets("see [a](b.md) and [c](d.md#e-f)").collect::<Vec<_>>(),
        ["b.md", "d.md#e-f"]
    );
    assert_eq!(
        anchor("## A sync round, and `more`"),
        "a-sync-round-and-more"
    );
}
