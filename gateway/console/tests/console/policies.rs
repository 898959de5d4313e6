//! Policies pushed, activated and rolled back through the API.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use http::Method;
use tallygate_console::policies::{Policy, PolicyAdmin, PolicyError, PolicyVersion, Pushed, Switched};

use crate::site::{Answer, Site, TOKEN};

const COMPONENT_BYTES: usize = 1 << 20;

#[derive(Default)]
pub(crate) struct Registry(Mutex<Vec<(String, usize)>>);

#[async_trait]
impl PolicyAdmin for Registry {
    fn component_bytes(&self) -> usize {
        COMPONENT_BYTES
    }

    async fn list(&self) -> Result<Vec<Policy>, PolicyError> {
        let held = self.0.lock().unwrap();
        let versions = held.iter().map(|(version, bytes)| PolicyVersion {
            version: version.clone(),
            bytes: *bytes as u64,
            added_at: 0,
            active: false,
        });
        Ok(vec![Policy { name: "json".into(), active: None, previous: None, versions: versions.collect() }])
    }

    async fn push(&self, policy: &str, component: Bytes) -> Result<Pushed, PolicyError> {
        if !component.starts_with(b"\0asm") {
            return Err(PolicyError::Invalid("it is no component".into()));
        }
        let mut held = self.0.lock().unwrap();
        let version = format!("v{}", component.len());
        let new = !held.iter().any(|(known, _)| *known == version);
        held.push((version.clone(), component.len()));
        Ok(Pushed { policy: policy.into(), version, new })
    }

    async fn activate(&self, policy: &str, version: &str) -> Result<Switched, PolicyError> {
        match version {
            "v5" => Ok(Switched { policy: policy.into(), active: version.into(), previous: None }),
            _ => Err(PolicyError::Unknown(format!("{policy} has no version {version}"))),
        }
    }

    async fn rollback(&self, _: &str) -> Result<Switched, PolicyError> {
        Err(PolicyError::Conflict("no version worked before".into()))
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
async fn a_component_beyond_the_limit_is_refused() {
    let site = Site::with(Arc::default(), Some(Arc::new(Registry::default()))).await;
    let answer = post(&site, "json/versions", vec![0; COMPONENT_BYTES + 1]).await;
    assert_eq!(answer.status, 413);
}
