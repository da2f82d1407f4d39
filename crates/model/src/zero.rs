//! The wire's rules for absent and empty: `{}`, `[]`, `""`, `0` and `false` in an optional field mean the same as its
//! absence, and are not written.

use serde::{Deserialize, Deserializer};

/// True for the zero value of a field; such optional fields are left out of the text.
pub(crate) fn is_zero<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Reads an optional object, taking `{}` and `null` for its absence.
pub(crate) fn absent_if_empty<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default + PartialEq,
{
    let value = Option::<T>::deserialize(deserializer)?;
    Ok(value.filter(|value| !is_zero(value)))
}

/// The default of switches that are on unless said otherwise.
pub(crate) fn on() -> bool {
    true
}
