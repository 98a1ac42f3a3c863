//! Check-in codes: what a keeper's camera reads, verified with no network.
//!
//! The first byte chooses: a text as scanned; the bytes behind a text; a genuine code with bytes
//! changed and the text around it made to fit; the kit of the verifying phone; the time.

use ed25519_dalek::{Signer, SigningKey};
use yizhan_client_core::checkin::{Finding, verify};
use yizhan_proto::checkin::{
    Certificate, CheckInCode, CheckInKit, PREFIX, RelayKey, certified_name,
};
use yizhan_proto::limits::{CODE_CHARS_MAX, CODE_LIFE_MS, RESPONSE_BYTES_MAX};
use yizhan_proto::{DeviceId, DocumentId, Nonce, PersonId, Timestamp, codec};

use super::bytes::{Draw, base64url};

const NOW: Timestamp = Timestamp::from_ms(1_793_577_600_000);

/// A genuine code and the kit that vouches for it.
fn genuine() -> (CheckInCode, CheckInKit) {
    let (relay, device) = (
        SigningKey::from_bytes(&[7; 32]),
        SigningKey::from_bytes(&[8; 32]),
    );
    let mut certificate = Certificate {
        device: DeviceId::from_bytes([1; 16]),
        person: PersonId::from_bytes([2; 16]),
        name: certified_name("李师傅"),
        public_key: device.verifying_key().to_bytes(),
        not_after: NOW.saturating_add_ms(86_400_000),
        signature: [0; 64],
    };
    certificate.signature = relay.sign(&certificate.signed_bytes()).to_bytes();
    let mut code = CheckInCode::unsigned(
        certificate.clone(),
        NOW,
        NOW.saturating_add_ms(CODE_LIFE_MS),
        Nonce::from_bytes([3; 16]),
        Some(DocumentId::from_bytes([4; 16])),
    );
    code.signature = device.sign(&code.signed_bytes()).to_bytes();
    let kit = CheckInKit {
        certificate,
        relay_keys: vec![RelayKey(relay.verifying_key().to_bytes())],
        revoked: Vec::new(),
    };
    (code, kit)
}

/// What the signatures cover cannot be changed: a code is believed (whatever its time) only if it
/// is the genuine one, letter by letter, and the kit has the relay's key.
///
/// # Panics
/// If not.
pub fn check(bytes: &[u8]) {
    let (code, kit) = genuine();
    let mut draw = Draw(bytes);
    match draw.byte() % 5 {
        0 => check_text(&String::from_utf8_lossy(draw.0), &code, &kit),
        1 => check_text(&format!("{PREFIX}{}", base64url(draw.0)), &code, &kit),
        2 => {
            let mut changed = codec::encode(&code);
            while !draw.is_empty() {
                let at = usize::from(draw.word()) % changed.len();
                changed[at] ^= draw.byte();
            }
            check_text(&format!("{PREFIX}{}", base64url(&changed)), &code, &kit);
        }
        3 => {
            let Ok(other) = codec::decode::<CheckInKit>(draw.0, RESPONSE_BYTES_MAX) else {
                return;
            };
            let found = verify(&code, Some(&other), NOW).finding;
            let vouched = other.relay_keys.contains(&kit.relay_keys[0]);
            assert!(vouched || is_doubted(found), "{found:?}");
        }
        _ => {
            let now = Timestamp::from_ms(draw.number());
            let found = verify(&code, Some(&kit), now).finding;
            let shown = (code.issued_at.as_ms() - 30_000)..=(code.expires_at.as_ms() + 30_000);
            assert_eq!(
                found == Finding::Ok,
                shown.contains(&now.as_ms()),
                "{now:?}: {found:?}"
            );
        }
    }
}

const fn is_doubted(finding: Finding) -> bool {
    matches!(finding, Finding::Unverified(_))
}

fn check_text(text: &str, genuine: &CheckInCode, kit: &CheckInKit) {
    let Ok(read) = CheckInCode::from_text(text) else {
        return;
    };
    assert!(text.len() <= CODE_CHARS_MAX);
    assert_eq!(read.to_string(), text, "one text for each content");
    let checked = verify(&read, Some(kit), NOW);
    assert!(!checked.name.contains(['\n', '\r', '\0']));
    assert_eq!(
        !is_doubted(checked.finding),
        read == *genuine,
        "{checked:?}"
    );
    let alone = verify(&read, None, Timestamp::from_ms(i64::MIN)).finding;
    assert!(is_doubted(alone), "without a key nothing is believed");
}

/// The genuine code in each reading.
#[must_use]
pub fn seeds() -> Vec<(String, Vec<u8>)> {
    let (code, kit) = genuine();
    let seed =
        |name: &str, choice: u8, bytes: &[u8]| (name.to_owned(), [&[choice][..], bytes].concat());
    vec![
        seed("text", 0, code.to_string().as_bytes()),
        seed("bytes", 1, &codec::encode(&code)),
        seed("untouched", 2, &[]),
        seed("one-flip", 2, &[9, 0, 1]),
        seed("kit", 3, &codec::encode(&kit)),
        seed("earliest", 4, &[3]),
        seed("latest", 4, &[4]),
        seed("version-2", 0, b"YZ2:abc"),
    ]
}
