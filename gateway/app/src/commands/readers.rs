//! `tallygate sums` and `reconcile`: reading beside running processes.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use tallygate_core::Run;
use tallygate_core::fold::Horizon;
use tallygate_front::journal;
use tallygate_reading::ledger::{Order, Reader, Top};
use tallygate_reading::reconcile::{self, Accepted, AcceptedSum, Journals, Line, Scope, Verdict};

use crate::arguments::{ReconcileArguments, SumsArguments};
use crate::config::Config;
use crate::out::say;
use crate::parts;
use crate::runtime::small_runtime;

pub(crate) fn sums(config: &Config, arguments: &SumsArguments) -> Result<ExitCode> {
    let day = arguments.day.unwrap_or_else(|| config.today());
    let shown = small_runtime()?.block_on(async {
        let reader = Reader::new(parts::read_sums(config)?);
        anyhow::Ok(match &arguments.key {
            Some(key) => {
                let mut sums = reader.key(day, key).await?;
                sums.sums.retain(|sum| arguments.currency.is_none_or(|currency| currency == sum.currency));
                if arguments.json { sums.to_json() } else { sums.to_text() }
            }
            None => {
                let top = Top { most: arguments.top, currency: arguments.currency, order: Order::default() };
                let sums = reader.day(day, top).await?;
                if arguments.json { sums.to_json() } else { sums.to_text() }
            }
        })
    })?;
    say(shown.trim_end())?;
    Ok(ExitCode::SUCCESS)
}

/// Exit code 0 only when everything balances: what is on its way, and what differs, both are 1.
pub(crate) fn reconcile(config: &Config, arguments: &ReconcileArguments) -> Result<ExitCode> {
    let mut folders = vec![config.front.journal.clone()];
    for folder in &arguments.journal {
        if !folder.is_dir() {
            bail!("--journal {}: there is no such folder", folder.display());
        }
        folders.push(folder.clone());
    }
    let journals = Folders { folders, horizon: config.aggregator.horizon };
    let report = small_runtime()?.block_on(async {
        let (stream, sums) = (parts::read_stream(config)?, parts::read_sums(config)?);
        let queue = async || parts::queue_depth(config).await.map_err(|e| e.to_string());
        let scope = Scope { day: arguments.day, partner: None };
        reconcile::reconcile(&journals, queue, &*stream, &Reader::new(sums), &scope).await.context("cannot reconcile")
    })?;
    let shown = if arguments.json { report.to_json() } else { report.to_text() };
    say(shown.trim_end())?;
    Ok(if report.verdict == Verdict::Balanced { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Folders with journals, of this process's gateway and of others.
struct Folders {
    folders: Vec<PathBuf>,
    horizon: Horizon,
}

impl Journals for Folders {
    fn lines(&self) -> Result<Box<dyn Iterator<Item = Line> + '_>, String> {
        Ok(Box::new(self.folders.iter().flat_map(|folder| journal::read(folder)).map(|entry| match entry {
            Err(damage) => Line::Damage(damage.to_string()),
            Ok(journal::JournalEntry { number, partner, sums }) => {
                let sum = |sum: &journal::DaySum| {
                    let journal::DaySum { day, currency, count, sum } = *sum;
                    AcceptedSum { day, currency, count, sum }
                };
                Line::Accepted(Accepted { number, partner, sums: sums.iter().map(sum).collect() })
            }
        })))
    }

    /// By the names of the files: a run that ended before its first line has one too.
    fn runs(&self) -> Result<Vec<Run>, String> {
        let mut runs = Vec::new();
        for folder in &self.folders {
            let unreadable = |error: std::io::Error| format!("{}: {error}", folder.display());
            let found = match std::fs::read_dir(folder) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                found => found.map_err(unreadable)?,
            };
            for file in found {
                let name = file.map_err(unreadable)?.file_name();
                // `2026-11-22-<run>.journal`
                let run: Option<Run> =
                    name.to_str().and_then(|name| name.strip_suffix(".journal")?.get(11..)?.parse().ok());
                runs.extend(run);
            }
        }
        Ok(runs)
    }

    fn horizon(&self) -> Horizon {
        self.horizon
    }
}
