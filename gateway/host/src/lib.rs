//! The policy host: runs the components of partners' policies, each message in a fresh copy of a configured snapshot.
//!
//! It knows neither HTTP nor queues: plain Rust types go in and come out, and wasmtime stays behind them.
//!
//! ```no_run
//! # async fn example(component: Vec<u8>, message: tallygate_host::Message) -> Result<(), Box<dyn std::error::Error>> {
//! use tallygate_host::{Engine, EngineLimits, Keys, Limits, Outcome, Policy, PolicySpec};
//!
//! let engine = Engine::new(EngineLimits::default())?;
//! let mut keys = Keys::new();
//! keys.add("jir", &std::fs::read("certs/jir.key")?)?;
//! // Compiles and configures: blocking, tens of milliseconds. Inside a runtime, use `spawn_blocking`.
//! let policy = Policy::activate(
//!     &engine,
//!     PolicySpec {
//!         name: "hr-racun".into(),
//!         component,
//!         config_json: r#"{"oibs":["98765432198"]}"#.into(),
//!         keys,
//!         limits: Limits::default(),
//!     },
//! )?;
//! // Share it (`Arc<Policy>`); a switch of versions is a switch of that pointer, and calls under way finish with theirs.
//! let decision = policy.handle(&message, &[], None).await?; // an error: this one message failed, failure.code() is for metrics
//! match decision.outcome {
//!     Outcome::Accept(accepted) => { /* check and queue accepted.transactions, then reply, or forward */ }
//!     Outcome::Answer(reply) => { /* send it */ }
//!     Outcome::Forward(forwarded) => { /* next policy, or upstream; body None: as it came */ }
//!     Outcome::Reject(refusal) => {
//!         let reply = policy.fault(&message, &decision.context, &refusal).await; // Ok(None) or Err: a problem document
//!     }
//! }
//! # Ok(()) }
//! ```
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod about;
mod about_json;
mod advice;
mod artefact;
mod at_once;
mod call;
mod caller;
mod check;
mod class;
mod code;
mod compiler;
mod configured;
mod edit;
mod engine;
mod failure;
mod imports;
mod keys;
pub mod limits;
mod message;
mod outcome;
mod policy;
mod pool;
mod priority;
mod question;
mod reply;
mod response;
mod sections;
mod sign;
mod signer;
mod slow_pool;
mod snapshot;
mod spec;
mod version;
mod worlds;

pub use about::{About, KeyUse};
pub use artefact::{ArtefactKey, about_bytes, about_of};
pub use call::Used;
pub use caller::Caller;
pub use compiler::Compiler;
pub use edit::HeaderEdit;
pub use engine::{Engine, EngineLimits};
pub use failure::{ActivationError, CompilerBusy, EngineError, KeyError, PolicyFailure};
pub use keys::Keys;
pub use message::{Header, Message};
pub use outcome::{Accepted, Continuation, Decision, Forwarded, Outcome, Transaction};
pub use policy::Policy;
pub use priority::step_back;
pub use reply::{Refusal, Reply};
pub use response::{AcceptedResponse, Changed, Response, ResponseOutcome};
pub use slow_pool::{SlowPool, SlowPoolError};
pub use spec::{KeptPolicy, Limits, PolicySpec};
pub use version::{short_version, version_of};
