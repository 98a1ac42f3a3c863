//! `GET /`, `/pair` and `/register`: a small page for a person who scanned a QR code with a
//! camera and not with the app. It knows nothing about anybody, and shows no code.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::Html;
use axum::routing::get;

use super::App;

pub(super) fn pages() -> Router<App> {
    Router::new()
        .route("/", get(page))
        .route("/pair", get(page))
        .route("/register", get(page))
}

async fn page(State(app): State<App>) -> ([(HeaderName, &'static str); 3], Html<String>) {
    let url = escaped(&app.url);
    let page = format!(
        r#"<!doctype html>
<html lang="zh"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>驿站 Yizhan</title></head><body>
<h1>驿站 Yizhan</h1>
<p>请在“驿站”应用中扫描此二维码。 Open the Yizhan app and scan this code there.</p>
<p>In a terminal, with a one-time code from your coordinator or keeper:</p>
<pre>yizhan-phone --home ./my-phone pair {url} CODE</pre>
<p>As a driver at a station, with the address behind the station's own code:</p>
<pre>yizhan-phone --home ./my-phone register '{url}/register?code=CODE' --name NAME</pre>
</body></html>
"#
    );
    let headers = [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'",
        ),
        // The address may hold a code.
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, Html(page))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('\'', "&#39;")
        .replace('"', "&quot;")
}
