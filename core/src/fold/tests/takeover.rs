//! A fold that is taken over: wherever the first one was killed, and whatever the second one knows its identities from.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use proptest::sample::Index;

use super::oracle::{Outcome, figures, outcomes, rows};
use super::sent::{HORIZON, Sent, flush, fold, give};
use super::traffic::{MOST, traffic};

const PAST: i64 = HORIZON.past as i64;
const FUTURE: i64 = HORIZON.future as i64;
/// Days of the log from which identities are learnt.
const WINDOW: i64 = PAST + FUTURE + 1;

/// Traffic in which nobody sends a transaction again for longer than an identity is known without resends, so that no
/// chain of them reaches beyond the window; much later it is another one.
fn traffic_of_short_chains() -> impl Strategy<Value = Vec<Sent>> {
    traffic().prop_map(|mut all| {
        let mut began: HashMap<u8, i64> = HashMap::new();
        all.retain(|sent| {
            let began = began.entry(sent.id).or_insert(sent.log_day);
            if sent.log_day - *began > 2 * WINDOW {
                *began = sent.log_day;
            }
            sent.log_day - *began <= PAST + FUTURE
        });
        all
    })
}

/// Learns the records between, folds those behind `committed` on the rows of those before, and must agree with the rules.
fn learnt_between(all: &[Sent], learn_from: usize, committed: usize) -> Result<(), TestCaseError> {
    let (mut first, mut store) = (fold(), BTreeMap::new());
    for (offset, sent) in all[..committed].iter().enumerate() {
        give(&mut first, &store, offset as u64, *sent);
    }
    flush(&mut first, &mut store);
    let mut second = fold();
    all[learn_from..committed].iter().for_each(|sent| second.learn(sent.appended(), &sent.entry()));
    let mut found = Vec::new();
    for (offset, sent) in all.iter().enumerate().skip(committed) {
        found.push(Outcome::from(&give(&mut second, &store, offset as u64, *sent)));
    }
    flush(&mut second, &mut store);
    prop_assert_eq!(&found[..], &outcomes(all)[committed..]);
    prop_assert_eq!(figures(&store), rows(all));
    Ok(())
}

proptest! {
    /// Killed anywhere, with any part of the last flush in the store, it ends with the same rows.
    #[test]
    fn rule_12_a_fold_taken_over_anywhere_ends_with_the_same_rows(
        all in traffic(), killed in 0..MOST, committed in 0..MOST, kept in any::<u64>(),
    ) {
        let (killed, mut store) = (killed.min(all.len()), BTreeMap::new());
        let committed = committed.min(killed);
        let mut first = fold();
        let mut blobs = Vec::new();
        for (offset, sent) in all[..killed].iter().enumerate() {
            if offset == committed {
                flush(&mut first, &mut store);
                blobs.push(first.take_identities());
            }
            give(&mut first, &store, offset as u64, *sent);
        }
        for (n, row) in first.take_rows().into_iter().enumerate() {
            if kept >> (n % 64) & 1 == 1 {
                store.insert(row.at.clone(), row);
            }
        }
        let mut second = fold();
        let from = if blobs.is_empty() { 0 } else { committed };
        blobs.iter().for_each(|blob| second.restore(blob).unwrap());
        for (offset, sent) in all.iter().enumerate().skip(from) {
            give(&mut second, &store, offset as u64, *sent);
        }
        flush(&mut second, &mut store);
        prop_assert_eq!(figures(&store), rows(&all));
    }

    #[test]
    fn rule_12_identities_learnt_from_the_whole_log_serve_as_those_kept(all in traffic(), committed in 0..MOST) {
        learnt_between(&all, 0, committed.min(all.len()))?;
    }

    #[test]
    fn rule_12_identities_learnt_from_the_window_on_serve_as_those_kept_where_no_chain_of_resends_is_longer(
        all in traffic_of_short_chains(), committed in 0..MOST, learn_from in any::<Index>(),
    ) {
        let committed = committed.min(all.len());
        let clock = all[..committed].last().map_or(0, |last| last.log_day);
        let window = all[..committed].partition_point(|sent| sent.log_day < clock - WINDOW);
        learnt_between(&all, window, committed)?;
        // From anywhere before it too.
        learnt_between(&all, learn_from.index(window + 1), committed)?;
    }
}
