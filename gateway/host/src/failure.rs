//! What can go wrong, and whose fault it is.

use std::time::Duration;

use crate::limits;

/// The engine could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("the policy engine could not be set up: {0}")]
pub struct EngineError(pub(crate) String);

/// As much waits to be compiled as may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{} policies wait to be compiled, and more may not; try again when they are through", limits::COMPILING_WAIT)]
pub struct CompilerBusy;

/// A key cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct KeyError(pub(crate) String);

/// A call of a policy failed. Only its message is concerned; the policy's next call starts afresh.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFailure {
    /// The policy trapped: it panicked, ran out of stack, read outside its memory.
    #[error("the policy trapped: {0}")]
    Trap(String),
    /// The policy ran longer than it may.
    #[error("the policy ran longer than the {} ms it may", .0.as_millis())]
    Timeout(Duration),
    /// The policy wanted more memory than it may have, in bytes.
    #[error("the policy wanted more memory than the {} KiB it may have", .0 >> 10)]
    OutOfMemory(usize),
    /// The policy returned something that cannot be carried out.
    #[error("the policy returned {0}")]
    BadOutcome(String),
    /// The call takes long, and as many such calls wait as may. Trying again later can help.
    #[error("the policy takes long over this message, and as many such messages wait as may")]
    Busy,
    /// The host's own fault.
    #[error("the policy host failed: {0}")]
    Host(String),
}

impl PolicyFailure {
    /// A short name for metrics and problem documents.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Trap(_) => "policy-trap",
            Self::Timeout(_) => "policy-timeout",
            Self::OutOfMemory(_) => "policy-memory",
            Self::BadOutcome(_) => "policy-outcome",
            Self::Busy => "policy-busy",
            Self::Host(_) => "policy-host",
        }
    }
}

/// A policy could not be activated. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ActivationError {
    /// The component is larger than any that is taken.
    #[error("the component has {bytes} bytes, and {limit} is the most")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// [`limits::COMPONENT_BYTES`](crate::limits::COMPONENT_BYTES).
        limit: usize,
    },
    /// The bytes are no component that this host can run.
    #[error("not a component that runs here: {0}")]
    NotAComponent(String),
    /// The component is of another world.
    #[error("not a component of the world tallygate:policy@1: {0}")]
    WrongWorld(String),
    /// `configure` refused its configuration.
    #[error("configuration{}: {detail}", if pointer.is_empty() { String::new() } else { format!(" at {pointer}") })]
    Configuration {
        /// A JSON Pointer to the place; empty: the whole of it.
        pointer: String,
        /// What was wrong and what would be right.
        detail: String,
    },
    /// `configure` did not come to an end.
    #[error("configure failed: {0}")]
    ConfigureFailed(PolicyFailure),
    /// A key the policy says it uses is not there, or of the wrong kind.
    #[error("key `{name}`: {detail}")]
    Key {
        /// Its name.
        name: String,
        /// What was wrong and what would be right.
        detail: String,
    },
    /// The limits asked for are beyond what the engine can give.
    #[error("limits.{key}: {detail}")]
    Limits {
        /// Which of them, by its key in the configuration.
        key: &'static str,
        /// What was asked for, and the most there is.
        detail: String,
    },
    /// As many wait to be compiled as may; trying again later can help.
    #[error(transparent)]
    Busy(#[from] CompilerBusy),
    /// The host's own fault.
    #[error("the policy host failed: {0}")]
    Host(String),
}
