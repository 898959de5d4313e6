//! What a policy says of itself once it is configured.

/// What a policy says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// What it is, in its author's words.
    pub name: String,
    /// Its version, as its author counts.
    pub version: String,
    /// Whether `handle` needs bodies.
    pub needs_body: bool,
    /// The header fields it needs, in lower case; `*`: all.
    pub headers: Vec<String>,
    /// The facts it needs.
    pub facts: Vec<String>,
    /// Whether it may accept.
    pub may_accept: bool,
    /// Whether upstreams' responses are shown to it.
    pub sees_responses: bool,
    /// Whether `respond` needs bodies.
    pub needs_response_body: bool,
    /// The keys it will use.
    pub keys: Vec<KeyUse>,
    /// A JSON Schema of its configuration.
    pub config_schema: Option<String>,
}

/// A key that a policy will ask the host to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUse {
    /// The name in the policy's configuration of keys.
    pub name: String,
    /// The function of the host that it is for.
    pub function: String,
}

impl About {
    /// Whether it needs the header field of this name, in lower case.
    #[must_use]
    pub fn needs_header(&self, name: &str) -> bool {
        self.headers.iter().any(|needed| needed == name || needed == "*")
    }
}
