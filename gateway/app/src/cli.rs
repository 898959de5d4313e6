//! The command line: what is asked for, and who does it.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use tallygate_core::{Currency, Day};

use crate::commands;
use crate::config::{Config, Roles};

/// The exit code of a bad configuration: `EX_CONFIG` of sysexits.h.
pub const BAD_CONFIGURATION: u8 = 78;

/// A gateway for transactions: exact to the cent, extended by WebAssembly policies.
#[derive(Debug, Parser)]
#[command(name = "tallygate", version, about, propagate_version = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the roles of this process until it is told to stop.
    Run(RunArguments),
    /// Checks a configuration without binding anything.
    Check(CheckArguments),
    /// Runs the whole chain on the embedded defaults, with sample partners sending.
    Demo(DemoArguments),
    /// Tries, pushes and switches policies.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Prints the sums of a day.
    Sums(SumsArguments),
    /// Looks at what could not be counted.
    #[command(subcommand)]
    DeadLetters(DeadLettersCommand),
    /// Proves that everything accepted is accounted for.
    Reconcile(ReconcileArguments),
    /// Makes a development authority, certificates, keys and the operator's password.
    Cert(CertArguments),
}

/// Where the configuration is.
#[derive(Debug, Args)]
pub struct ConfigFile {
    /// The configuration file.
    #[arg(long, short, default_value = "tallygate.toml", env = "TALLYGATE_CONFIG")]
    pub config: PathBuf,
}

#[derive(Debug, Args)]
struct RunArguments {
    #[command(flatten)]
    file: ConfigFile,
    /// The roles of this process, separated by commas; all of them when absent.
    #[arg(long)]
    roles: Option<Roles>,
}

#[derive(Debug, Args)]
struct CheckArguments {
    #[command(flatten)]
    file: ConfigFile,
    /// The roles to check it for.
    #[arg(long)]
    roles: Option<Roles>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// What the demo needs.
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// Where it keeps certificates, configuration and data.
    #[arg(long, default_value = "target/demo")]
    pub dir: PathBuf,
    /// Where the stock policies are.
    #[arg(long, default_value = "target/policies")]
    pub policies: PathBuf,
    /// Requests a second, of all partners together.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub pace: u32,
}

/// What is done with policies.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
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
pub struct PolicyRunArguments {
    /// The component.
    pub component: PathBuf,
    /// The file with the message's body.
    #[arg(long)]
    pub input: PathBuf,
    /// Its content type.
    #[arg(long, default_value = "application/octet-stream")]
    pub content_type: String,
    /// The policy's configuration as a `.json` file, or a `tallygate.toml` that has a policy of the component's file name;
    /// without it: an empty configuration, throw-away keys, a test partner.
    #[arg(long)]
    pub config: Option<PathBuf>,
    /// Prints JSON.
    #[arg(long)]
    pub json: bool,
}

/// How to reach a running gateway.
#[derive(Debug, Args)]
pub struct AdminArguments {
    /// The configuration that says address, token and authority.
    #[command(flatten)]
    pub file: ConfigFile,
    /// The address of the administration, such as `https://127.0.0.1:9443`; the configuration's when absent.
    #[arg(long, env = "TALLYGATE_ADMIN")]
    pub admin: Option<String>,
    /// The token; the configuration's when absent.
    #[arg(long, env = "TALLYGATE_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// The authority that signed the server's certificate, PEM; the configuration's when absent.
    #[arg(long, env = "TALLYGATE_CA")]
    pub ca: Option<PathBuf>,
    /// Prints JSON.
    #[arg(long)]
    pub json: bool,
}

/// Which sums.
#[derive(Debug, Args)]
pub struct SumsArguments {
    /// Where the store is.
    #[command(flatten)]
    pub file: ConfigFile,
    /// The business day, YYYY-MM-DD; today in the configured zone when absent.
    #[arg(long)]
    pub day: Option<Day>,
    /// One key; the day's totals and busiest keys when absent.
    #[arg(long)]
    pub key: Option<String>,
    /// One currency.
    #[arg(long)]
    pub currency: Option<Currency>,
    /// How many of the busiest keys.
    #[arg(long, default_value_t = 10)]
    pub top: usize,
    /// Prints JSON.
    #[arg(long)]
    pub json: bool,
}

/// What could not be counted.
#[derive(Debug, Subcommand)]
pub enum DeadLettersCommand {
    /// Lists them, the newest last.
    List {
        /// Where the stream is.
        #[command(flatten)]
        file: ConfigFile,
        /// Those of one business day.
        #[arg(long)]
        day: Option<Day>,
        /// Those of one partner.
        #[arg(long)]
        partner: Option<String>,
        /// How many at most, the newest.
        #[arg(long, default_value_t = 100)]
        limit: usize,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// Shows one whole.
    Show {
        /// Where it stands among the dead letters, as `list` says it: `partition/offset`.
        letter: String,
        /// Where the stream is.
        #[command(flatten)]
        file: ConfigFile,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
}

/// What is proved.
#[derive(Debug, Args)]
pub struct ReconcileArguments {
    /// Where queue, stream, store and journal are.
    #[command(flatten)]
    pub file: ConfigFile,
    /// One business day; every day of the horizon when absent.
    #[arg(long)]
    pub day: Option<Day>,
    /// Further folders with gateways' journals; the data directory's own is always read.
    #[arg(long)]
    pub journal: Vec<PathBuf>,
    /// Prints JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
struct CertArguments {
    /// The folder to fill.
    #[arg(long, default_value = "certs")]
    dir: PathBuf,
    /// The partners that get a client certificate.
    #[arg(long, default_values_t = ["shop-1".to_owned(), "shop-2".to_owned(), "shop-3".to_owned()])]
    partner: Vec<String>,
}

/// Does what the arguments ask for.
///
/// # Errors
/// Whatever went wrong, for the exit code 1.
pub fn run(arguments: Arguments) -> Result<ExitCode> {
    match arguments.command {
        Command::Run(run) => {
            let roles = run.roles.unwrap_or_default();
            with_config(&run.file, &roles, |config| commands::run::run(config, roles.clone()))
        }
        Command::Check(check) => {
            let roles = check.roles.unwrap_or_default();
            commands::check::check(&check.file.config, &roles, check.json)
        }
        Command::Demo(demo) => commands::demo::demo(&demo),
        Command::Policy(PolicyCommand::Run(run)) => commands::policy_run::run(&run),
        Command::Policy(command) => commands::policies::run(command),
        Command::Sums(sums) => with_any_roles(&sums.file, |config| commands::readers::sums(&config, &sums)),
        Command::DeadLetters(command) => {
            let (DeadLettersCommand::List { file, .. } | DeadLettersCommand::Show { file, .. }) = &command;
            with_any_roles(file, |config| commands::readers::dead_letters(&config, &command))
        }
        Command::Reconcile(reconcile) => {
            with_any_roles(&reconcile.file, |config| commands::readers::reconcile(&config, &reconcile))
        }
        Command::Cert(cert) => commands::cert::cert(&cert.dir, &cert.partner),
    }
}

fn with_config(file: &ConfigFile, roles: &Roles, then: impl FnOnce(Config) -> Result<ExitCode>) -> Result<ExitCode> {
    match commands::check::load(&file.config, roles) {
        Ok(config) => then(config),
        Err(problems) => {
            problems.iter().for_each(|problem| eprintln!("{problem}"));
            Ok(ExitCode::from(BAD_CONFIGURATION))
        }
    }
}

fn with_any_roles(file: &ConfigFile, then: impl FnOnce(Config) -> Result<ExitCode>) -> Result<ExitCode> {
    with_config(file, &Roles::default(), then)
}

/// A runtime for a command that asks a server something.
///
/// # Errors
/// When the system gives no threads.
pub fn small_runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start a runtime")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_of_all_commands_go_together() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }
}
