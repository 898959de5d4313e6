//! The `tallygate` command.
#![warn(clippy::print_stdout, clippy::print_stderr)]

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;

/// A request takes some hundred small allocations on one thread and frees many on another, at which the system's
/// allocator is slow.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    tallygate::cli::run(tallygate::cli::Arguments::parse())
}
