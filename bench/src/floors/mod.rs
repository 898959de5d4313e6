//! What the figures stand beside: the same libraries doing the bare minimum.

mod confirms;
mod fold;
mod handshakes;
mod http;
mod queue;
mod read;
mod rows;
mod scan;
mod ship;

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::measure::Cost;
use crate::publish;

/// Runs the floor that the arguments name, in a process of its own.
pub fn run(arguments: &[String]) -> Result<()> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Runtime::new()?;
    match arguments.as_slice() {
        ["accept", "shared", address, certs] => http::shared(address.parse()?, Path::new(certs)),
        ["accept", "apart", address, certs] => http::apart(address.parse()?, Path::new(certs)),
        ["handshakes", address, certs] => runtime.block_on(handshakes::shake(address.parse()?, Path::new(certs))),
        ["confirms", url] => print(&runtime.block_on(confirms::confirms(url))?),
        ["publishes", url] => print(&runtime.block_on(publish::port(url))?),
        ["ship", url, queue, brokers, topic, messages] => {
            print(&runtime.block_on(ship::ship(url, queue, brokers, topic, messages.parse()?))?)
        }
        ["fold", brokers, topic, contact_point, records, keys] => {
            let fold = fold::fold(brokers, topic, contact_point, records.parse()?, keys.parse()?);
            print(&runtime.block_on(fold)?)
        }
        ["read", config] => runtime.block_on(read::read(Path::new(config))),
        _ => bail!("no such floor: {arguments:?}"),
    }
}

fn print(cost: &Cost) -> Result<()> {
    let calls = cost.calls.unwrap_or(f64::NAN);
    println!("{} {} {} {calls}", cost.units, cost.wall.as_nanos(), cost.cpu.as_nanos());
    Ok(())
}

/// Reads what a floor printed.
pub fn cost(text: &str) -> Result<Cost> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let [units, wall, cpu, calls] = fields[..] else { bail!("a floor printed {text:?}") };
    let (wall, cpu) = (Duration::from_nanos(wall.parse()?), Duration::from_nanos(cpu.parse()?));
    let calls = Some(calls.parse()?).filter(|calls: &f64| !calls.is_nan());
    Ok(Cost { units: units.parse()?, wall, cpu, calls })
}
