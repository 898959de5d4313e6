//! Tallygate: a gateway for transactions that are counted once, to the last cent.
#![warn(clippy::print_stdout, clippy::print_stderr)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]
#![cfg_attr(not(feature = "servers"), allow(dead_code, reason = "some ways of reading options are the servers' alone"))]

mod arguments;
pub mod cli;
mod commands;
pub mod logging;
mod lossy;
mod out;

mod admin_client;
pub mod app;
mod authoring;
mod check;
pub mod config;
pub mod faults;
mod metrics;
pub mod parts;
mod policy_config;
mod policy_engine;
mod policy_listing;
mod replay;
pub mod roles;
pub mod runtime;
mod supervise;
mod trial;

pub mod certs;
pub mod demo;
