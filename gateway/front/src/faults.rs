//! Refusals in the partners' protocols that were made before any policy handled the message: kept for a second, and made
//! anew within a budget, so that refusing costs less than serving.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use sha2::{Digest, Sha256};
use tallygate_host::{Message, Refusal, Reply};
use tallygate_serve::Holder;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::limits::{FAULT_KEPT_BYTES, FAULT_TERM, FAULTS, FAULTS_A_TERM, FAULTS_A_TERM_FOR_ONE};

/// What is kept, and what may still be made.
#[derive(Debug)]
pub(crate) struct Faults {
    permits: Semaphore,
    term: Mutex<Term>,
}

/// All that a policy sees of a message without a body and of its refusal, but for the request's id and time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Key([u8; 32]);

/// The replies of one term; behind it, all begins anew.
#[derive(Debug)]
struct Term {
    since: Instant,
    /// None: no policy of the route has a form for it.
    kept: HashMap<Key, Option<Reply>>,
    made: usize,
    made_for: HashMap<Holder, usize>,
}

impl Faults {
    pub(crate) fn new() -> Self {
        let term = Term { since: Instant::now(), kept: HashMap::new(), made: 0, made_for: HashMap::new() };
        Self { permits: Semaphore::new(FAULTS), term: Mutex::new(term) }
    }

    /// What was made of the same within this term.
    pub(crate) fn kept(&self, key: &Key) -> Option<Option<Reply>> {
        self.term().kept.get(key).cloned()
    }

    /// A permit to ask policies, if there is one now and for this caller.
    pub(crate) fn permit(&self, holder: Holder) -> Option<SemaphorePermit<'_>> {
        let permit = self.permits.try_acquire().ok()?;
        let mut term = self.term();
        if term.made >= FAULTS_A_TERM {
            return None;
        }
        let made_for = term.made_for.entry(holder).or_default();
        if *made_for >= FAULTS_A_TERM_FOR_ONE {
            return None;
        }
        *made_for += 1;
        term.made += 1;
        Some(permit)
    }

    /// Keeps what was made, unless it names the request itself or is large.
    pub(crate) fn keep(&self, key: Key, request: &str, reply: Option<&Reply>) {
        let names = |text: &[u8]| text.windows(request.len().max(1)).any(|part| part == request.as_bytes());
        let own = reply.is_some_and(|reply| {
            let bytes = reply.headers.iter().map(|header| header.value.len()).sum::<usize>() + reply.body.len();
            bytes > FAULT_KEPT_BYTES || names(&reply.body) || reply.headers.iter().any(|header| names(&header.value))
        });
        if !own {
            // Bounded by what may be made.
            self.term().kept.insert(key, reply.cloned());
        }
    }

    fn term(&self) -> MutexGuard<'_, Term> {
        let mut term = self.term.lock().unwrap_or_else(PoisonError::into_inner);
        if term.since.elapsed() >= FAULT_TERM {
            term.since = Instant::now();
            term.made = 0;
            term.kept.clear();
            term.made_for.clear();
        }
        term
    }
}

impl Key {
    /// `needed` tells which header fields any policy of the route sees.
    pub(crate) fn of(message: &Message, refusal: &Refusal, needed: impl Fn(&str) -> bool) -> Self {
        let Refusal { status, code, detail, field, retry_after } = refusal;
        let mut hash = Sha256::new();
        let mut add = |part: Option<&[u8]>| {
            hash.update(part.map_or(u64::MAX, |part| part.len() as u64).to_le_bytes());
            hash.update(part.unwrap_or_default());
        };
        add(Some(&status.to_le_bytes()));
        add(retry_after.map(u32::to_le_bytes).as_ref().map(<[u8; 4]>::as_slice));
        for text in [code, detail, &message.route, &message.method, &message.target] {
            add(Some(text.as_bytes()));
        }
        add(field.as_ref().map(String::as_bytes));
        add(message.partner.as_ref().map(String::as_bytes));
        for header in message.headers.iter().filter(|header| needed(&header.name)) {
            add(Some(header.name.as_bytes()));
            add(Some(&header.value));
        }
        Self(hash.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(body: &str) -> Reply {
        Reply { status: 500, headers: Vec::new(), body: body.into() }
    }

    #[test]
    fn a_caller_has_its_budget_and_all_together_have_theirs() {
        let faults = Faults::new();
        let allowed = |holder: &Holder| (0..1000).filter(|_| faults.permit(holder.clone()).is_some()).count();
        let at = |last: u8| Holder::at([10, 0, 0, last].into());
        assert_eq!(allowed(&at(1)), FAULTS_A_TERM_FOR_ONE);
        assert_eq!(allowed(&Holder::Known("shop-1".into())), FAULTS_A_TERM_FOR_ONE);
        let others: usize = (2..255).map(|last| allowed(&at(last))).sum();
        assert_eq!(others, FAULTS_A_TERM - 2 * FAULTS_A_TERM_FOR_ONE);
    }

    #[test]
    fn what_names_its_request_or_is_large_is_not_kept() {
        let faults = Faults::new();
        let keep = |number: u8, reply: &Reply| {
            faults.keep(Key([number; 32]), "id-1", Some(reply));
            faults.kept(&Key([number; 32])).is_some()
        };
        assert!(keep(1, &reply("no, never")));
        assert!(!keep(2, &reply("no, of id-1")));
        assert!(!keep(3, &reply(&"x".repeat(FAULT_KEPT_BYTES + 1))));
    }
}
