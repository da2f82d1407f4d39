//! Spans of time as Go writes them: `1h30m0s`, `250ms`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A span of time; may be negative. Read in any form that Go reads, written in Go's one form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GoDuration {
    nanoseconds: i64,
}

/// A text that is no span of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid duration `{text}`: {problem}")]
pub struct InvalidDuration {
    text: String,
    problem: &'static str,
}

const UNITS: [(&str, i128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

impl GoDuration {
    /// So many hours.
    pub const fn from_hours(hours: i64) -> Self {
        Self { nanoseconds: hours.saturating_mul(3_600_000_000_000) }
    }

    /// So many seconds.
    pub const fn from_secs(seconds: i64) -> Self {
        Self { nanoseconds: seconds.saturating_mul(1_000_000_000) }
    }

    /// The span without sign, for timers; zero if negative.
    pub fn to_std(self) -> Duration {
        Duration::from_nanos(u64::try_from(self.nanoseconds).unwrap_or(0))
    }

    /// The span in nanoseconds.
    pub const fn as_nanos(self) -> i64 {
        self.nanoseconds
    }
}

impl FromStr for GoDuration {
    type Err = InvalidDuration;

    fn from_str(text: &str) -> Result<Self, InvalidDuration> {
        let invalid = |problem| InvalidDuration { text: text.to_owned(), problem };
        let (negative, mut rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        if rest == "0" {
            return Ok(Self::default());
        }
        if rest.is_empty() {
            return Err(invalid("it is empty; write for example `1h30m`"));
        }
        let mut total: i128 = 0;
        while !rest.is_empty() {
            let number_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            let (number, after) = rest.split_at(number_end);
            let unit_end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
            let (unit, after) = after.split_at(unit_end);
            if unit.is_empty() {
                return Err(invalid("a number has no unit; write ns, us, ms, s, m or h after it"));
            }
            let (_, scale) = UNITS
                .iter()
                .find(|(name, _)| *name == unit)
                .ok_or_else(|| invalid("unknown unit; units are ns, us, ms, s, m and h"))?;
            let amount = scaled(number, *scale).ok_or_else(|| invalid("a number is not valid"))?;
            total = total.checked_add(amount).ok_or_else(|| invalid("it is too long"))?;
            rest = after;
        }
        let signed = if negative { -total } else { total };
        let nanoseconds = i64::try_from(signed).map_err(|_| invalid("it is too long"))?;
        Ok(Self { nanoseconds })
    }
}

/// A decimal number times a scale, in whole units.
fn scaled(number: &str, scale: i128) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return None;
    }
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut amount = whole.checked_mul(scale)?;
    let mut place = scale;
    for digit in fraction.bytes() {
        place /= 10;
        amount = amount.checked_add(i128::from(digit - b'0') * place)?;
    }
    Some(amount)
}

impl fmt::Display for GoDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nanoseconds == 0 {
            return f.write_str("0s");
        }
        if self.nanoseconds < 0 {
            f.write_str("-")?;
        }
        let span = self.nanoseconds.unsigned_abs();
        if span < 1_000 {
            return write!(f, "{span}ns");
        }
        if span < 1_000_000 {
            return write!(f, "{}\u{b5}s", decimal(span, 1_000));
        }
        if span < 1_000_000_000 {
            return write!(f, "{}ms", decimal(span, 1_000_000));
        }
        let (hours, rest) = (span / 3_600_000_000_000, span % 3_600_000_000_000);
        let (minutes, rest) = (rest / 60_000_000_000, rest % 60_000_000_000);
        if hours > 0 {
            write!(f, "{hours}h")?;
        }
        if hours > 0 || minutes > 0 {
            write!(f, "{minutes}m")?;
        }
        write!(f, "{}s", decimal(rest, 1_000_000_000))
    }
}

/// A quotient with as many decimals as it needs.
fn decimal(amount: u64, unit: u64) -> String {
    let width = unit.ilog10() as usize;
    let text = format!("{}.{:0width$}", amount / unit, amount % unit);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl Serialize for GoDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for GoDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl JsonSchema for GoDuration {
    fn schema_name() -> Cow<'static, str> {
        "GoDuration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }

    fn inline_schema() -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::GoDuration;

    #[test]
    fn is_written_in_one_form() {
        for (read, written) in [
            ("1h", "1h0m0s"),
            ("90m", "1h30m0s"),
            ("1.5s", "1.5s"),
            ("0", "0s"),
            ("-2m", "-2m0s"),
            ("1500us", "1.5ms"),
            ("15ns", "15ns"),
            ("1h0m0.25s", "1h0m0.25s"),
            ("2562047h47m16.854775807s", "2562047h47m16.854775807s"),
        ] {
            let span: GoDuration = read.parse().expect(read);
            assert_eq!(span.to_string(), written, "{read}");
            assert_eq!(written.parse::<GoDuration>().as_ref(), Ok(&span), "{read}");
        }
    }

    #[test]
    fn refuses_what_go_refuses() {
        for text in ["", "1", "h", "1d", "1.2.3s", ".s", "-", "9999999999h", "1h 2m"] {
            assert!(text.parse::<GoDuration>().is_err(), "{text}");
        }
    }
}
