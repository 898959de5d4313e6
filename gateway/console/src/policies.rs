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

    /// Compiles, checks and keeps a component as an inactive version of this policy. The same bytes again are the
    /// same version.
    ///
    /// # Errors
    /// [`PolicyError::Unknown`], or [`PolicyError::Invalid`] when it is no policy.
    async fn push(&self, policy: &str, component: Bytes) -> Result<Pushed, PolicyError>;

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
    /// The version that works.
    pub active: Option<String>,
    /// The version that a rollback would make work.
    pub previous: Option<String>,
    /// All of them, newest first.
    pub versions: Vec<PolicyVersion>,
}

/// A version of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PolicyVersion {
    /// Its content hash.
    pub version: String,
    /// The bytes of its component.
    pub bytes: u64,
    /// When it was taken in, Unix milliseconds.
    #[serde(serialize_with = "as_instant")]
    #[schema(value_type = String, format = DateTime)]
    pub added_at: i64,
    /// Whether it is the one that works.
    pub active: bool,
}

/// A component was taken in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Pushed {
    /// The policy.
    pub policy: String,
    /// The version: its content hash.
    pub version: String,
    /// Whether it was not there before.
    pub new: bool,
}

/// Another version works now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Switched {
    /// The policy.
    pub policy: String,
    /// The version that works.
    pub active: String,
    /// The one that worked before.
    pub previous: Option<String>,
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
