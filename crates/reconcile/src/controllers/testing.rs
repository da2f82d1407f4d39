//! Objects for table tests.

use model::{Condition, Kind, Time};

/// An object with a name, a uid and generation 1.
pub(crate) fn named<K: Kind + kube::Resource<DynamicType = ()>>(namespace: &str, name: &str) -> K {
    let mut object = K::default();
    let meta = object.meta_mut();
    meta.name = Some(name.into());
    meta.namespace = Some(namespace.into()).filter(|namespace: &String| !namespace.is_empty());
    meta.uid = Some(format!("uid-{name}"));
    meta.generation = Some(1);
    object
}

/// The same object, on its way out.
pub(crate) fn deleting<K: Kind + kube::Resource<DynamicType = ()>>(mut object: K) -> K {
    object.meta_mut().deletion_timestamp = Some(Time(jiff::Timestamp::UNIX_EPOCH));
    object
}

/// A condition for generation 1.
pub(crate) fn told(kind: &str, status: &str, reason: &str) -> Condition {
    Condition {
        type_: kind.into(),
        status: status.into(),
        reason: reason.into(),
        message: String::new(),
        observed_generation: Some(1),
        last_transition_time: Time(jiff::Timestamp::UNIX_EPOCH),
    }
}
