//! Tallygate: a gateway for transactions that are counted once, to the last cent.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod cli;
mod commands;
mod admin_client;

pub mod config;
pub mod parts;
pub mod app;
mod console;
pub mod faults;
mod metrics;
mod supervise;

pub mod certs;
pub mod demo;
