//! Which route a request takes: the longest path that matches on whole segments, narrowed by host, then by method.

mod build;
mod path;
#[cfg(test)]
mod readings;
mod route;
mod table;

pub(crate) use build::{build, with_policies};
pub(crate) use route::{Route, Step};
pub(crate) use table::{Found, Routes};
