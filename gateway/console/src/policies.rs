//! What administers policies, as the administration API sees it.

use async_trait::async_trait;
use bytes::Bytes;
use serde::Serialize;
use utoipa::ToSchema;

use tallygate_reading::text::as_instant;

/// Keeps the versions of the policies and says which of them works.
#[async_trait]
pub trait PolicyAdmin: Send + Sync {
    /// The largest component that it takes, in bytes.
    fn component_bytes(&self) -> usize;

    /// Every policy with its versions, by name.
    ///
    /// # Errors
    /// When the registry cannot be read.
    async fn list(&self) -> Result<Vec<Policy>, PolicyError>;

    /// The largest configuration that it takes, in bytes.
    fn config_bytes(&self) -> usize;

    /// Compiles, checks and keeps a component with its configuration (JSON) as an inactive version of this policy, which
    /// need not be there before. The same again is the same version. Without a configuration it takes the active
    /// version's, else the file's, else an empty one.
    ///
    /// # Errors
    /// [`PolicyError::Invalid`] when it is no policy, or refuses its configuration.
    async fn push(&self, policy: &str, component: Bytes, config: Option<String>) -> Result<Pushed, PolicyError>;

    /// One version, with its configuration.
    ///
    /// # Errors
    /// [`PolicyError::Unknown`].
    async fn show(&self, policy: &str, version: &str) -> Result<PolicyVersionDetail, PolicyError>;

    /// Removes a version for good.
    ///
    /// # Errors
    /// [`PolicyError::Unknown`], or [`PolicyError::Conflict`] when something needs it.
    async fn remove(&self, policy: &str, version: &str) -> Result<Removed, PolicyError>;

    /// Makes a version the one that works, at once and for all messages from then on.
    ///
    /// # Errors
    /// [`PolicyError::Unknown`], or [`PolicyError::Invalid`] when it refuses its configuration.
    async fn activate(&self, policy: &str, version: &str) -> Result<Switched, PolicyError>;

    /// Makes the version that worked before this one work again.
    ///
    /// # Errors
    /// [`PolicyError::Unknown`], or [`PolicyError::Conflict`] when there is none.
    async fn rollback(&self, policy: &str) -> Result<Switched, PolicyError>;
}

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Policy {
    /// Its name for life.
    pub name: String,
    /// The version that its operator made work.
    pub active: Option<String>,
    /// The version that works; another one where the active one does not start, none where no version does or is active.
    pub serving: Option<String>,
    /// Why the active version does not work.
    pub trouble: Option<String>,
    /// The version that a rollback would make work.
    pub previous: Option<String>,
    /// All of them, in the order they came.
    pub versions: Vec<PolicyVersion>,
}

/// A version of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PolicyVersion {
    /// The hash of component and configuration.
    pub version: String,
    /// The bytes of its component.
    pub bytes: u64,
    /// The bytes of its configuration.
    pub config_bytes: u64,
    /// How it came: `file` or `push`.
    pub source: String,
    /// When it was taken in, Unix milliseconds.
    #[serde(serialize_with = "as_instant")]
    #[schema(value_type = String, format = DateTime)]
    pub added_at: i64,
    /// Whether it is the active one.
    pub active: bool,
    /// The routes that pin it: they have this version whichever is active.
    pub pinned_by: Vec<String>,
    /// What it says of itself; none while it is not compiled.
    pub about: Option<PolicyAbout>,
}

/// What a version of a policy says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PolicyAbout {
    /// What it is, by its author's name.
    pub name: String,
    /// Its author's version.
    pub version: String,
    /// Whether it needs bodies.
    pub needs_body: bool,
    /// The header fields that it needs; `*`: all.
    pub headers: Vec<String>,
    /// Whether it may accept, so that transactions count.
    pub may_accept: bool,
    /// Whether upstreams' responses are shown to it.
    pub sees_responses: bool,
    /// Whether it needs their bodies.
    pub needs_response_body: bool,
    /// The names of the keys that it uses.
    pub keys: Vec<String>,
}

/// A version of a policy, with its configuration.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PolicyVersionDetail {
    /// The policy.
    pub policy: String,
    /// What the list says of the version.
    #[serde(flatten)]
    pub listed: PolicyVersion,
    /// Its configuration.
    #[schema(value_type = Object)]
    pub config: serde_json::Value,
    /// The JSON Schema of its configuration, where it brings one.
    #[schema(value_type = Option<Object>)]
    pub config_schema: Option<serde_json::Value>,
}

/// A version was removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Removed {
    /// The policy.
    pub policy: String,
    /// The version that is gone.
    pub removed: String,
}

/// A component was taken in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Pushed {
    /// The policy.
    pub policy: String,
    /// The version: the hash of component and configuration.
    pub version: String,
    /// Whether it was not there before.
    pub new: bool,
    /// Where its configuration is from: `push`, `active` (the active version's), `file`, or `nowhere`: it is
    /// empty.
    pub config_from: String,
    /// Whether a route names the policy; otherwise no message reaches it.
    pub routed: bool,
}

/// Another version works now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Switched {
    /// The policy.
    pub policy: String,
    /// The version that works.
    pub active: String,
    /// The one that was active before.
    pub previous: Option<String>,
    /// Whether anything changed.
    pub changed: bool,
}

/// Why a policy was not changed. The texts go to the operator.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// There is no such policy or version.
    #[error("{0}")]
    Unknown(String),
    /// The component is no policy, or refuses its configuration.
    #[error("{0}")]
    Invalid(String),
    /// It does not go with how things stand.
    #[error("{0}")]
    Conflict(String),
    /// It cannot be done now; trying again later may help.
    #[error("{0}")]
    Away(String),
}
