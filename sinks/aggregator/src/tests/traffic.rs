//! Traffic with resends, redeliveries, conflicts, latecomers and days that pass.

use super::world::{DAY, Sent, World};

/// Keys that transactions are summed by.
const KEYS: u64 = 7;

/// The next transaction, in the partition where its key or its identity belongs.
pub(super) fn next_sent(world: &World, log_time: &mut i64, sent: &mut Vec<Sent>) -> Sent {
    let chance = &world.chance;
    *log_time += chance.below(DAY as u64 / 200) as i64;
    let fresh = Sent {
        message: sent.len() as u64,
        day: *log_time / DAY + chance.below(7) as i64 - 4,
        amount: chance.below(1_000),
        // Times may go back a little.
        appended: *log_time - chance.below(2_000) as i64,
        ..Sent::of(0, sent.len() as u64)
    };
    let again = (!sent.is_empty()).then(|| sent[chance.below(sent.len() as u64) as usize]);
    let one = match (chance.below(12), again) {
        (0, Some(again)) => Sent { appended: fresh.appended, ..again },
        (1, Some(again)) => Sent { appended: fresh.appended, message: fresh.message, ..again },
        (2, Some(again)) => {
            Sent { appended: fresh.appended, message: fresh.message, amount: again.amount + 1, ..again }
        }
        // A conflict where it meets the other one; spread by key it may not.
        (3, Some(again)) => {
            Sent { appended: fresh.appended, message: fresh.message, key: (again.key + 1) % KEYS, ..again }
        }
        _ => fresh,
    };
    let one = one.in_its_place(world.spread, world.partitions());
    sent.push(one);
    one
}
