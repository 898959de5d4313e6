//! The wall clock, for what people look at; no sum depends on it.

use std::time::{SystemTime, UNIX_EPOCH};

use tallygate_core::Day;
use tallygate_core::day::Zone;
use tallygate_core::moment::Moment;

/// Unix milliseconds.
pub fn now_millis() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The business day that it is in this zone.
pub fn today(zone: &Zone) -> Day {
    let now = now_millis();
    let moment: Result<Moment, _> = tallygate_core::row::instant(now).parse();
    moment.map_or_else(|_| Day::of_unix_millis(now), |moment| zone.day(moment))
}
