//! Values as text: what interpolation splices, what filters compare, and what error messages show.

use std::fmt::Write as _;

use base64::Engine as _;

use super::Tree;

impl Tree {
    /// The text that replaces `${…}` inside a longer string: strings as they are, numbers and booleans printed, everything
    /// else as compact JSON.
    pub fn to_spliced(&self) -> String {
        match self {
            Self::Text(text) => String::from(&**text),
            _ => {
                let mut out = String::new();
                self.splice_into(&mut out);
                out
            }
        }
    }

    /// As [`Tree::to_spliced`], appended to `out`.
    pub fn splice_into(&self, out: &mut String) {
        match self {
            Self::Text(text) => out.push_str(text),
            Self::Double(number) => write_double(out, *number),
            _ => self.write_json(out),
        }
    }

    /// The text that patch filters compare and that messages show.
    pub fn to_shown(&self) -> String {
        let mut out = String::new();
        self.show_into(&mut out);
        out
    }

    /// As [`Tree::to_shown`], appended to `out`.
    pub fn show_into(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("<nil>"),
            Self::NullRead => out.push_str("NULL_VALUE"),
            Self::Text(text) | Self::Time(text) => out.push_str(text),
            Self::Double(number) => write_double(out, *number),
            Self::List(items) | Self::Strings(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        out.push(' ');
                    }
                    item.show_into(out);
                }
                out.push(']');
            }
            Self::Map(map) | Self::StringMap(map) => {
                out.push_str("map[");
                for (at, (key, value)) in map.iter().enumerate() {
                    if at > 0 {
                        out.push(' ');
                    }
                    out.push_str(key);
                    out.push(':');
                    value.show_into(out);
                }
                out.push(']');
            }
            Self::Bool(_) | Self::Int(_) | Self::Uint(_) | Self::Bytes(_) | Self::Duration(_) | Self::Omit => {
                self.write_json(out);
            }
        }
    }

    /// Compact JSON with sorted keys and `<`, `>`, `&` escaped, as the contract's text forms have it.
    pub fn to_json_text(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out);
        out
    }

    fn write_json(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::NullRead => out.push('0'),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Int(value) | Self::Duration(value) => {
                let _ = write!(out, "{value}");
            }
            Self::Uint(value) => {
                let _ = write!(out, "{value}");
            }
            Self::Double(value) => write_json_double(out, *value),
            Self::Text(text) | Self::Time(text) => write_json_string(out, text),
            Self::Bytes(bytes) => {
                out.push('"');
                base64::engine::general_purpose::STANDARD.encode_string(bytes, out);
                out.push('"');
            }
            Self::List(items) | Self::Strings(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    item.write_json(out);
                }
                out.push(']');
            }
            Self::Map(map) | Self::StringMap(map) => {
                out.push('{');
                for (at, (key, value)) in map.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    write_json_string(out, key);
                    out.push(':');
                    value.write_json(out);
                }
                out.push('}');
            }
            Self::Omit => out.push_str("{}"),
        }
    }
}

/// Shortest decimal digits that read back as the same number, and the exponent of the first digit.
fn digits(number: f64) -> (bool, String, i32) {
    let text = format!("{number:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let negative = mantissa.starts_with('-');
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    (negative, digits, exponent.parse().unwrap_or(0))
}

/// A whole number whose text is its digits in both forms: most numbers in manifests are small and whole.
fn small_and_whole(number: f64) -> Option<i64> {
    let whole = number as i64;
    // Bit by bit: a negative zero is written with its sign.
    let same = (whole as f64).to_bits() == number.to_bits();
    (same && whole.unsigned_abs() < 1_000_000).then_some(whole)
}

/// The contract's text of a double: shortest digits, scientific from 1e6 and below 1e-4, exponent of two digits.
pub(crate) fn write_double(out: &mut String, number: f64) {
    if let Some(whole) = small_and_whole(number) {
        let _ = write!(out, "{whole}");
        return;
    }
    if number.is_nan() {
        out.push_str("NaN");
        return;
    }
    if number.is_infinite() {
        out.push_str(if number > 0.0 { "+Inf" } else { "-Inf" });
        return;
    }
    let (negative, digits, exponent) = digits(number);
    if negative {
        out.push('-');
    }
    if (-4..6).contains(&exponent) {
        write_plain(out, &digits, exponent);
    } else {
        write_scientific(out, &digits, exponent, 2);
    }
}

/// A double as JSON: plain digits unless below 1e-6 or from 1e21 on.
fn write_json_double(out: &mut String, number: f64) {
    if let Some(whole) = small_and_whole(number) {
        let _ = write!(out, "{whole}");
        return;
    }
    if !number.is_finite() {
        write_double(out, number);
        return;
    }
    let (negative, digits, exponent) = digits(number);
    if negative {
        out.push('-');
    }
    if (-6..21).contains(&exponent) || number == 0.0 {
        write_plain(out, &digits, exponent);
    } else {
        write_scientific(out, &digits, exponent, 1);
    }
}

fn write_plain(out: &mut String, digits: &str, exponent: i32) {
    if exponent < 0 {
        out.push_str("0.");
        out.extend(std::iter::repeat_n('0', (-exponent - 1) as usize));
        out.push_str(digits);
        return;
    }
    let whole = exponent as usize + 1;
    if digits.len() <= whole {
        out.push_str(digits);
        out.extend(std::iter::repeat_n('0', whole - digits.len()));
    } else {
        out.push_str(&digits[..whole]);
        out.push('.');
        out.push_str(&digits[whole..]);
    }
}

fn write_scientific(out: &mut String, digits: &str, exponent: i32, width: usize) {
    out.push_str(&digits[..1]);
    if digits.len() > 1 {
        out.push('.');
        out.push_str(&digits[1..]);
    }
    let _ = write!(out, "e{}{:0width$}", if exponent < 0 { '-' } else { '+' }, exponent.abs());
}

fn write_json_string(out: &mut String, text: &str) {
    out.push('"');
    let mut plain_from = 0;
    for (at, c) in text.char_indices() {
        let escaped = match c {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\u{8}' => "\\b",
            '\u{c}' => "\\f",
            '<' => "\\u003c",
            '>' => "\\u003e",
            '&' => "\\u0026",
            '\u{2028}' => "\\u2028",
            '\u{2029}' => "\\u2029",
            c if (c as u32) < 0x20 => {
                out.push_str(&text[plain_from..at]);
                let _ = write!(out, "\\u{:04x}", c as u32);
                plain_from = at + 1;
                continue;
            }
            _ => continue,
        };
        out.push_str(&text[plain_from..at]);
        out.push_str(escaped);
        plain_from = at + c.len_utf8();
    }
    out.push_str(&text[plain_from..]);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(999_999.0, "999999", "999999")]
    #[case(1_000_000.0, "1e+06", "1000000")]
    #[case(12_345_678.0, "1.2345678e+07", "12345678")]
    #[case(100_000.5, "100000.5", "100000.5")]
    #[case(1_234_567.5, "1.2345675e+06", "1234567.5")]
    #[case(0.0001, "0.0001", "0.0001")]
    #[case(0.00001, "1e-05", "0.00001")]
    #[case(1e20, "1e+20", "100000000000000000000")]
    #[case(1e21, "1e+21", "1e+21")]
    #[case(1e-7, "1e-07", "1e-7")]
    #[case(-0.0, "-0", "-0")]
    #[case(0.0, "0", "0")]
    #[case(2.5, "2.5", "2.5")]
    #[case(8080.0, "8080", "8080")]
    #[case(-999_999.0, "-999999", "-999999")]
    #[case(f64::NAN, "NaN", "NaN")]
    #[case(f64::NEG_INFINITY, "-Inf", "-Inf")]
    fn doubles_print_as_the_contract_says(#[case] number: f64, #[case] spliced: &str, #[case] json: &str) {
        assert_eq!(Tree::Double(number).to_spliced(), spliced);
        assert_eq!(Tree::Double(number).to_json_text(), json);
    }

    #[test]
    fn json_text_escapes_markup_and_controls() {
        assert_eq!(Tree::text("<a&b>\u{1}\n\"\u{2028}").to_json_text(), r#""\u003ca\u0026b\u003e\u0001\n\"\u2028""#);
    }
}
