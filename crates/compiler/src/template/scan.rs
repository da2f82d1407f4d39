//! Finding `${…}` in a string.

use std::ops::Range;

/// A `${…}` in a string: where it is with its braces, and the expression inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// From `$` to behind `}`, in bytes of the string.
    pub whole: Range<usize>,
    /// The expression alone.
    pub inner: Range<usize>,
}

/// `${` stands inside an expression, outside quotes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("nested CEL expressions must be quoted: {text}")]
pub struct Nested {
    /// The expression that holds it, from its `${` on.
    pub text: String,
    /// Where the outer `${` stands.
    pub at: usize,
}

/// All expressions of `text`, left to right.
///
/// Braces are counted, those inside quotes are not; a backslash escapes one character inside quotes. Where the last `${`
/// is never closed, it and everything behind it is plain text. There is no way to escape a `${` other than
/// `${'${'}`. Raw and triple-quoted strings and comments are not understood here (contract of v1.2).
pub fn find(text: &str) -> Result<Vec<Found>, Nested> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find("${").map(|at| at + from) {
        let Some(end) = closing(text, bytes, start)? else { break };
        found.push(Found { whole: start..end + 1, inner: start + 2..end });
        from = end + 1;
    }
    Ok(found)
}

fn closing(text: &str, bytes: &[u8], start: usize) -> Result<Option<usize>, Nested> {
    let mut depth = 1_usize;
    let mut quote = None;
    let mut escaped = false;
    let mut at = start + 2;
    while at < bytes.len() {
        let byte = bytes[at];
        if let Some(open) = quote {
            if escaped {
                escaped = false;
            } else if byte == b'\\' {
                escaped = true;
            } else if byte == open {
                quote = None;
            }
        } else {
            match byte {
                b'\'' | b'"' => quote = Some(byte),
                b'$' if bytes.get(at + 1) == Some(&b'{') => {
                    return Err(Nested { text: text[start..].to_owned(), at: start });
                }
                b'{' => depth += 1,
                b'}' => {
                    depth -= 1;
                    if depth == 0 {
                        return Ok(Some(at));
                    }
                }
                _ => {}
            }
        }
        at += 1;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("", &[])]
    #[case("plain", &[])]
    #[case("${a}", &["a"])]
    #[case("x ${a} y ${b.c} z", &["a", "b.c"])]
    #[case("${ {'a': 1} }", &[" {'a': 1} "])]
    #[case("${'}'}", &["'}'"])]
    #[case("${\"${x}\"}", &["\"${x}\""])]
    #[case("${'it\\'s }'}", &["'it\\'s }'"])]
    #[case("$${x}", &["x"])]
    #[case("1${2", &[])]
    #[case("${1}${2", &["1"])]
    #[case("a}b${1}", &["1"])]
    #[case("${r'\\'}", &[])]
    #[case("${'''it's'''}", &[])]
    #[case("${}", &[""])]
    fn expressions_are_found(#[case] text: &str, #[case] expected: &[&str]) {
        let found: Vec<_> = find(text).unwrap().into_iter().map(|f| &text[f.inner]).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn an_expression_inside_an_expression_must_be_quoted() {
        assert_eq!(
            find("a ${x + ${y}}").unwrap_err().to_string(),
            "nested CEL expressions must be quoted: ${x + ${y}}"
        );
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "[${}'\"\\\\a-z ü]{0,40}") {
            if let Ok(found) = find(&text) {
                for f in found {
                    assert!(text[f.whole.clone()].starts_with("${"));
                }
            }
        }
    }
}
