//! The arguments of what is done with policies.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::config_file::ConfigFile;

/// What is done with policies.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Runs one message through a policy, with no server.
    Run(PolicyRunArguments),
    /// Uploads a component as a new version of a policy; it is compiled and checked, and active only with --activate.
    Push {
        /// The policy.
        policy: String,
        /// The component.
        component: PathBuf,
        /// Activates it, once it is checked.
        #[arg(long)]
        activate: bool,
        /// How to reach the gateway.
        #[command(flatten)]
        admin: AdminArguments,
    },
    /// Lists the versions of all policies.
    List {
        /// How to reach the gateway.
        #[command(flatten)]
        admin: AdminArguments,
    },
    /// Switches a policy to one of its versions.
    Activate {
        /// The policy.
        policy: String,
        /// The version: its hash, or the first 8 digits of it or more.
        // Not by its own name, which is that of the flag that every command has.
        #[arg(id = "policy_version", value_name = "VERSION")]
        version: String,
        /// How to reach the gateway.
        #[command(flatten)]
        admin: AdminArguments,
    },
    /// Switches a policy back to the version that was active before.
    Rollback {
        /// The policy.
        policy: String,
        /// How to reach the gateway.
        #[command(flatten)]
        admin: AdminArguments,
    },
}

/// One message through one policy.
#[derive(Debug, Args)]
pub(crate) struct PolicyRunArguments {
    /// The component.
    pub(crate) component: PathBuf,
    /// The file with the message's body.
    #[arg(long)]
    pub(crate) input: PathBuf,
    /// Its content type.
    #[arg(long, default_value = "application/octet-stream")]
    pub(crate) content_type: String,
    /// The policy's configuration as a `.json` file, or a `tallygate.toml` that has a policy of the component's file name;
    /// without it: an empty configuration, throw-away keys, a test partner.
    #[arg(long)]
    pub(crate) config: Option<PathBuf>,
    /// Prints JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// How to reach a running gateway.
#[derive(Debug, Args)]
pub(crate) struct AdminArguments {
    /// The configuration that says address, token and authority.
    #[command(flatten)]
    pub(crate) file: ConfigFile,
    /// The address of the administration, such as `https://127.0.0.1:9443`; the configuration's when absent.
    #[arg(long, env = "TALLYGATE_ADMIN")]
    pub(crate) admin: Option<String>,
    /// The token; the configuration's when absent.
    #[arg(long, env = "TALLYGATE_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    /// The authority that signed the server's certificate, PEM; the configuration's when absent.
    #[arg(long, env = "TALLYGATE_CA")]
    pub(crate) ca: Option<PathBuf>,
    /// Prints JSON.
    #[arg(long)]
    pub(crate) json: bool,
}
