//! Random traffic, and the fold of it against the plain reading.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::oracle::{Outcome, figures, outcomes, rows};
use super::sent::{Sent, flush, fold, give};

/// Most records of one run.
pub(super) const MOST: usize = 300;

/// Messages of several records, resends, redeliveries, conflicts, latecomers, and days that pass.
pub(super) fn traffic() -> impl Strategy<Value = Vec<Sent>> {
    let step = prop_oneof![15 => Just(0_i64), 1 => 1_i64..3];
    let resent = prop::option::weighted(0.3, any::<Index>());
    let one = (0_u64..80, 0_u32..3, 0_u8..40, -4_i32..4, 1_i32..4, step, resent);
    prop::collection::vec(one, 1..MOST).prop_map(|steps| {
        let (mut log_day, mut contents) = (100, HashMap::new());
        let mut all: Vec<Sent> = Vec::new();
        for (message, ordinal, id, day, amount, step, resent) in steps {
            log_day += step;
            let fresh = Sent { message, ordinal, id, day: log_day as i32 + day, amount, log_day };
            let earlier = resent.filter(|_| !all.is_empty()).map(|resent| *resent.get(&all));
            let content = earlier.map_or(fresh, |earlier| Sent { message, ordinal, ..earlier });
            // One number always carries the same content.
            let content = *contents.entry((message, ordinal)).or_insert(content);
            all.push(Sent { log_day, ..content });
        }
        all
    })
}

#[test]
fn the_traffic_has_a_good_share_of_everything() {
    let mut runner = TestRunner::deterministic();
    let (mut all, mut count) = (0, HashMap::new());
    for _ in 0..30 {
        let sent = traffic().new_tree(&mut runner).unwrap().current();
        all += sent.len();
        for outcome in outcomes(&sent) {
            *count.entry(format!("{outcome:?}")).or_insert(0) += 1;
        }
    }
    for outcome in [Outcome::Counted, Outcome::Duplicate, Outcome::Redelivered, Outcome::Dead] {
        let share = count.get(&format!("{outcome:?}")).copied().unwrap_or(0);
        assert!(share * 25 > all, "{outcome:?}: {count:?} of {all}");
    }
}

proptest! {
    #[test]
    fn agrees_with_a_plain_reading_of_the_rules(all in traffic()) {
        let (mut fold, mut store) = (fold(), BTreeMap::new());
        let mut found = Vec::new();
        for (offset, sent) in all.iter().enumerate() {
            found.push(Outcome::from(&give(&mut fold, offset, *sent)));
        }
        flush(&mut fold, &mut store);
        prop_assert_eq!(found, outcomes(&all));
        prop_assert_eq!(figures(&store), rows(&all));
    }
}
