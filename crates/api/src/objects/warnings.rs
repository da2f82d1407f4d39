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
pub(crate) struct Warnings(pub(crate) Vec<String>);

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
pub(crate) fn unknown_members(prefix: &str, object: &Map<String, Value>, known: &[&str]) -> Vec<String> {
    object
        .keys()
        .filter(|member| !known.contains(&member.as_str()))
        .map(|member| unknown(&format!("{prefix}{member}")))
        .collect()
}

fn unknown(path: &str) -> String {
    format!("unknown field {path:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_and_limited() {
        assert_eq!(quoted("a \"b\"\n\\"), r#"299 - "a \"b\"\\""#);
        assert!(quoted(&"x".repeat(10_000)).len() < 600);
    }
}
