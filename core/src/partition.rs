//! Which partition of the log a record goes to: our own stable hash, the same for every stream implementation.

use xxhash_rust::xxh3::xxh3_64;

use crate::generation::PartitionBy;
use crate::identity::Identity;

/// The partition, from 0, of a record among `count` of them. `count` must not be 0; it is taken as 1 then.
///
/// By key it is XXH3-64 of the key's bytes, by id the low 64 bits of the identity; the hash is scaled to the
/// count by multiplication (Lemire), not by remainder.
pub fn partition(by: PartitionBy, key: &str, identity: Identity, count: u32) -> u32 {
    let hash = match by {
        PartitionBy::Key => xxh3_64(key.as_bytes()),
        PartitionBy::Id => identity.0 as u64,
    };
    ((u128::from(hash) * u128::from(count.max(1))) >> 64) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stays_in_its_partition_for_life() {
        let of = |key| partition(PartitionBy::Key, key, Identity(0), 4);
        assert_eq!(["HR1", "HR2", "98765432198", "ž"].map(of), [3, 2, 1, 2]);
        let by_id = |id| partition(PartitionBy::Id, "", Identity::of("p", "json", id), 4);
        assert_eq!(["1", "2", "3", "4"].map(by_id), [0, 0, 1, 2]);
    }

    #[test]
    fn keys_spread_over_all_partitions() {
        let mut counts = [0_u32; 8];
        for n in 0..8_000 {
            counts[partition(PartitionBy::Key, &format!("key-{n}"), Identity(0), 8) as usize] += 1;
        }
        assert!(counts.iter().all(|count| (800..1200).contains(count)), "{counts:?}");
    }
}
