//! The forms in which days and times are read: those of ISO 8601 that XML Schema and invoices use.

use std::fmt;

use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

use super::digits::Digits;
use super::write;
use crate::scan;

/// Why a text is no date, time or offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateError(&'static str);

const NO_DATE: DateError = DateError("it is no date, such as 2026-11-22");
const NO_COMPACT_DATE: DateError = DateError("it is no date, such as 20261122");
const NO_XSD_DATE: DateError = DateError("it is no date, such as 2026-11-22 or 2026-11-22+01:00");
const NO_DATE_TIME: DateError =
    DateError("it is no date with a time, such as 2026-11-22T19:20:54 or 2026-11-22T19:20:54+01:00");
const NO_DAY: DateError = DateError("it is a day that the calendar does not have");
const NO_TIME: DateError = DateError("it is a time that no day has");
const NO_OFFSET: DateError = DateError("it is no offset, such as +01:00 or Z, of at most 14 hours");

impl fmt::Display for DateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for DateError {}

/// A day and a time of day as they were written, and the offset from UTC if one was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateTime {
    /// What clock and calendar showed.
    pub local: PrimitiveDateTime,
    /// Where they stood.
    pub offset: Option<UtcOffset>,
}

impl DateTime {
    /// RFC 3339 for [`Transaction::time`](crate::Transaction), with its own offset, or with another where it has none.
    #[must_use]
    pub fn rfc3339(self, otherwise: UtcOffset) -> String {
        write::rfc3339(self.local, self.offset.unwrap_or(otherwise))
    }

    /// The moment, by its own offset, or by another where it has none.
    #[must_use]
    pub fn moment(self, otherwise: UtcOffset) -> OffsetDateTime {
        self.local.assume_offset(self.offset.unwrap_or(otherwise))
    }
}

/// Reads `2026-11-22`, and nothing longer.
///
/// # Errors
/// When it is written otherwise, or the calendar has no such day.
pub fn parse(text: &str) -> Result<Date, DateError> {
    let mut digits = Digits(text.as_bytes());
    let date = iso_date(&mut digits).filter(|_| digits.0.is_empty()).ok_or(NO_DATE)?;
    existing(date)
}

/// Reads `20261122`: the format 102 of the United Nations' code list 2379, as in `udt:DateTimeString`.
///
/// # Errors
/// When it is written otherwise, or the calendar has no such day.
pub fn parse_compact(text: &str) -> Result<Date, DateError> {
    let mut digits = Digits(text.as_bytes());
    let mut date = || Some((digits.number(4)?, digits.two()?, digits.two()?));
    let date = date().filter(|_| digits.0.is_empty()).ok_or(NO_COMPACT_DATE)?;
    existing(date)
}

/// Reads an `xsd:date`, which may have an offset, `2026-11-22`, `2026-11-22Z`, `2026-11-22+01:00`, and white space of XML
/// around it.
///
/// # Errors
/// When it is written otherwise, the calendar has no such day, or the offset is more than 14 hours.
pub fn parse_xsd(text: &str) -> Result<(Date, Option<UtcOffset>), DateError> {
    let mut digits = Digits(scan::trimmed(text).as_bytes());
    let date = iso_date(&mut digits).ok_or(NO_XSD_DATE)?;
    let offset = optional_offset(digits, NO_XSD_DATE)?;
    Ok((existing(date)?, offset))
}

/// Reads an `xsd:dateTime` or a time of RFC 3339: `2026-11-22T19:20:54`, with up to 9 digits of a second's fraction and
/// with an offset or without. The hour 24 of XML Schema, with nothing behind it, is the midnight that the next day begins
/// with. [`Message::received`](crate::Message) is one too. No white space around it is taken.
///
/// # Errors
/// When it is written otherwise, there is no such day or time, or the offset is more than 14 hours.
pub fn parse_date_time(text: &str) -> Result<DateTime, DateError> {
    let mut digits = Digits(text.as_bytes());
    let mut date_and_clock = || {
        let date = iso_date(&mut digits)?;
        digits.sign(b'T')?;
        let hour = digits.two()?;
        digits.sign(b':')?;
        let minute = digits.two()?;
        digits.sign(b':')?;
        Some((date, (hour, minute, digits.two()?)))
    };
    let (date, (hour, minute, second)) = date_and_clock().ok_or(NO_DATE_TIME)?;
    let mut nanoseconds = 0;
    if digits.sign(b'.').is_some() {
        let length = digits.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=9).contains(&length) {
            return Err(NO_DATE_TIME);
        }
        nanoseconds = digits.number(length).ok_or(NO_DATE_TIME)? * 10_u32.pow(9 - length as u32);
    }
    let offset = optional_offset(digits, NO_DATE_TIME)?;
    let date = existing(date)?;
    let local = if (hour, minute, second, nanoseconds) == (24, 0, 0, 0) {
        // Where a policy has `time` with its feature large-dates, the calendar goes on.
        date.next_day().filter(|next| next.year() <= LAST_YEAR).ok_or(NO_DAY)?.midnight()
    } else {
        date.with_time(Time::from_hms_nano(hour, minute, second, nanoseconds).map_err(|_| NO_TIME)?)
    };
    Ok(DateTime { local, offset })
}

/// Reads an offset from UTC: `+01:00`, `-05:30`, `Z`. For a policy's configuration.
///
/// # Errors
/// When it is written otherwise, or more than 14 hours, the most that XML Schema has.
pub fn offset(text: &str) -> Result<UtcOffset, DateError> {
    if text == "Z" {
        return Ok(UtcOffset::UTC);
    }
    let mut digits = Digits(text.as_bytes());
    let west = digits.sign(b'-').is_some();
    let mut read = || {
        if !west {
            digits.sign(b'+')?;
        }
        let hours = digits.two()?;
        digits.sign(b':')?;
        let minutes = digits.two().filter(|minutes| *minutes < 60)?;
        let seconds = (i32::from(hours) * 60 + i32::from(minutes)) * 60;
        (digits.0.is_empty() && seconds <= 14 * 3600).then_some(if west { -seconds } else { seconds })
    };
    read().and_then(|seconds| UtcOffset::from_whole_seconds(seconds).ok()).ok_or(NO_OFFSET)
}

const LAST_YEAR: i32 = 9999;

type Parts = (u32, u8, u8);

fn iso_date(digits: &mut Digits<'_>) -> Option<Parts> {
    let year = digits.number(4)?;
    digits.sign(b'-')?;
    let month = digits.two()?;
    digits.sign(b'-')?;
    Some((year, month, digits.two()?))
}

fn existing((year, month, day): Parts) -> Result<Date, DateError> {
    let month = Month::try_from(month).map_err(|_| NO_DAY)?;
    Date::from_calendar_date(year as i32, month, day).ok().filter(|date| date.year() > 0).ok_or(NO_DAY)
}

/// The offset that is left behind a date or a time; `wrong` where something else is.
fn optional_offset(digits: Digits<'_>, wrong: DateError) -> Result<Option<UtcOffset>, DateError> {
    match digits.0 {
        [] => Ok(None),
        [b'Z' | b'+' | b'-', ..] => {
            let text = std::str::from_utf8(digits.0).map_err(|_| wrong)?;
            offset(text).map(Some)
        }
        _ => Err(wrong),
    }
}
