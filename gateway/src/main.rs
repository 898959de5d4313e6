//! The `tallygate` command.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let arguments = tallygate::cli::Arguments::parse();
    match tallygate::cli::run(arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("tallygate: {error:#}");
            ExitCode::from(1)
        }
    }
}
