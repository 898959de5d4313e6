//! What a reader of the sums must know beside them, as sentences.

use std::collections::BTreeSet;

use tallygate_core::Generation;
use tallygate_core::notice::{Notice, PartitionNotice};

use crate::limits::{ROLE_WARNINGS, SHIPPER_WARNINGS, WARNING_CHARS, WARNINGS};
use crate::living::living;

const NOTHING: &str = "nothing was ever written to this store, or it was emptied; a running aggregator writes to it what the \
                       topic of sums holds, and until then nothing read here is whole";

/// Of the store as a whole first, then of roles, of shippers, and of each log partition by its number. At most a few, and each of a
/// bounded length.
pub(super) fn warnings(generations: &[Generation], notices: &[Notice]) -> Vec<String> {
    let mut partitions: Vec<PartitionNotice> = notices.iter().filter_map(Notice::partition).collect();
    partitions.sort_by_key(|notice| notice.partition);
    let nothing = generations.is_empty().then(|| NOTHING.to_owned());
    let told = partitions.iter().flat_map(PartitionNotice::warnings);
    // Each sentence once: all processes meet the same servers.
    let roles: BTreeSet<String> = living(notices).filter_map(|notice| notice.role()?.warning()).collect();
    let shippers: BTreeSet<String> =
        living(notices).filter_map(Notice::shipper).flat_map(|shipper| shipper.warnings()).collect();
    let processes = roles.into_iter().take(ROLE_WARNINGS).chain(shippers.into_iter().take(SHIPPER_WARNINGS));
    let mut warnings: Vec<String> = nothing.into_iter().chain(processes).chain(told).map(shortened).collect();
    let left_out = warnings.len().saturating_sub(WARNINGS);
    if left_out > 0 {
        warnings.truncate(WARNINGS);
        warnings.push(format!("{left_out} more warnings about other log partitions"));
    }
    warnings
}

fn shortened(mut warning: String) -> String {
    if let Some((end, _)) = warning.char_indices().nth(WARNING_CHARS) {
        warning.truncate(end);
        warning.push('…');
    }
    warning
}
