//! The routes, put together; each of the API's is served, closed and documented by the same line.

use std::sync::Arc;

use axum::middleware::from_fn_with_state;
use axum::{Extension, Router};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::document::Base;
use super::endpoint::Endpoints;
use super::gate::{closed, open};
use super::observe::{Observer, observe};
use super::problem::Problem;
use super::role::Permission;
use super::routes::openapi::Description;
use super::routes::{assets, dead_letters, events, login, openapi, policies, replays, status, sums};
use super::shared::Shared;

/// Everything that is served.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    let read = |routes| closed(&shared, Permission::Read, routes);
    let operate = |routes| closed(&shared, Permission::Operate, routes);
    let author = |routes| closed(&shared, Permission::Author, routes);
    let (api, document) = OpenApiRouter::with_openapi(Base::openapi())
        .routes(open(&shared, routes!(login::session)))
        .routes(open(&shared, routes!(login::login)))
        .routes(open(&shared, routes!(login::logout)))
        .routes(read(routes!(status::status)))
        .routes(read(routes!(sums::sums)))
        .routes(read(routes!(dead_letters::list)))
        .routes(read(routes!(dead_letters::show)))
        .routes(operate(routes!(replays::replay)))
        .routes(read(routes!(events::events)))
        .routes(read(routes!(policies::list)))
        .routes(author(routes!(policies::push)))
        .routes(read(routes!(policies::show)))
        .routes(author(routes!(policies::remove)))
        .routes(operate(routes!(policies::activate)))
        .routes(operate(routes!(policies::rollback)))
        .routes(read(routes!(openapi::openapi)))
        .split_for_parts();
    let description = Description(serde_json::to_vec(&document).unwrap_or_default().into());
    let observer = Observer { endpoints: Endpoints::new(&document), metrics: shared.metrics.clone() };
    api.merge(assets::router())
        .fallback(async || Problem::nothing())
        .layer(Extension(description))
        .layer(from_fn_with_state(Arc::new(observer), observe))
        .with_state(shared)
}
