//! `export`: what a person takes along, as JSON, as CSV or as a FHIR bundle.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use serde_json::json;
use yizhan_client_core::Client;
use yizhan_client_core::error::ClientError;
use yizhan_client_core::store::StoreError;
use yizhan_client_core::store::export::fhir::FhirOptions;
use yizhan_proto::Timestamp;

use crate::failure::Failure;
use crate::output::{Output, count, private_file, written};

/// What is written.
#[derive(Debug, Clone, Copy)]
enum Form {
    Json,
    Fhir { with_name: bool },
}

pub(crate) fn export(
    client: &Client,
    file: Option<&Path>,
    format: &str,
    with_name: bool,
    output: Output,
) -> Result<(), Failure> {
    if with_name && format != "fhir" {
        return Err(Failure::usage("--with-name is for --format fhir"));
    }
    let form = match (format, file) {
        ("csv", Some(folder)) => return csv(client, folder, output),
        ("fhir", _) => Form::Fhir { with_name },
        _ => Form::Json,
    };
    let Some(path) = file else {
        let mut out = BufWriter::new(io::stdout().lock());
        export_to(client, form, &mut out)?;
        return Ok(());
    };
    // Written beside and renamed, so that a half export never stands under the name.
    let partial = beside(path);
    let documents = match export_to_file(client, form, &partial, path) {
        Ok(documents) => documents,
        Err(failure) => {
            // Whether it can be removed changes nothing about what is told.
            let _ = std::fs::remove_file(&partial);
            return Err(failure);
        }
    };
    told(client, path, documents, output)
}

fn told(client: &Client, path: &Path, documents: u64, output: Output) -> Result<(), Failure> {
    let person = client.device()?.person.to_string();
    let value = json!({ "id": person, "file": path.display().to_string(), "documents": documents });
    output.result(&value, || {
        format!(
            "{} written to {}\n",
            count(documents, "document"),
            path.display()
        )
    })
}

fn csv(client: &Client, folder: &Path, output: Output) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(Failure::Output)?;
    let mut open = |name: &str| -> io::Result<Box<dyn Write>> {
        Ok(Box::new(private_file(&folder.join(name))?))
    };
    let documents = client
        .export_csv(&mut open, &exact_local)
        .map_err(export_failed)?;
    told(client, folder, documents, output)
}

fn export_to_file(
    client: &Client,
    form: Form,
    partial: &Path,
    path: &Path,
) -> Result<u64, Failure> {
    let file = private_file(partial).map_err(Failure::Output)?;
    let mut out = BufWriter::new(&file);
    let documents = export_to(client, form, &mut out)?;
    drop(out);
    file.sync_all()
        .and_then(|()| std::fs::rename(partial, path))
        .map_err(Failure::Output)?;
    Ok(documents)
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    path.with_file_name(name)
}

fn export_to(client: &Client, form: Form, out: &mut dyn Write) -> Result<u64, Failure> {
    let exported = match form {
        Form::Json => client.export(out),
        Form::Fhir { with_name } => {
            let options = FhirOptions {
                time: &exact_local,
                now: client.clock().now(),
                with_name,
            };
            client.export_fhir(out, options)
        }
    };
    let documents = exported.map_err(export_failed)?;
    out.flush().map_err(written)?;
    Ok(documents)
}

fn export_failed(error: ClientError) -> Failure {
    if let ClientError::Store(StoreError::Export(error)) = error {
        written(error)
    } else {
        Failure::Client(error)
    }
}

/// A time to the second in the time zone of this machine, with its offset.
fn exact_local(time: Timestamp) -> String {
    let exact = jiff::Timestamp::from_millisecond(time.as_ms()).unwrap_or_default();
    let zoned = exact.to_zoned(TimeZone::system());
    zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}
