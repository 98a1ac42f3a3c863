//! What people type or scan to come to a relay: pairing and station codes, links, ids, scopes and
//! roles; and the signature of a device that introduces itself. The first byte chooses.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use ed25519_dalek::{Signer, SigningKey};
use yizhan_client_core::transport::{Link, RelayUrl};
use yizhan_proto::watch::Moved;
use yizhan_proto::{
    ChangeHash, ContentHash, DeskKey, DocumentId, PersonId, RegionKey, Role, Scope,
};
use yizhan_server::auth;
use yizhan_server::relay::plain_code;

use super::bytes::Draw;

/// Every text is read in one way or refused, and what was read is written as it is read again.
///
/// # Panics
/// If not.
pub fn check(bytes: &[u8]) {
    let mut draw = Draw(bytes);
    let choice = draw.byte() % 4;
    let text = String::from_utf8_lossy(draw.0);
    match choice {
        0 => check_code(&text),
        1 => check_link(&text),
        2 => {
            reads_itself::<PersonId>(&text);
            reads_itself::<DocumentId>(&text);
            reads_itself::<ChangeHash>(&text);
            reads_itself::<ContentHash>(&text);
            reads_itself::<RegionKey>(&text);
            reads_itself::<DeskKey>(&text);
            reads_itself::<Scope>(&text);
            reads_itself::<Role>(&text);
            reads_itself::<Moved>(&text);
        }
        _ => check_signature(draw.0),
    }
}

fn check_code(text: &str) {
    let Some(code) = plain_code(text) else {
        return;
    };
    assert_eq!(code.len(), 10, "{code}");
    let listed = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    assert!(code.bytes().all(|byte| listed.contains(&byte)), "{code}");
    assert_eq!(plain_code(&code).as_ref(), Some(&code));
    let shown = format!("{}-{}", &code[..5], &code[5..]).to_lowercase();
    assert_eq!(plain_code(&shown), Some(code));
}

fn check_link(text: &str) {
    if let Ok(relay) = text.parse::<RelayUrl>() {
        assert!(relay.as_str().starts_with("http"));
        assert!(relay.as_str().bytes().all(|byte| byte.is_ascii_graphic()));
        assert_eq!(relay.as_str().parse(), Ok(relay.clone()));
        let _ = relay.is_readable_on_the_way();
    }
    match text.parse::<Link>() {
        Ok(link) => {
            assert!(!link.code.trim().is_empty() && link.code.len() <= text.len());
            assert_eq!(link.relay.as_str().parse(), Ok(link.relay.clone()));
        }
        Err(error) => assert!(error.to_string().len() < 2_000, "{error}"),
    }
}

fn reads_itself<T: FromStr + Display + PartialEq + Debug>(text: &str)
where
    T::Err: Debug + Display,
{
    match text.parse::<T>() {
        Ok(read) => {
            let written = read.to_string();
            assert!(written.len() <= text.len().max(64), "{written}");
            assert_eq!(written.parse::<T>().expect("its own text"), read);
        }
        Err(error) => assert!(error.to_string().len() < 2_000, "{error}"),
    }
}

/// One key, one message, one signature.
fn check_signature(bytes: &[u8]) {
    const MESSAGE: &[u8] = b"an introduction";
    let key = SigningKey::from_bytes(&[5; 32]);
    let genuine = key.sign(MESSAGE).to_bytes();
    let public = key.verifying_key().to_bytes();
    let fits = auth::verify(&public, MESSAGE, bytes).is_ok();
    assert_eq!(fits, bytes == genuine, "a signature has one form");
    // Somebody's own key, whatever it is: an answer, and no panic.
    let (own, signature) = bytes.split_at(bytes.len().min(32));
    let _ = auth::verify(own, MESSAGE, signature);
}

/// Codes, links and names as people have them.
#[must_use]
pub fn seeds() -> Vec<(String, Vec<u8>)> {
    let genuine = SigningKey::from_bytes(&[5; 32]).sign(b"an introduction");
    let mut seeds = vec![(
        "signature".to_owned(),
        [&[3][..], &genuine.to_bytes()].concat(),
    )];
    for (name, choice, text) in [
        ("code", 0, "012ZY-XZHGF"),
        ("code-typed", 0, " oi2zy xzhgf\n"),
        ("code-wide", 0, "012ZY-XZHGF"),
        ("link", 1, "http://127.0.0.1:8787/pair?code=012ZY-XZHGF"),
        (
            "link-register",
            1,
            "https://relay.example.org/base/register?x=1&code=%30+A#b",
        ),
        ("url-v6", 1, "HTTP://[::1]:80/base//"),
        ("person", 2, "01940000-0000-7000-8000-00000000dead"),
        (
            "scope",
            2,
            "station:01940000-0000-7000-8000-00000000dead/health",
        ),
        ("region", 2, "region:changzhou"),
        ("role", 2, "specialist@cz-rights"),
        ("moved", 2, "desk:cz-rights 17"),
    ] {
        seeds.push((name.to_owned(), [&[choice][..], text.as_bytes()].concat()));
    }
    seeds
}
