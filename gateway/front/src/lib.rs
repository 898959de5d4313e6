//! The partners' side, from TCP accept to the reply: listeners, access, policies, the queue, proxy routes.
//!
//! The order of the modules is the way of a request; `request` tells it from top to bottom.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod front;
mod options;

mod connection;
mod listener;
mod tls;

mod access;
mod body;
mod ingest;
pub mod journal;
mod policy;
mod problem;
mod proxy;
mod reply;
mod request;
mod routes;
mod trace;

pub mod limits;
mod metrics;
pub mod registry;

pub use front::{Front, FrontError};
pub use limits::Limits;
pub use metrics::Metrics;
pub use options::{
    ClientAuth, Credential, Fingerprint, FrontOptions, ListenerOptions, PartnerOptions, RouteOptions, TlsOptions,
    UpstreamOptions,
};
pub use policy::{Activator, ActivePolicy};
pub use registry::PolicyRegistry;
