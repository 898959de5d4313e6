//! The endpoints there are, each with its methods, as the API's document and the page name them.

use std::collections::HashMap;

use http::Method;
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::{Operation, PathItem};

use super::routes::assets::ASSETS;

/// The endpoints, by the path that the router matches.
pub(super) struct Endpoints(HashMap<String, Endpoint>);

/// What is served at a path.
#[derive(Default)]
pub(super) struct Endpoint {
    /// The methods it takes, each with what the metrics call it then.
    methods: Vec<(Method, String)>,
    /// Whether it can be asked for its head alone.
    head: bool,
}

impl Endpoints {
    pub(super) fn new(document: &OpenApi) -> Self {
        let assets = ASSETS.iter().map(|asset| {
            let endpoint = Endpoint { methods: vec![(Method::GET, asset.name.to_owned())], head: true };
            (asset.path.to_owned(), endpoint)
        });
        let api = document.paths.paths.iter().map(|(path, item)| {
            let operations = [(Method::GET, &item.get), (Method::POST, &item.post), (Method::DELETE, &item.delete)];
            let methods = operations.into_iter().filter_map(|(method, operation)| {
                operation.as_ref().map(|operation| (method, operation.operation_id.clone().unwrap_or_default()))
            });
            (path.clone(), Endpoint { methods: methods.collect(), head: false })
        });
        Self(assets.chain(api).filter(|(_, endpoint)| !endpoint.methods.is_empty()).collect())
    }

    /// What is served at a path that the router matched.
    pub(super) fn find(&self, path: &str) -> Option<&Endpoint> {
        self.0.get(path)
    }
}

/// The operations of a path that are ever served.
pub(super) fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.delete].into_iter().flatten()
}

impl Endpoint {
    /// Whether it takes this method.
    pub(super) fn takes(&self, method: &Method) -> bool {
        self.methods.iter().any(|(own, _)| own == method) || (self.head && *method == Method::HEAD)
    }

    /// The methods it takes, as `Allow` has them.
    pub(super) fn allow(&self) -> String {
        self.methods.iter().map(|(method, _)| method.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// What the metrics call it with this method.
    pub(super) fn name(&self, method: &Method) -> &str {
        let named = self.methods.iter().find(|(own, _)| own == method).or_else(|| self.methods.first());
        named.map_or("", |(_, name)| name)
    }
}
