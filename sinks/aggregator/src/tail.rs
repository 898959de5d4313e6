//! How far back the store may have lost writes when it was away.

use std::collections::VecDeque;

use tokio::time::Instant;

use crate::note::LogPosition;
use crate::timeouts::{STORE_TAIL, TAIL_STEP};

/// The latest writes of one partition, by when the store took them.
#[derive(Debug)]
pub(crate) struct Tail {
    /// What came of records before it is safe in the store.
    anchor: LogPosition,
    flushed: VecDeque<RecentFlushes>,
    /// The oldest append time among the records folded since the last flush was taken.
    folding: Option<i64>,
}

/// What one flush, or several close together, wrote.
#[derive(Debug)]
struct RecentFlushes {
    begun: Instant,
    ended: Instant,
    /// Behind the last record of it.
    end: LogPosition,
    /// The oldest append time among its records, where it has any.
    oldest: Option<i64>,
}

/// What a flush takes out of the tail, to be brought back when it is done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FlushSpan {
    /// Behind the last record of the flush.
    end: LogPosition,
    /// The oldest append time among its records; none when it brings rows of earlier ones alone.
    oldest: Option<i64>,
}

impl Tail {
    pub(crate) fn new(anchor: LogPosition) -> Self {
        Self { anchor, flushed: VecDeque::new(), folding: None }
    }

    /// A record was folded.
    pub(crate) fn fold(&mut self, appended: i64) {
        self.folding = Some(earlier(self.folding, appended));
    }

    /// A flush is taken that ends here.
    pub(crate) fn take(&mut self, end: LogPosition) -> FlushSpan {
        FlushSpan { end, oldest: self.folding.take() }
    }

    /// The flush is in the store.
    pub(crate) fn flushed(&mut self, span: FlushSpan, now: Instant) {
        let FlushSpan { end, oldest } = span;
        match self.flushed.back_mut() {
            Some(last) if now.duration_since(last.begun) < TAIL_STEP => {
                last.ended = now;
                last.end = end;
                last.oldest = oldest.map(|oldest| earlier(last.oldest, oldest)).or(last.oldest);
            }
            _ => self.flushed.push_back(RecentFlushes { begun: now, ended: now, end, oldest }),
        }
    }

    /// Where the tail begins, when the store was last known to be there at that time, and not to have been away since the
    /// last [`lost`](Self::lost). Time that passes while nobody hears of the store makes nothing safe in it.
    pub(crate) fn anchor(&mut self, answered: Option<Instant>) -> LogPosition {
        while let (Some(answered), Some(first)) = (answered, self.flushed.front())
            && answered.saturating_duration_since(first.ended) > STORE_TAIL
        {
            self.anchor = first.end;
            self.flushed.pop_front();
        }
        self.anchor
    }

    /// The offset where the tail began when last asked.
    pub(crate) fn begins(&self) -> u64 {
        self.anchor.offset
    }

    /// The store was away: rows with records appended since the returned time are to be written again, and until that is
    /// done the tail does not move. None when nothing was written.
    pub(crate) fn lost(&mut self) -> Option<i64> {
        let flushed = self.flushed.drain(..).filter_map(|flushes| flushes.oldest);
        self.folding = flushed.chain(self.folding).min();
        self.folding
    }
}

fn earlier(oldest: Option<i64>, appended: i64) -> i64 {
    oldest.map_or(appended, |oldest| oldest.min(appended))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn point(offset: u64) -> LogPosition {
        LogPosition { offset, clock: Some(offset as i64 * 10) }
    }

    #[test]
    fn rule_12_the_tail_begins_where_flushes_are_old_enough_to_be_safe() {
        let (mut tail, start) = (Tail::new(point(5)), Instant::now());
        for n in 1..=10_u64 {
            tail.fold(n as i64 * 100);
            let span = tail.take(point(5 + n));
            tail.flushed(span, start + TAIL_STEP * n as u32);
        }
        assert_eq!(tail.anchor(Some(start + TAIL_STEP * 10)), point(5));
        let later = start + STORE_TAIL + TAIL_STEP * 3 + Duration::from_millis(1);
        assert_eq!(tail.anchor(Some(later)), point(8));
        assert_eq!(tail.anchor(Some(later + STORE_TAIL)), point(15));
    }

    #[test]
    fn rule_12_time_without_a_sign_of_the_store_makes_nothing_safe() {
        let (mut tail, start) = (Tail::new(point(5)), Instant::now());
        let span = tail.take(point(6));
        tail.flushed(span, start);
        assert_eq!(tail.anchor(None), point(5));
        assert_eq!(tail.anchor(Some(start + STORE_TAIL)), point(5));
        assert_eq!(tail.anchor(Some(start + STORE_TAIL + TAIL_STEP)), point(6));
    }

    #[test]
    fn rule_12_what_was_lost_stays_in_the_tail_until_it_is_written_again() {
        let (mut tail, start) = (Tail::new(point(0)), Instant::now());
        for (offset, appended) in [(1, 300), (2, 200), (3, 400)] {
            tail.fold(appended);
            let span = tail.take(point(offset));
            tail.flushed(span, start + TAIL_STEP * offset as u32);
        }
        let back = start + STORE_TAIL * 5;
        assert_eq!(tail.lost(), Some(200));
        assert_eq!(tail.anchor(Some(back)), point(0));
        let again = tail.take(point(3));
        assert_eq!(again.oldest, Some(200));
        tail.flushed(again, back);
        assert_eq!(tail.anchor(Some(back + STORE_TAIL)), point(0));
        assert_eq!(tail.anchor(Some(back + STORE_TAIL + TAIL_STEP)), point(3));
    }
}
