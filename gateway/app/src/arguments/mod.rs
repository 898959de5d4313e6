//! The command line: what can be asked for.

mod authoring;
mod by_hand;
mod config_file;
mod dead_letters;
mod policy;
mod process;
mod reading;

use clap::{Parser, Subcommand};

pub(crate) use authoring::{PolicyBuildArguments, PolicyNewArguments, PolicyRunArguments, PolicyTestArguments};
pub(crate) use by_hand::{ClockCommand, ClockCorrectArguments, RecoverArguments};
pub(crate) use config_file::ConfigFile;
pub(crate) use dead_letters::{DeadLettersCommand, ReplayArguments, Which};
pub(crate) use policy::{AdminArguments, AdminWay, PolicyCommand, StoreArguments};
pub(crate) use process::{CertArguments, CheckArguments, DemoArguments, RunArguments};
pub(crate) use reading::{ReconcileArguments, SumsArguments};

/// A gateway for transactions: exact to the cent, extended by WebAssembly policies.
#[derive(Debug, Parser)]
#[command(name = "tallygate", version, about, propagate_version = true)]
pub struct Arguments {
    /// What is asked for.
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs the roles of this process until it is told to stop.
    Run(RunArguments),
    /// Checks a configuration without binding anything.
    Check(CheckArguments),
    /// Runs the whole chain on the embedded defaults, with sample partners sending.
    Demo(DemoArguments),
    /// Makes, tries, pushes and switches policies.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Prints the sums of a day.
    Sums(SumsArguments),
    /// Looks at what could not be counted, and puts it back into the queue.
    #[command(subcommand)]
    DeadLetters(DeadLettersCommand),
    /// Proves that everything accepted is accounted for.
    Reconcile(ReconcileArguments),
    /// Makes the checkpoint of a partition anew that stands for want of one.
    Recover(RecoverArguments),
    /// Corrects what the broker's clock said.
    #[command(subcommand)]
    Clock(ClockCommand),
    /// Makes a development authority, certificates, keys and the operator's password.
    Cert(CertArguments),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_of_all_commands_go_together() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_replay_names_what_it_replays_in_one_way() {
        let parsed = |line: &str| {
            Arguments::try_parse_from(
                ["tallygate", "dead-letters", "replay"].into_iter().chain(line.split_whitespace()),
            )
        };
        for line in
            ["0/1 2/3", "--file -", "--day 2026-11-22 --partner a --as-is", "--all --dry-run", "--reason horizon -c f"]
        {
            assert!(parsed(line).is_ok(), "{line}: {:?}", parsed(line).err());
        }
        for line in
            ["", "0/1 --file f", "--file f --day 2026-11-22", "--all --partner a", "--file f --as-is", "--dry-run"]
        {
            assert!(parsed(line).is_err(), "{line}");
        }
    }

    #[test]
    fn several_partners_are_named_at_once_or_one_by_one() {
        for line in ["cert --partner a b --dir d", "cert --partner a --partner b --dir d"] {
            let parsed = Arguments::try_parse_from(["tallygate"].into_iter().chain(line.split(' '))).unwrap();
            match parsed.command {
                Command::Cert(cert) => assert_eq!(cert.partner, ["a", "b"], "{line}"),
                other => panic!("{other:?}"),
            }
        }
    }
}
