//! The arguments of what is done with policies.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::authoring::{PolicyBuildArguments, PolicyNewArguments, PolicyRunArguments, PolicyTestArguments};
use super::config_file::{GatewayFile, GatewayFileAlone};

/// What is done with policies.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Makes the crate of a new policy, in Rust.
    New(PolicyNewArguments),
    /// Builds a policy's crate and makes a component of it.
    Build(PolicyBuildArguments),
    /// Builds a policy's crate and compares what it makes of its samples with what is expected.
    Test(PolicyTestArguments),
    /// Runs messages through a policy as a gateway would, with no server.
    Run(PolicyRunArguments),
    /// Uploads a component as a new version of a policy; it is compiled and checked, and active only with --activate.
    Push {
        /// The policy.
        policy: String,
        /// The component.
        component: PathBuf,
        /// The configuration of this version, JSON, or TOML where the name ends so; without it: the active version's, else
        /// the one in the gateway's own configuration, else an empty one. The gateway's file is named with -c.
        #[arg(long = "config", value_name = "FILE")]
        policy_config: Option<PathBuf>,
        /// Activates it, once it is checked.
        #[arg(long)]
        activate: bool,
        /// How to reach the gateway.
        #[command(flatten)]
        admin: PushArguments,
    },
    /// Lists the versions of all policies.
    List {
        /// Where they are.
        #[command(flatten)]
        store: StoreArguments,
    },
    /// Shows one version with its configuration.
    Show {
        /// The policy.
        policy: String,
        /// The version: its hash, or the first 8 digits of it or more.
        #[arg(id = "policy_version", value_name = "VERSION")]
        version: String,
        /// Where it is.
        #[command(flatten)]
        store: StoreArguments,
    },
    /// Removes a version that is neither active nor pinned by a route.
    Remove {
        /// The policy.
        policy: String,
        /// The version: its hash, or the first 8 digits of it or more.
        #[arg(id = "policy_version", value_name = "VERSION")]
        version: String,
        /// Where it is.
        #[command(flatten)]
        store: StoreArguments,
    },
    /// Switches a policy to one of its versions.
    Activate {
        /// The policy.
        policy: String,
        /// The version: its hash, or the first 8 digits of it or more.
        // Not by its own name, which is that of the flag that every command has.
        #[arg(id = "policy_version", value_name = "VERSION")]
        version: String,
        /// Where it is.
        #[command(flatten)]
        store: StoreArguments,
    },
    /// Switches a policy back to the version that was active before.
    Rollback {
        /// The policy.
        policy: String,
        /// Where it is.
        #[command(flatten)]
        store: StoreArguments,
    },
}

/// How to reach a running gateway.
#[derive(Debug, Args)]
pub(crate) struct AdminArguments {
    /// The configuration that says address, token and authority.
    #[command(flatten)]
    pub(crate) file: GatewayFile,
    /// What goes before it.
    #[command(flatten)]
    pub(crate) way: AdminWay,
}

/// How to reach a running gateway, where `--config` is what is pushed.
#[derive(Debug, Args)]
pub(crate) struct PushArguments {
    /// The configuration that says address, token and authority.
    #[command(flatten)]
    pub(crate) file: GatewayFileAlone,
    /// What goes before it.
    #[command(flatten)]
    pub(crate) way: AdminWay,
}

/// How to reach a running gateway, or what it keeps while none runs.
#[derive(Debug, Args)]
pub(crate) struct StoreArguments {
    /// Works on the data directory of the gateway's configuration, while no process has it.
    #[arg(long)]
    pub(crate) offline: bool,
    /// How to reach the gateway.
    #[command(flatten)]
    pub(crate) admin: AdminArguments,
}

/// Address, token and authority of an administration.
#[derive(Debug, Args)]
pub(crate) struct AdminWay {
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
