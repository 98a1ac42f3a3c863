//! Routes: what each address answers. They take requests apart, ask [`crate::relay`] and
//! [`crate::auth`], and put answers together; they decide nothing and know no storage.

mod admin;
mod attachments;
mod audit;
mod exchange;
mod help;
mod openapi;
mod pairing;
mod report;
mod state;
mod watch;

pub(crate) mod fault;
pub(crate) mod health;

pub(crate) use state::{App, Inner};

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Every route, and the document that describes them.
pub(crate) fn all() -> (axum::Router<App>, utoipa::openapi::OpenApi) {
    let (router, document) = OpenApiRouter::with_openapi(openapi::document())
        .routes(routes!(exchange::sync))
        .routes(routes!(watch::watch))
        .routes(routes!(report::report))
        .routes(routes!(
            attachments::state,
            attachments::put,
            attachments::get
        ))
        .routes(routes!(audit::reads))
        .routes(routes!(pairing::pair))
        .routes(routes!(pairing::outside))
        .routes(routes!(pairing::register))
        .routes(routes!(pairing::token))
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .routes(routes!(openapi::served))
        .merge(admin::all())
        .split_for_parts();
    (router.merge(help::pages()), document)
}
