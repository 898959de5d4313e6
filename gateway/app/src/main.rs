//! The `tallygate` command.

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;

/// A request takes some hundred small allocations on one thread and frees many on another, at which the system's
/// allocator is slow.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

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
