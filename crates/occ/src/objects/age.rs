//! How long ago something was, in few characters.

use jiff::Timestamp;

/// As kubectl tells it: the two largest units at first, one later.
pub(super) fn age(since: &str, now: Timestamp) -> String {
    let Ok(since) = since.parse::<Timestamp>() else { return "<unknown>".to_owned() };
    let seconds = now.as_second() - since.as_second();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    let two = |large: i64, unit: char, small: i64, below: char| {
        if small == 0 { format!("{large}{unit}") } else { format!("{large}{unit}{small}{below}") }
    };
    match seconds {
        ..0 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        120..600 => two(minutes, 'm', seconds % 60, 's'),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => two(hours, 'h', minutes % 60, 'm'),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => two(days, 'd', hours % 24, 'h'),
        691_200..63_072_000 => format!("{days}d"),
        63_072_000..252_288_000 => two(days / 365, 'y', days % 365, 'd'),
        _ => format!("{}y", days / 365),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(-5, "0s")]
    #[case(0, "0s")]
    #[case(119, "119s")]
    #[case(120, "2m")]
    #[case(125, "2m5s")]
    #[case(600, "10m")]
    #[case(10_800, "3h")]
    #[case(11_000, "3h3m")]
    #[case(90_000, "25h")]
    #[case(180_000, "2d2h")]
    #[case(864_000, "10d")]
    #[case(70_000_000, "2y80d")]
    #[case(300_000_000, "9y")]
    fn ages_are_short(#[case] seconds: i64, #[case] text: &str) {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().expect("a time");
        let since = Timestamp::from_second(now.as_second() - seconds).expect("a time");
        assert_eq!(age(&since.to_string(), now), text);
    }

    #[test]
    fn what_is_no_time_has_no_age() {
        assert_eq!(age("", Timestamp::UNIX_EPOCH), "<unknown>");
    }
}
