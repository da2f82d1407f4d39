//! Points in time between the years 1 and 9999, to the nanosecond.

use std::fmt;

use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};

use super::Duration;

const MIN_SECONDS: i64 = -62_135_596_800;
const MAX_SECONDS: i64 = 253_402_300_799;
const NANOS: i128 = 1_000_000_000;

/// A point in time. The range (0001-01-01 to 9999-12-31, UTC) is that of the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    seconds: i64,
    nanos: u32,
}

impl Timestamp {
    /// The Unix epoch.
    pub const ZERO: Self = Self { seconds: 0, nanos: 0 };

    /// From seconds since the Unix epoch and nanoseconds within the second; `None` when out of range.
    pub fn new(seconds: i64, nanos: u32) -> Option<Self> {
        ((MIN_SECONDS..=MAX_SECONDS).contains(&seconds) && nanos < 1_000_000_000).then_some(Self { seconds, nanos })
    }

    /// Seconds since the Unix epoch, rounded down.
    pub fn seconds(self) -> i64 {
        self.seconds
    }

    /// Nanoseconds within the second.
    pub fn subsec_nanos(self) -> u32 {
        self.nanos
    }

    fn total(self) -> i128 {
        i128::from(self.seconds) * NANOS + i128::from(self.nanos)
    }

    fn from_total(total: i128) -> Option<Self> {
        let seconds = i64::try_from(total.div_euclid(NANOS)).ok()?;
        Self::new(seconds, total.rem_euclid(NANOS) as u32)
    }

    /// The time later by a span, unless out of range.
    pub fn checked_add(self, span: Duration) -> Option<Self> {
        Self::from_total(self.total() + i128::from(span.nanos()))
    }

    /// The time earlier by a span, unless out of range.
    pub fn checked_sub(self, span: Duration) -> Option<Self> {
        Self::from_total(self.total() - i128::from(span.nanos()))
    }

    /// The span since another time, unless too long for a [`Duration`].
    pub fn since(self, other: Self) -> Option<Duration> {
        i64::try_from(self.total() - other.total()).ok().map(Duration::from_nanos)
    }

    /// Reads RFC 3339, such as `2009-02-13T23:31:30.5+01:00`; `None` where malformed or out of range.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let number = |from: usize, to: usize| -> Option<i64> {
            let part = text.get(from..to)?;
            part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok()).flatten()
        };
        for (place, expected) in [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')] {
            if bytes.get(place) != Some(&expected) {
                return None;
            }
        }
        if !matches!(bytes.get(10), Some(b'T' | b't')) {
            return None;
        }
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let date = Date::new(
            i16::try_from(number(0, 4)?).ok()?,
            i8::try_from(number(5, 7)?).ok()?,
            i8::try_from(number(8, 10)?).ok()?,
        )
        .ok()?;
        let mut rest = text.get(19..)?;
        let mut nanos = 0;
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
            let digits = after.get(..end)?;
            if digits.is_empty() {
                return None;
            }
            let padded: String = digits.chars().chain("000000000".chars()).take(9).collect();
            nanos = padded.parse().ok()?;
            rest = after.get(end..)?;
        }
        let offset = match rest.as_bytes() {
            [b'Z' | b'z'] => 0,
            [b'+' | b'-', ..] if rest.len() == 6 => zone_offset(rest)?,
            _ => return None,
        };
        let seconds = days(date) * 86_400 + hour * 3600 + minute * 60 + second - offset;
        Self::new(seconds, nanos)
    }

    /// The civil date and time in UTC.
    pub fn utc(self) -> DateTime {
        civil(self.seconds, self.nanos)
    }

    /// The civil date and time in a zone: an IANA name, `UTC`, or an offset such as `-09:30`. `None`: no such zone.
    pub fn in_zone(self, zone: &str) -> Option<DateTime> {
        if zone.is_empty() || zone.eq_ignore_ascii_case("utc") {
            return Some(self.utc());
        }
        if zone.contains(':') {
            return Some(civil(self.seconds + zone_offset(zone)?, self.nanos));
        }
        let zone = TimeZone::get(zone).ok()?;
        let bounded = self.seconds.clamp(jiff::Timestamp::MIN.as_second(), jiff::Timestamp::MAX.as_second());
        let offset: Offset = zone.to_offset(jiff::Timestamp::from_second(bounded).ok()?);
        Some(civil(self.seconds + i64::from(offset.seconds()), self.nanos))
    }
}

/// `+01:30`, `-09:30` or `02:00` in seconds.
fn zone_offset(text: &str) -> Option<i64> {
    let (sign, rest) = match text.as_bytes().first()? {
        b'-' => (-1, text.get(1..)?),
        b'+' => (1, text.get(1..)?),
        _ => (1, text),
    };
    let (hours, minutes) = rest.split_once(':')?;
    if hours.len() > 2 || minutes.len() != 2 || !rest.bytes().all(|b| b == b':' || b.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 3600 + minutes * 60))
}

/// Days since the Unix epoch.
fn days(date: Date) -> i64 {
    let epoch = jiff::civil::date(1970, 1, 1);
    epoch.until(date).map_or(0, |span| i64::from(span.get_days()))
}

fn civil(seconds: i64, nanos: u32) -> DateTime {
    let day = seconds.div_euclid(86_400);
    let second = seconds.rem_euclid(86_400);
    let epoch = jiff::civil::date(1970, 1, 1);
    let date = epoch.checked_add(jiff::Span::new().days(day)).unwrap_or(epoch);
    date.at((second / 3600) as i8, (second / 60 % 60) as i8, (second % 60) as i8, nanos as i32)
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with as many decimals as needed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.utc();
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            at.year(),
            at.month(),
            at.day(),
            at.hour(),
            at.minute(),
            at.second()
        )?;
        if self.nanos > 0 {
            write!(f, ".{}", format!("{:09}", self.nanos).trim_end_matches('0'))?;
        }
        f.write_str("Z")
    }
}
