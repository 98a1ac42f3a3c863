//! The project's files, as the tidy tests read them.

use std::path::{Path, PathBuf};

/// One text file of the project.
pub(crate) struct Source {
    /// From the project's root, with `/`.
    pub(crate) path: String,
    /// As it stands.
    pub(crate) text: String,
}

impl Source {
    /// The code lines before the tests at its end, comments left out; numbered from 1.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .take_while(|line| line.trim_end() != "#[cfg(test)]")
            .enumerate()
            .map(|(index, line)| (index + 1, line.split("//").next().unwrap_or_default()))
    }

    /// Whether the file is nothing but a module's tests.
    pub(crate) fn is_tests(&self) -> bool {
        self.path.ends_with("/tests.rs")
            || self.path.contains("/src/") && self.path.contains("/tests/")
    }

    /// Lines before the tests at its end, comments included.
    pub(crate) fn lines_without_tests(&self) -> usize {
        self.text
            .lines()
            .take_while(|line| line.trim_end() != "#[cfg(test)]")
            .count()
    }
}

/// The project's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests crate lies in the project")
        .to_path_buf()
}

/// Every file of the project whose name ends with one of `endings`, in order of path; build
/// output, version control and data folders left out.
pub(crate) fn files(endings: &[&str]) -> Vec<Source> {
    let root = root();
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the project can be read") {
            let path = entry.expect("a folder entry can be read").path();
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            if path.is_dir() {
                let skipped = ["target", ".git", "yizhan-data", "corpus", "artifacts"];
                if !skipped.contains(&name) {
                    folders.push(path);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                let relative = path.strip_prefix(&root).expect("it lies in the root");
                found.push(Source {
                    path: relative.to_string_lossy().replace('\\', "/"),
                    text: std::fs::read_to_string(&path).expect("a source file is UTF-8"),
                });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!found.is_empty(), "no file ends with any of {endings:?}");
    found
}
