//! Tallygate: a gateway for transactions that are counted once, to the last cent.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod admin_client;
pub mod cli;
mod commands;

pub mod app;
pub mod config;
mod console;
pub mod faults;
mod metrics;
pub mod parts;
mod supervise;

pub mod certs;
pub mod demo;
