//! Policies pushed, activated and rolled back through the API.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use http::Method;
use tallygate_console::policies::{
    Policy, PolicyAbout, PolicyAdmin, PolicyError, PolicyVersion, PolicyVersionDetail, Pushed, Removed, Switched,
};

use crate::site::{Answer, Site, TOKEN};

const COMPONENT_BYTES: usize = 1 << 20;

#[derive(Default)]
pub(crate) struct Registry(Mutex<Vec<Held>>);

struct Held {
    version: String,
    bytes: usize,
    config: String,
}

#[async_trait]
impl PolicyAdmin for Registry {
    fn component_bytes(&self) -> usize {
        COMPONENT_BYTES
    }

    fn config_bytes(&self) -> usize {
        1 << 10
    }

    async fn list(&self) -> Result<Vec<Policy>, PolicyError> {
        let versions: Vec<PolicyVersion> = self.0.lock().unwrap().iter().map(listed).collect();
        let serving = versions.first().map(|version| version.version.clone());
        let (active, previous) = (Some("v4".into()), None);
        let trouble = Some("active v4 does not start".into());
        Ok(vec![Policy { name: "json".into(), active, serving, trouble, previous, versions }])
    }

    async fn push(&self, policy: &str, component: Bytes, config: Option<String>) -> Result<Pushed, PolicyError> {
        if !component.starts_with(b"\0asm") {
            return Err(PolicyError::Invalid("it is no component".into()));
        }
        let config_from = if config.is_some() { "push" } else { "active" }.to_owned();
        let config = config.unwrap_or_else(|| "{}".into());
        let mut held = self.0.lock().unwrap();
        let version = format!("v{}", component.len() + config.len() - 2);
        let new = !held.iter().any(|known| known.version == version);
        held.push(Held { version: version.clone(), bytes: component.len(), config });
        Ok(Pushed { policy: policy.into(), version, new, config_from, routed: true })
    }

    async fn show(&self, policy: &str, version: &str) -> Result<PolicyVersionDetail, PolicyError> {
        let held = self.0.lock().unwrap();
        let found = held.iter().find(|known| known.version == version);
        let found = found.ok_or_else(|| PolicyError::Unknown(format!("{policy} has no version {version}")))?;
        Ok(PolicyVersionDetail {
            policy: policy.into(),
            listed: listed(found),
            config: serde_json::from_str(&found.config).unwrap(),
            config_schema: None,
        })
    }

    async fn remove(&self, policy: &str, version: &str) -> Result<Removed, PolicyError> {
        let mut held = self.0.lock().unwrap();
        let before = held.len();
        if version == "v4" {
            return Err(PolicyError::Conflict("v4: it is active; activate another one first".into()));
        }
        held.retain(|known| known.version != version);
        if held.len() == before {
            return Err(PolicyError::Unknown(format!("{policy} has no version {version}")));
        }
        Ok(Removed { policy: policy.into(), removed: version.into() })
    }

    async fn activate(&self, policy: &str, version: &str) -> Result<Switched, PolicyError> {
        match version {
            "v5" => Ok(Switched { policy: policy.into(), active: version.into(), previous: None, changed: true }),
            _ => Err(PolicyError::Unknown(format!("{policy} has no version {version}"))),
        }
    }

    async fn rollback(&self, _: &str) -> Result<Switched, PolicyError> {
        Err(PolicyError::Conflict("no version worked before".into()))
    }
}

fn listed(held: &Held) -> PolicyVersion {
    PolicyVersion {
        version: held.version.clone(),
        bytes: held.bytes as u64,
        config_bytes: held.config.len() as u64,
        source: "push".into(),
        added_at: 0,
        active: false,
        pinned_by: Vec::new(),
        about: Some(PolicyAbout {
            name: "author's".into(),
            version: "1.2".into(),
            needs_body: true,
            headers: vec!["content-type".into()],
            may_accept: true,
            sees_responses: false,
            needs_response_body: false,
            keys: vec!["jir".into()],
        }),
    }
}

pub(crate) async fn post(site: &Site, path: &str, body: impl Into<Bytes>) -> Answer {
    let authorization = format!("Bearer {TOKEN}");
    site.send(Method::POST, &format!("/api/v1/policies/{path}"), &[("authorization", &authorization)], body).await
}

#[tokio::test]
async fn a_component_is_pushed_listed_activated_and_rolled_back() {
    let site = Site::with(Arc::default(), Some(Arc::new(Registry::default()))).await;
    let pushed = post(&site, "json/versions", &b"\0asm1"[..]).await;
    assert_eq!((pushed.status.as_u16(), &pushed.json()["version"]), (201, &"v5".into()));
    assert_eq!(post(&site, "json/versions", &b"\0asm1"[..]).await.status, 200, "the same bytes are the same version");
    assert_eq!(post(&site, "json/versions", &b"hello"[..]).await.status, 422);
    assert_eq!(post(&site, "json/versions", "").await.status, 400);
    assert_eq!(site.get("/api/v1/policies").await.json()["policies"][0]["versions"][0]["bytes"], 5);
    assert_eq!(post(&site, "json/activate", r#"{"version":"v5"}"#).await.json()["active"], "v5");
    assert_eq!(post(&site, "json/activate", r#"{"version":"v9"}"#).await.status, 404);
    assert_eq!(post(&site, "json/activate", "{}").await.status, 400);
    assert_eq!(post(&site, "json/rollback", "").await.status, 409);
}

#[tokio::test]
async fn a_component_is_pushed_with_its_configuration_which_can_be_read_again() {
    let site = Site::with(Arc::default(), Some(Arc::new(Registry::default()))).await;
    let authorization = format!("Bearer {TOKEN}");
    let headers = [("authorization", &*authorization), ("content-type", "multipart/form-data; boundary=\"x y\"")];
    let send = async |component: &str, config: &str| {
        let part = |name: &str, content: &str| {
            format!("--x y\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
        };
        let body = part("component", component) + &part("config", config) + "--x y--\r\n";
        site.send(Method::POST, "/api/v1/policies/json/versions", &headers, body).await
    };
    let pushed = send("\0asm1", r#"{"a":1}"#).await;
    assert_eq!((pushed.status.as_u16(), &pushed.json()["config_from"]), (201, &"push".into()));
    let shown = site.get("/api/v1/policies/json/versions/v10").await.json();
    assert_eq!(
        (&shown["config"]["a"], &shown["version"], &shown["policy"]),
        (&1.into(), &"v10".into(), &"json".into())
    );
    assert_eq!(site.get("/api/v1/policies/json/versions/v11").await.status, 404);
    assert_eq!(send("\0asm1", &"x".repeat(1 << 11)).await.status, 413);
    assert_eq!(send("", "{}").await.status, 400);
    let broken = site.send(Method::POST, "/api/v1/policies/json/versions", &headers, "no form").await;
    assert_eq!(broken.status, 400);
    let listed = site.get("/api/v1/policies").await.json();
    assert_eq!(listed["policies"][0]["trouble"], "active v4 does not start");
    assert_eq!(listed["policies"][0]["versions"][0]["config_bytes"], 7);
}

#[tokio::test]
async fn a_version_is_removed_unless_something_needs_it() {
    let site = Site::with(Arc::default(), Some(Arc::new(Registry::default()))).await;
    post(&site, "json/versions", &b"\0asm1"[..]).await;
    let authorization = format!("Bearer {TOKEN}");
    let remove = async |version: &str| {
        let path = format!("/api/v1/policies/json/versions/{version}");
        site.send(Method::DELETE, &path, &[("authorization", &authorization)], "").await
    };
    let active = remove("v4").await;
    assert_eq!(
        (active.status.as_u16(), active.json()["detail"].as_str().unwrap().contains("it is active")),
        (409, true)
    );
    assert_eq!(remove("v5").await.json()["removed"], "v5");
    assert_eq!(remove("v5").await.status, 404);
    assert_eq!(site.get("/api/v1/policies").await.json()["policies"][0]["versions"].as_array().unwrap().len(), 0);
    let put =
        site.send(Method::PUT, "/api/v1/policies/json/versions/v5", &[("authorization", &authorization)], "").await;
    assert_eq!((put.status.as_u16(), &put.headers["allow"]), (405, &"GET, DELETE".parse().unwrap()));
}

#[tokio::test]
async fn a_component_beyond_the_limit_is_refused() {
    let site = Site::with(Arc::default(), Some(Arc::new(Registry::default()))).await;
    let answer = post(&site, "json/versions", vec![0; COMPONENT_BYTES + 1]).await;
    assert_eq!(answer.status, 413);
}
