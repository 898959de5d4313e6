//! The API's document says what is served, to whom, and nothing else.

use std::collections::BTreeSet;

use http::Method;
use serde_json::Value;

use crate::site::{Site, TOKEN};

/// Every route of the API.
const ROUTES: [&str; 16] = [
    "DELETE /api/v1/policies/{name}/versions/{version}",
    "GET /api/v1/dead-letters",
    "GET /api/v1/dead-letters/{partition}/{offset}",
    "GET /api/v1/events",
    "GET /api/v1/openapi.json",
    "GET /api/v1/policies",
    "GET /api/v1/policies/{name}/versions/{version}",
    "GET /api/v1/session",
    "GET /api/v1/status",
    "GET /api/v1/sums",
    "POST /api/v1/login",
    "POST /api/v1/logout",
    "POST /api/v1/policies/{name}/activate",
    "POST /api/v1/policies/{name}/rollback",
    "POST /api/v1/policies/{name}/versions",
    "POST /api/v1/replays",
];
/// Those that a stranger gets something of.
const OPEN: [&str; 3] = ["GET /api/v1/session", "POST /api/v1/login", "POST /api/v1/logout"];

/// The operations of the document, each with its method and its path as they are asked for.
pub(crate) fn operations(document: &Value) -> Vec<(String, Method, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let of = |(path, item): (&String, &Value)| {
        let asked = path.replace("{partition}", "0").replace("{offset}", "0").replace("{name}", "json");
        let asked = asked.replace("{version}", "v5");
        let operations = item.as_object().unwrap().clone();
        let path = path.clone();
        operations.into_iter().map(move |(method, operation)| {
            let method = method.to_uppercase();
            (format!("{method} {path}"), method.parse().unwrap(), asked.clone(), operation)
        })
    };
    paths.iter().flat_map(of).collect()
}

#[tokio::test]
async fn the_document_names_exactly_the_routes_that_are_served() {
    let site = Site::start().await;
    let document = site.get("/api/v1/openapi.json").await;
    assert_eq!(document.headers["content-type"], "application/json");
    let operations = operations(&document.json());
    let named: BTreeSet<&str> = operations.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(named, BTreeSet::from(ROUTES));

    let authorization = format!("Bearer {TOKEN}");
    let headers = [("authorization", authorization.as_str())];
    for (name, method, path, _) in &operations {
        let own = |other: &Method| operations.iter().any(|(_, method, at, _)| at == path && method == other);
        let allow: Vec<&str> = [Method::GET, Method::POST, Method::DELETE]
            .iter()
            .filter(|one| own(one))
            .map(|one| match *one {
                Method::GET => "GET",
                Method::POST => "POST",
                _ => "DELETE",
            })
            .collect();
        for other in [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::HEAD] {
            if own(&other) {
                continue;
            }
            let refused = site.send(other.clone(), path, &headers, "").await;
            assert_eq!(refused.status, 405, "{other} for {name}");
            assert_eq!(refused.headers["allow"], allow.join(", "), "{name}");
        }
        for near in [format!("{path}/"), format!("{path}x/y"), path.replacen("v1", "v2", 1)] {
            assert_eq!(site.send(method.clone(), &near, &headers, "").await.status, 404, "{near}");
        }
    }
}

#[tokio::test]
async fn a_documented_path_is_closed_to_strangers_but_for_the_login() {
    let site = Site::start().await;
    for (name, method, path, operation) in operations(&site.get("/api/v1/openapi.json").await.json()) {
        let status = site.send(method, &path, &[], "").await.status.as_u16();
        let open = OPEN.contains(&name.as_str());
        assert_eq!(status == 401, !open, "{name}: {status}");
        assert_eq!(operation["security"] == serde_json::json!([{}]), open, "{name} says who may: {operation}");
        assert_eq!(operation["responses"]["401"].is_null(), open && !name.ends_with("login"), "{name}");
    }
}

#[tokio::test]
async fn what_a_route_takes_and_answers_is_described() {
    let site = Site::start().await;
    let document = site.get("/api/v1/openapi.json").await.json();
    for (name, method, _, operation) in operations(&document) {
        let described = |what: &Value| what.as_str().is_some_and(|text| text.len() > 3);
        assert!(described(&operation["summary"]), "{name}: {operation}");
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(described(&parameter["description"]), "{name}: {parameter}");
        }
        let body = method == Method::POST && !name.ends_with("logout") && !name.ends_with("rollback");
        assert_eq!(operation["requestBody"].is_object(), body, "{name}");
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses["200"]["content"].is_object(), "{name}: {responses:?}");
        for (status, response) in responses.iter().filter(|(status, _)| !status.starts_with('2')) {
            assert_eq!(response["$ref"], "#/components/responses/ProblemDocument", "{name}: {status}");
        }
    }
    let push = &document["paths"]["/api/v1/policies/{name}/versions"]["post"]["requestBody"]["content"];
    let kinds: Vec<&String> = push.as_object().unwrap().keys().collect();
    assert_eq!(kinds, ["application/wasm", "multipart/form-data"]);
    let form = &document["components"]["schemas"]["UploadForm"];
    assert_eq!(push["multipart/form-data"]["schema"]["$ref"], "#/components/schemas/UploadForm");
    assert!(form["properties"]["component"].is_object() && form["properties"]["config"].is_object(), "{form}");
    assert_eq!(form["required"], serde_json::json!(["component"]));
    for schema in ["DaySums", "KeySums", "Status"] {
        let schema = &document["components"]["schemas"][schema];
        assert_eq!(schema["properties"]["warnings"]["type"], "array", "{schema}");
        assert!(schema["required"].as_array().unwrap().contains(&"warnings".into()), "{schema}");
    }
    let query = |path: &str| -> BTreeSet<String> {
        let parameters = document["paths"][path]["get"]["parameters"].as_array().unwrap();
        parameters.iter().map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect()
    };
    let known = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(query("/api/v1/sums"), known(&["currency", "day", "key", "order", "top"]));
    assert_eq!(query("/api/v1/dead-letters"), known(&["day", "most", "partner", "reason"]));
}
