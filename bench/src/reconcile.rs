//! (h) The proof over a day of ten million messages: time and peak memory of `tallygate reconcile` in a process of its own,
//! beside merely reading the same journal and log.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use tallygate::config::{Config, QueueOptions, StreamOptions, SumsOptions};
use tallygate_core::{Day, Identity, PartitionBy, Run, partition, record};
use tallygate_queue::EmbeddedQueue;
use tallygate_stream::{EmbeddedStream, NewHeaders, NewRecord, Stream, StreamMetrics};
use tallygate_sums::EmbeddedSums;

use crate::measure;
use crate::site::Site;

const MESSAGES: u64 = 10_000_000;
const BATCH: u64 = 5_000;
const KEYS: u64 = 100_000;
const PARTITIONS: u32 = 4;
const RUN: Run = Run(7);
const LOOK: Duration = Duration::from_millis(20);

/// What a process took.
struct Took {
    wall: Duration,
    cpu: Duration,
    /// The most memory it held, in bytes.
    peak: u64,
}

pub fn measure() -> Result<()> {
    let site = Site::new("")?;
    let config = load(&site.config())?;
    fill(&config)?;
    let program = std::env::current_exe()?;
    let floor = watch(Command::new(&program).args(["floor", "read"]).arg(site.config()))?;
    let proof =
        watch(Command::new(program.with_file_name("tallygate")).args(["reconcile", "--config"]).arg(site.config()))?;
    println!("(h) reconcile {MESSAGES} messages: {proof}  floor (reading them): {floor}  aim memory <= 200 MB");
    Ok(())
}

/// The configuration of a site.
pub fn load(file: &Path) -> Result<Config> {
    Config::load(file).map_err(|problems| anyhow!("{problems:?}"))
}

/// A journal of so many lines, a log of as many records, an empty queue and an empty store.
fn fill(config: &Config) -> Result<()> {
    let (QueueOptions::Embedded(queue), StreamOptions::Embedded(stream), SumsOptions::Embedded(sums)) =
        (&config.queue, &config.stream, &config.sums)
    else {
        bail!("the site is not embedded")
    };
    let _ = (EmbeddedQueue::open(queue)?, EmbeddedSums::open(sums)?);
    let stream = EmbeddedStream::open(stream, StreamMetrics::default())?;
    let day = Day::of_unix_millis(jiff::Timestamp::now().as_millisecond());
    std::fs::create_dir_all(&config.front.journal)?;
    let mut journal = BufWriter::new(File::create(config.front.journal.join(format!("{day}-{RUN}.journal")))?);
    let mut line = String::new();
    tokio::runtime::Runtime::new()?.block_on(async {
        for start in (0..MESSAGES).step_by(BATCH as usize) {
            for sequence in start..start + BATCH {
                line.clear();
                write!(line, "{RUN}/{sequence}\tshop-1\t{day} EUR 1 {}.50", sequence % 1_000)?;
                writeln!(journal, "{:08x}\t{line}", crc32fast::hash(line.as_bytes()))?;
            }
            stream.append((start..start + BATCH).map(|sequence| new_record(day, sequence)).collect()).await?;
        }
        anyhow::Ok(())
    })?;
    journal.flush()?;
    Ok(())
}

fn new_record(day: Day, sequence: u64) -> NewRecord {
    let key = format!("key-{}", sequence.wrapping_mul(0x9E37_79B9_7F4A_7C15) % KEYS);
    let amount = sequence % 1_000;
    let value = format!(
        r#"{{"id":"bench-{sequence}","time":"{day}T12:00:00Z","day":"{day}","key":"{key}","amount":"{amount}.50","currency":"EUR","type":"sale","partner":"shop-1"}}"#
    );
    NewRecord {
        partition: partition::partition(PartitionBy::Key, &key, Identity(0), PARTITIONS),
        key: key.into_bytes().into(),
        headers: NewHeaders::of(&[(record::NUMBER, &*format!("{RUN}/{sequence}/0")), (record::POLICY, "json@0")]),
        value: value.into_bytes().into(),
    }
}

/// Runs a process to its end; what it says does not matter here.
fn watch(command: &mut Command) -> Result<Took> {
    let start = Instant::now();
    let mut child = command.stdout(Stdio::null()).spawn()?;
    let mut took = Took { wall: Duration::ZERO, cpu: Duration::ZERO, peak: 0 };
    while child.try_wait()?.is_none() {
        // Both only grow; of a process that just ended there is nothing to read.
        took.peak = measure::peak_of(child.id()).unwrap_or(0).max(took.peak);
        took.cpu = measure::cpu_of(child.id()).unwrap_or_default().max(took.cpu);
        std::thread::sleep(LOOK);
    }
    took.wall = start.elapsed();
    let status = child.wait()?;
    // 1: nothing was folded, so all of it waits.
    status.code().filter(|code| *code <= 1).context("the process was killed")?;
    Ok(took)
}

impl std::fmt::Display for Took {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { wall, cpu, peak } = self;
        write!(f, "{:.1} s, cpu {:.1} s, {} MB", wall.as_secs_f64(), cpu.as_secs_f64(), peak / 1_000_000)
    }
}
