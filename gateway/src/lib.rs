//! Tallygate: a gateway for transactions that are counted once, to the last cent.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod admin_client;
pub mod certs;
pub mod config;
pub mod demo;
pub mod metrics;
pub mod supervise;
pub mod cli { #[derive(Debug)] pub struct AdminArguments { pub file: ConfigFile, pub admin: Option<String>, pub token: Option<String>, pub ca: Option<std::path::PathBuf>, pub json: bool } #[derive(Debug)] pub struct ConfigFile { pub config: std::path::PathBuf } }
