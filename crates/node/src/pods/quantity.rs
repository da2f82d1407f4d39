//! Kubernetes quantities (`500m`, `256Mi`, `1e3`) as thousandths.

/// The quantity in thousandths of its unit, rounded up; `None` where it is not one.
pub(crate) fn thousandths(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '+' | '-'))).unwrap_or(text.len());
    let (number, suffix) = text.split_at(digits);
    let number: f64 = number.parse().ok()?;
    let factor = match suffix {
        "" => 1e3,
        "n" => 1e-6,
        "u" => 1e-3,
        "m" => 1.0,
        "k" => 1e6,
        "M" => 1e9,
        "G" => 1e12,
        "T" => 1e15,
        "P" => 1e18,
        "Ki" => 1024.0 * 1e3,
        "Mi" => 1024.0_f64.powi(2) * 1e3,
        "Gi" => 1024.0_f64.powi(3) * 1e3,
        "Ti" => 1024.0_f64.powi(4) * 1e3,
        "Pi" => 1024.0_f64.powi(5) * 1e3,
        exponent => 10_f64.powi(exponent.strip_prefix(['e', 'E'])?.parse().ok()?) * 1e3,
    };
    let product = (number * factor).ceil();
    (product.is_finite() && product.abs() < 9.2e18).then_some(product as i64)
}

/// The quantity in whole units, rounded up.
pub(crate) fn units(text: &str) -> Option<i64> {
    thousandths(text).map(|value| value.div_euclid(1000) + i64::from(value.rem_euclid(1000) > 0))
}

#[cfg(test)]
mod tests {
    use super::{thousandths, units};

    #[test]
    fn quantities_are_read_as_kubernetes_writes_them() {
        for (text, expected) in [
            ("500m", Some(500)),
            ("2", Some(2000)),
            ("0.5", Some(500)),
            ("1e3", Some(1_000_000)),
            ("100u", Some(1)),
            ("", None),
            ("abc", None),
            ("1Qi", None),
        ] {
            assert_eq!(thousandths(text), expected, "{text}");
        }
        assert_eq!(units("256Mi"), Some(256 * 1024 * 1024));
        assert_eq!(units("1G"), Some(1_000_000_000));
        assert_eq!(units("1500m"), Some(2));
    }
}
