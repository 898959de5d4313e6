//! Which of those who told something beside the sums are alive.

use tallygate_core::notice::Notice;

use crate::clock;
use crate::limits::WORD_COUNTS;

/// The notices of those that live, or died so lately that the queue may not have noticed.
pub(crate) fn living(notices: &[Notice]) -> impl Iterator<Item = &Notice> {
    let lives_since = clock::now_millis().saturating_sub(i64::try_from(WORD_COUNTS.as_millis()).unwrap_or(i64::MAX));
    notices.iter().filter(move |notice| notice.at >= lives_since)
}
