//! The administration server: login, API and page, over HTTPS on a listener given from outside.
//!
//! The API stands under `/api/v1`; its OpenAPI document, made from the code, is `/api/v1/openapi.json`. Answers are
//! JSON, refusals `application/problem+json`.
//!
//! People have a session cookie; programs send `Authorization: Bearer` with a token, or `Basic` with a user's name and
//! password.

mod problem;

mod role;

mod caller;
mod password;
mod session;
mod throttle;
mod token;
mod upload;

mod access;

mod options;
mod shared;

mod address;
mod body;
mod encoding;
mod origin;
mod query;

mod audit;
mod gate;

mod routes;

mod document;
mod endpoint;
mod observe;
mod router;

mod server;

mod console;

pub use console::{Console, Failure, Handle};
pub use options::{Options, Parts};
pub use password::{BadHash, User, hash_password};
pub use role::{Role, UnknownRole};
pub use token::Token;
