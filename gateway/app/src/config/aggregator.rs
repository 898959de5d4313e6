//! `[aggregator]`: the fold.

use std::path::Path;
use std::time::Duration;

use tallygate_aggregator::AggregatorOptions;
use tallygate_core::fold::Horizon;

use super::table::Table;

const FILE: &str = "aggregator.db";

pub(super) fn read(root: &Table<'_>, data_dir: &Path) -> AggregatorOptions {
    let horizon = Horizon { past: 7, future: 7 };
    let mut options = AggregatorOptions::new(horizon, Duration::from_millis(20), Some(data_dir.join(FILE)));
    let Some(table) = root.table("aggregator") else { return options };
    let days = |key| table.number(key, 0..=366).map(|days| days as u16);
    options.horizon.past = days("horizon_days").unwrap_or(options.horizon.past);
    options.horizon.future = days("future_days").unwrap_or(options.horizon.future);
    // A comparison reads the rows of all open days, and sums are no older than a flush.
    options.compare_every = table.time_within("compare_every", "1 s", "1 d").unwrap_or(options.compare_every);
    options.flush_every = table.time_within("flush_every", "1 ms", "1 min").unwrap_or(options.flush_every);
    table.close();
    options
}
