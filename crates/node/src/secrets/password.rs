//! `generators.external-secrets.io/v1alpha1` Password: what it asks for, and a password that is so.

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::resource::resource;

/// The group and version.
pub(super) const API_VERSION: &str = "generators.external-secrets.io/v1alpha1";

const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS: &str = "0123456789";
const SYMBOLS: &str = "~!@#$%^&*()_+`-={}|[]\\:\"<>?,./";
/// The length where none is asked for.
const LENGTH: usize = 24;
/// The most characters that are made.
const LONGEST: usize = 4096;

/// A Password.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Password {
    pub(crate) metadata: ObjectMeta,
    pub(crate) spec: PasswordSpec,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PasswordSpec {
    pub(crate) length: Option<usize>,
    pub(crate) digits: Option<usize>,
    pub(crate) symbols: Option<usize>,
    pub(crate) symbol_characters: Option<String>,
    pub(crate) no_upper: bool,
    pub(crate) allow_repeat: bool,
    /// What else stands there; nothing of it is acted on.
    #[serde(flatten)]
    pub(crate) rest: serde_json::Map<String, Value>,
}

impl PasswordSpec {
    /// Makes a password; `random` gives bytes that nobody can guess.
    ///
    /// # Errors
    /// What of the spec cannot be done, beginning with the field.
    pub(super) fn make(&self, mut random: impl FnMut(&mut [u8]) -> Result<(), String>) -> Result<String, String> {
        if let Some(field) = self.rest.keys().next() {
            return Err(format!("spec.{field}: not supported on this node"));
        }
        let length = self.length.filter(|length| *length > 0).unwrap_or(LENGTH);
        if length > LONGEST {
            return Err(format!("spec.length: {length} is more than {LONGEST}"));
        }
        let digits = self.digits.unwrap_or(length / 4);
        let symbols = self.symbols.unwrap_or(length / 4);
        let Some(letters) = length.checked_sub(digits).and_then(|rest| rest.checked_sub(symbols)) else {
            return Err(format!(
                "spec.length: {digits} digits and {symbols} symbols do not fit into {length} characters"
            ));
        };
        let symbol_pool = self.symbol_characters.as_deref().filter(|pool| !pool.is_empty()).unwrap_or(SYMBOLS);
        let letter_pool = if self.no_upper { LOWER.to_owned() } else { format!("{LOWER}{UPPER}") };
        let mut password: Vec<char> = Vec::with_capacity(length);
        for (field, count, pool) in
            [("length", letters, letter_pool.as_str()), ("digits", digits, DIGITS), ("symbols", symbols, symbol_pool)]
        {
            let mut pool: Vec<char> = pool.chars().collect();
            if !self.allow_repeat && count > pool.len() {
                return Err(format!(
                    "spec.{field}: {count} characters without repetition cannot be taken from {}; set spec.allowRepeat",
                    pool.len()
                ));
            }
            for _ in 0..count {
                let at = below(pool.len(), &mut random)?;
                let chosen = if self.allow_repeat { pool[at] } else { pool.swap_remove(at) };
                let place = below(password.len() + 1, &mut random)?;
                password.insert(place, chosen);
            }
        }
        Ok(password.into_iter().collect())
    }
}

/// A number below `limit`, each as likely as any other.
fn below(limit: usize, random: &mut impl FnMut(&mut [u8]) -> Result<(), String>) -> Result<usize, String> {
    let limit = u32::try_from(limit).unwrap_or(u32::MAX).max(1);
    let fair = u32::MAX - u32::MAX % limit;
    loop {
        let mut bytes = [0_u8; 4];
        random(&mut bytes)?;
        let number = u32::from_le_bytes(bytes);
        if number < fair {
            return Ok((number % limit) as usize);
        }
    }
}

resource!(Password, "generators.external-secrets.io", "v1alpha1", "Password", "passwords", NamespaceResourceScope);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn counting() -> impl FnMut(&mut [u8]) -> Result<(), String> {
        let mut next = 7_u32;
        move |bytes| {
            for byte in bytes {
                next = next.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *byte = (next >> 24) as u8;
            }
            Ok(())
        }
    }

    fn spec(value: Value) -> PasswordSpec {
        serde_json::from_value(value).expect("a spec")
    }

    proptest! {
        #[test]
        fn a_password_is_as_asked_for(digits in 0_usize..20, symbols in 0_usize..20, letters in 0_usize..40, no_upper: bool) {
            prop_assume!(digits + symbols + letters > 0);
            let spec = PasswordSpec {
                length: Some(digits + symbols + letters), digits: Some(digits), symbols: Some(symbols),
                symbol_characters: Some("-_".to_owned()), no_upper, allow_repeat: true, ..PasswordSpec::default()
            };
            let made = spec.make(counting()).expect("made");
            prop_assert_eq!(made.chars().filter(char::is_ascii_digit).count(), digits);
            prop_assert_eq!(made.chars().filter(|c| "-_".contains(*c)).count(), symbols);
            prop_assert_eq!(made.chars().filter(char::is_ascii_alphabetic).count(), letters);
            prop_assert!(!no_upper || !made.chars().any(|c| c.is_ascii_uppercase()));
        }
    }

    #[test]
    fn nothing_repeats_unless_allowed_and_defaults_are_a_quarter_each() {
        let made = spec(json!({})).make(counting()).expect("made");
        assert_eq!(made.len(), 24);
        assert_eq!(made.chars().filter(char::is_ascii_digit).count(), 6);
        assert_eq!(made.chars().filter(char::is_ascii_alphabetic).count(), 12);
        let mut distinct: Vec<char> = made.chars().collect();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), 24);
    }

    #[test]
    fn what_cannot_be_made_names_the_field() {
        for (asked, told) in [
            (
                json!({"length": 4, "digits": 3, "symbols": 2}),
                "spec.length: 3 digits and 2 symbols do not fit into 4 characters",
            ),
            (
                json!({"length": 30, "digits": 11, "symbols": 0}),
                "spec.digits: 11 characters without repetition cannot be taken from 10; set spec.allowRepeat",
            ),
            (json!({"length": 5000}), "spec.length: 5000 is more than 4096"),
            (json!({"length": 8, "encoding": "hex"}), "spec.encoding: not supported on this node"),
        ] {
            assert_eq!(spec(asked).make(counting()), Err(told.to_owned()));
        }
    }
}
