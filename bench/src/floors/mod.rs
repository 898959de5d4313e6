//! What the figures stand beside: the same libraries doing the bare minimum.

mod confirms;
mod fold;
mod http;
mod queue;
mod read;
mod ship;

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::measure::Cost;

pub use confirms::confirms;

/// Runs the floor that the arguments name, in a process of its own.
pub fn run(arguments: &[String]) -> Result<()> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Runtime::new()?;
    match arguments.as_slice() {
        ["accept", address, certs] => runtime.block_on(http::accept(address.parse()?, Path::new(certs))),
        ["ship", url, queue, brokers, topic, messages] => {
            print(&runtime.block_on(ship::ship(url, queue, brokers, topic, messages.parse()?))?);
            Ok(())
        }
        ["consume", brokers, topic, records] => {
            print(&fold::consume(brokers, topic, records.parse()?)?);
            Ok(())
        }
        ["read", config] => runtime.block_on(read::read(Path::new(config))),
        _ => bail!("no such floor: {arguments:?}"),
    }
}

fn print(cost: &Cost) {
    println!("{} {} {}", cost.units, cost.wall.as_nanos(), cost.cpu.as_nanos());
}

/// Reads what a floor printed.
pub fn cost(text: &str) -> Result<Cost> {
    let numbers: Vec<u64> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    let [units, wall, cpu] = numbers[..] else { bail!("a floor printed {text:?}") };
    Ok(Cost { units, wall: Duration::from_nanos(wall), cpu: Duration::from_nanos(cpu) })
}
