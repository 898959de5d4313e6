//! The routes, put together; each of the API's is served and documented by the same line.

use std::sync::Arc;

use axum::middleware::from_fn_with_state;
use axum::{Extension, Router};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::document::Base;
use super::endpoint::Endpoints;
use super::observe::{Observer, observe};
use super::problem::Problem;
use super::routes::openapi::Description;
use super::routes::{assets, dead_letters, events, login, openapi, policies, replays, status, sums};
use super::shared::Shared;

/// Everything that is served.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    let (api, document) = OpenApiRouter::with_openapi(Base::openapi())
        .routes(routes!(login::session))
        .routes(routes!(login::login))
        .routes(routes!(login::logout))
        .routes(routes!(status::status))
        .routes(routes!(sums::sums))
        .routes(routes!(dead_letters::list))
        .routes(routes!(dead_letters::show))
        .routes(routes!(replays::replay))
        .routes(routes!(events::events))
        .routes(routes!(policies::list))
        .routes(routes!(policies::push))
        .routes(routes!(policies::show, policies::remove))
        .routes(routes!(policies::activate))
        .routes(routes!(policies::rollback))
        .routes(routes!(openapi::openapi))
        .split_for_parts();
    let description = Description(serde_json::to_vec(&document).unwrap_or_default().into());
    let observer = Observer { endpoints: Endpoints::new(&document), metrics: shared.metrics.clone() };
    api.merge(assets::router())
        .fallback(async || Problem::nothing())
        .layer(Extension(description))
        .layer(from_fn_with_state(Arc::new(observer), observe))
        .with_state(shared)
}
