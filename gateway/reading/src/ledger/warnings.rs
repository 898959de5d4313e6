//! What a reader of the sums must know beside them, as sentences.

use std::collections::BTreeSet;

use tallygate_core::Generation;
use tallygate_core::notice::{Notice, PartitionNotice};

use crate::clock;
use crate::limits::{SHIPPER_LIVES, SHIPPER_WARNINGS, WARNING_CHARS, WARNINGS};

const NOTHING: &str = "nothing was ever written to this store, or it was emptied; a running aggregator writes to it what the \
                       topic of sums holds, and until then nothing read here is whole";

/// Of the store as a whole first, then of shippers, then of each log partition by its number. At most a few, and each of a bounded length.
pub(super) fn warnings(generations: &[Generation], notices: &[Notice]) -> Vec<String> {
    let mut partitions: Vec<PartitionNotice> = notices.iter().filter_map(Notice::partition).collect();
    partitions.sort_by_key(|notice| notice.partition);
    let nothing = generations.is_empty().then(|| NOTHING.to_owned());
    let told = partitions.iter().flat_map(PartitionNotice::warnings);
    let shippers = of_shippers(notices).into_iter().take(SHIPPER_WARNINGS);
    let mut warnings: Vec<String> = nothing.into_iter().chain(shippers).chain(told).map(shortened).collect();
    let left_out = warnings.len().saturating_sub(WARNINGS);
    if left_out > 0 {
        warnings.truncate(WARNINGS);
        warnings.push(format!("{left_out} more warnings about other log partitions"));
    }
    warnings
}

/// Of those that live, each once: all of them meet the same stream.
fn of_shippers(notices: &[Notice]) -> BTreeSet<String> {
    let lives_since = clock::now_millis().saturating_sub(i64::try_from(SHIPPER_LIVES.as_millis()).unwrap_or(i64::MAX));
    let live = notices.iter().filter(|notice| notice.at >= lives_since);
    live.filter_map(Notice::shipper).flat_map(|shipper| shipper.warnings()).collect()
}

fn shortened(mut warning: String) -> String {
    if let Some((end, _)) = warning.char_indices().nth(WARNING_CHARS) {
        warning.truncate(end);
        warning.push('…');
    }
    warning
}
