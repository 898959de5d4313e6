//! Measures Tallygate beside floors, in one run: `bench [a b c d e]`, all of them when none is named.

mod accept;
mod child;
mod floors;
mod fold;
mod measure;
mod messages;
mod policy;
mod ship;
mod visible;

use anyhow::Result;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(("floor", rest)) = arguments.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        return floors::run(rest);
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
