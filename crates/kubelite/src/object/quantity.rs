//! Quantities: `500m`, `1Gi`, `1e3`.

/// Suffixes, the longer ones first.
const SUFFIXES: &[&str] = &["Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "n", "u", "m", "k", "M", "G", "T", "P", "E"];

/// Whether the text is a quantity.
pub(crate) fn is(text: &str) -> bool {
    number(text).is_some()
}

/// The quantity in thousandths, as near as a float gets; none: it is not a quantity.
pub(crate) fn number(text: &str) -> Option<f64> {
    let digits = text.trim_start_matches(['+', '-']);
    let length = digits.find(|letter: char| !(letter.is_ascii_digit() || letter == '.')).unwrap_or(digits.len());
    let (number, rest) = digits.split_at(length);
    if text.len() - digits.len() > 1 || !number.contains(|letter: char| letter.is_ascii_digit()) {
        return None;
    }
    let number: f64 = number.parse().ok()?;
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    Some(sign * number * factor(rest)?)
}

fn factor(suffix: &str) -> Option<f64> {
    if suffix.is_empty() {
        return Some(1.0);
    }
    if let Some(exponent) = suffix.strip_prefix(['e', 'E']).filter(|exponent| !exponent.is_empty()) {
        return exponent.parse::<i32>().ok().map(|exponent| 10_f64.powi(exponent));
    }
    let at = SUFFIXES.iter().position(|known| *known == suffix)?;
    Some(if at < 6 {
        1024_f64.powi(at as i32 + 1)
    } else {
        10_f64.powi((at as i32 - 9) * 3 + if at < 9 { 0 } else { 3 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_numbers_with_suffixes() {
        for (text, value) in
            [("1", 1.0), ("1Gi", 1_073_741_824.0), ("2k", 2000.0), ("1E", 1e18), ("1e3", 1000.0), ("-5", -5.0)]
        {
            assert_eq!(number(text), Some(value), "{text}");
        }
        assert!((number("500m").unwrap() - 0.5).abs() < 1e-9);
        for text in ["", "x", "1x", "Gi", "1 Gi", "--1", "."] {
            assert!(!is(text), "{text}");
        }
    }
}
