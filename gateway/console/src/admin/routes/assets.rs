//! The page itself, from the binary. It holds nothing that needs a login.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use http::header::CONTENT_TYPE;

use crate::admin::shared::Shared;

/// A file of the page.
pub(in crate::admin) struct Asset {
    pub(in crate::admin) path: &'static str,
    /// What the metrics call it.
    pub(in crate::admin) name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

/// The page, its looks, its life, and its picture in the browser's tab.
pub(in crate::admin) const ASSETS: [Asset; 7] = [
    Asset {
        path: "/",
        name: "page",
        kind: "text/html; charset=utf-8",
        bytes: include_bytes!("../../../assets/console.html"),
    },
    Asset {
        path: "/console.css",
        name: "asset",
        kind: "text/css; charset=utf-8",
        bytes: include_bytes!("../../../assets/console.css"),
    },
    script("/console.js", include_bytes!("../../../assets/console.js")),
    script("/dom.js", include_bytes!("../../../assets/dom.js")),
    script("/policies.js", include_bytes!("../../../assets/policies.js")),
    script("/plot.js", include_bytes!("../../../assets/plot.js")),
    Asset {
        path: "/icon.svg",
        name: "asset",
        kind: "image/svg+xml",
        bytes: include_bytes!("../../../assets/icon.svg"),
    },
];

/// A part of the page's life.
const fn script(path: &'static str, bytes: &'static [u8]) -> Asset {
    Asset { path, name: "asset", kind: "text/javascript; charset=utf-8", bytes }
}

/// Serves them all.
pub(in crate::admin) fn router() -> Router<Arc<Shared>> {
    ASSETS.into_iter().fold(Router::new(), |router, asset| {
        router.route(asset.path, get(async move || ([(CONTENT_TYPE, asset.kind)], asset.bytes)))
    })
}
