use proptest::prelude::*;
use serde_json::json;

use super::*;

fn bytes(number: u8, inner: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    let mut len = inner.len();
    while len >= 0x80 {
        out.push(u8::try_from(len & 0x7f).unwrap() | 0x80);
        len >>= 7;
    }
    out.push(u8::try_from(len).unwrap());
    out.extend_from_slice(inner);
    out
}

fn number(field: u8, value: u8) -> Vec<u8> {
    vec![field << 3, value]
}

fn body(kind: &str, version: &str, raw: &[u8]) -> Vec<u8> {
    let meta = [bytes(1, version.as_bytes()), bytes(2, kind.as_bytes())].concat();
    [MAGIC.to_vec(), bytes(1, &meta), bytes(2, raw)].concat()
}

#[test]
fn a_definition_reads_as_the_json_it_stands_for() {
    // maxLength 0 is a pointer and stays; exclusiveMaximum false and an empty description were never set.
    let text = [bytes(5, b"string"), bytes(4, b""), number(13, 0), number(10, 0)].concat();
    let tag_default = bytes(8, &bytes(1, br#"{"a":1}"#));
    let property = [bytes(1, b"foo"), bytes(2, &[text, tag_default].concat())].concat();
    let mut schema = bytes(5, b"object");
    // Field 29 needs a tag of two bytes: 29 << 3 | 2 = 234.
    schema.extend([0xea, 0x01, u8::try_from(property.len()).unwrap()]);
    schema.extend(&property);
    // Field 44: 44 << 3 | 2 = 354.
    let rule = [bytes(1, b"self.foo != ''"), number(6, 1)].concat();
    schema.extend([0xe2, 0x02, u8::try_from(rule.len()).unwrap()]);
    schema.extend(&rule);
    let version = [
        bytes(1, b"v1"),
        number(2, 1),
        number(3, 0),
        bytes(4, &bytes(1, &schema)),
        bytes(5, &bytes(1, b"")),
        number(7, 0),
    ]
    .concat();
    let spec = [bytes(1, b"example.com"), bytes(3, &bytes(1, b"foos")), bytes(7, &version), number(10, 0)].concat();
    let metadata = [bytes(1, b"foos.example.com"), bytes(2, b""), bytes(8, b"")].concat();
    let raw = [bytes(1, &metadata), bytes(2, &spec)].concat();
    assert_eq!(
        decode(&body("CustomResourceDefinition", "apiextensions.k8s.io/v1", &raw)),
        Ok(json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "foos.example.com"},
            "spec": {
                "group": "example.com", "names": {"plural": "foos"},
                "versions": [{
                    "name": "v1", "served": true, "storage": false, "subresources": {"status": {}},
                    "schema": {"openAPIV3Schema": {"type": "object", "properties": {"foo": {"type": "string", "maxLength": 0, "default": {"a": 1}}},
                        "x-kubernetes-validations": [{"rule": "self.foo != ''", "optionalOldSelf": true}]}},
                }],
            },
        }))
    );
}

#[test]
fn options_of_a_deletion_read_and_other_kinds_are_refused_by_name() {
    let raw = [number(1, 0), bytes(4, b"Foreground"), bytes(5, b"All")].concat();
    assert_eq!(
        decode(&body("DeleteOptions", "v1", &raw)),
        Ok(
            json!({"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0, "propagationPolicy": "Foreground", "dryRun": ["All"]})
        )
    );
    assert_eq!(decode(&body("Widget", "example.com/v1", b"")), Err(ProtobufError::Kind("Widget".into())));
    assert!(matches!(decode(b"{}"), Err(ProtobufError::Malformed(_))));
}

#[test]
fn inner_fields_quantities_and_numbers_that_may_be_texts_read_as_in_json() {
    let key = [bytes(1, &bytes(1, b"map")), bytes(2, b"k")].concat();
    let env = [bytes(1, b"E"), bytes(3, &bytes(3, &key))].concat();
    let limit = [bytes(1, b"cpu"), bytes(2, &bytes(1, b"500m"))].concat();
    let get = [bytes(1, b"/"), bytes(2, &[number(1, 1), number(2, 0), bytes(3, b"http")].concat())].concat();
    let probe = [bytes(1, &bytes(2, &get)), number(2, 0), number(4, 9)].concat();
    let container =
        [bytes(1, b"c"), bytes(2, b"i"), bytes(7, &env), bytes(8, &bytes(1, &limit)), bytes(10, &probe)].concat();
    let spec = [bytes(2, &container), number(4, 0)].concat();
    assert_eq!(
        decode(&body("Pod", "v1", &[bytes(1, &bytes(1, b"p")), bytes(2, &spec)].concat())),
        Ok(json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
            "spec": {
                "terminationGracePeriodSeconds": 0,
                "containers": [{
                    "name": "c", "image": "i", "resources": {"limits": {"cpu": "500m"}},
                    "env": [{"name": "E", "valueFrom": {"configMapKeyRef": {"name": "map", "key": "k"}}}],
                    "livenessProbe": {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 9},
                }],
            },
        }))
    );
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(raw in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(&body("CustomResourceDefinition", "apiextensions.k8s.io/v1", &raw));
        let _ = decode(&body("Pod", "v1", &raw));
        let _ = decode(&[MAGIC, &raw].concat());
    }
}
