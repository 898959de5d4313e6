//! Clocks and figures: wall time and CPU time per unit of work, each beside its floor.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// What a piece of work took.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Units of work.
    pub units: u64,
    /// From begin to end.
    pub wall: Duration,
    /// CPU time of the process that did it, all its threads, user and system.
    pub cpu: Duration,
    /// System calls of a unit, where they were counted.
    pub calls: Option<f64>,
}

impl Cost {
    /// The same with the system calls that so many units took, counted in a pass of their own.
    pub fn with_calls(self, calls: Option<u64>, units: u64) -> Self {
        Self { calls: calls.map(|calls| calls as f64 / units as f64), ..self }
    }

    /// The same without the CPU time that a unit of another work takes.
    pub fn above(&self, base: &Cost) -> Self {
        let each = base.cpu.as_secs_f64() / base.units as f64;
        let cpu = Duration::from_secs_f64((self.cpu.as_secs_f64() - each * self.units as f64).max(0.0));
        Self { cpu, ..*self }
    }

    /// CPU time of a unit, in microseconds.
    pub fn cpu_micros(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.units as f64
    }

    /// Wall time of a unit, in microseconds.
    pub fn wall_micros(&self) -> f64 {
        self.wall.as_secs_f64() * 1e6 / self.units as f64
    }

    /// Units a second.
    pub fn rate(&self) -> f64 {
        self.units as f64 / self.wall.as_secs_f64()
    }
}

/// Measures work of this process.
pub fn here<T>(units: u64, work: impl FnOnce() -> T) -> (Cost, T) {
    let (start, cpu) = (Instant::now(), process_cpu());
    let value = work();
    (Cost { units, wall: start.elapsed(), cpu: process_cpu() - cpu, calls: None }, value)
}

/// CPU time of this process so far, to a clock tick of 10 ms.
pub fn process_cpu() -> Duration {
    cpu_of(std::process::id()).unwrap_or_default()
}

/// CPU time of another process so far, to a clock tick of 10 ms.
pub fn cpu_of(pid: u32) -> Result<Duration> {
    let stat =
        std::fs::read_to_string(format!("/proc/{pid}/stat")).with_context(|| format!("process {pid} is gone"))?;
    let after_name = stat.rsplit_once(')').context("no process name")?.1;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks: u64 = fields.get(11).context("no user time")?.parse::<u64>()?
        + fields.get(12).context("no system time")?.parse::<u64>()?;
    Ok(Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second()))
}

/// Resident memory of another process, in bytes.
pub fn resident_of(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/statm"))?;
    let pages: u64 = status.split_whitespace().nth(1).context("no resident pages")?.parse()?;
    Ok(pages * rustix::param::page_size() as u64)
}

/// The most resident memory another process has had so far, in bytes.
pub fn peak_of(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no peak")?;
    let kilobytes: u64 = peak.split_whitespace().next().context("no peak")?.parse()?;
    Ok(kilobytes * 1024)
}

/// The value below which this share of all values lies.
pub fn quantile(sorted: &[Duration], share: f64) -> Duration {
    let place = ((sorted.len() as f64 - 1.0) * share).round() as usize;
    sorted.get(place).copied().unwrap_or_default()
}
