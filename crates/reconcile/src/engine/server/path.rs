//! Where objects are on an API server.

use std::fmt::Write as _;

use super::Mapping;
use crate::engine::{Gvk, ObjectKey};

/// The path of a kind: all namespaces, or one.
pub(crate) fn collection(gvk: &Gvk, mapping: &Mapping, namespace: Option<&str>) -> String {
    let mut path = if gvk.group().is_empty() { String::from("/api/") } else { String::from("/apis/") };
    path.push_str(&gvk.api_version);
    if let Some(namespace) = namespace.filter(|_| mapping.namespaced) {
        path.push_str("/namespaces/");
        push_segment(&mut path, namespace);
    }
    path.push('/');
    path.push_str(&mapping.plural);
    path
}

/// The path of an object.
pub(crate) fn object(gvk: &Gvk, mapping: &Mapping, key: &ObjectKey) -> String {
    let mut path = collection(gvk, mapping, key.namespace.as_deref());
    path.push('/');
    push_segment(&mut path, &key.name);
    path
}

/// The path of an object's status.
pub(crate) fn status(gvk: &Gvk, mapping: &Mapping, key: &ObjectKey) -> String {
    object(gvk, mapping, key) + "/status"
}

/// Names of some kinds hold more than DNS labels (`system:x`); whatever could end the segment is escaped.
fn push_segment(path: &mut String, segment: &str) {
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._:~".contains(&byte) {
            path.push(byte as char);
        } else {
            // Writing to a string cannot fail.
            let _ = write!(path, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_core_and_grouped_kinds() {
        let pods = Mapping { plural: "pods".into(), namespaced: true };
        let roles = Mapping { plural: "clusterroles".into(), namespaced: false };
        assert_eq!(object(&Gvk::new("v1", "Pod"), &pods, &("ns", "a").into()), "/api/v1/namespaces/ns/pods/a");
        assert_eq!(collection(&Gvk::new("v1", "Pod"), &pods, None), "/api/v1/pods");
        assert_eq!(
            status(&Gvk::new("rbac.authorization.k8s.io/v1", "ClusterRole"), &roles, &"system:a/../b".into()),
            "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:a%2F..%2Fb/status"
        );
    }
}
