//! A relay as a process, and the commands of its operator.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::{PhoneProcess, Said, binaries, run};

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
        Self::started(Command::new(binaries().join("yizhan")), data, listen, flags)
    }

    /// The same, from a shell that first does something that its process keeps: a limit, a signal
    /// that is ignored.
    ///
    /// # Panics
    /// If it does not come up.
    #[must_use]
    pub fn start_after(first: &str, data: &Path, listen: &str, flags: &[&str]) -> Self {
        let mut shell = Command::new("sh");
        shell
            .arg("-c")
            .arg(format!("{first}; exec \"$@\""))
            .arg("sh")
            .arg(binaries().join("yizhan"));
        Self::started(shell, data, listen, flags)
    }

    fn started(mut program: Command, data: &Path, listen: &str, flags: &[&str]) -> Self {
        let mut child = program
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

    /// Its data folder.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Runs an admin command of the operator against this relay, with `--json`.
    #[must_use]
    pub fn admin(&self, args: &[&str]) -> Said {
        let data = self.data.to_string_lossy().into_owned();
        let mut all = vec!["--data", &data, "--json"];
        all.extend_from_slice(args);
        run("yizhan", &all)
    }

    /// Runs an admin command of the operator as a person types it, without `--json`.
    #[must_use]
    pub fn typed(&self, args: &[&str]) -> Said {
        let data = self.data.to_string_lossy().into_owned();
        run("yizhan", &[&["--data", &data], args].concat())
    }

    /// Begins an admin command of the operator and leaves it running; what it says is not heard.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn begin(&self, args: &[&str]) -> Child {
        Command::new(binaries().join("yizhan"))
            .arg("--data")
            .arg(&self.data)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a command can be started")
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
