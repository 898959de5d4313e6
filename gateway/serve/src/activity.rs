//! What a connection is doing, and whether it has been at it for too long.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::heads::{Doubt, Heads};
use crate::limits::{HALF_CLOSED_TIME, Limits, READ_RATE};

/// The moments of a connection that its timeouts are counted from. They are in milliseconds since it began, plus 1; 0 is
/// never.
#[derive(Debug)]
pub(crate) struct Activity {
    began: Instant,
    requests: AtomicUsize,
    had_request: AtomicBool,
    /// HTTP/2 tells requests apart by itself; bytes between them may be anything.
    multiplexed: bool,
    /// What has come of its messages, of HTTP/1.1.
    heads: Mutex<Heads>,
    /// The caller was waited for since the last request began: it was not there already, behind the one before.
    read_dry: AtomicBool,
    /// The caller was waited for since this was last set back.
    waits: AtomicBool,
    /// The answer to a request of HTTP/1.1 is not all written yet, or not even there.
    answers: AtomicBool,
    /// The connection has begun to end.
    ends: AtomicBool,
    /// When the last request ended.
    quiet_since: AtomicU64,
    /// When the head that is being received began.
    head_since: AtomicU64,
    /// Since when the caller has taken nothing of what is written.
    blocked_since: AtomicU64,
    /// For how many milliseconds it was waited for before that, less those that it has made up for by what it took.
    waited: AtomicU64,
    /// For each streamed body, when its last piece was handed to the connection, or 0 while its source is waited for.
    delivered: Mutex<Vec<Weak<AtomicU64>>>,
    /// Since when the caller has ended its side, though it waits for an answer.
    half_closed_since: AtomicU64,
    /// Such a caller is taken for gone.
    gone: AtomicBool,
    /// The server, not the caller, ends it before its time.
    cut_off: AtomicBool,
    /// The server ends all connections before their time.
    all_cut_off: Arc<AtomicBool>,
}

/// A request in progress; ended when dropped.
#[derive(Debug)]
pub(crate) struct InProgress(Arc<Activity>);

/// What a check found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Keep,
    /// It has been idle: it may end by itself.
    Drain,
    Close(Timeout),
}

/// Which time is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timeout {
    /// The caller took nothing of a reply.
    Stalled,
    /// A request's head did not arrive.
    Header,
    /// Nothing happened, and it did not end when asked.
    Idle,
}

impl Activity {
    pub(crate) fn new(multiplexed: bool, all_cut_off: Arc<AtomicBool>) -> Arc<Self> {
        Arc::new(Self {
            began: Instant::now(),
            requests: AtomicUsize::new(0),
            had_request: AtomicBool::new(false),
            multiplexed,
            heads: Mutex::default(),
            read_dry: AtomicBool::new(true),
            waits: AtomicBool::new(false),
            answers: AtomicBool::new(false),
            ends: AtomicBool::new(false),
            quiet_since: AtomicU64::new(1),
            // The first head is due from the beginning.
            head_since: AtomicU64::new(1),
            blocked_since: AtomicU64::new(0),
            waited: AtomicU64::new(0),
            delivered: Mutex::default(),
            half_closed_since: AtomicU64::new(0),
            gone: AtomicBool::new(false),
            cut_off: AtomicBool::new(false),
            all_cut_off,
        })
    }

    /// The server lets go of it, whatever is in progress.
    pub(crate) fn cut_off(&self) {
        self.cut_off.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_cut_off(&self) -> bool {
        self.cut_off.load(Ordering::Relaxed) || self.all_cut_off.load(Ordering::Relaxed)
    }

    pub(crate) fn now(&self) -> u64 {
        self.began.elapsed().as_millis() as u64 + 1
    }

    /// A request's head has arrived.
    pub(crate) fn begin(self: &Arc<Self>) -> InProgress {
        if !self.had_request.load(Ordering::Relaxed) {
            self.had_request.store(true, Ordering::Relaxed);
        }
        self.head_since.store(0, Ordering::Relaxed);
        self.answers.store(true, Ordering::Relaxed);
        self.in_progress()
    }

    /// All of an answer was handed to the connection, to be written.
    pub(crate) fn answered(&self) {
        self.answers.store(false, Ordering::Relaxed);
    }

    /// It begins to end.
    pub(crate) fn ends(&self) {
        self.ends.store(true, Ordering::Relaxed);
    }

    /// From now on it is seen whether the caller is waited for.
    pub(crate) fn looks_for_waiting(&self) {
        self.waits.store(false, Ordering::Relaxed);
    }

    /// Whether a connection of HTTP/1.1 has had nothing to do for so long: each request that came was answered, each answer was
    /// written to its end, and the caller is waited for.
    pub(crate) fn is_settled(&self, time: Duration) -> bool {
        self.idle().is_some_and(|idle| u128::from(idle) >= time.as_millis())
            && self.waits.load(Ordering::Relaxed)
            && !self.answers.load(Ordering::Relaxed)
            && !self.ends.load(Ordering::Relaxed)
            && [&self.head_since, &self.blocked_since, &self.half_closed_since]
                .iter()
                .all(|since| since.load(Ordering::Relaxed) == 0)
            && self.heads().is_settled()
    }

    /// Gives back what only a connection needs that has something to do.
    pub(crate) fn settle(&self) {
        self.heads().settle();
        let mut delivered = self.delivered.lock().unwrap_or_else(PoisonError::into_inner);
        delivered.retain(|body| body.strong_count() > 0);
        delivered.shrink_to_fit();
    }

    /// Nothing came.
    pub(crate) fn read_dry(&self) {
        self.waits.store(true, Ordering::Relaxed);
        if !self.read_dry.load(Ordering::Relaxed) {
            self.read_dry.store(true, Ordering::Relaxed);
        }
    }

    /// Whether the request that begins was sent without waiting for the response before it, as HTTP/1.1 allows (RFC 9112,
    /// 9.3.2). Asked once for each.
    pub(crate) fn is_pipelined(&self) -> bool {
        !self.multiplexed && !self.read_dry.swap(false, Ordering::Relaxed)
    }

    /// What was begun goes on.
    pub(crate) fn in_progress(self: &Arc<Self>) -> InProgress {
        self.requests.fetch_add(1, Ordering::Relaxed);
        InProgress(self.clone())
    }

    /// Whether a request's whole head ever arrived.
    pub(crate) fn had_request(&self) -> bool {
        self.had_request.load(Ordering::Relaxed)
    }

    /// For how many milliseconds no request has been in progress; none while one is.
    pub(crate) fn idle(&self) -> Option<u64> {
        let idle = self.now().saturating_sub(self.quiet_since.load(Ordering::Relaxed));
        (self.requests.load(Ordering::Relaxed) == 0).then_some(idle)
    }

    /// Whether it is certain where the request ends whose head has just arrived.
    pub(crate) fn doubt(&self) -> Option<Doubt> {
        if self.multiplexed { None } else { self.heads().begin() }
    }

    /// Bytes came. False where they are none that can be understood.
    pub(crate) fn read(&self, bytes: &[u8]) -> bool {
        if self.multiplexed {
            return true;
        }
        let (understood, begun) = {
            let mut heads = self.heads();
            heads.came(bytes);
            (!heads.is_http2(), !heads.is_between_messages())
        };
        if begun && self.requests.load(Ordering::Relaxed) == 0 {
            self.awaits_head();
        }
        understood
    }

    /// Of HTTP/1.1: a head has begun to come, and nothing else is to be done.
    fn awaits_head(&self) {
        let _ = self.head_since.compare_exchange(0, self.now(), Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Whether all of the request of HTTP/1.1 has come that is being answered.
    pub(crate) fn has_whole_request(&self) -> bool {
        self.heads().has_whole()
    }

    /// The caller has ended its side. Whether it may still want what is in progress or not all written: one that closed
    /// altogether looks the same, and is taken for gone after a while.
    pub(crate) fn may_wait(&self) -> bool {
        let busy = self.requests.load(Ordering::Relaxed) > 0 || self.blocked_since.load(Ordering::Relaxed) != 0;
        if self.multiplexed || !busy || !self.is_between_messages() || self.gone.load(Ordering::Relaxed) {
            return false;
        }
        let _ = self.half_closed_since.compare_exchange(0, self.now(), Ordering::Relaxed, Ordering::Relaxed);
        true
    }

    /// Whether the caller has sent whole messages and nothing else, as far as HTTP/1.1 tells.
    pub(crate) fn is_between_messages(&self) -> bool {
        self.multiplexed || self.heads().is_between_messages()
    }

    #[cfg(test)]
    pub(crate) fn heads_seen(&self) -> u64 {
        self.heads().whole()
    }

    fn heads(&self) -> MutexGuard<'_, Heads> {
        self.heads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The caller took so many bytes, or none for now.
    pub(crate) fn wrote(&self, taken: Option<usize>) {
        let blocked = self.blocked_since.load(Ordering::Relaxed);
        match taken {
            None if blocked == 0 => self.blocked_since.store(self.now(), Ordering::Relaxed),
            None => {}
            Some(bytes) => {
                let waited = self.waited.load(Ordering::Relaxed);
                if blocked != 0 || waited != 0 {
                    let waited = waited + if blocked == 0 { 0 } else { self.now().saturating_sub(blocked) };
                    let made_up = (bytes as u64).saturating_mul(1000) / READ_RATE;
                    self.waited.store(waited.saturating_sub(made_up), Ordering::Relaxed);
                    self.blocked_since.store(0, Ordering::Relaxed);
                }
            }
        }
    }

    pub(crate) fn check(&self, limits: &Limits) -> Verdict {
        let now = self.now();
        let over =
            |since: u64, limit: Duration| since != 0 && u128::from(now.saturating_sub(since)) > limit.as_millis();
        let mut delivered = self.delivered.lock().unwrap_or_else(PoisonError::into_inner);
        delivered.retain(|body| body.strong_count() > 0);
        let unread = delivered
            .iter()
            .filter_map(Weak::upgrade)
            .any(|body| over(body.load(Ordering::Relaxed), limits.stalled_time));
        drop(delivered);
        let blocked = self.blocked_since.load(Ordering::Relaxed);
        // At a crawl it is as if it had taken nothing for as long as it is behind.
        let behind = if blocked == 0 { 0 } else { blocked.saturating_sub(self.waited.load(Ordering::Relaxed)).max(1) };
        if unread || over(behind, limits.stalled_time) {
            return Verdict::Close(Timeout::Stalled);
        }
        if over(self.half_closed_since.load(Ordering::Relaxed), limits.stalled_time.min(HALF_CLOSED_TIME)) {
            self.gone.store(true, Ordering::Relaxed);
        }
        if over(self.head_since.load(Ordering::Relaxed), limits.header_time) {
            return Verdict::Close(Timeout::Header);
        }
        let quiet = self.quiet_since.load(Ordering::Relaxed);
        if self.requests.load(Ordering::Relaxed) == 0 && over(quiet, limits.idle_time) {
            if over(quiet, limits.idle_time + limits.stalled_time) {
                return Verdict::Close(Timeout::Idle);
            }
            return Verdict::Drain;
        }
        Verdict::Keep
    }
}

impl InProgress {
    pub(crate) fn activity(&self) -> &Arc<Activity> {
        &self.0
    }

    /// Has the reader of a streamed body watched: a moment for its [`note`](Self::note).
    pub(crate) fn watch(&self) -> Arc<AtomicU64> {
        let moment = Arc::new(AtomicU64::new(0));
        let mut delivered = self.0.delivered.lock().unwrap_or_else(PoisonError::into_inner);
        // Before it takes more room, those that have ended make some.
        if delivered.len() == delivered.capacity() {
            delivered.retain(|body| body.strong_count() > 0);
        }
        delivered.push(Arc::downgrade(&moment));
        moment
    }

    /// A streamed body handed on a piece, or waits for its source.
    pub(crate) fn note(&self, moment: &AtomicU64, delivered: bool) {
        moment.store(if delivered { self.0.now() } else { 0 }, Ordering::Relaxed);
    }
}

impl Drop for InProgress {
    fn drop(&mut self) {
        self.0.quiet_since.store(self.0.now(), Ordering::Relaxed);
        let was_last = self.0.requests.fetch_sub(1, Ordering::Relaxed) == 1;
        // The next head may have begun behind the last request.
        if was_last && !self.0.is_between_messages() {
            self.0.awaits_head();
        }
    }
}
