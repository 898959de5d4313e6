//! The `tallygate` command.
#![warn(clippy::print_stdout, clippy::print_stderr)]

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;

/// A request takes some hundred small allocations on one thread and frees many on another, at which the system's
/// allocator is slow.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The place of `purge_delay` among mimalloc's options (`mi_option_e` in `mimalloc.h`), and its value: after how many
/// milliseconds what was freed goes back to the system. By default what large bodies took stays for as long as nobody asks
/// for memory of its thread again.
const PURGE_DELAY: (i32, std::ffi::c_long) = (15, 10);

fn main() -> ExitCode {
    let (option, milliseconds) = PURGE_DELAY;
    // SAFETY: it sets a number of the allocator's, which every thread reads as it is. No other thread runs yet.
    #[allow(unsafe_code, reason = "the allocator has no other way to be told")]
    unsafe {
        libmimalloc_sys::mi_option_set(option, milliseconds);
    }
    tallygate::cli::run(tallygate::cli::Arguments::parse())
}
