//! Reports over HTTP: what is asked for stands in the address.

use ureq::http::StatusCode;
use ureq::http::header::AUTHORIZATION;
use yizhan_proto::codec::MEDIA_TYPE;
use yizhan_proto::limits::SHEET_BYTES_MAX;
use yizhan_proto::report::{SheetAnswer, SheetRequest};

use super::{HttpTransport, TransportError, failed, not_served, read_message};

/// Bytes of an answer besides the sheet.
const AROUND_BYTES_MAX: usize = 1024;

/// Asks for one report.
pub(super) fn get(
    http: &HttpTransport,
    token: &str,
    request: &SheetRequest,
) -> Result<SheetAnswer, TransportError> {
    let mut call = http
        .agent
        .get(format!("{}/v1/report", http.relay))
        .config()
        .timeout_recv_body(Some(http.timeouts.receive))
        .build()
        .header("accept", MEDIA_TYPE)
        .header(AUTHORIZATION, format!("Bearer {token}"))
        .query("what", &request.what)
        .query("region", request.region.to_string());
    if let Some((from, to)) = &request.months {
        call = call.query("from", from).query("to", to);
    }
    if let Some(have) = request.have {
        call = call.query("have", have.to_string());
    }
    let response = call.call().map_err(failed)?;
    if response.status() != StatusCode::OK {
        return Err(not_served(response));
    }
    read_message(response, "/v1/report", SHEET_BYTES_MAX + AROUND_BYTES_MAX)
}
