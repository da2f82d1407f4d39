//! Values that a library or the host brings along.

use std::any::Any;
use std::fmt;

/// A value the language itself knows nothing about except its type name and equality.
pub trait Opaque: Any + fmt::Debug + Send + Sync {
    /// The name of the type, as `type()` and error messages show it.
    fn type_name(&self) -> &str;

    /// Equality with another opaque value; by default never equal.
    fn equals(&self, other: &dyn Opaque) -> bool {
        let _ = other;
        false
    }

    /// The JSON form, where there is one.
    fn to_json(&self) -> Option<serde_json::Value> {
        None
    }
}

/// The concrete value behind the trait object.
pub(crate) fn downcast<T: Opaque>(value: &dyn Opaque) -> Option<&T> {
    (value as &dyn Any).downcast_ref::<T>()
}
