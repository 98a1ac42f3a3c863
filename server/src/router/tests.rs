//! Requests against all routes in all layers, without a socket.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request};
use ed25519_dalek::{Signer, SigningKey};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;
use yizhan_proto::codec::{self, MEDIA_TYPE};
use yizhan_proto::identity::{Access, PairRequest, TokenRequest, Welcome};
use yizhan_proto::limits::{REQUEST_COMPRESSED_BYTES_MAX, SMALL_REQUEST_BYTES_MAX};
use yizhan_proto::{DeviceId, PersonId, ProtocolVersion, Role};

use super::*;
use crate::admin::Problem;
use crate::auth::Auth;
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, HttpLimits};
use crate::relay::Relay;
use crate::routes::Inner;

mod desks;

struct Fixture {
    app: App,
    router: Router,
    _data: tempfile::TempDir,
}

struct Answered {
    status: u16,
    media: String,
    body: Vec<u8>,
}

impl Answered {
    #[track_caller]
    fn fault(&self) -> Fault {
        assert_eq!(self.media, MEDIA_TYPE);
        codec::decode(&self.body, SMALL_REQUEST_BYTES_MAX).unwrap()
    }

    #[track_caller]
    fn problem(&self) -> Problem {
        assert_eq!(self.media, "application/problem+json");
        serde_json::from_slice(&self.body).unwrap()
    }

    #[track_caller]
    fn json(&self) -> serde_json::Value {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        serde_json::from_slice(&self.body).unwrap()
    }
}

fn fixture(limits: HttpLimits) -> Fixture {
    let data = tempfile::tempdir().unwrap();
    let app = app(data.path(), limits);
    Fixture {
        router: router(app.clone()),
        app,
        _data: data,
    }
}

fn app(data: &Path, limits: HttpLimits) -> App {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let config = Config::new(data);
    let relay = Relay::open(data, Arc::clone(&clock), &config.relay).unwrap();
    let auth = Auth::open(data, relay.epoch(), clock.as_ref()).unwrap();
    App::new(Inner {
        relay,
        auth,
        url: "http://127.0.0.1:8787".to_owned(),
        stopping: CancellationToken::new(),
        tasks: TaskTracker::new(),
        requests: Arc::new(Semaphore::new(limits.requests_max)),
        watches: Arc::new(Semaphore::new(limits.watches_max)),
        openapi: openapi_json(),
        rates: crate::edge::Rates::new(&limits.rates, Arc::clone(&clock)),
        outside: None,
        clock,
        limits,
    })
}

impl Fixture {
    async fn send(&self, request: Request<Body>) -> Answered {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let media = response
            .headers()
            .get(header::CONTENT_TYPE)
            .map_or("", |value| value.to_str().unwrap())
            .to_owned();
        let body = axum::body::to_bytes(response.into_body(), 1 << 24)
            .await
            .unwrap()
            .to_vec();
        Answered {
            status,
            media,
            body,
        }
    }

    async fn post(&self, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answered {
        let mut request = Request::builder().method(Method::POST).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answered {
        let mut request = Request::builder().uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }

    fn admin(&self) -> String {
        format!("Bearer {}", self.app.auth.admin_key().as_str())
    }

    async fn paired(&self, key: &SigningKey) -> Welcome {
        let person = self
            .app
            .relay
            .add_person("李师傅", vec![Role::Driver])
            .await
            .unwrap();
        let code = self
            .app
            .relay
            .create_pair_code(person.id, 60_000)
            .await
            .unwrap();
        let answer = self
            .post("/v1/pair", &[CBOR], codec::encode(&pair(key, &code.code)))
            .await;
        assert_eq!(answer.status, 200, "{:?}", answer.fault());
        codec::decode(&answer.body, 1 << 20).unwrap()
    }
}

const CBOR: (&str, &str) = ("content-type", MEDIA_TYPE);
const DEVICE: DeviceId = DeviceId::from_bytes([9; 16]);

fn pair(key: &SigningKey, code: &str) -> PairRequest {
    let mut request = PairRequest {
        version: ProtocolVersion::CURRENT,
        code: code.to_owned(),
        device: DEVICE,
        public_key: key.verifying_key().to_bytes().to_vec(),
        provisional: PersonId::from_bytes([8; 16]),
        label: String::new(),
        signature: Vec::new(),
    };
    request.signature = key.sign(&request.signed_bytes()).to_vec();
    request
}

fn token(key: &SigningKey, challenge: Vec<u8>) -> TokenRequest {
    let mut request = TokenRequest {
        version: ProtocolVersion::CURRENT,
        device: DEVICE,
        challenge,
        signature: Vec::new(),
    };
    request.signature = key.sign(&request.signed_bytes()).to_vec();
    request
}

#[tokio::test]
async fn refusals_come_in_the_form_of_their_route() {
    let fixture = fixture(HttpLimits::default());
    for (path, code) in [
        ("/v1/sync", FaultCode::TokenMissing),
        ("/v1/pair", FaultCode::Malformed),
        ("/v1/register", FaultCode::Malformed),
        ("/v1/token", FaultCode::Malformed),
        ("/v1/nothing", FaultCode::NotFound),
    ] {
        let answer = fixture.post(path, &[CBOR], "hello").await;
        assert_eq!(answer.fault().code, code, "{path}");
        assert_eq!(answer.status, code.status());
    }
    let answer = fixture.get("/v1/nothing", &[]).await;
    assert_eq!(answer.problem().code, "request.not_found");
    let answer = fixture.get("/v1/sync", &[]).await;
    assert_eq!(answer.fault().code, FaultCode::MethodNotAllowed);
    for path in ["status", "people", "stations", "devices", "regions"] {
        let answer = fixture.get(&format!("/v1/admin/{path}"), &[]).await;
        assert_eq!(answer.problem().code, "token.missing", "{path}");
        let wrong = ("authorization", "Bearer x");
        let answer = fixture.get(&format!("/v1/admin/{path}"), &[wrong]).await;
        assert_eq!(answer.problem().code, "token.invalid", "{path}");
    }
}

#[tokio::test]
async fn what_is_no_cbor_or_too_large_is_refused_by_name() {
    let fixture = fixture(HttpLimits::default());
    let html = ("content-type", "text/html");
    let answer = fixture.post("/v1/pair", &[html], "x").await;
    assert_eq!(answer.fault().code, FaultCode::UnsupportedMedia);
    let brotli = ("content-encoding", "br");
    let answer = fixture.post("/v1/pair", &[CBOR, brotli], "x").await;
    assert_eq!(answer.fault().code, FaultCode::UnsupportedMedia);
    let zstd = ("content-encoding", "zstd");
    let answer = fixture.post("/v1/pair", &[CBOR, zstd], "not zstd").await;
    assert_eq!(answer.fault().code, FaultCode::Malformed);

    let answer = fixture
        .post("/v1/pair", &[CBOR], vec![0; SMALL_REQUEST_BYTES_MAX + 1])
        .await;
    let fault = answer.fault();
    assert_eq!(fault.code, FaultCode::TooLarge);
    assert_eq!(fault.limit.as_deref(), Some("small_request_bytes_max"));
    assert_eq!(fault.bound, Some(SMALL_REQUEST_BYTES_MAX as u64));

    // Past the bound of what arrives: announced, and not announced (a stream has no length).
    let large = vec![0; REQUEST_COMPRESSED_BYTES_MAX + 1];
    let length = large.len().to_string();
    let announced = ("content-length", length.as_str());
    let answer = fixture
        .post("/v1/pair", &[CBOR, announced], large.clone())
        .await;
    assert_eq!(
        answer.fault().limit.as_deref(),
        Some("request_compressed_bytes_max")
    );
    let parts = tokio_stream::iter(
        large
            .chunks(64 * 1024)
            .map(|part| Ok::<_, std::io::Error>(axum::body::Bytes::copy_from_slice(part)))
            .collect::<Vec<_>>(),
    );
    let answer = fixture
        .post("/v1/pair", &[CBOR, zstd], Body::from_stream(parts))
        .await;
    assert!(matches!(
        answer.fault().code,
        FaultCode::TooLarge | FaultCode::Malformed
    ));
}

/// A body that must not be looked at.
fn untouchable() -> Body {
    Body::from_stream(tokio_stream::once(Err::<axum::body::Bytes, _>(
        std::io::Error::other("the body was read"),
    )))
}

#[tokio::test]
async fn who_may_not_is_refused_before_the_body_is_read() {
    let fixture = fixture(HttpLimits::default());
    let forged = ("authorization", "Bearer a.b.c");
    let answer = fixture
        .post("/v1/sync", &[CBOR, forged], untouchable())
        .await;
    let fault = answer.fault();
    assert_eq!(fault.code, FaultCode::TokenInvalid);
    assert!(fault.challenge.is_some());
    let answer = fixture
        .post("/v1/admin/people", &[forged], untouchable())
        .await;
    assert_eq!(answer.problem().code, "token.invalid");
}

#[tokio::test]
async fn a_body_that_does_not_come_times_out() {
    let fixture = fixture(HttpLimits {
        request_timeout: Duration::from_millis(20),
        ..HttpLimits::default()
    });
    let never = Body::from_stream(tokio_stream::pending::<
        Result<axum::body::Bytes, std::io::Error>,
    >());
    let answer = fixture.post("/v1/pair", &[CBOR], never).await;
    assert_eq!(answer.status, 408);
    assert_eq!(answer.fault().code, FaultCode::TimedOut);
}

#[tokio::test]
async fn a_relay_without_room_says_when_to_come_back() {
    let fixture = fixture(HttpLimits {
        requests_max: 0,
        ..HttpLimits::default()
    });
    let fault = fixture.post("/v1/sync", &[CBOR], "").await.fault();
    assert_eq!(fault.code, FaultCode::Busy);
    assert!(fault.retry_after_ms.is_some());
    assert_eq!(fixture.get("/healthz", &[]).await.status, 200);
    assert_eq!(fixture.get("/readyz", &[]).await.status, 200);
    fixture.app.stopping.cancel();
    let answer = fixture.get("/readyz", &[]).await;
    assert_eq!(answer.problem().code, "relay.shutting_down");
}

#[tokio::test]
async fn a_device_pairs_renews_and_is_revoked_at_once() {
    let fixture = fixture(HttpLimits::default());
    let key = SigningKey::from_bytes(&[3; 32]);
    let welcome = fixture.paired(&key).await;
    assert_eq!(welcome.identity.roles, [Role::Driver]);

    // No challenge: one is given. A wrong signature: refused. The right one: a new token.
    let asked = fixture
        .post(
            "/v1/token",
            &[CBOR],
            codec::encode(&token(&key, Vec::new())),
        )
        .await
        .fault();
    assert_eq!(asked.code, FaultCode::ChallengeInvalid);
    let challenge = asked.challenge.unwrap();
    let stranger = SigningKey::from_bytes(&[4; 32]);
    let request = codec::encode(&token(&stranger, challenge.clone()));
    let refused = fixture.post("/v1/token", &[CBOR], request).await.fault();
    assert_eq!(refused.code, FaultCode::SignatureInvalid);
    let request = codec::encode(&token(&key, challenge));
    let answer = fixture.post("/v1/token", &[CBOR], request).await;
    let access: Access = codec::decode(&answer.body, 1 << 16).unwrap();

    let bearer = format!("Bearer {}", access.token);
    let authorization = ("authorization", bearer.as_str());
    let answer = fixture.post("/v1/sync", &[CBOR, authorization], "x").await;
    assert_eq!(
        answer.fault().code,
        FaultCode::Malformed,
        "it may, but says nonsense"
    );

    let admin = fixture.admin();
    let path = format!("/v1/admin/devices/{DEVICE}/revoke");
    let revoked = fixture.post(&path, &[("authorization", &admin)], "").await;
    assert_eq!(revoked.json()["id"], DEVICE.to_string());
    let answer = fixture.post("/v1/sync", &[CBOR, authorization], "x").await;
    assert_eq!(answer.fault().code, FaultCode::DeviceRevoked);
    let answer = fixture.get("/v1/watch", &[authorization]).await;
    assert_eq!(answer.fault().code, FaultCode::DeviceRevoked);
}

#[tokio::test]
async fn guessing_codes_is_slowed_down() {
    let fixture = fixture(HttpLimits::default());
    let key = SigningKey::from_bytes(&[3; 32]);
    let guess = codec::encode(&pair(&key, "AAAAA-AAAAA"));
    let mut last = None;
    for _ in 0..21 {
        last = Some(
            fixture
                .post("/v1/pair", &[CBOR], guess.clone())
                .await
                .fault(),
        );
    }
    let last = last.unwrap();
    assert_eq!(last.code, FaultCode::RateLimited);
    assert!(last.retry_after_ms.is_some());
}

#[tokio::test]
async fn the_operator_brings_in_stations_and_people() {
    let fixture = fixture(HttpLimits::default());
    let admin = fixture.admin();
    let headers = [
        ("authorization", admin.as_str()),
        ("content-type", "application/json"),
    ];
    let network = include_str!("../../../data/network.json");
    let imported = fixture
        .post("/v1/admin/stations/import", &headers, network)
        .await
        .json();
    assert_eq!(imported.as_array().map(Vec::len), Some(12));
    assert_eq!(imported[0]["outcome"], "created");
    let regions = fixture.get("/v1/admin/regions", &headers).await.json();
    assert!(regions.to_string().contains("常州"), "{regions}");
    let person = fixture
        .post(
            "/v1/admin/people",
            &headers,
            r#"{"name":"王站长","roles":["keeper@zy-xinglongsheng"]}"#,
        )
        .await
        .json();
    let id = person["id"].as_str().unwrap();
    for (body, code) in [
        (
            r#"{"name":"王","roles":["keeper@nowhere"]}"#,
            "request.not_found",
        ),
        (r#"{"name":"王","roles":["king"]}"#, "request.invalid"),
        (r#"{"name":"","roles":["driver"]}"#, "request.invalid"),
        (r#"{"name":7}"#, "request.malformed"),
    ] {
        let answer = fixture.post("/v1/admin/people", &headers, body).await;
        assert_eq!(answer.problem().code, code, "{body}");
    }
    let code = fixture
        .post(&format!("/v1/admin/people/{id}/pair-codes"), &headers, "{}")
        .await
        .json();
    let url = code["url"].as_str().unwrap();
    assert_eq!(
        url,
        format!(
            "http://127.0.0.1:8787/pair?code={}",
            code["code"].as_str().unwrap()
        )
    );
    let path = "/v1/admin/stations/zy-xinglongsheng/code";
    let first = fixture.post(path, &headers, "").await.json();
    assert_eq!(fixture.post(path, &headers, "").await.json(), first);
    let status = fixture.get("/v1/admin/status", &headers).await.json();
    assert_eq!(status["documents"], 12);
}

#[tokio::test]
async fn the_document_names_every_route_with_its_schemas() {
    let fixture = fixture(HttpLimits::default());
    let document = fixture.get("/v1/openapi.json", &[]).await.json();
    for (path, methods) in [
        ("/v1/admin/status", &["get"][..]),
        ("/v1/admin/stations", &["get"]),
        ("/v1/admin/stations/import", &["post"]),
        ("/v1/admin/stations/{station}/code", &["post"]),
        ("/v1/admin/regions", &["get"]),
        ("/v1/admin/people", &["get", "post"]),
        ("/v1/admin/people/{person}/roles", &["post"]),
        ("/v1/admin/people/{person}/roles/{role}", &["delete"]),
        ("/v1/admin/people/{person}/pair-codes", &["post"]),
        ("/v1/admin/people/{person}/merge", &["post"]),
        ("/v1/admin/duplicates", &["get"]),
        ("/v1/admin/desks", &["get", "post"]),
        ("/v1/admin/desks/{desk}", &["delete"]),
        ("/v1/admin/desks/{desk}/members", &["post"]),
        ("/v1/admin/desks/{desk}/members/{person}", &["delete"]),
        ("/v1/admin/devices", &["get"]),
        ("/v1/admin/devices/{device}/revoke", &["post"]),
        ("/v1/sync", &["post"]),
        ("/v1/pair", &["post"]),
        ("/v1/register", &["post"]),
        ("/v1/token", &["post"]),
        ("/v1/watch", &["get"]),
        ("/healthz", &["get"]),
        ("/readyz", &["get"]),
    ] {
        for method in methods {
            assert!(
                document["paths"][path][method].is_object(),
                "{method} {path}"
            );
        }
    }
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for schema in [
        "Problem",
        "Import",
        "StationDraft",
        "Person",
        "PairCode",
        "Status",
    ] {
        assert!(schemas.contains_key(schema), "{schema}");
    }
    for path in ["/", "/pair?code=X", "/register"] {
        let page = fixture.get(path, &[]).await;
        assert_eq!(page.status, 200);
        assert!(page.media.starts_with("text/html"));
    }
}
