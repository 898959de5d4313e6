//! Days and times: read strictly, and written as the gateway takes them.
//!
//! The types are those of the crate [`time`](https://docs.rs/time/0.3), re-exported here, which computes with them:
//! `date + Duration::days(3)`, `date.checked_add(…)`, `one - other`, `date.weekday()`, comparisons. It is used without its
//! own reading and writing, and so costs a policy some 6 KB. There are no time zones in it, since their rules change: an
//! offset comes from the message, from the policy's configuration, or from a rule that the policy knows.
//!
//! Years are 0001 to 9999. Seconds are 00 to 59: a leap second is no time here.
//!
//! ```
//! use tallygate_policy::date::{self, DateError, UtcOffset};
//!
//! fn time(issue_date: &str) -> Result<String, DateError> {
//!     let day = date::parse(issue_date)?;
//!     Ok(date::rfc3339(day.midnight(), UtcOffset::UTC))
//! }
//! assert_eq!(time("2026-11-22"), Ok("2026-11-22T00:00:00Z".into()));
//! assert_eq!(time("2026-02-29").unwrap_err().to_string(), "it is a day that the calendar does not have");
//! ```

mod digits;
mod form;
mod write;

pub use form::{DateError, DateTime, offset, parse, parse_compact, parse_date_time, parse_xsd};
// Their pages are in the documentation of `time`; here they would bury those of this module.
#[doc(no_inline)]
pub use time::{self, Date, Duration, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset, Weekday};
pub use write::{rfc3339, written};

#[cfg(test)]
mod tests;
