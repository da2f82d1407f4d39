//! Items of a list as Kubernetes writes them for its own kinds: without `apiVersion` and `kind`, which the list says already.

/// Appends the stored object without the two fields. Stored objects are written with sorted keys, so `apiVersion` comes first and
/// `kind` before `metadata`; what stands between them is skipped over, not decoded.
pub(super) fn append(object: &[u8], out: &mut Vec<u8>) {
    match split(object) {
        Some((between, rest)) => {
            out.push(b'{');
            out.extend_from_slice(between);
            out.extend_from_slice(rest);
        }
        // A field may sort before the two.
        None => match serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(object) {
            Ok(mut map) => {
                map.remove("apiVersion");
                map.remove("kind");
                out.extend_from_slice(serde_json::Value::Object(map).to_string().as_bytes());
            }
            Err(_) => out.extend_from_slice(object),
        },
    }
}

/// What stands between the two fields, and what comes after them.
fn split(object: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = object.strip_prefix(b"{\"apiVersion\":\"")?;
    let rest = &rest[text_end(rest)?..];
    let rest = rest.strip_prefix(b",")?;
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        match rest[at] {
            b'"' => {
                if depth == 0
                    && let Some(value) = rest[at..].strip_prefix(b"\"kind\":\"")
                {
                    let after = value[text_end(value)?..].strip_prefix(b",")?;
                    return Some((&rest[..at], after));
                }
                at += text_end(&rest[at + 1..])?;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        at += 1;
    }
    None
}

/// Where the text that begins here ends, its closing quote included.
fn text_end(bytes: &[u8]) -> Option<usize> {
    let mut escaped = false;
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            b'"' if !escaped => return Some(at + 1),
            b'\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn bare(object: &Value) -> Value {
        let mut out = Vec::new();
        append(object.to_string().as_bytes(), &mut out);
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn only_the_objects_own_two_fields_go() {
        let object = json!({
            "apiVersion": "v1", "data": {"kind": "no\"t\\this", "apiVersion": "x"}, "involvedObject": {"kind": "Pod"}, "kind": "Event",
            "message": "m", "metadata": {"name": "a", "ownerReferences": [{"kind": "K", "apiVersion": "v9"}]},
        });
        let mut expected = object.clone();
        expected.as_object_mut().unwrap().retain(|key, _| key != "apiVersion" && key != "kind");
        assert_eq!(bare(&object), expected);
    }

    proptest! {
        #[test]
        fn whatever_the_data_says(key in "\\PC*", value in "\\PC*") {
            let object = json!({"apiVersion": "v1", "data": {key: value}, "kind": "ConfigMap", "metadata": {"name": "a"}});
            let mut expected = object.clone();
            expected.as_object_mut().unwrap().retain(|key, _| key != "apiVersion" && key != "kind");
            prop_assert_eq!(bare(&object), expected);
        }
    }
}
