//! What is believed of a code, and what is not.

use ed25519_dalek::{Signer, SigningKey};
use proptest::prelude::*;
use yizhan_proto::checkin::Certificate;
use yizhan_proto::limits::CERTIFICATE_LIFE_MS;

use super::*;

const NOW: Timestamp = Timestamp::from_ms(1_795_000_000_000);

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn certificate(relay: &SigningKey, device: &SigningKey) -> Certificate {
    let mut certificate = Certificate {
        device: DeviceId::from_bytes([2; 16]),
        person: PersonId::from_bytes([4; 16]),
        name: "李师傅".into(),
        public_key: device.verifying_key().to_bytes(),
        not_after: NOW.saturating_add_ms(CERTIFICATE_LIFE_MS),
        signature: [0; 64],
    };
    certificate.signature = relay.sign(&certificate.signed_bytes()).to_bytes();
    certificate
}

fn signed(device: &SigningKey, mut code: CheckInCode) -> CheckInCode {
    code.signature = device.sign(&code.signed_bytes()).to_bytes();
    code
}

fn shown_with(certificate: Certificate, life_ms: i64) -> CheckInCode {
    let until = NOW.saturating_add_ms(life_ms);
    let nonce = Nonce::from_bytes([7; 16]);
    signed(
        &key(2),
        CheckInCode::unsigned(certificate, NOW, until, nonce, None),
    )
}

fn shown() -> CheckInCode {
    shown_with(certificate(&key(1), &key(2)), CODE_LIFE_MS)
}

fn kit() -> CheckInKit {
    CheckInKit {
        certificate: certificate(&key(1), &key(3)),
        relay_keys: vec![RelayKey(key(1).verifying_key().to_bytes())],
        revoked: vec![DeviceId::from_bytes([0xee; 16])],
    }
}

fn found(code: &CheckInCode, kit: &CheckInKit, after_ms: i64) -> Finding {
    verify(code, Some(kit), NOW.saturating_add_ms(after_ms)).finding
}

#[test]
fn a_code_is_believed_for_its_90_seconds_and_what_clocks_may_differ() {
    let (code, kit) = (shown(), kit());
    let checked = verify(&code, Some(&kit), NOW);
    assert_eq!(checked.finding, Finding::Ok);
    assert_eq!(checked.driver, PersonId::from_bytes([4; 16]));
    assert_eq!(checked.name, "李师傅");
    assert_eq!(checked.nonce, Nonce::from_bytes([7; 16]));
    for (after_ms, expected) in [
        (-30_001, Finding::NotYetValid),
        (-30_000, Finding::Ok),
        (89_999, Finding::Ok),
        (120_000, Finding::Ok),
        (120_001, Finding::Expired),
        (i64::MAX, Finding::Unverified(Doubt::CertificateExpired)),
        (i64::MIN, Finding::NotYetValid),
    ] {
        assert_eq!(
            found(&code, &kit, after_ms),
            expected,
            "after {after_ms} ms"
        );
    }
}

#[test]
fn a_screenshot_of_yesterday_has_expired() {
    assert_eq!(
        found(&shown(), &kit(), 24 * 60 * 60 * 1000),
        Finding::Expired
    );
}

#[test]
fn a_revoked_device_is_told_from_an_expired_code() {
    let mut kit = kit();
    kit.revoked.push(DeviceId::from_bytes([2; 16]));
    assert_eq!(found(&shown(), &kit, 0), Finding::Revoked);
    assert_eq!(found(&shown(), &kit, 1_000_000), Finding::Revoked);
}

#[test]
fn a_code_under_another_relays_key_is_not_believed() {
    let foreign = shown_with(certificate(&key(9), &key(2)), CODE_LIFE_MS);
    let doubt = Finding::Unverified(Doubt::ForeignRelay);
    assert_eq!(found(&foreign, &kit(), 0), doubt);
    let mut both = kit();
    both.relay_keys
        .push(RelayKey(key(9).verifying_key().to_bytes()));
    assert_eq!(found(&foreign, &both, 0), Finding::Ok, "keys overlap");
    assert_eq!(found(&shown(), &both, 0), Finding::Ok);
}

#[test]
fn a_code_signed_by_another_device_is_not_believed() {
    // The certificate of a genuine code, copied, and a fresh code under the thief's own key.
    let copied = certificate(&key(1), &key(2));
    let until = NOW.saturating_add_ms(CODE_LIFE_MS);
    let nonce = Nonce::from_bytes([8; 16]);
    let forged = signed(
        &key(5),
        CheckInCode::unsigned(copied, NOW, until, nonce, None),
    );
    let doubt = Finding::Unverified(Doubt::WrongSignature);
    assert_eq!(found(&forged, &kit(), 0), doubt);
}

#[test]
fn a_device_cannot_make_its_code_last() {
    let vouched = || certificate(&key(1), &key(2));
    for life_ms in [CODE_LIFE_MS + 1, 1_000_000_000, -1] {
        let long = shown_with(vouched(), life_ms);
        let doubt = Finding::Unverified(Doubt::WrongLife);
        assert_eq!(found(&long, &kit(), 0), doubt, "{life_ms}");
    }
    assert_eq!(found(&shown_with(vouched(), 0), &kit(), 0), Finding::Ok);
}

#[test]
fn a_certificate_that_ran_out_is_told() {
    let mut old = certificate(&key(1), &key(2));
    old.not_after = NOW.saturating_add_ms(-CODE_SKEW_TOLERATED_MS - 1);
    old.signature = key(1).sign(&old.signed_bytes()).to_bytes();
    let doubt = Finding::Unverified(Doubt::CertificateExpired);
    assert_eq!(found(&shown_with(old, CODE_LIFE_MS), &kit(), 0), doubt);
}

#[test]
fn a_phone_without_keys_says_so() {
    let doubt = Finding::Unverified(Doubt::NoKeys);
    assert_eq!(verify(&shown(), None, NOW).finding, doubt);
    let mut empty = kit();
    empty.relay_keys.clear();
    assert_eq!(found(&shown(), &empty, 0), doubt);
}

#[test]
fn a_weak_key_signs_nothing() {
    // The identity point: under it, some signatures fit any message.
    let mut weak = certificate(&key(1), &key(2));
    weak.public_key = [0; 32];
    weak.public_key[0] = 1;
    weak.signature = key(1).sign(&weak.signed_bytes()).to_bytes();
    let until = NOW.saturating_add_ms(CODE_LIFE_MS);
    let mut code = CheckInCode::unsigned(weak, NOW, until, Nonce::from_bytes([1; 16]), None);
    code.signature[0] = 1;
    let doubt = Finding::Unverified(Doubt::WrongSignature);
    assert_eq!(found(&code, &kit(), 0), doubt);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever character of the text is another: it is no code, or not a genuine one.
    #[test]
    fn a_changed_text_is_never_believed(at in 0_usize..400, character in "[A-Za-z0-9_:-]") {
        let text = shown().to_string();
        let at = at % text.len();
        let other = format!("{}{character}{}", &text[..at], &text[at + 1..]);
        if other != text && let Ok(read) = CheckInCode::from_text(&other) {
            let finding = found(&read, &kit(), 0);
            prop_assert!(matches!(finding, Finding::Unverified(_)), "{finding:?}");
        }
    }
}
