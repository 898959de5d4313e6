//! Dates and times as fiscalisation writes them, `22.11.2026T19:20:54`, in the time of Zagreb.
//!
//! The zone follows the rule of the European Union in force since 1996: summer time from the last Sunday of March to the
//! last Sunday of October, changing at 01:00 UTC. Fiscalisation began in 2013.

use tallygate_policy::date::{self, Date, Duration, Month, PrimitiveDateTime, UtcOffset};

/// A day and a time of day in Zagreb, which exists in the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Local(PrimitiveDateTime);

impl Local {
    /// Reads `22.11.2026T19:20:54`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let parts = [text.get(6..10)?, "-", text.get(3..5)?, "-", text.get(..2)?, text.get(10..)?];
        let plain = text.len() == "22.11.2026T19:20:54".len() && text.get(2..3)? == "." && text.get(5..6)? == ".";
        // XML Schema would take that hour for the next day's midnight, and this form has no such hour.
        if !plain || text.get(11..13)? == "24" {
            return None;
        }
        date::parse_date_time(&parts.concat()).ok().map(|read| Self(read.local))
    }

    /// The time in Zagreb at a moment of RFC 3339 in UTC.
    pub(crate) fn at(received: &str) -> Option<Self> {
        let utc = date::parse_date_time(received).ok()?.local;
        Some(Self(utc.checked_add(Duration::hours(hours_ahead(utc)?.into()))?))
    }

    /// The day, as `2026-11-22`.
    pub(crate) fn date(&self) -> String {
        date::written(self.0.date())
    }

    /// RFC 3339 with the offset. Of the hour that comes twice in October it is the first one.
    pub(crate) fn rfc3339(&self) -> String {
        let in_summer = self.0.checked_sub(Duration::hours(SUMMER.into())).and_then(hours_ahead) == Some(SUMMER);
        let offset = UtcOffset::from_hms(if in_summer { SUMMER } else { WINTER }, 0, 0);
        date::rfc3339(self.0, offset.unwrap_or(UtcOffset::UTC))
    }

    /// As fiscalisation writes it.
    pub(crate) fn written(&self) -> String {
        let iso = date::rfc3339(self.0, UtcOffset::UTC);
        [&iso[8..10], ".", &iso[5..7], ".", &iso[..4], &iso[10..19]].concat()
    }

    /// Whether it is before 2023, when Croatia paid in kuna.
    pub(crate) fn is_before_the_euro(&self) -> bool {
        self.0.year() < 2023
    }
}

/// Hours ahead of UTC.
const SUMMER: i8 = 2;
const WINTER: i8 = 1;

/// How many hours Zagreb is ahead at a moment in UTC.
fn hours_ahead(utc: PrimitiveDateTime) -> Option<i8> {
    let change = |month| {
        let last = Date::from_calendar_date(utc.year(), month, 31).ok()?;
        let sunday = last.checked_sub(Duration::days(last.weekday().number_days_from_sunday().into()))?;
        sunday.with_hms(1, 0, 0).ok()
    };
    Some(if (change(Month::March)?..change(Month::October)?).contains(&utc) { SUMMER } else { WINTER })
}

#[cfg(test)]
mod tests {
    use super::Local;

    #[test]
    fn a_time_gets_the_offset_of_its_season() {
        for (written, rfc3339) in [
            ("22.11.2026T19:20:54", "2026-11-22T19:20:54+01:00"),
            ("01.07.2026T00:00:00", "2026-07-01T00:00:00+02:00"),
            ("29.03.2026T01:59:59", "2026-03-29T01:59:59+01:00"),
            ("29.03.2026T02:30:00", "2026-03-29T02:30:00+01:00"),
            ("29.03.2026T03:00:00", "2026-03-29T03:00:00+02:00"),
            ("25.10.2026T02:30:00", "2026-10-25T02:30:00+02:00"),
            ("25.10.2026T03:00:00", "2026-10-25T03:00:00+01:00"),
            ("29.02.2024T12:00:00", "2024-02-29T12:00:00+01:00"),
            ("31.12.2022T23:59:59", "2022-12-31T23:59:59+01:00"),
        ] {
            let local = Local::parse(written).expect(written);
            assert_eq!((local.rfc3339(), local.written()), (rfc3339.to_owned(), written.to_owned()));
        }
    }

    #[test]
    fn what_the_calendar_does_not_have_is_no_time() {
        for written in [
            "",
            "29.02.2026T00:00:00",
            "31.11.2026T00:00:00",
            "00.11.2026T00:00:00",
            "22.13.2026T00:00:00",
            "22.11.2026T23:60:00",
            "22.11.2026T23:59:60",
            "22.11.2026 19:20:54",
            "2.11.2026T19:20:54",
            "22.11.2026T19:20:54Z",
            "22x11.2026T19:20:54",
            "22.11x2026T19:20:54",
            "22.11.2026x19:20:54",
            "22.11.2026T24:00:00",
            "22.11.2026T19:20:5č",
        ] {
            assert_eq!(Local::parse(written), None, "{written}");
        }
    }

    #[test]
    fn a_moment_is_shown_in_the_time_of_zagreb() {
        for (utc, written) in [
            ("2026-11-22T18:20:54.123Z", "22.11.2026T19:20:54"),
            ("2026-12-31T23:30:00Z", "01.01.2027T00:30:00"),
            ("2026-03-29T00:59:59Z", "29.03.2026T01:59:59"),
            ("2026-03-29T01:00:00Z", "29.03.2026T03:00:00"),
            ("2026-10-25T00:30:00Z", "25.10.2026T02:30:00"),
            ("2026-10-25T01:30:00Z", "25.10.2026T02:30:00"),
            ("2024-02-28T23:30:00Z", "29.02.2024T00:30:00"),
            ("2100-02-28T23:30:00Z", "01.03.2100T00:30:00"),
        ] {
            assert_eq!(Local::at(utc).map(|local| local.written()).as_deref(), Some(written), "{utc}");
        }
        assert_eq!(Local::at("yesterday"), None);
    }
}
