//! Short hashes: of texts that stand in names, and of the content of releases.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Letters and digits that make no words.
const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
const CONTENT_HASH: usize = 10;

/// The prime of FNV with 32 bits.
const PRIME: u32 = 0x0100_0193;

/// FNV-1a with 32 bits.
#[derive(Clone, Copy, Debug)]
pub struct Fnv32a(u32);

impl Default for Fnv32a {
    fn default() -> Self {
        Self(0x811c_9dc5)
    }
}

impl Fnv32a {
    /// Takes in some bytes.
    #[inline]
    pub fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u32::from(*byte)).wrapping_mul(PRIME);
        }
    }

    /// Takes in a text that was prepared, in one step.
    #[inline]
    pub const fn write_prepared(&mut self, text: &Prepared) {
        let (low, high) = (self.0 & 0xff, self.0 & !0xff);
        self.0 = high.wrapping_mul(text.factor).wrapping_add(text.ends[low as usize]);
    }

    /// The hash of all bytes so far.
    pub const fn finish(self) -> u32 {
        self.0
    }

    /// The hash as eight hexadecimal digits.
    pub fn hex(self) -> String {
        format!("{:08x}", self.0)
    }
}

/// A text whose effect on [`Fnv32a`] was worked out before.
///
/// A byte is exclusive-ored with the lowest byte of the state, and multiplication carries upwards only: so what the text
/// does depends on the lowest byte, and the rest is multiplied.
#[derive(Clone, Copy, Debug)]
pub struct Prepared {
    /// The prime to the power of the text's length.
    factor: u32,
    /// The state behind the text for each lowest byte, where the rest was zero.
    ends: [u32; 256],
}

impl Prepared {
    /// Works it out.
    pub const fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut prepared = Self { factor: 1, ends: [0; 256] };
        let mut low = 0;
        while low < 256 {
            prepared.ends[low] = low as u32;
            let mut at = 0;
            while at < bytes.len() {
                prepared.ends[low] = (prepared.ends[low] ^ bytes[at] as u32).wrapping_mul(PRIME);
                at += 1;
            }
            low += 1;
        }
        let mut at = 0;
        while at < bytes.len() {
            prepared.factor = prepared.factor.wrapping_mul(PRIME);
            at += 1;
        }
        prepared
    }
}

/// FNV-1a of one text.
pub fn fnv32a(text: &str) -> u32 {
    let mut hash = Fnv32a::default();
    hash.write(text.as_bytes());
    hash.finish()
}

/// FNV-1a of one text, as eight hexadecimal digits.
pub fn fnv32a_hex(text: &str) -> String {
    format!("{:08x}", fnv32a(text))
}

/// Writes a hash with letters and digits that make no words: the encoding that Kubernetes uses for generated names.
pub fn safe_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    encoded.extend(text.bytes().map(|byte| char::from(ALPHABET[usize::from(byte) % ALPHABET.len()])));
    encoded
}

/// The hash of a release's content: ten characters, safe in names, 47 bits of SHA-256.
///
/// Equal content has equal hashes whatever the order of keys, and absent, `null`, `""`, `[]` and `{}` in typed fields
/// are the same because they are not written. In free-form values everything counts, but not how a number was written
/// (`1.0` is `1`).
///
/// # Errors
/// A value that cannot be written as JSON; our kinds always can.
pub fn content<T: Serialize>(content: &T) -> Result<String, serde_json::Error> {
    Ok(content_of_value(&serde_json::to_value(content)?))
}

/// As [`content`], of a value that is JSON already.
pub fn content_of_value(content: &Value) -> String {
    let mut text = String::new();
    canonical(content, &mut text);
    let mut rest = Sha256::digest(&text).iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let mut hash = String::with_capacity(CONTENT_HASH);
    for _ in 0..CONTENT_HASH {
        hash.push(char::from(ALPHABET[(rest % ALPHABET.len() as u64) as usize]));
        rest /= ALPHABET.len() as u64;
    }
    hash
}

/// Writes a value in one form: keys sorted, no spaces, whole numbers without a fraction.
fn canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort_unstable();
            text.push('{');
            for (index, key) in keys.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                quoted(key, text);
                text.push(':');
                canonical(&map[key], text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                canonical(item, text);
            }
            text.push(']');
        }
        Value::String(string) => quoted(string, text),
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 9e15 => {
                let _ = write!(text, "{}", float as i64);
            }
            _ => {
                let _ = write!(text, "{number}");
            }
        },
        Value::Bool(_) | Value::Null => {
            let _ = write!(text, "{value}");
        }
    }
}

fn quoted(string: &str, text: &mut String) {
    // What needs no escape is most of it.
    if string.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        let _ = write!(text, "{}", Value::from(string));
    } else {
        text.push('"');
        text.push_str(string);
        text.push('"');
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Fnv32a, Prepared, content, fnv32a, fnv32a_hex, safe_encode};

    #[test]
    fn a_prepared_text_does_what_its_bytes_do() {
        let texts = ["", "a", "foobar", "(map[string]interface {})map[", "\u{fffd}\u{7f}"];
        for text in texts {
            let prepared = Prepared::new(text);
            for before in 0..=u8::MAX {
                let (mut bytes, mut whole) = (Fnv32a::default(), Fnv32a::default());
                bytes.write(&[before]);
                whole.write(&[before]);
                bytes.write(text.as_bytes());
                whole.write_prepared(&prepared);
                assert_eq!(bytes.finish(), whole.finish(), "{text:?} behind {before}");
            }
        }
    }

    #[test]
    fn fnv_agrees_with_its_published_vectors() {
        for (text, hash) in [("", 0x811c_9dc5), ("a", 0xe40c_292c), ("foobar", 0xbf9c_f968)] {
            assert_eq!(fnv32a(text), hash, "{text}");
        }
        assert_eq!(fnv32a_hex("foobar"), "bf9cf968");
    }

    #[test]
    fn encoding_maps_digits_to_letters_without_vowels() {
        assert_eq!(safe_encode("0123456789"), "456789bcdf");
    }

    #[test]
    fn content_hash_does_not_see_key_order_or_number_spelling() {
        let one = content(&json!({"a": 1, "b": {"x": [1.0, "é"], "y": null}})).expect("hash");
        let other: serde_json::Value =
            serde_json::from_str(r#"{ "b": {"y": null, "x": [1, "\u00e9"]}, "a": 1 }"#).expect("json");
        assert_eq!(one, content(&other).expect("hash"));
        assert_eq!(one, "6cp76jhhct", "a new form of the hash would cut a new release of everything");
    }

    #[test]
    fn content_hash_sees_values_and_list_order() {
        let base = content(&json!({"a": [1, 2]})).expect("hash");
        for other in [json!({"a": [2, 1]}), json!({"a": ["1", 2]}), json!({"b": [1, 2]}), json!({"a": [1, 2.5]})] {
            assert_ne!(base, content(&other).expect("hash"), "{other}");
        }
    }
}
