//! CBOR messages, both ways. The first byte chooses which message the rest is taken for.

use std::fmt::Debug;

use minicbor::{Decode, Encode};
use yizhan_client_core::model::Outline;
use yizhan_proto::audit::{CheckReads, ReadsEntered};
use yizhan_proto::checkin::{CheckInCode, CheckInKit};
use yizhan_proto::identity::{Access, PairRequest, RegisterRequest, TokenRequest, Welcome};
use yizhan_proto::limits::{REQUEST_BYTES_MAX, RESPONSE_BYTES_MAX, SMALL_REQUEST_BYTES_MAX};
use yizhan_proto::outside::OutsidePairRequest;
use yizhan_proto::report::{SheetAnswer, SheetBody};
use yizhan_proto::sync::{Receipt, RepairAnswer, SyncRequest, SyncResponse};
use yizhan_proto::{Fault, codec};

use super::bytes::Draw;

/// One message: read, written and read again.
struct Message {
    name: &'static str,
    check: fn(&[u8]),
}

const MESSAGES: [Message; 17] = [
    message("sync_request", check_as::<SyncRequest, REQUEST_BYTES_MAX>),
    message(
        "sync_response",
        check_as::<SyncResponse, RESPONSE_BYTES_MAX>,
    ),
    message("fault", check_as::<Fault, SMALL_REQUEST_BYTES_MAX>),
    message(
        "pair_request",
        check_as::<PairRequest, SMALL_REQUEST_BYTES_MAX>,
    ),
    message(
        "register_request",
        check_as::<RegisterRequest, SMALL_REQUEST_BYTES_MAX>,
    ),
    message(
        "token_request",
        check_as::<TokenRequest, SMALL_REQUEST_BYTES_MAX>,
    ),
    message("welcome", check_as::<Welcome, RESPONSE_BYTES_MAX>),
    message("access", check_as::<Access, RESPONSE_BYTES_MAX>),
    message("receipt", check_as::<Receipt, RESPONSE_BYTES_MAX>),
    message("check_in_kit", check_as::<CheckInKit, RESPONSE_BYTES_MAX>),
    message(
        "check_in_code",
        check_as::<CheckInCode, SMALL_REQUEST_BYTES_MAX>,
    ),
    message("outline", check_as::<Outline, RESPONSE_BYTES_MAX>),
    message("check_reads", check_as::<CheckReads, REQUEST_BYTES_MAX>),
    message(
        "reads_entered",
        check_as::<ReadsEntered, RESPONSE_BYTES_MAX>,
    ),
    message("sheet_answer", check_as::<SheetAnswer, RESPONSE_BYTES_MAX>),
    message("sheet_body", check_as::<SheetBody, RESPONSE_BYTES_MAX>),
    message(
        "outside_pair_request",
        check_as::<OutsidePairRequest, SMALL_REQUEST_BYTES_MAX>,
    ),
];

const fn message(name: &'static str, check: fn(&[u8])) -> Message {
    Message { name, check }
}

/// What is read is written so that it is read the same, and in about as many bytes: what was read
/// takes no more memory than the message had bytes, by a small factor.
fn check_as<T, const BYTES_MAX: usize>(bytes: &[u8])
where
    T: Encode<()> + for<'b> Decode<'b, ()> + PartialEq + Debug,
{
    let Ok(message) = codec::decode::<T>(bytes, BYTES_MAX) else {
        return;
    };
    let written = codec::encode(&message);
    let again = codec::decode::<T>(&written, RESPONSE_BYTES_MAX * 2).expect("its own bytes");
    assert_eq!(again, message);
    assert_eq!(codec::encode(&again), written, "one form");
    assert!(
        written.len() <= bytes.len() * 4 + 64,
        "{} bytes of {}",
        written.len(),
        bytes.len()
    );
}

/// Each message is read as what was written, or refused.
///
/// # Panics
/// If not.
pub fn check(bytes: &[u8]) {
    let mut draw = Draw(bytes);
    (MESSAGES[draw.index(MESSAGES.len())].check)(draw.0);
    // Whatever it is, it is not taken for an answer to a repair by accident.
    let _ = codec::decode::<RepairAnswer>(draw.0, RESPONSE_BYTES_MAX);
}

/// The messages that the protocol pins.
#[must_use]
pub fn seeds() -> Vec<(String, Vec<u8>)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto/tests/golden");
    let golden = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut seeds = Vec::new();
    for file in golden {
        let name = file.file_name().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(file.path()).unwrap_or_default();
        let Some(bytes) = from_hex(&text).filter(|_| name.ends_with(".hex")) else {
            continue;
        };
        let wanted = |message: &Message| name.starts_with(message.name);
        if let Some(at) = MESSAGES.iter().position(wanted) {
            let mut seed = vec![u8::try_from(at).unwrap_or_default()];
            seed.extend(bytes);
            seeds.push((name.trim_end_matches(".hex").to_owned(), seed));
        }
    }
    seeds.sort();
    seeds
}

/// The digits of a golden file; what stands behind a `#` is for people.
fn from_hex(text: &str) -> Option<Vec<u8>> {
    let lines = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default());
    let digits: Option<Vec<u8>> = lines
        .flat_map(str::chars)
        .filter(|digit| !digit.is_whitespace())
        .map(|digit| {
            digit
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        })
        .collect();
    let pairs = digits?;
    Some(
        pairs
            .chunks(2)
            .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
            .collect(),
    )
}
