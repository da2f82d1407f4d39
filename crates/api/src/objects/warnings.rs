//! `Warning` headers: what a client said that had no effect. The request is carried out all the same, as v1.2 does
//! without a word; the form is that of the Kubernetes API (RFC 9111 §5.5, code 299).

use axum::response::{IntoResponseParts, ResponseParts};
use http::{HeaderName, HeaderValue};
use serde_json::{Map, Value};
use std::convert::Infallible;

/// Headers of one answer; what exceeds them is counted in the last.
const MOST: usize = 20;
/// Bytes of one text.
const LONGEST: usize = 512;

/// Warnings to be sent with an answer.
pub(super) struct Warnings(pub(super) Vec<String>);

impl IntoResponseParts for Warnings {
    type Error = Infallible;

    fn into_response_parts(self, mut response: ResponseParts) -> Result<ResponseParts, Infallible> {
        let more = self.0.len().saturating_sub(MOST);
        let last = (more > 0).then(|| format!("and {more} more"));
        for text in self.0.into_iter().take(MOST).chain(last) {
            if let Ok(value) = HeaderValue::from_bytes(quoted(&text).as_bytes()) {
                response.headers_mut().append(HeaderName::from_static("warning"), value);
            }
        }
        Ok(response)
    }
}

/// `299 - "text"` with what a quoted string cannot hold escaped or left out.
fn quoted(text: &str) -> String {
    let mut out = String::from("299 - \"");
    for character in text.chars().filter(|character| !character.is_control()) {
        if out.len() > LONGEST {
            out.push('…');
            break;
        }
        if matches!(character, '"' | '\\') {
            out.push('\\');
        }
        out.push(character);
    }
    out.push('"');
    out
}

/// A warning for each member that is not one of those. `prefix` is the path before them.
pub(super) fn unknown_members(prefix: &str, object: &Map<String, Value>, known: &[&str]) -> Vec<String> {
    object
        .keys()
        .filter(|member| !known.contains(&member.as_str()))
        .map(|member| unknown(&format!("{prefix}{member}")))
        .collect()
}

/// A warning for each field that was sent and is not in what was stored. What was sent as null is not missed.
pub(super) fn dropped(path: &str, sent: &Value, stored: &Value) -> Vec<String> {
    let mut lost = Vec::new();
    compare(path, sent, stored, &mut lost);
    lost
}

fn compare(path: &str, sent: &Value, stored: &Value, lost: &mut Vec<String>) {
    match (sent, stored) {
        (Value::Object(sent), Value::Object(stored)) => {
            for (member, value) in sent.iter().filter(|(_, value)| !value.is_null()) {
                let path = format!("{path}.{member}");
                match stored.get(member) {
                    Some(stored) => compare(&path, value, stored, lost),
                    None => lost.push(unknown(&path)),
                }
            }
        }
        (Value::Array(sent), Value::Array(stored)) if sent.len() == stored.len() => {
            for (position, (sent, stored)) in sent.iter().zip(stored).enumerate() {
                compare(&format!("{path}[{position}]"), sent, stored, lost);
            }
        }
        _ => {}
    }
}

fn unknown(path: &str) -> String {
    format!("unknown field {path:?}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case::same(json!({"a": 1}), json!({"a": 1}), &[])]
    #[case::defaults_were_added(json!({}), json!({"a": 1}), &[])]
    #[case::null_is_nothing(json!({"a": null}), json!({}), &[])]
    #[case::in_an_object(json!({"a": {"b": 1, "c": 2}}), json!({"a": {"c": 2}}), &["unknown field \"spec.a.b\""])]
    #[case::in_a_list(json!({"a": [{}, {"b": 1}]}), json!({"a": [{}, {}]}), &["unknown field \"spec.a[1].b\""])]
    fn what_is_not_stored_is_told(#[case] sent: Value, #[case] stored: Value, #[case] expected: &[&str]) {
        assert_eq!(dropped("spec", &sent, &stored), expected);
    }

    #[test]
    fn texts_are_quoted_and_limited() {
        assert_eq!(quoted("a \"b\"\n\\"), r#"299 - "a \"b\"\\""#);
        assert!(quoted(&"x".repeat(10_000)).len() < 600);
    }
}
