//! What makes two transactions the same one: partner, policy and id.

use sha2::{Digest, Sha256};

/// The first 128 bits of SHA-256 over the length-prefixed partner, policy and id.
///
/// Partner and policy are names for life: a policy version that derives ids otherwise is a new policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity(pub u128);

impl Identity {
    /// The identity of a transaction. Each field is hashed behind its length as 64 bits, big-endian.
    pub fn of(partner: &str, policy: &str, id: &str) -> Self {
        let mut hash = Sha256::new();
        for field in [partner, policy, id] {
            hash.update((field.len() as u64).to_be_bytes());
            hash.update(field.as_bytes());
        }
        let digest: [u8; 32] = hash.finalize().into();
        let mut first = [0; 16];
        first.copy_from_slice(&digest[..16]);
        Self(u128::from_be_bytes(first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_the_same_for_life() {
        assert_eq!(format!("{:032x}", Identity::of("shop-1", "json", "a-1").0), "886fdc45a3808b1e07fd2e72bd6ccbfb");
    }

    #[test]
    fn fields_do_not_run_into_each_other() {
        assert_ne!(Identity::of("ab", "c", "d"), Identity::of("a", "bc", "d"));
        assert_ne!(Identity::of("a", "b", "cd"), Identity::of("a", "bc", "d"));
    }
}
