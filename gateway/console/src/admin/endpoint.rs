//! The endpoints there are, each with its one method, as the API's document and the page name them.

use std::collections::HashMap;

use http::Method;
use utoipa::openapi::OpenApi;

use super::routes::assets::ASSETS;

/// The endpoints, by the path that the router matches.
pub(super) struct Endpoints(HashMap<String, Endpoint>);

/// What is served at a path.
pub(super) struct Endpoint {
    /// What the metrics call it.
    pub(super) name: String,
    /// The method it takes.
    pub(super) method: Method,
    /// Whether it can be asked for its head alone.
    head: bool,
}

impl Endpoints {
    pub(super) fn new(document: &OpenApi) -> Self {
        let assets = ASSETS.iter().map(|asset| {
            let endpoint = Endpoint { name: asset.name.to_owned(), method: Method::GET, head: true };
            (asset.path.to_owned(), endpoint)
        });
        let api = document.paths.paths.iter().filter_map(|(path, item)| {
            let (method, operation) = match (&item.get, &item.post) {
                (Some(get), _) => (Method::GET, get),
                (None, Some(post)) => (Method::POST, post),
                (None, None) => return None,
            };
            let name = operation.operation_id.clone().unwrap_or_default();
            Some((path.clone(), Endpoint { name, method, head: false }))
        });
        Self(assets.chain(api).collect())
    }

    /// What is served at a path that the router matched.
    pub(super) fn find(&self, path: &str) -> Option<&Endpoint> {
        self.0.get(path)
    }
}

impl Endpoint {
    /// Whether it takes this method.
    pub(super) fn takes(&self, method: &Method) -> bool {
        *method == self.method || (self.head && *method == Method::HEAD)
    }
}
