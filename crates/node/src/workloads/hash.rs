//! Names of ReplicaSets and pods in the form that Kubernetes gives them.

use k8s_openapi::api::core::v1::PodTemplateSpec;
use serde_json::Value;

/// The label that tells the pods of one template from those of another.
pub(crate) const HASH_LABEL: &str = "pod-template-hash";
/// Letters that make no words.
const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
/// Length of the random end of a pod's name.
const SUFFIX: usize = 5;
/// The longest name that gets a random end without being cut.
const LONGEST_BASE: usize = 63 - SUFFIX;

/// The hash of a pod template: equal for equal templates, in at most ten letters. `collisions` tells apart templates
/// whose hashes are equal by chance.
pub(crate) fn template_hash(template: &PodTemplateSpec, collisions: i32) -> String {
    let text = canonical(template).to_string();
    // FNV-1a, 32 bits.
    let mut hash = 0x811c_9dc5_u32;
    let mut add = |bytes: &[u8]| {
        for byte in bytes {
            hash = (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        }
    };
    add(text.as_bytes());
    if collisions > 0 {
        add(&collisions.to_le_bytes());
    }
    safe(&hash.to_string())
}

/// A template without what does not change its pods.
fn canonical(template: &PodTemplateSpec) -> Value {
    let mut value = serde_json::to_value(template).unwrap_or_default();
    if let Some(labels) = value.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.remove(HASH_LABEL);
    }
    prune(&mut value);
    value
}

/// Absent and empty say the same.
fn prune(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(prune);
            fields.retain(|_, value| !value.is_null());
        }
        Value::Array(items) => items.iter_mut().for_each(prune),
        _ => {}
    }
}

/// Whether two templates make the same pods.
pub(crate) fn same_template(one: &PodTemplateSpec, other: &PodTemplateSpec) -> bool {
    canonical(one) == canonical(other)
}

/// Each byte as a letter of the alphabet.
fn safe(text: &str) -> String {
    text.bytes().map(|byte| ALPHABET[usize::from(byte) % ALPHABET.len()] as char).collect()
}

/// A name for a new pod of `owner`.
pub(crate) fn pod_name(owner: &str) -> String {
    let random = uuid::Uuid::new_v4();
    let suffix: String =
        random.as_bytes()[..SUFFIX].iter().map(|byte| ALPHABET[usize::from(*byte) % ALPHABET.len()] as char).collect();
    let base = format!("{owner}-");
    format!("{}{suffix}", &base[..base.len().min(LONGEST_BASE)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn template(value: Value) -> PodTemplateSpec {
        serde_json::from_value(value).expect("a template")
    }

    #[test]
    fn the_hash_follows_the_template_and_not_its_label() {
        let one = template(
            json!({"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}}),
        );
        let labelled = template(
            json!({"metadata": {"labels": {"app": "a", "pod-template-hash": "x"}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}}),
        );
        let other = template(
            json!({"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "c", "image": "i:2"}]}}),
        );
        let hash = template_hash(&one, 0);
        assert_eq!(hash, template_hash(&labelled, 0));
        assert_ne!(hash, template_hash(&other, 0));
        assert_ne!(hash, template_hash(&one, 1));
        assert!(same_template(&one, &labelled) && !same_template(&one, &other));
        assert!(hash.len() <= 10 && hash.bytes().all(|byte| ALPHABET.contains(&byte)), "{hash}");
    }

    #[test]
    fn pod_names_fit_and_differ() {
        let name = pod_name("web-5d4f8c7b9");
        assert!(name.starts_with("web-5d4f8c7b9-") && name.len() == "web-5d4f8c7b9-".len() + 5, "{name}");
        assert_ne!(name, pod_name("web-5d4f8c7b9"));
        assert_eq!(pod_name(&"x".repeat(80)).len(), 63);
    }
}
