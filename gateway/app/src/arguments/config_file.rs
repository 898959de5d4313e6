//! Where a command finds its configuration.

use std::path::PathBuf;

use clap::Args;

/// Where the configuration is.
#[derive(Debug, Args)]
pub(crate) struct ConfigFile {
    /// The configuration file.
    #[arg(long, short, default_value = "tallygate.toml", env = "TALLYGATE_CONFIG")]
    pub(crate) config: PathBuf,
}

/// Where a gateway's configuration is, for the commands that talk to one.
#[derive(Debug, Args)]
pub(crate) struct GatewayFile {
    /// The gateway's configuration file, which says where the gateway is reached, and what it keeps.
    #[arg(
        long = "gateway",
        visible_alias = "config",
        short = 'c',
        value_name = "FILE",
        default_value = "tallygate.toml",
        env = "TALLYGATE_CONFIG"
    )]
    pub(crate) config: PathBuf,
}

/// The same for a command whose `--config` is a policy's.
#[derive(Debug, Args)]
pub(crate) struct GatewayFileAlone {
    /// The gateway's configuration file, which says where the gateway is reached.
    #[arg(
        long = "gateway",
        short = 'c',
        value_name = "FILE",
        default_value = "tallygate.toml",
        env = "TALLYGATE_CONFIG"
    )]
    pub(crate) config: PathBuf,
}
