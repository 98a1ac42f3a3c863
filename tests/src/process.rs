//! Real processes on real sockets: a relay and phones, as their users start them.
//!
//! Nothing here waits by sleeping: a relay is ready when it says so on its standard output, and a
//! command has finished when its process has ended. Every process is killed when its handle goes.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

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
                "--all-features",
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

/// A relay process on loopback.
#[derive(Debug)]
pub struct RelayProcess {
    child: Child,
    data: PathBuf,
    address: String,
    log: Option<std::thread::JoinHandle<String>>,
    /// What it said before it was ready.
    pub greeting: String,
}

impl RelayProcess {
    /// Starts a relay on a data folder, on a free port, and waits until it listens.
    ///
    /// # Panics
    /// If it does not come up.
    #[must_use]
    pub fn start(data: &Path) -> Self {
        Self::start_on(data, "127.0.0.1:0")
    }

    /// Starts a relay on a data folder and an address.
    ///
    /// # Panics
    /// If it does not come up.
    #[must_use]
    pub fn start_on(data: &Path, listen: &str) -> Self {
        Self::start_with(data, listen, &[])
    }

    /// Starts a relay on a data folder and an address, with further flags.
    ///
    /// # Panics
    /// If it does not come up.
    #[must_use]
    pub fn start_with(data: &Path, listen: &str, flags: &[&str]) -> Self {
        let mut child = Command::new(binaries().join("yizhan"))
            .args([
                "serve",
                "--listen",
                listen,
                "--metrics-listen",
                "127.0.0.1:0",
                "--data",
            ])
            .arg(data)
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .env_remove("RUST_LOG")
            .spawn()
            .expect("the relay can be started");
        let stderr = child.stderr.take().expect("its standard error is piped");
        // Drained, so that the relay never waits for a reader of its log.
        let log = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = BufReader::new(stderr).read_to_string(&mut text);
            text
        });
        let mut stdout = BufReader::new(child.stdout.take().expect("its standard output is piped"));
        let mut greeting = String::new();
        let address = loop {
            let mut line = String::new();
            if stdout.read_line(&mut line).unwrap_or(0) == 0 {
                let _ = child.wait();
                panic!(
                    "the relay ended early: {greeting}{}",
                    log.join().unwrap_or_default()
                );
            }
            greeting.push_str(&line);
            if let Some(address) = address_in(&line) {
                break address;
            }
        };
        std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
        Self {
            child,
            data: data.to_path_buf(),
            address,
            log: Some(log),
            greeting,
        }
    }

    /// Its address, `127.0.0.1:PORT`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Runs an admin command of the operator against this relay, with `--json`.
    #[must_use]
    pub fn admin(&self, args: &[&str]) -> Said {
        let data = self.data.to_string_lossy().into_owned();
        let mut all = vec!["--data", &data, "--json"];
        all.extend_from_slice(args);
        run("yizhan", &all)
    }

    /// Pairs a new phone with a new person of these roles.
    ///
    /// # Panics
    /// If any step fails.
    #[must_use]
    #[track_caller]
    pub fn phone_of(&self, name: &str, roles: &[&str]) -> PhoneProcess {
        let mut args = vec!["person", "add", "--name", name];
        for role in roles {
            args.extend_from_slice(&["--role", role]);
        }
        let person = self.admin(&args).id();
        let phone = PhoneProcess::new();
        self.pair(&phone, &person);
        phone
    }

    /// Pairs a phone with a person.
    ///
    /// # Panics
    /// If it fails.
    #[track_caller]
    pub fn pair(&self, phone: &PhoneProcess, person: &str) {
        let code = self.admin(&["pair", person]).json();
        let code = code["code"].as_str().expect("pair gives a code").to_owned();
        let said = phone.run(&["pair", &self.url(), &code]);
        assert_eq!(said.code, 0, "{said:?}");
    }

    /// Kills it as the power does: SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().expect("a running process can be killed");
        self.child.wait().expect("it ends");
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop, as a service manager does (SIGTERM), and waits for its end.
    ///
    /// # Panics
    /// If it cannot be asked.
    #[must_use]
    pub fn stop(self) -> i32 {
        self.stop_and_hear().0
    }

    /// The same, with all that it wrote to its log.
    ///
    /// # Panics
    /// If it cannot be asked.
    #[must_use]
    pub fn stop_and_hear(mut self) -> (i32, String) {
        let asked = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        assert!(
            asked.is_ok_and(|status| status.success()),
            "the relay can be signalled"
        );
        let status = self.child.wait().expect("it ends");
        let log = self.log.take().and_then(|log| log.join().ok());
        (status.code().unwrap_or(-1), log.unwrap_or_default())
    }
}

impl Drop for RelayProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The first `127.0.0.1:PORT` behind `http://` in a line.
fn address_in(line: &str) -> Option<String> {
    let rest = line.split("http://").nth(1)?;
    let address: String = rest
        .chars()
        .take_while(|c| c.is_ascii_digit() || matches!(c, '.' | ':'))
        .collect();
    let port = address.rsplit(':').next()?;
    (address.contains(':') && port.parse::<u16>().is_ok()).then_some(address)
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

#[cfg(test)]
mod tests {
    use super::address_in;

    #[test]
    fn the_address_is_found_in_a_greeting() {
        assert_eq!(
            address_in("listening on http://127.0.0.1:8787/ now"),
            Some("127.0.0.1:8787".into())
        );
        assert_eq!(address_in("see http://example.org/x"), None);
        assert_eq!(address_in("127.0.0.1:8787"), None);
    }
}
