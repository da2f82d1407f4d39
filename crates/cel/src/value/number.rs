//! How doubles read as text.

/// A double as `string(x)` prints it: the shortest digits, scientific from an exponent of 6 up or below −4.
pub fn double_text(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        return format!("{value}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

/// A double as a JSON number: integral values that fit 64 bits without a fraction.
/// `None` for NaN and the infinities.
pub fn json_double(value: f64) -> Option<serde_json::Value> {
    if !value.is_finite() {
        return None;
    }
    let negative_zero = value == 0.0 && value.is_sign_negative();
    if value.fract() == 0.0 && !negative_zero {
        if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value) {
            return Some(serde_json::Value::from(value as i64));
        }
        if (0.0..18_446_744_073_709_551_616.0).contains(&value) {
            return Some(serde_json::Value::from(value as u64));
        }
    }
    serde_json::Number::from_f64(value).map(serde_json::Value::Number)
}
