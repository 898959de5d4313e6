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

/// Where the configuration is, for a command whose `--config` is another one.
#[derive(Debug, Args)]
pub(crate) struct GatewayFile {
    /// The gateway's configuration file.
    #[arg(
        long = "gateway",
        short = 'c',
        value_name = "FILE",
        default_value = "tallygate.toml",
        env = "TALLYGATE_CONFIG"
    )]
    pub(crate) config: PathBuf,
}
