//! Who may do what.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use tallygate_console::admin::Role;

use crate::openapi::operations;
use crate::policies::Registry;
use crate::site::{PASSWORD, READER, Site, USER, token_of};

/// The operations that not every role may do, and which may.
const ACTIONS: [(&str, &str, [Role; 2]); 5] = [
    ("POST /api/v1/replays", "operate", [Role::Operator, Role::Admin]),
    ("POST /api/v1/policies/{name}/activate", "operate", [Role::Operator, Role::Admin]),
    ("POST /api/v1/policies/{name}/rollback", "operate", [Role::Operator, Role::Admin]),
    ("POST /api/v1/policies/{name}/versions", "author", [Role::Author, Role::Admin]),
    ("DELETE /api/v1/policies/{name}/versions/{version}", "author", [Role::Author, Role::Admin]),
];

async fn site() -> Site {
    Site::with(Arc::default(), Some(Arc::new(Registry::default()))).await
}

#[tokio::test]
async fn each_path_is_for_the_roles_that_the_document_names_and_for_no_other() {
    let site = site().await;
    for (name, method, path, operation) in operations(&site.get("/api/v1/openapi.json").await.json()) {
        if operation["security"] == serde_json::json!([{}]) {
            continue;
        }
        let action = ACTIONS.iter().find(|(action, ..)| *action == name);
        let needed = action.map_or("read", |(_, permission, _)| permission);
        for credential in 0..3 {
            let said = operation["security"][credential].as_object().unwrap().values().next().unwrap();
            assert_eq!(*said, serde_json::json!([needed]), "{name}");
        }
        for role in Role::ALL {
            let may = action.is_none_or(|(_, _, roles)| roles.contains(&role));
            let authorization = format!("Bearer {}", token_of(role));
            // A feed has no end.
            let answer = site.open(method.clone(), &path, &[("authorization", &authorization)], "{}".into()).await;
            let status = answer.status().as_u16();
            assert_eq!(status != 403, may, "{name} as {role}: {status}");
            assert_ne!(status, 401, "{name} as {role}");
        }
    }
}

#[tokio::test]
async fn a_role_holds_however_its_user_is_known_and_the_refusal_names_who_may() {
    let site = site().await;
    let (cookie, origin) = (site.log_in_as(READER).await, site.origin());
    let password = format!("Basic {}", STANDARD.encode(format!("{READER}:{PASSWORD}")));
    let path = "/api/v1/policies/json/rollback";
    for headers in [&[("cookie", &*cookie), ("origin", &origin)][..], &[("authorization", &password)]] {
        let refused = site.send(Method::POST, path, headers, "").await;
        assert_eq!(refused.status, 403);
        let detail = refused.json()["detail"].as_str().unwrap().to_owned();
        assert_eq!(detail, "reader is reader here, and this is for operator or admin");
        assert_eq!(site.send(Method::GET, "/api/v1/status", headers, "").await.status, 200);
    }
    let session = site.send(Method::GET, "/api/v1/session", &[("cookie", &cookie)], "").await.json();
    assert_eq!((&session["user"], &session["role"]), (&READER.into(), &"reader".into()));
    let cookie = site.log_in_as(USER).await;
    let session = site.send(Method::GET, "/api/v1/session", &[("cookie", &cookie)], "").await.json();
    assert_eq!(session["role"], "admin");
}
