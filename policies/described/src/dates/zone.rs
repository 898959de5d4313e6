//! The clocks that show times without an offset: a fixed offset, or a zone with its rule.

use std::borrow::Cow;

use tallygate_policy::ConfigFault;
use tallygate_policy::config::{Config, nearest};
use tallygate_policy::date::{self, Date, Duration, Month, OffsetDateTime, PrimitiveDateTime, UtcOffset};

use super::zones::ZONES;

/// Which clock shows a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Zone {
    Fixed(UtcOffset),
    Rule(Rule),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    name: String,
    /// The first year in which it holds.
    since: i32,
    standard: UtcOffset,
    other: Option<Other>,
}

/// The other offset, and from when to when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Other {
    offset: UtcOffset,
    begins: Change,
    ends: Change,
}

/// When clocks are changed, by what they show before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Change {
    month: u8,
    week: u8,
    weekday: u8,
    minutes: i64,
}

type Detail = Cow<'static, str>;

impl Zone {
    /// Takes the key `zone`.
    pub(crate) fn read(config: &mut Config) -> Result<Option<Self>, ConfigFault> {
        let Some(name) = config.string("zone")? else { return Ok(None) };
        let zone = Self::named(&name).map_err(|detail| ConfigFault::at(format!("{}/zone", config.place()), detail))?;
        Ok(Some(zone))
    }

    fn named(name: &str) -> Result<Self, String> {
        if name == "UTC" {
            return Ok(Self::Fixed(UtcOffset::UTC));
        }
        if name.starts_with(['+', '-', 'Z']) {
            return date::offset(name).map(Self::Fixed).map_err(|error| error.to_string());
        }
        for (rule, names) in ZONES {
            for entry in names.split_whitespace() {
                let (known, since) = entry.split_once('@').unwrap_or((entry, "2000"));
                if known == name {
                    let rule = Rule::read(name, since, rule).ok_or_else(|| format!("the rule of `{name}` is wrong"))?;
                    return Ok(Self::Rule(rule));
                }
            }
        }
        let all = ZONES.iter().flat_map(|(_, names)| names.split_whitespace());
        let meant = nearest(name, all.map(|entry| entry.split_once('@').map_or(entry, |(name, _)| name)));
        let meant = meant.map(|meant| format!(", perhaps `{meant}` was meant")).unwrap_or_default();
        Err(format!(
            "`{name}` is no zone that is known{meant}; `Europe/Berlin` would be one, or an offset such as `+01:00`"
        ))
    }

    /// The offset of a time that the clock shows. Of the hour that comes twice it is the first.
    pub(crate) fn of_local(&self, local: PrimitiveDateTime) -> Result<UtcOffset, Detail> {
        let rule = match self {
            Self::Fixed(offset) => return Ok(*offset),
            Self::Rule(rule) => rule,
        };
        rule.check(local.year())?;
        let Some(other) = rule.other else { return Ok(rule.standard) };
        let shows = |offset: &UtcOffset| rule.at(local.assume_offset(*offset)) == *offset;
        let offsets = [rule.standard.max(other.offset), rule.standard.min(other.offset)];
        offsets
            .into_iter()
            .find(shows)
            .ok_or_else(|| format!("it is a time that clocks passed over in {}", rule.name).into())
    }

    /// The day that the calendar there shows at a moment.
    pub(crate) fn day(&self, moment: OffsetDateTime) -> Result<Date, Detail> {
        let offset = match self {
            Self::Fixed(offset) => *offset,
            Self::Rule(rule) => {
                rule.check(moment.year())?;
                rule.at(moment)
            }
        };
        moment.checked_to_offset(offset).map(OffsetDateTime::date).ok_or_else(|| "it is beyond the calendar".into())
    }
}

impl Rule {
    fn read(name: &str, since: &str, rule: &str) -> Option<Self> {
        let mut parts = rule.split(' ');
        let mut offset = || UtcOffset::from_whole_seconds(parts.next()?.parse::<i32>().ok()? * 60).ok();
        let (standard, other) = (offset()?, offset());
        let mut change = || Change::read(parts.next()?);
        let other = match other {
            None => None,
            Some(offset) => Some(Other { offset, begins: change()?, ends: change()? }),
        };
        Some(Self { name: name.to_owned(), since: since.parse().ok()?, standard, other })
    }

    fn check(&self, year: i32) -> Result<(), Detail> {
        if year < self.since {
            let Self { name, since, .. } = self;
            return Err(format!("it is before {since}, from when on the clocks of {name} are known").into());
        }
        Ok(())
    }

    /// The offset at a moment.
    fn at(&self, moment: OffsetDateTime) -> UtcOffset {
        let Some(Other { offset, begins, ends }) = self.other else { return self.standard };
        let Some(local) = moment.checked_to_offset(self.standard) else { return self.standard };
        let change = |change: Change, before: UtcOffset| Some(change.of(local.year())?.assume_offset(before));
        let (Some(begin), Some(end)) = (change(begins, self.standard), change(ends, offset)) else {
            return self.standard;
        };
        let is_other = if begin < end { begin <= moment && moment < end } else { moment < end || begin <= moment };
        if is_other { offset } else { self.standard }
    }
}

impl Change {
    fn read(text: &str) -> Option<Self> {
        let (day, minutes) = text.split_once('/')?;
        let mut numbers = day.split('.').map(|number| number.parse::<u8>().ok());
        Some(Self {
            month: numbers.next()??,
            week: numbers.next()??,
            weekday: numbers.next()??,
            minutes: minutes.parse().ok()?,
        })
    }

    /// What the clocks show then, in a year.
    fn of(self, year: i32) -> Option<PrimitiveDateTime> {
        let month = Month::try_from(self.month).ok()?;
        let first = Date::from_calendar_date(year, month, 1).ok()?;
        let ahead = (7 + self.weekday - first.weekday().number_days_from_sunday()) % 7;
        let mut day = 1 + ahead + 7 * (self.week.checked_sub(1)?);
        while day > month.length(year) {
            day -= 7;
        }
        let midnight = Date::from_calendar_date(year, month, day).ok()?.midnight();
        midnight.checked_add(Duration::minutes(self.minutes))
    }
}

#[cfg(test)]
mod tests {
    use super::{ZONES, Zone};
    use jiff::tz::TimeZone;
    use jiff::{Timestamp, civil};
    use tallygate_policy::date::{self, OffsetDateTime};

    fn moment(timestamp: Timestamp) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(timestamp.as_second()).expect("a moment")
    }

    /// Another implementation with the whole database: around each of its changes, and in between.
    #[test]
    fn every_zone_has_the_clocks_of_the_tz_database() {
        let mut zones = 0;
        for entry in ZONES.iter().flat_map(|(_, names)| names.split_whitespace()) {
            let (name, since) = entry.split_once('@').unwrap_or((entry, "2000"));
            let Zone::Rule(ours) = Zone::named(name).expect(name) else { panic!("{name} has no rule") };
            let theirs = TimeZone::get(name).expect(name);
            let begin = civil::date(since.parse().expect(since), 1, 1).at(12, 0, 0, 0);
            let begin = begin.to_zoned(theirs.clone()).expect(name).timestamp();
            let mut moments = vec![begin];
            let changes = theirs.following(begin).map(|change| change.timestamp());
            for change in changes.take_while(|change| change.as_second() < 4_102_444_800).take(140) {
                moments.extend(
                    [-86_400, -1, 0, 1, 86_400]
                        .map(|seconds| Timestamp::from_second(change.as_second() + seconds).expect("a moment")),
                );
            }
            for at in moments {
                let offset = theirs.to_offset(at).seconds();
                assert_eq!(ours.at(moment(at)).whole_seconds(), offset, "{name} at {at}");
            }
            zones += 1;
        }
        assert_eq!(zones, 465);
    }

    fn offset(zone: &str, local: &str) -> Result<i16, String> {
        let local = date::parse_date_time(local).expect(local).local;
        Zone::named(zone).expect(zone).of_local(local).map(|offset| offset.whole_minutes()).map_err(String::from)
    }

    #[test]
    fn a_time_that_a_clock_shows_has_its_offset() {
        for (zone, local, minutes) in [
            ("Europe/Berlin", "2026-11-22T19:20:54", 60),
            ("Europe/Berlin", "2026-03-29T01:59:59", 60),
            ("Europe/Berlin", "2026-03-29T03:00:00", 120),
            ("Europe/Berlin", "2026-10-25T02:30:00", 120),
            ("Europe/Berlin", "2026-10-25T03:00:00", 60),
            ("Europe/Dublin", "2026-07-01T00:00:00", 60),
            ("Europe/Dublin", "2026-01-01T00:00:00", 0),
            ("Australia/Sydney", "2026-01-01T00:00:00", 660),
            ("Australia/Sydney", "2026-07-01T00:00:00", 600),
            ("Asia/Kolkata", "2026-07-01T00:00:00", 330),
            ("-05:30", "2026-07-01T00:00:00", -330),
            ("UTC", "2026-07-01T00:00:00", 0),
        ] {
            assert_eq!(offset(zone, local), Ok(minutes), "{zone} {local}");
        }
        let passed = Err("it is a time that clocks passed over in Europe/Berlin".to_owned());
        assert_eq!(offset("Europe/Berlin", "2026-03-29T02:30:00"), passed);
        let early = Err("it is before 2007, from when on the clocks of America/New_York are known".to_owned());
        assert_eq!(offset("America/New_York", "2006-12-31T00:00:00"), early);
    }

    #[test]
    fn what_is_no_zone_is_refused_with_the_nearest() {
        let told = |name: &str| Zone::named(name).expect_err(name);
        let right = "`Europe/Berlin` would be one, or an offset such as `+01:00`";
        assert_eq!(
            told("Europe/Berln"),
            format!("`Europe/Berln` is no zone that is known, perhaps `Europe/Berlin` was meant; {right}")
        );
        assert_eq!(told("CET"), format!("`CET` is no zone that is known; {right}"));
        assert_eq!(told("+1:00"), "it is no offset, such as +01:00 or Z, of at most 14 hours");
    }
}
