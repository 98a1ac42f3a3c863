//! Pieces of attachments over HTTP: `content-range` on the way up, `range` on the way down.

use ureq::Body;
use ureq::http::header::{AUTHORIZATION, CONTENT_RANGE, CONTENT_TYPE, RANGE};
use ureq::http::{Response, StatusCode};
use yizhan_proto::ContentHash;
use yizhan_proto::attachment::{Piece, Upload};
use yizhan_proto::codec::MEDIA_TYPE;

use super::{HttpTransport, TransportError, failed, not_served, read_body};

/// Sends one piece.
pub(super) fn put(
    http: &HttpTransport,
    token: &str,
    piece: &Piece,
) -> Result<Upload, TransportError> {
    let whole = piece.whole;
    let range = match u64::try_from(piece.bytes.len()).unwrap_or(u64::MAX) {
        0 => format!("bytes */{whole}"),
        len => format!("bytes {}-{}/{whole}", piece.at, piece.at + (len - 1)),
    };
    let response = http
        .agent
        .put(address(http, piece.sha256))
        .config()
        .timeout_recv_body(Some(http.timeouts.receive))
        .build()
        .header(CONTENT_TYPE, "application/octet-stream")
        .header("accept", MEDIA_TYPE)
        .header(CONTENT_RANGE, range)
        .header(AUTHORIZATION, format!("Bearer {token}"))
        .send(&piece.bytes[..])
        .map_err(failed)?;
    if response.status() != StatusCode::NO_CONTENT {
        return Err(not_served(response));
    }
    let have = header(&response, "upload-offset").and_then(|offset| offset.parse::<u64>().ok());
    match have {
        Some(have) if have <= whole => Ok(Upload {
            have,
            complete: header(&response, "upload-complete") == Some("?1"),
        }),
        Some(_) | None => Err(TransportError::garbled(
            "it does not say how much of the attachment it has; the app may be too old for this relay",
        )),
    }
}

/// Fetches one piece.
pub(super) fn get(
    http: &HttpTransport,
    token: &str,
    sha256: ContentHash,
    at: u64,
    len: usize,
) -> Result<Vec<u8>, TransportError> {
    let last = at.saturating_add(u64::try_from(len).unwrap_or(u64::MAX).max(1) - 1);
    let response = http
        .agent
        .get(address(http, sha256))
        .config()
        .timeout_recv_body(Some(http.timeouts.receive))
        .accept_encoding("identity")
        .build()
        .header("accept", MEDIA_TYPE)
        .header(RANGE, format!("bytes={at}-{last}"))
        .header(AUTHORIZATION, format!("Bearer {token}"))
        .call()
        .map_err(failed)?;
    if response.status() != StatusCode::PARTIAL_CONTENT {
        return Err(match response.status() {
            StatusCode::OK => {
                TransportError::garbled("it sent a whole attachment where a piece was asked for")
            }
            _ => not_served(response),
        });
    }
    let begins = header(&response, "content-range")
        .and_then(|range| range.strip_prefix("bytes ")?.split_once('-'))
        .and_then(|(from, _)| from.parse::<u64>().ok());
    if begins != Some(at) {
        return Err(TransportError::garbled(
            "it sent another piece of the attachment than was asked for",
        ));
    }
    let bytes = read_body(response, len)?;
    if bytes.is_empty() {
        return Err(TransportError::garbled("it sent an empty piece"));
    }
    Ok(bytes)
}

fn address(http: &HttpTransport, sha256: ContentHash) -> String {
    format!("{}/v1/attachments/{sha256}", http.relay)
}

fn header<'r>(response: &'r Response<Body>, name: &str) -> Option<&'r str> {
    response.headers().get(name)?.to_str().ok()
}
