//! Phones that pair with a token of an outside identity provider, as their users do it.

use std::path::{Path, PathBuf};

use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};
use yizhan_server::clock::{Clock as _, SystemClock};
use yizhan_tests::process::{PhoneProcess, RelayProcess, Said};

const ISSUER: &str = "https://id.example.org";

fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let mut group = [0; 4];
        group[1..=chunk.len()].copy_from_slice(chunk);
        let group = u32::from_be_bytes(group);
        for place in 0..=chunk.len() {
            let six = (group >> (18 - 6 * place)) & 0x3f;
            text.push(char::from(ALPHABET[six as usize]));
        }
    }
    text
}

/// The provider that a test plays.
struct Provider {
    key: SigningKey,
    folder: tempfile::TempDir,
}

impl Provider {
    fn new() -> Self {
        let provider = Self {
            key: SigningKey::from_bytes(&[7; 32]),
            folder: tempfile::tempdir().expect("a temporary folder"),
        };
        let keys = json!({"keys": [{
            "kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": "2026-11",
            "x": base64url(provider.key.verifying_key().as_bytes()),
        }]});
        let config = json!({
            "issuer": ISSUER,
            "audience": ["yizhan"],
            "algorithms": ["EdDSA"],
            "jwks_file": "keys.json",
            "required_claims": {"email_verified": true},
        });
        provider.write("keys.json", &keys.to_string());
        provider.write("oidc.json", &config.to_string());
        provider
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path
    }

    fn relay(&self, data: &Path) -> RelayProcess {
        let config = self.folder.path().join("oidc.json");
        let config = config.to_string_lossy().into_owned();
        RelayProcess::start_with(data, "127.0.0.1:0", &["--oidc", &config])
    }

    /// A token, as the provider signs it for a subject, in a file.
    fn token(&self, subject: &str, changes: &[(&str, Value)]) -> String {
        let now_s = SystemClock::new().now().as_ms() / 1_000;
        let mut claims = json!({
            "iss": ISSUER, "aud": "yizhan", "sub": subject, "email_verified": true,
            "iat": now_s, "exp": now_s + 300,
        });
        for (claim, value) in changes {
            claims[*claim] = value.clone();
        }
        let head = json!({"alg": "EdDSA", "kid": "2026-11"});
        let signed = format!(
            "{}.{}",
            base64url(head.to_string().as_bytes()),
            base64url(claims.to_string().as_bytes())
        );
        let signature = self.key.sign(signed.as_bytes()).to_bytes();
        let token = format!("{signed}.{}\n", base64url(&signature));
        let name = format!("token-{}", base64url(&signature[..8]));
        self.write(&name, &token).to_string_lossy().into_owned()
    }
}

fn pair(phone: &PhoneProcess, relay: &RelayProcess, token: &str) -> Said {
    phone.run(&["pair", &relay.url(), "--token-file", token])
}

#[test]
fn whoever_is_linked_pairs_a_phone_with_their_token_and_nobody_else_does() {
    let provider = Provider::new();
    let data = tempfile::tempdir().expect("a temporary folder");
    let relay = provider.relay(data.path());
    let li = relay
        .admin(&["person", "add", "--name", "李师傅", "--role", "driver"])
        .id();
    let link = relay.admin(&["person", "link", "李师傅", "--subject", "司机-8f2c"]);
    assert_eq!(link.json()["issuer"], ISSUER);

    let token = provider.token("司机-8f2c", &[]);
    let phone = PhoneProcess::new();
    let paired = pair(&phone, &relay, &token);
    assert_eq!(paired.json()["id"], li.as_str(), "{paired:?}");
    phone.sync();
    // The answer was lost, say: the same phone may ask again, and another phone may not.
    assert_eq!(pair(&phone, &relay, &token).code, 0);
    let other = pair(&PhoneProcess::new(), &relay, &token);
    assert_ne!(other.code, 0);
    assert!(other.err.contains("outside.token_used"), "{other:?}");
    // The next time they sign in, another phone of theirs is paired.
    let second = PhoneProcess::new();
    let fresh = provider.token("司机-8f2c", &[("jti", "2".into())]);
    assert_eq!(pair(&second, &relay, &fresh).json()["id"], li.as_str());

    // A phone that was revoked does not come back with the token it had.
    let device = phone.ok(&["whoami"])["device"]
        .as_str()
        .expect("a device")
        .to_owned();
    assert_eq!(relay.admin(&["device", "revoke", &device]).code, 0);
    assert!(
        pair(&phone, &relay, &token)
            .err
            .contains("outside.token_used")
    );

    let unlinked = pair(&PhoneProcess::new(), &relay, &provider.token("王站长", &[]));
    assert!(
        unlinked.err.contains("outside.person_unknown"),
        "{unlinked:?}"
    );
    let links = relay.admin(&["person", "links"]).json();
    assert_eq!(links.as_array().map(Vec::len), Some(1), "{links}");
    assert_eq!(
        relay
            .admin(&["person", "unlink", "--subject", "司机-8f2c"])
            .code,
        0
    );
    let third = provider.token("司机-8f2c", &[("jti", "3".into())]);
    let gone = pair(&PhoneProcess::new(), &relay, &third);
    assert!(gone.err.contains("outside.person_unknown"), "{gone:?}");
    second.sync();
}

#[test]
fn every_token_that_is_not_good_gets_the_same_answer() {
    let provider = Provider::new();
    let data = tempfile::tempdir().expect("a temporary folder");
    let relay = provider.relay(data.path());
    let added = relay.admin(&["person", "add", "--name", "李师傅", "--role", "driver"]);
    assert_eq!(added.code, 0, "{added:?}");
    let linked = relay.admin(&["person", "link", "李师傅", "--subject", "li"]);
    assert_eq!(linked.code, 0, "{linked:?}");
    let good = std::fs::read_to_string(provider.token("li", &[])).expect("a token");
    let (unsigned, _) = good.trim().rsplit_once('.').expect("three parts");
    let stranger = Provider {
        key: SigningKey::from_bytes(&[8; 32]),
        folder: tempfile::tempdir().expect("a temporary folder"),
    };
    let phone = PhoneProcess::new();
    let answers: Vec<String> = [
        provider.token("li", &[("aud", "other".into())]),
        provider.token("li", &[("iss", "https://evil.example".into())]),
        provider.token("li", &[("exp", 1.into())]),
        provider.token("li", &[("email_verified", false.into())]),
        provider
            .write("unsigned", &format!("{unsigned}."))
            .display()
            .to_string(),
        provider.write("nonsense", "站").display().to_string(),
        provider
            .write("huge", &"a".repeat(9_000))
            .display()
            .to_string(),
        stranger.token("li", &[]),
    ]
    .iter()
    .map(|token| {
        let said = pair(&phone, &relay, token);
        assert_ne!(said.code, 0, "{token}");
        assert!(said.err.contains("outside.token_invalid"), "{said:?}");
        said.err
    })
    .collect();
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:?}"
    );
}

#[test]
fn a_relay_without_a_provider_says_so_and_a_wrong_file_is_named() {
    let data = tempfile::tempdir().expect("a temporary folder");
    let relay = RelayProcess::start(data.path());
    let provider = Provider::new();
    let said = pair(&PhoneProcess::new(), &relay, &provider.token("li", &[]));
    assert!(said.err.contains("outside.closed"), "{said:?}");
    for (file, text, word) in [
        (
            "secret.json",
            r#"{"issuer":"a","audience":["b"],"algorithms":["HS256"],"jwks_file":"keys.json"}"#,
            "HS256",
        ),
        (
            "away.json",
            r#"{"issuer":"a","audience":["b"],"algorithms":["EdDSA"],"jwks_file":"nowhere.json"}"#,
            "nowhere.json",
        ),
        ("typo.json", r#"{"isuer":"a"}"#, "isuer"),
    ] {
        let path = provider.write(file, text);
        let elsewhere = tempfile::tempdir().expect("a temporary folder");
        let said = yizhan_tests::process::run(
            "yizhan",
            &[
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--metrics-listen",
                "off",
                "--data",
                &elsewhere.path().to_string_lossy(),
                "--oidc",
                &path.to_string_lossy(),
            ],
        );
        assert_eq!(said.code, 4, "{said:?}");
        assert!(said.err.contains(word), "{said:?}");
    }
}
