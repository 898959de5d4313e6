//! The partners' side, from TCP accept to the reply: listeners, access, policies, the queue, proxy routes.
//!
//! The order of the modules is the way of a request; `request` tells it from top to bottom.
#![warn(clippy::print_stdout, clippy::print_stderr)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod error;
mod front;
mod invalid;
mod names;
mod open_route;
mod options;
mod partner_options;
mod parts;

mod connection;
mod listener;
mod tls;

mod access;
mod access_line;
mod body;
mod consulted;
mod cookies;
mod cors;
mod days;
mod deadline;
mod detached;
mod draft;
mod faults;
mod head;
mod held;
mod host;
mod ingest;
pub mod journal;
mod memory;
mod observer;
mod policy;
mod problem;
mod proxy;
mod publishing;
mod refusing;
mod reply;
mod request;
mod routes;
mod shared;
mod trace;
mod upstream_call;

mod clock;
pub mod limits;
mod metrics;
pub mod registry;

pub use access::KeyScopes;
pub use cors::CorsOptions;
pub use days::DayRange;
pub use draft::draft;
pub use error::FrontError;
pub use front::Front;
pub use invalid::InvalidOption;
pub use limits::Limits;
pub use metrics::Metrics;
pub use observer::Observer;
pub use open_route::OpenRoute;
pub use options::{
    Callers, ClientAuth, FrontOptions, ListenerOptions, RouteLimits, RouteOptions, TlsOptions, UpstreamOptions,
};
pub use partner_options::{Credential, Fingerprint, KeyOptions, PartnerOptions};
pub use policy::{Activator, ActivePolicy, Compiled};
pub use publishing::Publishing;
pub use registry::PolicyRegistry;
