//! Measures Tallygate beside floors, in one run: `bench [a b c d e g h]`, all of them when none is named.
#![allow(clippy::disallowed_methods, reason = "load generators end with the measurement that started them")]

mod accept;
mod admin;
mod alone;
mod child;
mod client;
mod floors;
mod fold;
mod log;
mod measure;
mod messages;
mod page;
mod policy;
mod reconcile;
mod ship;
mod site;
mod versions;
mod visible;

use std::path::Path;

use anyhow::Result;
use mimalloc::MiMalloc;

/// As in the appliance, so that no floor wins or loses by its allocator.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        Some(("floor", rest)) => return floors::run(rest),
        Some(("alone", [config])) => return alone::run(Path::new(config)),
        _ => {}
    }
    let wanted = |name: &str| arguments.is_empty() || arguments.iter().any(|argument| argument == name);
    println!("{}", machine());
    if wanted("a") {
        policy::measure()?;
    }
    if wanted("b") {
        accept::measure()?;
    }
    if wanted("c") {
        ship::measure()?;
    }
    if wanted("d") {
        fold::measure()?;
    }
    if wanted("e") || wanted("f") {
        visible::measure()?;
    }
    if wanted("g") {
        versions::measure()?;
    }
    if wanted("h") {
        reconcile::measure()?;
    }
    Ok(())
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
