//! The policy host: runs the components of partners' policies, each message in a fresh copy of a configured snapshot.
//!
//! It knows neither HTTP nor queues: plain Rust types go in and come out, and wasmtime stays behind them.
//!
//! ```no_run
//! # async fn example(component: Vec<u8>, mut message: tallygate_host::Message) -> Result<(), Box<dyn std::error::Error>> {
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
//! match policy.handle(&mut message).await {
//!     Ok(Outcome::Accept(accepted)) => { /* check and queue accepted.transactions, then send accepted.reply */ }
//!     Ok(Outcome::Answer(reply)) => { /* send it */ }
//!     Ok(Outcome::Forward(forwarded)) => { /* next policy, or upstream; body None: as it came */ }
//!     Ok(Outcome::Reject(refusal)) => {
//!         let reply = policy.fault(&mut message, &refusal).await; // Ok(None) or Err: a problem document
//!     }
//!     Err(failure) => { /* this one message failed: failure.code() for metrics, Display for people */ }
//! }
//! # Ok(()) }
//! ```

mod about_json;
mod artefact;
mod call;
mod compiler;
mod configured;
mod engine;
mod failure;
mod forwarded;
mod imports;
mod keys;
pub mod limits;
mod linker;
mod outcome;
mod policy;
mod sign;
mod signer;
mod snapshot;
mod spec;
mod version;
mod view;
mod world;

pub use artefact::{ArtefactKey, about_bytes, about_of};
pub use compiler::{Compiler, CompilerBusy};
pub use engine::{Engine, EngineLimits};
pub use failure::{ActivationError, EngineError, KeyError, PolicyFailure};
pub use keys::Keys;
pub use policy::Policy;
pub use spec::{KeptPolicy, Limits, PolicySpec};
pub use version::{short_version, version_of};
pub use world::{About, Accepted, Forwarded, Header, KeyUse, Message, Outcome, Refusal, Reply, Transaction};
