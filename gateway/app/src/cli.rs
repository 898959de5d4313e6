//! The command line: who does what is asked for.

use std::process::ExitCode;

use anyhow::Result;
use rustix::fs::Mode;

pub use crate::arguments::Arguments;
use crate::arguments::{ClockCommand, Command, ConfigFile, DeadLettersCommand, PolicyCommand};
use crate::commands::{
    bad_configuration, cert, check, dead_letters, demo, partitions, policies, policy_build, policy_new, policy_run,
    policy_test, readers, replay, run as running,
};
use crate::config::Config;
use crate::out;

/// Does what the arguments ask for, to its end: what went wrong is said, for the exit code 1.
#[must_use]
pub fn run(arguments: Arguments) -> ExitCode {
    out::ended(done(arguments))
}

fn done(arguments: Arguments) -> Result<ExitCode> {
    if !is_for_others(&arguments.command) {
        // Whatever a library makes, SQLite's files too, is this user's alone from its first moment on.
        rustix::process::umask(Mode::RWXG | Mode::RWXO);
    }
    match arguments.command {
        Command::Run(run) => running::run(&run),
        Command::Check(check) => check::check(&check),
        Command::Demo(demo) => demo::demo(&demo),
        Command::Policy(PolicyCommand::New(new)) => policy_new::new(&new),
        Command::Policy(PolicyCommand::Build(build)) => policy_build::build(&build),
        Command::Policy(PolicyCommand::Test(test)) => policy_test::test(&test),
        Command::Policy(PolicyCommand::Run(run)) => policy_run::run(&run),
        Command::Policy(command) => policies::run(command),
        Command::Sums(sums) => with_config(&sums.file, |config| readers::sums(&config, &sums)),
        Command::DeadLetters(DeadLettersCommand::Replay(arguments)) => replay::replay(&arguments),
        Command::DeadLetters(
            ref command @ (DeadLettersCommand::List { ref file, .. }
            | DeadLettersCommand::Show { ref file, .. }
            | DeadLettersCommand::Export { ref file, .. }),
        ) => with_config(file, |config| dead_letters::dead_letters(&config, command)),
        Command::Reconcile(reconcile) => with_config(&reconcile.file, |config| readers::reconcile(&config, &reconcile)),
        Command::Recover(recover) => with_config(&recover.file, |config| partitions::recover(&config, &recover)),
        Command::Clock(ClockCommand::Correct(correct)) => {
            with_config(&correct.file, |config| partitions::clock_correct(&config, &correct))
        }
        Command::Cert(cert) => cert::cert(&cert.dir, &cert.partner),
    }
}

/// Whether what a command makes is meant to be handed on: an author's crate and component, certificates.
fn is_for_others(command: &Command) -> bool {
    use PolicyCommand::{Build, New, Run, Test};
    matches!(command, Command::Policy(New(_) | Build(_) | Test(_) | Run(_)) | Command::Cert(_))
}

fn with_config(file: &ConfigFile, then: impl FnOnce(Config) -> Result<ExitCode>) -> Result<ExitCode> {
    match Config::load(&file.config) {
        Ok(config) => then(config),
        Err(problems) => Ok(bad_configuration::told(&problems)),
    }
}
