//! Spans of time, to the nanosecond.

use std::fmt;

/// Nanoseconds in a second.
const SECOND: i64 = 1_000_000_000;

/// A span of time of up to about 292 years either way, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration(i64);

impl Duration {
    /// From nanoseconds.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// The whole span in nanoseconds.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Whole seconds, toward zero.
    pub const fn seconds(self) -> i64 {
        self.0 / SECOND
    }

    /// Whether the span is empty.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum, unless out of range.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference, unless out of range.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// The opposite, unless out of range.
    pub fn checked_neg(self) -> Option<Self> {
        self.0.checked_neg().map(Self)
    }

    /// Reads `1h30m`, `-1.5s`, `200ms` and the like; `None` where the text is no duration or out of range.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, mut rest) = match text.as_bytes().first()? {
            b'-' => (true, text.get(1..)?),
            b'+' => (false, text.get(1..)?),
            _ => (false, text),
        };
        if rest == "0" {
            return Some(Self(0));
        }
        if rest.is_empty() {
            return None;
        }
        let mut total: i128 = 0;
        while !rest.is_empty() {
            let whole_end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let whole = rest.get(..whole_end)?;
            rest = rest.get(whole_end..)?;
            let mut fraction = "";
            if let Some(after) = rest.strip_prefix('.') {
                let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
                fraction = after.get(..end)?;
                rest = after.get(end..)?;
            }
            if whole.is_empty() && fraction.is_empty() {
                return None;
            }
            let unit_end = rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len());
            let unit: i128 = match rest.get(..unit_end)? {
                "ns" => 1,
                "us" | "µs" | "μs" => 1_000,
                "ms" => 1_000_000,
                "s" => 1_000_000_000,
                "m" => 60_000_000_000,
                "h" => 3_600_000_000_000,
                _ => return None,
            };
            rest = rest.get(unit_end..)?;
            if whole.len() > 20 {
                return None;
            }
            let mut amount = if whole.is_empty() { 0 } else { whole.parse::<i128>().ok()? * unit };
            let mut scale = unit;
            for digit in fraction.bytes() {
                scale /= 10;
                amount += i128::from(digit - b'0') * scale;
            }
            total = total.checked_add(amount)?;
        }
        let signed = if negative { -total } else { total };
        i64::try_from(signed).ok().map(Self)
    }
}

impl fmt::Display for Duration {
    /// Seconds with as many decimals as needed: `5400s`, `-0.25s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let nanos = self.0.unsigned_abs();
        let second = SECOND.unsigned_abs();
        write!(f, "{sign}{}", nanos / second)?;
        let fraction = nanos % second;
        if fraction > 0 {
            write!(f, ".{}", format!("{fraction:09}").trim_end_matches('0'))?;
        }
        f.write_str("s")
    }
}
