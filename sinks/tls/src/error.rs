//! Why TLS cannot work as it was asked for.

/// Why TLS cannot work as it was asked for; it names the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// A file, or what stands for one, cannot be used.
    #[error("{name}: {problem}")]
    Unusable {
        /// The file.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// There is nobody to trust.
    #[error("the system has no trusted authorities, name a CA file")]
    NoAuthorities,
    /// One file without the other.
    #[error("certificate and key go together, one is missing")]
    Half,
    /// The TLS library does not take its own defaults.
    #[error("{0}")]
    Library(String),
}

impl TlsError {
    /// What is wrong, for whoever knows of which file or setting.
    #[must_use]
    pub fn problem(&self) -> String {
        match self {
            Self::Unusable { problem, .. } => problem.clone(),
            other => other.to_string(),
        }
    }
}
