//! A business day, and how one is found from a time and a zone.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::moment::Moment;

/// A calendar day, as days since 1970-01-01. Years 0001 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i32);

/// A day as `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DayText([u8; 10]);

/// The zone in which the business day of a transaction is found.
#[derive(Clone, Debug)]
pub struct Zone(TimeZone);

/// The text is no day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a calendar day as YYYY-MM-DD, such as 2026-11-22")]
pub struct NotADay;

/// The text names no time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an IANA time zone, such as Europe/Zagreb")]
pub struct NotAZone;

const EPOCH: Date = Date::constant(1970, 1, 1);
/// From 0001-01-01 on.
const DAYS_TO_1970: i32 = 719_162;
const DAYS_OF_400_YEARS: i64 = 146_097;
const MILLIS_PER_DAY: i64 = 86_400_000;

impl Day {
    /// The day so many days after 1970-01-01.
    pub fn from_epoch_days(days: i32) -> Self {
        Self(days)
    }

    /// Days since 1970-01-01.
    pub fn epoch_days(self) -> i32 {
        self.0
    }

    /// The UTC day of a Unix time in milliseconds.
    pub fn of_unix_millis(millis: i64) -> Self {
        let days = millis.div_euclid(MILLIS_PER_DAY);
        Self(i32::try_from(days).unwrap_or(if days < 0 { i32::MIN } else { i32::MAX }))
    }

    /// The Unix time in milliseconds at which this UTC day begins.
    pub fn start_unix_millis(self) -> i64 {
        i64::from(self.0) * MILLIS_PER_DAY
    }

    /// The day so many days later, or earlier when negative.
    #[must_use]
    pub fn plus(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// Its text, of years 0001 to 9999.
    pub(crate) fn text(self) -> Option<DayText> {
        let days = Some(self.0).filter(|days| (first_of_month(1, 1)..first_of_month(9_999, 13)).contains(days))?;
        // By the mean length of a year it is this one or the next.
        let mut year = ((i64::from(days + DAYS_TO_1970) * 400) / DAYS_OF_400_YEARS) as i32 + 1;
        year += i32::from(first_of_month(year + 1, 1) <= days);
        let mut month = (days - first_of_month(year, 1)) / 32 + 1;
        month += i32::from(first_of_month(year, month + 1) <= days);
        let day = days - first_of_month(year, month) + 1;
        let digit = |number: i32| b'0' + (number % 10) as u8;
        Some(DayText([
            digit(year / 1_000),
            digit(year / 100),
            digit(year / 10),
            digit(year),
            b'-',
            digit(month / 10),
            digit(month),
            b'-',
            digit(day / 10),
            digit(day),
        ]))
    }
}

impl DayText {
    pub(crate) fn as_str(&self) -> &str {
        // Digits and dashes by construction.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Days from 1970-01-01 to the first of a month, 1 to 13 of a year from 1 on; the month 13 is the next year's first.
fn first_of_month(year: i32, month: i32) -> i32 {
    const BEFORE: [i32; 13] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let gone = year - 1;
    let of_years = gone * 365 + gone / 4 - gone / 100 + gone / 400;
    of_years - DAYS_TO_1970 + BEFORE[month as usize - 1] + i32::from(is_leap && month > 2)
}

impl FromStr for Day {
    type Err = NotADay;

    fn from_str(text: &str) -> Result<Self, NotADay> {
        let bytes = text.as_bytes();
        let digits = |range: std::ops::Range<usize>| {
            bytes[range].iter().try_fold(0_i32, |n, b| b.is_ascii_digit().then(|| n * 10 + i32::from(b - b'0')))
        };
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return Err(NotADay);
        }
        let (Some(year @ 1..), Some(month @ 1..=12), Some(day @ 1..)) = (digits(0..4), digits(5..7), digits(8..10))
        else {
            return Err(NotADay);
        };
        let (before, behind) = (first_of_month(year, month), first_of_month(year, month + 1));
        let days = before + day - 1;
        if days < behind { Ok(Self(days)) } else { Err(NotADay) }
    }
}

impl From<Date> for Day {
    fn from(date: Date) -> Self {
        Self(EPOCH.until(date).map_or(0, |span| span.get_days()))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = self.text() {
            return f.write_str(text.as_str());
        }
        match EPOCH.checked_add(jiff::SignedDuration::from_hours(i64::from(self.0) * 24)) {
            Ok(date) => write!(f, "{date}"),
            Err(_) => write!(f, "day {}", self.0),
        }
    }
}

impl Zone {
    /// The day on which this moment falls here.
    pub fn day(&self, moment: Moment) -> Day {
        self.0.to_datetime(moment.timestamp()).date().into()
    }
}

impl FromStr for Zone {
    type Err = NotAZone;

    fn from_str(name: &str) -> Result<Self, NotAZone> {
        TimeZone::get(name).map(Self).map_err(|_| NotAZone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_late_evening_in_utc_is_the_next_business_day_in_zagreb() {
        let zone: Zone = "Europe/Zagreb".parse().unwrap();
        let day = |text: &str| zone.day(text.parse().unwrap()).to_string();
        assert_eq!(day("2026-11-22T23:30:00Z"), "2026-11-23");
        assert_eq!(day("2026-11-22T22:59:59.999Z"), "2026-11-22");
        assert_eq!(day("2026-07-01T22:00:00+00:00"), "2026-07-02");
    }

    #[test]
    fn refuses_days_that_do_not_exist_or_are_written_otherwise() {
        for text in [
            "2026-02-29",
            "2026-13-01",
            "26-11-22",
            "2026-11-2",
            "2026/11/22",
            "0000-01-01",
            "+026-11-22",
            "2026-11-22 ",
        ] {
            assert_eq!(text.parse::<Day>(), Err(NotADay), "{text}");
        }
    }

    #[test]
    fn every_day_is_the_calendars() {
        let (mut date, mut day) = (Date::constant(1, 1, 1), Day::from_epoch_days(-DAYS_TO_1970));
        loop {
            let text = date.to_string();
            assert_eq!((day.to_string(), text.parse()), (text.clone(), Ok(day)), "{date}");
            assert_eq!(Day::from(date), day);
            let Ok(next) = date.tomorrow() else { break };
            (date, day) = (next, day.plus(1));
        }
        assert_eq!(date, Date::constant(9_999, 12, 31));
        let outside = [day.plus(1), Day::from_epoch_days(-DAYS_TO_1970 - 1)];
        assert!(outside.iter().all(|day| day.text().is_none()));
    }

    proptest! {
        #[test]
        fn a_day_reads_back_what_it_wrote(days in -719_162_i32..2_932_896) {
            let day = Day::from_epoch_days(days);
            prop_assert_eq!(day.to_string().parse::<Day>(), Ok(day));
        }

        #[test]
        fn reading_a_day_never_panics(text in "\\PC{0,40}") {
            let _ = text.parse::<Day>();
        }
    }
}
