//! Measures Tallygate beside floors, in one run: `bench [--check] [a b c d e g h i j k]`, all of them when none is named. With
//! `--check` it exits with 1 where an aim is missed.
#![allow(clippy::disallowed_methods, reason = "load generators end with the measurement that started them")]

mod accept;
mod admin;
mod aims;
mod alone;
mod backlog;
mod child;
mod client;
mod documents;
mod floors;
mod fold;
mod formats;
mod handshakes;
mod load;
mod log;
mod logged;
mod measure;
mod memory;
mod messages;
mod moves;
mod paced;
mod page;
mod partitions;
mod peer;
mod policy;
mod progress;
mod publish;
mod reconcile;
mod records;
mod report;
mod ship;
mod site;
mod syscalls;
mod versions;
mod visible;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use mimalloc::MiMalloc;

use crate::report::Report;

/// As in the appliance, so that no floor wins or loses by its allocator.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        Some(("floor", rest)) => return floors::run(rest).map(|()| ExitCode::SUCCESS),
        Some(("alone", [config])) => return alone::run(Path::new(config)).map(|()| ExitCode::SUCCESS),
        _ => {}
    }
    let (options, names): (Vec<_>, Vec<_>) = arguments.iter().partition(|argument| argument.starts_with("--"));
    if let Some(unknown) = options.iter().find(|option| option.as_str() != "--check") {
        bail!("{unknown} is no option, --check is one");
    }
    let parts = names.iter().map(|name| part(name)).collect::<Result<Vec<_>>>()?;
    println!("{}", machine());
    let mut report = Report::default();
    for (names, measure) in PARTS {
        if parts.is_empty() || parts.contains(&names) {
            measure(&mut report)?;
        }
    }
    Ok(conclude(&report, !options.is_empty()))
}

/// What measures something and reports it.
type Measure = fn(&mut Report) -> Result<()>;

/// What can be measured, by the letters that name it.
const PARTS: [(&str, Measure); 10] = [
    ("a", policy::measure),
    ("b", accept::measure),
    ("c", ship::measure),
    ("d", fold::measure),
    ("ef", |_| visible::measure()),
    ("g", |_| versions::measure()),
    ("h", |_| reconcile::measure()),
    ("i", handshakes::measure),
    ("j", |_| backlog::measure()),
    ("k", |_| moves::measure()),
];

/// The part that a letter names.
fn part(name: &str) -> Result<&'static str> {
    let named = PARTS.iter().find(|(names, _)| name.len() == 1 && names.contains(name));
    named.map(|(names, _)| *names).with_context(|| format!("nothing is measured as {name:?}, a to k are"))
}

/// Names the aims that were missed; with `check` they end the run with 1.
fn conclude(report: &Report, check: bool) -> ExitCode {
    for missed in report.missed() {
        println!("missed: {missed}");
    }
    if check && !report.missed().is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn machine() -> String {
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .unwrap_or_default()
        .trim_start_matches(['\t', ' ', ':']);
    let count = cpus.lines().filter(|line| line.starts_with("processor")).count();
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{count} x {model}, Linux {}", kernel.trim())
}
