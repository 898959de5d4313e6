//! `tallygate sums` and `reconcile`: reading beside running processes.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use tallygate_front::journal;
use tallygate_reading::ledger::{Order, Reader, Top};
use tallygate_reading::reconcile::{self, Accepted, Journals, Line, Scope, Verdict};

use crate::arguments::{ReconcileArguments, SumsArguments};
use crate::config::Config;
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
    println!("{}", shown.trim_end());
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
    let journals = Folders { folders, future_days: config.plan.future_days };
    let report = small_runtime()?.block_on(async {
        let (stream, sums) = (parts::read_stream(config)?, parts::read_sums(config)?);
        let depth = async { parts::queue_depth(config).await.map_err(|e| e.to_string()) };
        let scope = Scope { day: arguments.day, partner: None };
        reconcile::reconcile(&journals, depth, &*stream, &Reader::new(sums), &scope).await.context("cannot reconcile")
    })?;
    let shown = if arguments.json { report.to_json() } else { report.to_text() };
    println!("{}", shown.trim_end());
    Ok(if report.verdict == Verdict::Balanced { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Folders with journals, of this process's gateway and of others.
struct Folders {
    folders: Vec<PathBuf>,
    future_days: u16,
}

impl Journals for Folders {
    fn lines(&self) -> Result<Box<dyn Iterator<Item = Line> + '_>, String> {
        Ok(Box::new(self.folders.iter().flat_map(|folder| journal::read(folder)).flat_map(|entry| match entry {
            Err(damage) => vec![Line::Damage(damage.to_string())],
            Ok(entry) => {
                let accepted = |sum: &journal::DaySum| {
                    Line::Accepted(Accepted {
                        number: entry.number,
                        partner: entry.partner.clone(),
                        day: sum.day,
                        currency: sum.currency,
                        count: sum.count,
                        sum: sum.sum,
                    })
                };
                entry.sums.iter().map(accepted).collect()
            }
        })))
    }

    fn future_days(&self) -> u16 {
        self.future_days
    }
}
