//! What a process that works something off takes for it.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::child::Measured;
use crate::measure::Cost;

/// Of all units, how many tenths are gone when their CPU time is looked at; over the others the system calls are counted.
const TENTHS: u64 = 8;
const LOOK: Duration = Duration::from_millis(20);

/// Waits until all units are done, and returns what one takes, from the process's start on: of one that does much at a time, and has
/// done more than it shows, nothing less than all can be told.
///
/// # Errors
/// As [`cost`].
pub fn cost_of_all(process: &Measured, units: u64, within: Duration, done: impl Fn() -> Result<u64>) -> Result<Cost> {
    let start = Instant::now();
    loop {
        let done = done()?;
        if done >= units {
            return Ok(Cost { units, wall: start.elapsed(), cpu: process.cpu()?, calls: None });
        }
        ensure!(start.elapsed() < within, "only {done} of {units} are done after {within:?}");
        std::thread::sleep(LOOK);
    }
}

/// Waits until so many units are done, and returns what one takes. CPU time is the process's from its start on, which holds
/// some ten milliseconds of starting.
///
/// # Errors
/// When it takes longer than it may, or what is done cannot be read.
pub fn cost(process: &Measured, units: u64, within: Duration, done: impl Fn() -> Result<u64>) -> Result<Cost> {
    let end = Instant::now() + within;
    let until = |enough: u64| {
        loop {
            let done = done()?;
            if done >= enough {
                return anyhow::Ok(done);
            }
            ensure!(Instant::now() < end, "only {done} of {units} are done after {within:?}");
            std::thread::sleep(LOOK);
        }
    };
    let first = until(1)?;
    let start = Instant::now();
    let most = until(units * TENTHS / 10)?;
    let (wall, cpu) = (start.elapsed(), process.cpu()?);
    // Wall time is of those that were done meanwhile.
    let wall = wall.mul_f64(most as f64 / (most - first).max(1) as f64);
    let counter = process.count_calls();
    let counted = done()?;
    let all = until(units)?;
    let calls = counter.stop();
    Ok(Cost { units: most, wall, cpu, calls: None }.with_calls(calls, (all - counted).max(1)))
}
