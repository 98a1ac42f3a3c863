//! `yizhan serve`: a relay in this process, until it is asked to stop.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use super::args::Serve;
use super::{Failure, Output, text};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::edge::LimitsFile;
use crate::outside::OutsideConfig;
use crate::relay::Calendar;
use crate::{Running, shutdown, telemetry};

/// Bytes of a file of settings that are read.
const FILE_BYTES_MAX: u64 = 256 * 1024;

/// What a start says to a program.
#[derive(Debug, Serialize)]
struct Started {
    /// The relay's own device id.
    id: String,
    /// Where phones reach it.
    url: String,
    /// Where it listens.
    listen: String,
    /// Where it serves metrics.
    metrics: Option<String>,
}

pub(super) fn serve(data: &Path, args: &Serve, output: &mut Output) -> Result<(), Failure> {
    telemetry::log(&args.log, args.log_format)?;
    let config = config(data, args)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Process("no threads to run on", error))?;
    let result = runtime.block_on(async {
        let running = crate::serve(config, Arc::new(SystemClock::new())).await?;
        // Told again until somebody is added: a first start may have found its port taken.
        let nobody = running
            .relay
            .status()
            .await
            .is_ok_and(|status| status.people == 0);
        // A relay whose greeting nobody reads serves all the same.
        match greet(&running, data, args, nobody, output).and_then(|()| output.flush()) {
            Ok(()) | Err(Failure::Closed) => {}
            Err(failure) => return Err(failure),
        }
        shutdown::asked()
            .await
            .map_err(|error| Failure::Process("signals cannot be heard", error))?;
        tokio::spawn(async {
            if shutdown::asked().await.is_ok() {
                std::process::exit(1);
            }
        });
        running.shutdown().await;
        Ok(())
    });
    // Whatever still runs has had its deadline.
    runtime.shutdown_background();
    result
}

/// What the options and the files they name come to.
fn config(data: &Path, args: &Serve) -> Result<Config, Failure> {
    let mut config = Config {
        listen: args.listen,
        metrics_listen: args.metrics_listen.0,
        public_url: args.public_url.clone(),
        ..Config::new(data)
    };
    config.relay.restored = args.restored;
    config.relay.backup_days = args.backup_days;
    for keep in &args.keep {
        config.relay.periods.set(*keep);
    }
    if let Some(file) = &args.calendar {
        let (text, path) = read(file)?;
        config.relay.calendar =
            Calendar::from_json(&text).map_err(|source| Failure::Calendar { path, source })?;
    }
    if let Some(file) = &args.limits {
        let (text, path) = read(file)?;
        LimitsFile::from_json(&text)
            .map_err(|source| Failure::Limits { path, source })?
            .apply(&mut config.http, &mut config.relay.quotas);
    }
    if let Some(file) = &args.oidc {
        let (text, path) = read(file)?;
        let folder = file.parent().unwrap_or(Path::new(""));
        let outside = OutsideConfig::from_json(&text, folder)
            .map_err(|source| Failure::Outside { path, source })?;
        config.outside = Some(outside);
    }
    config
        .http
        .trusted_proxies
        .clone_from(&args.trusted_proxies);
    Ok(config)
}

/// Reads a file of settings, no more of it than one may have.
fn read(file: &Path) -> Result<(String, String), Failure> {
    let path = file.display().to_string();
    let mut text = String::new();
    File::open(file)
        .and_then(|file| file.take(FILE_BYTES_MAX).read_to_string(&mut text))
        .map_err(|source| Failure::Unreadable {
            path: path.clone(),
            source,
        })?;
    Ok((text, path))
}

fn greet(
    running: &Running,
    data: &Path,
    args: &Serve,
    nobody: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    let started = Started {
        id: running.relay.device_id().to_string(),
        url: running.url.clone(),
        listen: running.addr.to_string(),
        metrics: running.metrics_addr.map(|address| address.to_string()),
    };
    let colours = output.is_terminal();
    output.say(&started, |started| {
        let mut text = format!(
            "Yizhan relay {} on {}\nlistening on http://{}\n",
            env!("CARGO_PKG_VERSION"),
            data.display(),
            started.listen
        );
        if let Some(metrics) = &started.metrics {
            text.push_str(&format!("metrics on http://{metrics}/metrics\n"));
        }
        text.push_str(&format!("phones reach it at {}\n", started.url));
        if args.public_url.is_none() && running.addr.ip().is_loopback() {
            text.push_str(
                "  only on this machine; for phones on the network: yizhan serve --listen 0.0.0.0:8787\n",
            );
        }
        if nobody {
            text.push_str(&next_steps(data, &started.url, colours));
        }
        text
    })
}

fn next_steps(data: &Path, url: &str, colours: bool) -> String {
    let option = if data == Path::new("./yizhan-data") {
        String::new()
    } else {
        format!(" --data '{}'", data.display())
    };
    format!(
        "\n{}\n\
         The data folder and its keys are made, and nobody is in it yet. Next, in another terminal:\n\n\
         1. Bring in stations:\n     yizhan{option} station import data/network.json\n\
         2. Add a keeper and a driver:\n     yizhan{option} person add --name 王站长 --role keeper@zy-xinglongsheng\n     yizhan{option} person add --name 李师傅 --role driver\n\
         3. Pair the driver's phone (the code is shown once, with a QR):\n     yizhan{option} pair 李师傅\n\
         4. Let drivers register by themselves at the counter:\n     yizhan{option} station qr zy-xinglongsheng\n\n\
         Ctrl-C stops the relay. Keep a backup of {}.\n",
        text::qr(url, colours),
        data.display()
    )
}
