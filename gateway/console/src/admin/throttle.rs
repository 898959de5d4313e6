//! Slows guessing of passwords: after some failures each next attempt has to wait, twice as long each time.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::limits::{FAILURE_WAIT_MOST, FAILURES_REMEMBERED, FREE_FAILURES, FREE_FAILURES_ADDRESS};

/// The failures of names and addresses.
///
/// A name is slowed for one address alone, so that nobody can lock another out.
#[derive(Default)]
pub(super) struct Throttle {
    failures: Mutex<HashMap<Key, Failures>>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key(IpAddr, Option<String>);

struct Failures {
    count: u32,
    last: Instant,
}

impl Throttle {
    /// Takes an attempt for a failure until it succeeds, so that many at once do not slip through.
    ///
    /// # Errors
    /// How long to wait.
    pub(super) fn attempt(&self, address: IpAddr, name: Option<&str>, now: Instant) -> Result<(), Duration> {
        let mut failures = self.lock();
        let keys = keys(address, name);
        let waits = keys.iter().filter_map(|(key, free)| failures.get(key).map(|held| held.wait(*free, now)));
        let wait = waits.max().unwrap_or_default();
        if wait > Duration::ZERO {
            return Err(wait);
        }
        for (key, _) in keys {
            make_room(&mut failures, now);
            let held = failures.entry(key).or_insert(Failures { count: 0, last: now });
            held.count = held.count.saturating_add(1);
            held.last = now;
        }
        Ok(())
    }

    /// The attempt was none of a guesser.
    pub(super) fn succeeded(&self, address: IpAddr, name: Option<&str>) {
        let mut failures = self.lock();
        for (key, _) in keys(address, name) {
            failures.remove(&key);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Failures>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn keys(address: IpAddr, name: Option<&str>) -> Vec<(Key, u32)> {
    let mut keys = vec![(Key(address, None), FREE_FAILURES_ADDRESS)];
    if let Some(name) = name {
        // What is no user's name need not be remembered at its whole length.
        let name = name.chars().take(64).collect();
        keys.push((Key(address, Some(name)), FREE_FAILURES));
    }
    keys
}

fn make_room(failures: &mut HashMap<Key, Failures>, now: Instant) {
    if failures.len() < FAILURES_REMEMBERED {
        return;
    }
    failures.retain(|_, held| now.duration_since(held.last) < FAILURE_WAIT_MOST);
    if failures.len() >= FAILURES_REMEMBERED
        && let Some(oldest) = failures.iter().min_by_key(|(_, held)| held.last).map(|(key, _)| key.clone())
    {
        failures.remove(&oldest);
    }
}

impl Failures {
    fn wait(&self, free: u32, now: Instant) -> Duration {
        let Some(over) = self.count.checked_sub(free) else {
            return Duration::ZERO;
        };
        let wait = Duration::from_secs(1 << over.min(16)).min(FAILURE_WAIT_MOST);
        wait.saturating_sub(now.duration_since(self.last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));

    #[test]
    fn after_some_failures_each_attempt_waits_twice_as_long() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for _ in 0..FREE_FAILURES {
            assert_eq!(throttle.attempt(HERE, Some("ana"), now), Ok(()));
        }
        assert_eq!(throttle.attempt(HERE, Some("ana"), now), Err(Duration::from_secs(1)));
        let later = now + Duration::from_secs(1);
        assert_eq!(throttle.attempt(HERE, Some("ana"), later), Ok(()));
        assert_eq!(throttle.attempt(HERE, Some("ana"), later), Err(Duration::from_secs(2)));
        assert_eq!(throttle.attempt(THERE, Some("ana"), later), Ok(()), "nobody locks another out");
    }

    #[test]
    fn a_success_forgets_the_failures() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for _ in 0..FREE_FAILURES {
            throttle.attempt(HERE, Some("ana"), now).unwrap();
        }
        throttle.succeeded(HERE, Some("ana"));
        assert_eq!(throttle.attempt(HERE, Some("ana"), now), Ok(()));
    }

    #[test]
    fn an_address_that_tries_many_names_waits_too_and_memory_is_bounded() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for n in 0..FREE_FAILURES_ADDRESS {
            throttle.attempt(HERE, Some(&n.to_string()), now).unwrap();
        }
        assert!(throttle.attempt(HERE, Some("another"), now).is_err());
        for n in 0..2 * FAILURES_REMEMBERED as u32 {
            let address = IpAddr::V4(std::net::Ipv4Addr::from(n));
            let _ = throttle.attempt(address, Some("ana"), now);
        }
        assert!(throttle.lock().len() <= FAILURES_REMEMBERED);
    }
}
