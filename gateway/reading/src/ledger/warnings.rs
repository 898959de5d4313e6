//! What a reader of the sums must know beside them, as sentences.

use std::collections::BTreeSet;

use tallygate_core::Generation;
use tallygate_core::notice::{Notice, PartitionNotice};

use crate::clock;
use crate::limits::{ROLE_WARNINGS, SHIPPER_WARNINGS, WARNING_CHARS, WARNINGS, WORD_COUNTS};

const NOTHING: &str = "nothing was ever written to this store, or it was emptied; a running aggregator writes to it what the \
                       topic of sums holds, and until then nothing read here is whole";

/// Of the store as a whole first, then of roles, of shippers, and of each log partition by its number. At most a few, and each of a
/// bounded length.
pub(super) fn warnings(generations: &[Generation], notices: &[Notice]) -> Vec<String> {
    let mut partitions: Vec<PartitionNotice> = notices.iter().filter_map(Notice::partition).collect();
    partitions.sort_by_key(|notice| notice.partition);
    let nothing = generations.is_empty().then(|| NOTHING.to_owned());
    let told = partitions.iter().flat_map(PartitionNotice::warnings);
    let roles = of_those_that_live(notices, |notice| notice.role()?.warning().map(|warning| vec![warning]));
    let shippers = of_those_that_live(notices, |notice| Some(notice.shipper()?.warnings()));
    let processes = roles.into_iter().take(ROLE_WARNINGS).chain(shippers.into_iter().take(SHIPPER_WARNINGS));
    let mut warnings: Vec<String> = nothing.into_iter().chain(processes).chain(told).map(shortened).collect();
    let left_out = warnings.len().saturating_sub(WARNINGS);
    if left_out > 0 {
        warnings.truncate(WARNINGS);
        warnings.push(format!("{left_out} more warnings about other log partitions"));
    }
    warnings
}

/// Each sentence once: all of them meet the same servers.
fn of_those_that_live(notices: &[Notice], sentences: impl Fn(&Notice) -> Option<Vec<String>>) -> BTreeSet<String> {
    let lives_since = clock::now_millis().saturating_sub(i64::try_from(WORD_COUNTS.as_millis()).unwrap_or(i64::MAX));
    let live = notices.iter().filter(|notice| notice.at >= lives_since);
    live.filter_map(sentences).flatten().collect()
}

fn shortened(mut warning: String) -> String {
    if let Some((end, _)) = warning.char_indices().nth(WARNING_CHARS) {
        warning.truncate(end);
        warning.push('…');
    }
    warning
}
