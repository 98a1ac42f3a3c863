//! Real processes on real sockets: a relay and phones, as their users start them.
//!
//! Nothing here waits by sleeping: a relay is ready when it says so on its standard output, and a
//! command has finished when its process has ended. Every process is killed when its handle goes.

mod relay;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

pub use relay::RelayProcess;

/// The real stations of `data/network.json`.
pub const NETWORK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/network.json");

/// The folder of the built binaries. Built once a test run, with the profile of this test: the
/// binaries belong to other crates, and cargo promises them only to those crates' own tests.
///
/// # Panics
/// If they cannot be built.
pub fn binaries() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let test = std::env::current_exe().expect("a test knows its own file");
        let folder = test
            .ancestors()
            .find(|folder| folder.file_name().is_some_and(|name| name == "deps"))
            .and_then(Path::parent)
            .expect("a test lies in its profile's folder")
            .to_path_buf();
        let target = folder
            .parent()
            .expect("a profile's folder lies in the target folder");
        let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        build
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
            .args([
                "build",
                "--workspace",
                "--bins",
                "--features",
                "yizhan-client-core/cli",
                "--locked",
                "--quiet",
            ])
            .arg("--target-dir")
            .arg(target);
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        let status = build.status().expect("cargo runs");
        assert!(status.success(), "the binaries could not be built");
        folder
    })
}

/// What a finished command said.
#[derive(Debug)]
pub struct Said {
    /// Exit code, -1 if a signal ended it.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Said {
    fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The standard output of a command that succeeded, as JSON.
    ///
    /// # Panics
    /// If it failed, or said no JSON.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{self:?}");
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("not JSON ({e}): {self:?}"))
    }

    /// The `id` of what a command made or showed.
    ///
    /// # Panics
    /// If it failed, or named none.
    #[must_use]
    #[track_caller]
    pub fn id(&self) -> String {
        let json = self.json();
        json["id"]
            .as_str()
            .unwrap_or_else(|| panic!("no id in {json}"))
            .to_owned()
    }
}

/// Runs a program to its end, with nothing on its standard input.
///
/// # Panics
/// If it cannot be started.
#[must_use]
pub fn run(program: &str, args: &[&str]) -> Said {
    let output = Command::new(binaries().join(program))
        .args(args)
        .stdin(Stdio::null())
        .env_remove("RUST_LOG")
        .env("TZ", "Asia/Shanghai")
        .output()
        .unwrap_or_else(|e| panic!("{program} cannot be started: {e}"));
    Said::of(&output)
}

/// A phone: a home folder, and `yizhan-phone` run in it command by command.
#[derive(Debug)]
pub struct PhoneProcess {
    home: tempfile::TempDir,
}

impl PhoneProcess {
    /// A new phone that has never met a relay.
    ///
    /// # Panics
    /// If there is no room for its home.
    #[must_use]
    pub fn new() -> Self {
        Self {
            home: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    /// Its home folder.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Runs one command, with `--json`.
    #[must_use]
    pub fn run(&self, args: &[&str]) -> Said {
        let home = self.home.path().to_string_lossy().into_owned();
        let mut all = vec!["--home", &home, "--json"];
        all.extend_from_slice(args);
        run("yizhan-phone", &all)
    }

    /// Runs one command that must succeed, and gives its JSON.
    ///
    /// # Panics
    /// If it fails.
    #[must_use]
    #[track_caller]
    pub fn ok(&self, args: &[&str]) -> Value {
        let said = self.run(args);
        assert_eq!(said.code, 0, "{args:?}: {said:?}");
        said.json()
    }

    /// Runs one command as a person types it, without `--json`.
    #[must_use]
    pub fn typed(&self, args: &[&str]) -> Said {
        let home = self.home.path().to_string_lossy().into_owned();
        run("yizhan-phone", &[&["--home", &home], args].concat())
    }

    /// Syncs, which must succeed.
    ///
    /// # Panics
    /// If it fails.
    #[track_caller]
    pub fn sync(&self) {
        let said = self.run(&["sync"]);
        assert_eq!(said.code, 0, "{said:?}");
    }

    /// Starts a command and leaves it running, its standard output piped.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn start(&self, args: &[&str]) -> Child {
        Command::new(binaries().join("yizhan-phone"))
            .arg("--home")
            .arg(self.home.path())
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a phone can be started")
    }
}

impl Default for PhoneProcess {
    fn default() -> Self {
        Self::new()
    }
}
