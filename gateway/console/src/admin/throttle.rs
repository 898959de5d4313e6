//! Slows guessing of passwords: after some failures each next attempt has to wait.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tallygate_serve::Holder;
use tokio::time::Instant;

use crate::limits::{
    FAILURE_PAUSE_ADDRESS, FAILURE_PAUSE_EVERYWHERE, FAILURE_WAIT_MOST, FAILURES_FORGOTTEN, FAILURES_REMEMBERED,
    FREE_FAILURES, FREE_FAILURES_ADDRESS, FREE_FAILURES_EVERYWHERE, FREE_FAILURES_TOKENS,
};

/// The failures, and who got in from where.
///
/// A name is slowed for one address alone, or one network of IPv6, so that nobody locks out another name behind the same address,
/// nor the same name elsewhere. Guessing one name from many addresses is slowed too: all that the name never got in from have to
/// share a slow pace then. So is guessing ever new names from one address: all names that never got in from there share a pace,
/// which is quick enough for whoever mistypes beside a guesser.
#[derive(Default)]
pub(super) struct Throttle(Mutex<State>);

#[derive(Default)]
struct State {
    failures: HashMap<Key, Failures>,
    /// Names that got in, each with where from.
    known: HashMap<(Holder, String), Instant>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    /// A name from one address.
    Name(Holder, String),
    /// A name from wherever it never got in.
    Everywhere(String),
    /// All names from an address that they never got in from.
    Address(Holder),
    /// Tokens from one address. Those that are right are not slowed.
    Token(Holder),
}

struct Failures {
    count: u32,
    last: Instant,
}

impl Throttle {
    /// Takes an attempt for a failure until it succeeds, so that many at once do not slip through.
    ///
    /// # Errors
    /// How long to wait.
    pub(super) fn attempt_name(&self, address: IpAddr, name: &str, now: Instant) -> Result<(), Duration> {
        let (place, name) = (Holder::at(address), remembered(name));
        let mut state = self.lock();
        let mut keys = vec![Key::Name(place.clone(), name.clone())];
        if !state.known.contains_key(&(place.clone(), name.clone())) {
            keys.extend([Key::Everywhere(name), Key::Address(place)]);
        }
        state.attempt(&keys, now)
    }

    /// Whether the name got in from this address before.
    pub(super) fn knows(&self, address: IpAddr, name: &str) -> bool {
        self.lock().known.contains_key(&(Holder::at(address), remembered(name)))
    }

    /// The same for a token that is not known.
    pub(super) fn attempt_token(&self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        self.lock().attempt(&[Key::Token(Holder::at(address))], now)
    }

    /// The attempt was none of a guesser.
    pub(super) fn succeeded(&self, address: IpAddr, name: &str, now: Instant) {
        let (place, name) = (Holder::at(address), remembered(name));
        let mut state = self.lock();
        state.failures.remove(&Key::Name(place.clone(), name.clone()));
        let shared = [Key::Everywhere(name.clone()), Key::Address(place.clone())];
        let place = (place, name);
        if !state.known.contains_key(&place) {
            // Its own attempt is taken back; those of others stay.
            for key in shared {
                if let Some(held) = state.failures.get_mut(&key) {
                    held.count = held.count.saturating_sub(1);
                }
            }
            make_room(&mut state.known, |at| *at);
        }
        state.known.insert(place, now);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn attempt(&mut self, keys: &[Key], now: Instant) -> Result<(), Duration> {
        for key in keys {
            let held = self.failures.get(key);
            if held.is_some_and(|held| now.duration_since(held.last) >= FAILURES_FORGOTTEN) {
                self.failures.remove(key);
            }
        }
        let wait = |key| self.failures.get(key).map(|held| key.wait(held, now));
        match keys.iter().filter_map(wait).max() {
            Some(wait) if wait > Duration::ZERO => return Err(wait),
            _ => {}
        }
        for key in keys {
            if !self.failures.contains_key(key) {
                make_room(&mut self.failures, |held| held.last);
            }
            let held = self.failures.entry(key.clone()).or_insert(Failures { count: 0, last: now });
            held.count = held.count.saturating_add(1);
            held.last = now;
        }
        Ok(())
    }
}

impl Key {
    /// How long whoever is meant has to wait now.
    fn wait(&self, failures: &Failures, now: Instant) -> Duration {
        let free = match self {
            Self::Name(..) => FREE_FAILURES,
            Self::Everywhere(_) => FREE_FAILURES_EVERYWHERE,
            Self::Address(_) => FREE_FAILURES_ADDRESS,
            Self::Token(_) => FREE_FAILURES_TOKENS,
        };
        let Some(over) = failures.count.checked_sub(free) else {
            return Duration::ZERO;
        };
        let wait = match self {
            Self::Everywhere(_) => FAILURE_PAUSE_EVERYWHERE,
            Self::Address(_) => FAILURE_PAUSE_ADDRESS,
            // Twice as long each time.
            Self::Name(..) | Self::Token(_) => Duration::from_secs(1 << over.min(16)).min(FAILURE_WAIT_MOST),
        };
        wait.saturating_sub(now.duration_since(failures.last))
    }
}

/// What is no user's name need not be remembered at its whole length.
fn remembered(name: &str) -> String {
    name.chars().take(64).collect()
}

/// The one that was not heard of for longest makes room.
fn make_room<K: Clone + Eq + Hash, V>(held: &mut HashMap<K, V>, at: impl Fn(&V) -> Instant) {
    if held.len() < FAILURES_REMEMBERED {
        return;
    }
    let oldest = held.iter().min_by_key(|(_, held)| at(held)).map(|(key, _)| key.clone());
    if let Some(oldest) = oldest {
        held.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));

    fn fail(throttle: &Throttle, address: IpAddr, name: &str, times: u32, now: Instant) {
        for _ in 0..times {
            assert_eq!(throttle.attempt_name(address, name, now), Ok(()));
        }
    }

    #[test]
    fn after_some_failures_each_attempt_waits_twice_as_long() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        fail(&throttle, HERE, "ana", FREE_FAILURES, now);
        assert_eq!(throttle.attempt_name(HERE, "ana", now), Err(Duration::from_secs(1)));
        let later = now + Duration::from_secs(1);
        assert_eq!(throttle.attempt_name(HERE, "ana", later), Ok(()));
        assert_eq!(throttle.attempt_name(HERE, "ana", later), Err(Duration::from_secs(2)));
        assert_eq!(throttle.attempt_name(THERE, "ana", later), Ok(()), "nobody locks another out");
        assert_eq!(throttle.attempt_name(HERE, "ana", later + FAILURES_FORGOTTEN), Ok(()));
    }

    #[test]
    fn a_success_forgets_the_failures() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        fail(&throttle, HERE, "ana", FREE_FAILURES, now);
        throttle.succeeded(HERE, "ana", now);
        assert_eq!(throttle.attempt_name(HERE, "ana", now), Ok(()));
    }

    #[test]
    fn failures_of_other_names_behind_one_address_lock_nobody_out() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        fail(&throttle, HERE, "root", FREE_FAILURES, now);
        for n in 0..FREE_FAILURES_ADDRESS / 2 {
            fail(&throttle, HERE, &n.to_string(), 1, now);
        }
        assert_eq!(throttle.attempt_name(HERE, "ana", now), Ok(()));
    }

    #[test]
    fn ever_new_names_from_one_address_share_a_pace_there_alone() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        assert_eq!(throttle.attempt_name(HERE, "ana", now), Ok(()));
        throttle.succeeded(HERE, "ana", now);
        let guesses = |now: Instant| {
            let names = (0..10 * FREE_FAILURES_ADDRESS).map(|n| format!("{n} {now:?}"));
            names.filter(|name| throttle.attempt_name(HERE, name, now).is_ok()).count()
        };
        assert_eq!(guesses(now), FREE_FAILURES_ADDRESS as usize);
        assert_eq!(throttle.attempt_name(HERE, "ivo", now), Err(FAILURE_PAUSE_ADDRESS));
        assert_eq!(throttle.attempt_name(HERE, "ana", now), Ok(()), "who got in from there before need not wait");
        assert_eq!(throttle.attempt_name(THERE, "ivo", now), Ok(()), "nor anybody elsewhere");
        for second in 1..5 {
            assert_eq!(guesses(now + second * FAILURE_PAUSE_ADDRESS), 1);
        }
        let later = now + 5 * FAILURE_PAUSE_ADDRESS;
        assert_eq!(throttle.attempt_name(HERE, "ivo", later), Ok(()), "the pace never becomes slower");
    }

    #[test]
    fn all_addresses_of_a_network_of_ipv6_are_one_guesser() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        let address = |n: u32| IpAddr::V6(Ipv6Addr::from_bits((0x2001_0db8 << 96) | u128::from(n)));
        for n in 0..FREE_FAILURES {
            assert_eq!(throttle.attempt_name(address(n), "ana", now), Ok(()));
        }
        assert!(throttle.attempt_name(address(99), "ana", now).is_err());
    }

    #[test]
    fn a_name_guessed_from_everywhere_is_slowed_but_not_where_it_got_in_before() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        assert_eq!(throttle.attempt_name(HERE, "ana", now), Ok(()));
        throttle.succeeded(HERE, "ana", now);
        for n in 0..FREE_FAILURES_EVERYWHERE {
            fail(&throttle, IpAddr::V4(Ipv4Addr::from(n)), "ana", 1, now);
        }
        assert_eq!(throttle.attempt_name(THERE, "ana", now), Err(FAILURE_PAUSE_EVERYWHERE));
        assert_eq!(throttle.attempt_name(THERE, "ivo", now), Ok(()), "another name is another matter");
        assert_eq!(throttle.attempt_name(HERE, "ana", now), Ok(()));
        let later = now + FAILURE_PAUSE_EVERYWHERE;
        assert_eq!(throttle.attempt_name(THERE, "ana", later), Ok(()), "the pace is slow, and there is one");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for n in 0..2 * FAILURES_REMEMBERED as u32 {
            let _ = throttle.attempt_name(IpAddr::V4(Ipv4Addr::from(n)), &n.to_string(), now);
            throttle.succeeded(IpAddr::V4(Ipv4Addr::from(n)), "ana", now);
        }
        let state = throttle.lock();
        assert!(state.failures.len() <= FAILURES_REMEMBERED && state.known.len() <= FAILURES_REMEMBERED);
    }

    #[test]
    fn tokens_that_are_not_known_are_slowed_by_address() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for _ in 0..FREE_FAILURES_TOKENS {
            assert_eq!(throttle.attempt_token(HERE, now), Ok(()));
        }
        assert!(throttle.attempt_token(HERE, now).is_err());
        assert_eq!((throttle.attempt_token(THERE, now), throttle.attempt_name(HERE, "ana", now)), (Ok(()), Ok(())));
    }
}
