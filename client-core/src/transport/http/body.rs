//! Bodies of answers: decompressed within bounds, and read as messages.

use std::io::Read;

use minicbor::Decode;
use ureq::Body;
use ureq::http::Response;
use ureq::http::header::CONTENT_ENCODING;
use yizhan_proto::codec::{self, MEDIA_TYPE};

use super::{TransportError, check_media_type, failed};

/// The largest zstd window that is decompressed, as a power of two: 8 MiB, what the format
/// recommends every decoder to take.
const WINDOW_LOG_MAX: u32 = 23;

/// The message of an answer, of at most `bytes_max` bytes.
pub(super) fn read_message<A>(
    response: Response<Body>,
    path: &str,
    bytes_max: usize,
) -> Result<A, TransportError>
where
    A: for<'b> Decode<'b, ()>,
{
    check_media_type(&response, MEDIA_TYPE)?;
    let bytes = read_body(response, bytes_max)?;
    codec::decode(&bytes, bytes_max).map_err(|error| TransportError::Garbled {
        what: format!(
            "its answer to {path} cannot be read ({error}); the app may be too old for this relay"
        ),
        source: Some(error.into()),
    })
}

/// A body, decompressed, of at most `bytes_max` bytes.
pub(super) fn read_body(
    response: Response<Body>,
    bytes_max: usize,
) -> Result<Vec<u8>, TransportError> {
    // gzip was undone on the way, and its header with it.
    let encoding = response
        .headers()
        .get(CONTENT_ENCODING)
        .map(|value| value.to_str().unwrap_or("?").trim().to_ascii_lowercase());
    let body = response.into_body().into_reader();
    match encoding.as_deref() {
        None | Some("identity") => read_bounded(body, bytes_max),
        Some("zstd") => {
            let mut decoder = zstd::stream::read::Decoder::new(body).map_err(undecodable)?;
            decoder
                .window_log_max(WINDOW_LOG_MAX)
                .map_err(undecodable)?;
            read_bounded(decoder, bytes_max)
        }
        Some(other) => Err(TransportError::garbled(format!(
            "it is encoded as {other:.20}, which was not asked for"
        ))),
    }
}

fn undecodable(error: std::io::Error) -> TransportError {
    TransportError::Garbled {
        what: "its answer cannot be decompressed".to_owned(),
        source: Some(error.into()),
    }
}

fn read_bounded(body: impl Read, bytes_max: usize) -> Result<Vec<u8>, TransportError> {
    let mut bytes = Vec::new();
    let bound = u64::try_from(bytes_max).unwrap_or(u64::MAX);
    body.take(bound.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| failed(error.into()))?;
    if bytes.len() > bytes_max {
        return Err(TransportError::garbled(format!(
            "its answer is larger than {bytes_max} bytes"
        )));
    }
    Ok(bytes)
}
