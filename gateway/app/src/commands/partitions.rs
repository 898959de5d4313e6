//! `tallygate recover` and `tallygate clock correct`: what an operator does to partitions of the log by hand.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Result, bail};
use prometheus_client::registry::Registry;
use serde_json::{Value, json};
use tallygate_aggregator::by_hand::{Correcting, Held, Source, correct, find_wrong_times, hold, plan_recovery};
use tallygate_aggregator::{WallClock, generation_of_log, retention};
use tallygate_core::Generation;
use tallygate_core::checkpoint::Correction;
use tallygate_core::row::instant;
use tallygate_embedded::{DataDirLock, lock_data_dir};
use tallygate_stream::Stream;
use tallygate_sums::{Foreign, Sums};
use tracing_subscriber::filter::LevelFilter;

use crate::arguments::{ClockCorrectArguments, RecoverArguments};
use crate::config::Config;
use crate::logging::log_to_stderr;
use crate::out::{ask, say};
use crate::parts;
use crate::runtime::whole_runtime;

/// Stream and store, while no process of this data directory has them.
struct Opened {
    stream: Arc<dyn Stream>,
    sums: Arc<dyn Sums>,
    _lock: DataDirLock,
}

pub(crate) fn recover(config: &Config, arguments: &RecoverArguments) -> Result<ExitCode> {
    log_to_stderr(LevelFilter::INFO)?;
    whole_runtime()?.block_on(async {
        let opened = open(config).await?;
        let generation = opened.generation(config).await?;
        let mut held = hold(&*opened.stream).await?;
        let outcome = recover_held(&opened, &mut held, &generation, arguments).await;
        held.leave().await;
        outcome
    })
}

async fn recover_held(
    opened: &Opened,
    held: &mut Held,
    generation: &Generation,
    arguments: &RecoverArguments,
) -> Result<ExitCode> {
    let source = if arguments.from_log { Source::Log } else { Source::Store };
    let partition = arguments.partition;
    let recovery = plan_recovery(&*opened.stream, &*opened.sums, held, generation, partition, source).await?;
    if arguments.json {
        let (folds_from, rows, lost) = (recovery.next, recovery.rows, &recovery.lost);
        let recovers = arguments.yes;
        let told = json!({ "partition": partition, "folds_from": folds_from, "rows": rows, "lost": lost, "recovers": recovers });
        say(format_args!("{told:#}"))?;
    } else {
        say(format_args!(
            "partition {partition}: {} rows are taken over, folding goes on at offset {}",
            recovery.rows, recovery.next
        ))?;
        for lost in &recovery.lost {
            say(format_args!("lost: {lost}"))?;
        }
    }
    if !confirmed(arguments.yes)? {
        return Ok(ExitCode::FAILURE);
    }
    let written = recovery.write(held).await;
    audit("recover", partition, written.as_ref().err());
    written?;
    if !arguments.json {
        say("recovered; the next aggregator goes on from there")?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn clock_correct(config: &Config, arguments: &ClockCorrectArguments) -> Result<ExitCode> {
    log_to_stderr(LevelFilter::INFO)?;
    whole_runtime()?.block_on(async {
        let opened = open(config).await?;
        let mut held = hold(&*opened.stream).await?;
        let outcome = correct_held(&opened, &mut held, arguments).await;
        held.leave().await;
        outcome
    })
}

async fn correct_held(opened: &Opened, held: &mut Held, arguments: &ClockCorrectArguments) -> Result<ExitCode> {
    let wall = WallClock::system();
    let wanted = wanted(opened, held, &wall, arguments).await?;
    if wanted.is_empty() {
        bail!("no record behind what was folded is stamped more than a day ahead of this machine's clock");
    }
    if arguments.json {
        let corrections: Vec<_> = wanted.iter().map(as_json).collect();
        say(format_args!("{:#}", json!({ "corrections": corrections, "corrects": arguments.yes })))?;
    } else {
        for Correcting { partition, correction: Correction { first, last, time } } in &wanted {
            say(format_args!(
                "partition {partition}: the records at offsets {first} to {last} were appended at {}",
                instant(*time)
            ))?;
        }
    }
    if !confirmed(arguments.yes)? {
        return Ok(ExitCode::FAILURE);
    }
    for correcting in wanted {
        let partition = correcting.partition;
        let corrected = correct(&*opened.stream, held, &wall, correcting).await;
        audit("correct", partition, corrected.as_ref().err());
        corrected?;
    }
    if !arguments.json {
        say("corrected; the next aggregator judges them by that time")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Whoever did it is known to the system alone.
fn audit(action: &str, partition: u32, failed: Option<&impl ToString>) {
    let by = format!("uid {}", rustix::process::getuid().as_raw());
    let result = if failed.is_some() { "failed" } else { "done" };
    let why = failed.map(ToString::to_string);
    tracing::info!(target: "tallygate::audit", action, by, partition, result, why);
}

fn as_json(correcting: &Correcting) -> Value {
    let Correcting { partition, correction: Correction { first, last, time } } = correcting;
    json!({ "partition": partition, "first": first, "last": last, "time": instant(*time) })
}

async fn wanted(
    opened: &Opened,
    held: &Held,
    wall: &WallClock,
    arguments: &ClockCorrectArguments,
) -> Result<Vec<Correcting>> {
    let time = arguments.time.as_millisecond();
    if let (Some(partition), Some(first), Some(last)) = (arguments.partition, arguments.first, arguments.last) {
        return Ok(vec![Correcting { partition, correction: Correction { first, last, time } }]);
    }
    let mut found = Vec::new();
    for partition in held.partitions() {
        if arguments.partition.is_none_or(|wanted| wanted == partition) {
            found.extend(find_wrong_times(&*opened.stream, held, wall, partition, time).await?);
        }
    }
    Ok(found)
}

async fn open(config: &Config) -> Result<Opened> {
    let lock = lock_data_dir(&config.data_dir)?;
    let stream = parts::stream(config, &mut Registry::default())?;
    stream.prepare(retention(config.aggregator.horizon, config.lag_days)).await?;
    Ok(Opened { stream, sums: parts::sums(config)?, _lock: lock })
}

impl Opened {
    /// The generation of the log, as the store or the log itself has it.
    async fn generation(&self, config: &Config) -> Result<Generation> {
        let stored = self.sums.generations().await?.into_iter().max_by_key(|generation| generation.number);
        let of_log = generation_of_log(&*self.stream).await?;
        if let (Some(stored), Some(of_log)) = (&stored, &of_log)
            && stored.log != of_log.log
        {
            return Err(Foreign { store: stored.log, log: of_log.log }.into());
        }
        let Some(generation) = stored.or(of_log) else {
            bail!(
                "neither the store nor the topic of sums knows the log; run an aggregator once, it gives it a number"
            );
        };
        generation.check(&config.plan)?;
        Ok(generation)
    }
}

/// Asks, unless it was answered before.
fn confirmed(yes: bool) -> Result<bool> {
    if yes {
        return Ok(true);
    }
    if !std::io::stdin().is_terminal() {
        bail!("nobody is there to be asked; --yes answers");
    }
    ask("go on? Only \"yes\" does: ")?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(answer.trim() == "yes")
}
