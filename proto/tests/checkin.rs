//! The check-in code as text: pinned, and what holds of any text.

use proptest::prelude::*;
use yizhan_proto::checkin::{Certificate, CheckInCode, CodeError, certified_name};
use yizhan_proto::limits::{CERTIFICATE_NAME_BYTES_MAX, CODE_CHARS_MAX, CODE_LIFE_MS};
use yizhan_proto::{DeviceId, DocumentId, Nonce, PersonId, Timestamp};

const NOW: Timestamp = Timestamp::from_ms(1_795_000_000_000);

fn certificate(name: &str) -> Certificate {
    Certificate {
        device: DeviceId::from_bytes([2; 16]),
        person: PersonId::from_bytes([4; 16]),
        name: certified_name(name),
        public_key: [3; 32],
        not_after: Timestamp::from_ms(1_797_592_000_000),
        signature: [5; 64],
    }
}

fn code(name: &str, activity: Option<DocumentId>) -> CheckInCode {
    let expires_at = NOW.saturating_add_ms(CODE_LIFE_MS);
    let nonce = Nonce::from_bytes([7; 16]);
    let mut code = CheckInCode::unsigned(certificate(name), NOW, expires_at, nonce, activity);
    code.signature = [6; 64];
    code
}

#[test]
fn the_text_of_a_code_is_pinned() {
    let activity = Some(DocumentId::from_bytes([9; 16]));
    let golden = include_str!("golden/check_in_code.txt").trim();
    let text = code("李师傅", activity).to_string();
    assert_eq!(text, golden, "the text of a check-in code has changed");
    let read = CheckInCode::from_text(golden).expect("its own text");
    assert_eq!(read, code("李师傅", activity));
}

#[test]
fn what_is_signed_is_pinned() {
    let certificate = certificate("王");
    let signed = certificate.signed_bytes();
    assert!(signed.starts_with(b"\0\0\0\x14yizhan certificate 1\0\0\0\x10"));
    assert!(signed.ends_with(&NOW.saturating_add_ms(2_592_000_000).as_ms().to_be_bytes()));
    let code = code("王", None);
    let bytes = code.signed_bytes();
    assert!(bytes.starts_with(b"\0\0\0\x11yizhan check-in 1"));
    assert!(
        bytes.windows(signed.len()).any(|window| window == signed),
        "the device signs what the relay signed"
    );
    assert!(bytes.ends_with(b"\0\0\0\0"), "no activity is an empty part");
}

#[test]
fn the_longest_code_fits_one_frame() {
    let far = Timestamp::from_ms(i64::MAX);
    let name = "名".repeat(CERTIFICATE_NAME_BYTES_MAX);
    let mut longest = code(&name, Some(DocumentId::from_bytes([0xff; 16])));
    longest.issued_at = far;
    longest.expires_at = far;
    longest.certificate.not_after = far;
    let text = longest.to_string();
    assert!(text.len() <= CODE_CHARS_MAX, "{} characters", text.len());
    assert_eq!(CheckInCode::from_text(&text).expect("fits"), longest);
}

#[test]
fn what_is_no_code_is_told_apart() {
    let good = code("李师傅", None).to_string();
    let is = |text: &str, expected: fn(&CodeError) -> bool| {
        let error = CheckInCode::from_text(text).expect_err(text);
        assert!(expected(&error), "{text}: {error}");
    };
    is("", |error| matches!(error, CodeError::Foreign));
    is("http://10.0.0.7/pair?code=A", |error| {
        matches!(error, CodeError::Foreign)
    });
    is("yz1:AAAA", |error| matches!(error, CodeError::Foreign));
    is("YZ:AAAA", |error| matches!(error, CodeError::Foreign));
    is(
        "YZ2:AAAA",
        |error| matches!(error, CodeError::OtherVersion(v) if v == "YZ2"),
    );
    is("YZ1:", |error| matches!(error, CodeError::Damaged(_)));
    is("YZ1:站点", |error| matches!(error, CodeError::NotBase64));
    is(&format!("{good} "), |error| {
        matches!(error, CodeError::NotBase64)
    });
    is(&format!("{good}AAAA"), |error| {
        matches!(error, CodeError::Damaged(_))
    });
    is(&"YZ1:".repeat(200), |error| {
        matches!(error, CodeError::TooLong { found: 800 })
    });
    let mut two_lines = code("x", None);
    two_lines.certificate.name = "a\nb".into();
    is(&two_lines.to_string(), |error| {
        matches!(error, CodeError::Malformed(_))
    });
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_code_is_what_was_shown(
        name in ".{0,200}",
        issued in any::<i64>(),
        expires in any::<i64>(),
        nonce in any::<[u8; 16]>(),
        activity in any::<Option<[u8; 16]>>(),
    ) {
        let shown = CheckInCode::unsigned(
            certificate(&name),
            Timestamp::from_ms(issued),
            Timestamp::from_ms(expires),
            Nonce::from_bytes(nonce),
            activity.map(DocumentId::from_bytes),
        );
        let text = shown.to_string();
        prop_assert!(text.len() <= CODE_CHARS_MAX);
        prop_assert_eq!(CheckInCode::from_text(&text).expect("its own text"), shown);
    }

    #[test]
    fn a_cut_text_is_an_error(cut in 0_usize..400) {
        let text = code("李师傅", Some(DocumentId::from_bytes([9; 16]))).to_string();
        let cut = cut % text.len();
        prop_assert!(CheckInCode::from_text(&text[..cut]).is_err());
    }

    /// A text with one other character is an error, or another content with another text: never
    /// the same content, so a signature over it cannot fit.
    #[test]
    fn another_text_is_another_content(at in 4_usize..400, character in "[A-Za-z0-9_-]") {
        let good = code("李师傅", Some(DocumentId::from_bytes([9; 16])));
        let text = good.to_string();
        let at = 4 + (at - 4) % (text.len() - 4);
        let other = format!("{}{character}{}", &text[..at], &text[at + 1..]);
        if let Ok(read) = CheckInCode::from_text(&other) {
            prop_assert_eq!(read.to_string(), other.clone());
            prop_assert_eq!(read == good, other == text);
            let signed = (read.signed_bytes(), read.signature, read.certificate.signature);
            let was = (good.signed_bytes(), good.signature, good.certificate.signature);
            prop_assert_eq!(signed == was, other == text);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".{0,600}", body in "[A-Za-z0-9_-]{0,600}") {
        let _ = CheckInCode::from_text(&text);
        let _ = CheckInCode::from_text(&format!("YZ1:{body}"));
    }
}
