//! The arguments of what runs a process, or prepares one.

use std::path::PathBuf;

use clap::Args;

use super::config_file::ConfigFile;
use crate::roles::Roles;

/// What a process runs.
#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// Its configuration.
    #[command(flatten)]
    pub(crate) file: ConfigFile,
    /// The roles of this process, separated by commas; all of them when absent.
    #[arg(long)]
    pub(crate) roles: Option<Roles>,
}

/// What is checked.
#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// Its configuration.
    #[command(flatten)]
    pub(crate) file: ConfigFile,
    /// The roles to check it for.
    #[arg(long)]
    pub(crate) roles: Option<Roles>,
    /// Prints JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What the demo needs.
#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// Where it keeps certificates, configuration and data.
    #[arg(long, default_value = "target/demo")]
    pub(crate) dir: PathBuf,
    /// Where the stock policies are.
    #[arg(long, default_value = "target/policies")]
    pub(crate) policies: PathBuf,
    /// Requests a second, of all partners together.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) pace: u32,
}

/// What is made for development.
#[derive(Debug, Args)]
pub(crate) struct CertArguments {
    /// The folder to fill.
    #[arg(long, default_value = "certs")]
    pub(crate) dir: PathBuf,
    /// The partners that get a client certificate, one or more names.
    #[arg(long, num_args = 1.., default_values_t = ["shop-1".to_owned(), "shop-2".to_owned(), "shop-3".to_owned()])]
    pub(crate) partner: Vec<String>,
}
