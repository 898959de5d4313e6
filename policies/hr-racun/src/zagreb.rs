//! Dates and times as fiscalisation writes them, `22.11.2026T19:20:54`, in the time of Zagreb.
//!
//! The zone follows the rule of the European Union in force since 1996: summer time from the last Sunday of March to the
//! last Sunday of October, changing at 01:00 UTC. Fiscalisation began in 2013.

/// A day and a time of day in Zagreb, which exists in the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Local {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

impl Local {
    /// Reads `22.11.2026T19:20:54`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let [day, month, year, hour, minute, second] = numbers(text, "00.00.0000T00:00:00")?;
        Self { year, month, day, hour, minute, second }.existing()
    }

    /// The time in Zagreb at a moment of RFC 3339 in UTC.
    pub(crate) fn at(received: &str) -> Option<Self> {
        let [year, month, day, hour, minute, second] = numbers(received.get(..19)?, "0000-00-00T00:00:00")?;
        let utc = Self { year, month, day, hour, minute, second }.existing()?.seconds();
        Some(Self::of_seconds(utc + summer_or_winter(year, utc)))
    }

    /// The day, as `2026-11-22`.
    pub(crate) fn date(&self) -> String {
        with_digits("0000-00-00", [self.year, self.month, self.day])
    }

    /// RFC 3339 with the offset. Of the hour that comes twice in October it is the first one.
    pub(crate) fn rfc3339(&self) -> String {
        let summer = 2 * HOUR;
        let offset = if summer_or_winter(self.year, self.seconds() - summer) == summer { 2 } else { 1 };
        let numbers = [self.year, self.month, self.day, self.hour, self.minute, self.second, offset, 0];
        with_digits("0000-00-00T00:00:00+00:00", numbers)
    }

    /// As fiscalisation writes it.
    pub(crate) fn written(&self) -> String {
        with_digits("00.00.0000T00:00:00", [self.day, self.month, self.year, self.hour, self.minute, self.second])
    }

    /// Whether it is before 2023, when Croatia paid in kuna.
    pub(crate) fn is_before_the_euro(&self) -> bool {
        self.year < 2023
    }

    fn existing(self) -> Option<Self> {
        let exists = (1..=12).contains(&self.month)
            && (1..=days_of_month(self.year, self.month)).contains(&self.day)
            && self.hour < 24
            && self.minute < 60
            && self.second < 60;
        exists.then_some(self)
    }

    /// As if it were UTC: seconds since 1970.
    fn seconds(&self) -> i64 {
        days(self.year, self.month, self.day) * DAY + self.hour * HOUR + self.minute * 60 + self.second
    }

    fn of_seconds(seconds: i64) -> Self {
        let (day_number, clock) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
        let (year, month, day) = date(day_number);
        Self { year, month, day, hour: clock / HOUR, minute: clock / 60 % 60, second: clock % 60 }
    }
}

/// The offset at a moment of a year, in seconds.
fn summer_or_winter(year: i64, utc: i64) -> i64 {
    let change = |month| {
        let last = days(year, month, 31);
        // 1970-01-01 was a Thursday: Sundays are the days 3, 10, 17 and so on.
        (last - (last - 3).rem_euclid(7)) * DAY + HOUR
    };
    if (change(3)..change(10)).contains(&utc) { 2 * HOUR } else { HOUR }
}

/// Days since 1970-01-01 of the Gregorian calendar. Years are counted from March, so that a leap day is a year's last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month < 3 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year - 719_468
}

/// Year, month and day of a number of days since 1970-01-01.
fn date(days_since: i64) -> (i64, i64, i64) {
    const DAYS_OF_400_YEARS: i64 = 146_097;
    let since_march_0 = days_since + 719_468;
    let of_era = since_march_0.rem_euclid(DAYS_OF_400_YEARS);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = since_march_0.div_euclid(DAYS_OF_400_YEARS) * 400 + year_of_era + i64::from(month < 3);
    (year, month, of_year - (153 * from_march + 2) / 5 + 1)
}

fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// The form with the digits of each number in place of a run of zeros. It is much quicker than formatting.
fn with_digits<const N: usize>(form: &str, numbers: [i64; N]) -> String {
    let mut written = form.as_bytes().to_vec();
    let mut end = written.len();
    for number in numbers.iter().rev() {
        let mut number = *number;
        while end > 0 && written[end - 1] != b'0' {
            end -= 1;
        }
        while end > 0 && written[end - 1] == b'0' {
            end -= 1;
            written[end] = b'0' + (number % 10) as u8;
            number /= 10;
        }
    }
    String::from_utf8(written).unwrap_or_default()
}

/// The six numbers of a text that has digits where the form has zeros, and is the same elsewhere.
fn numbers(text: &str, form: &str) -> Option<[i64; 6]> {
    if text.len() != form.len() {
        return None;
    }
    let mut numbers = [0; 6];
    let mut index = 0;
    for (byte, form) in text.bytes().zip(form.bytes()) {
        if form == b'0' {
            let digit = byte.is_ascii_digit().then(|| i64::from(byte - b'0'))?;
            let number = numbers.get_mut(index)?;
            *number = *number * 10 + digit;
        } else if byte == form {
            index += 1;
        } else {
            return None;
        }
    }
    Some(numbers)
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
            "22.11.2026T24:00:00",
            "22.11.2026T23:60:00",
            "22.11.2026T23:59:60",
            "22.11.2026 19:20:54",
            "2.11.2026T19:20:54",
            "22.11.2026T19:20:54Z",
            "22x11.2026T19:20:54",
        ] {
            assert_eq!(Local::parse(written), None, "{written}");
        }
    }

    #[test]
    fn days_are_counted_as_the_calendar_goes() {
        let mut number = super::days(1996, 1, 1);
        assert_eq!(number, 9_496);
        for year in 1996..2405 {
            for month in 1..=12 {
                for day in 1..=super::days_of_month(year, month) {
                    assert_eq!((super::days(year, month, day), super::date(number)), (number, (year, month, day)));
                    number += 1;
                }
            }
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
