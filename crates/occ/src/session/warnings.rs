//! `Warning` headers: what the control plane took and still has to say something about.

use reqwest::header::{HeaderMap, WARNING};

/// The texts of an answer's warnings (RFC 9111 §5.5: `299 - "text"`).
pub(crate) fn warnings(headers: &HeaderMap) -> Vec<String> {
    headers.get_all(WARNING).iter().filter_map(|value| text(std::str::from_utf8(value.as_bytes()).ok()?)).collect()
}

fn text(value: &str) -> Option<String> {
    let quoted = value.splitn(3, ' ').nth(2)?.strip_prefix('"')?.strip_suffix('"')?;
    let mut text = String::with_capacity(quoted.len());
    let mut characters = quoted.chars();
    while let Some(character) = characters.next() {
        text.extend(if character == '\\' { characters.next() } else { Some(character) });
    }
    // A text is one line of the terminal, and nothing but text.
    Some(text.chars().filter(|character| !character.is_control()).collect())
}

/// The field that a warning speaks of: `unknown field "spec.x"` or `spec.x: …`; nothing where it names none.
pub(crate) fn field(text: &str) -> Option<&str> {
    if let Some((_, rest)) = text.split_once("field \"") {
        return rest.split_once('"').map(|(path, _)| path);
    }
    let (path, _) = text.split_once(':')?;
    (path.starts_with("spec.") || path.starts_with("metadata.")).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::quoted(r#"299 - "unknown field \"spec.x\"""#, Some("unknown field \"spec.x\""), Some("spec.x"))]
    #[case::with_a_path("299 - \"spec.a.b: nothing reads it\"", Some("spec.a.b: nothing reads it"), Some("spec.a.b"))]
    #[case::of_no_field("299 - \"be careful: hot\"", Some("be careful: hot"), None)]
    #[case::escape_codes("299 - \"a\u{1b}[31mb\"", Some("a[31mb"), None)]
    #[case::not_a_warning("299", None, None)]
    fn a_warning_is_read(#[case] value: &str, #[case] expected: Option<&str>, #[case] about: Option<&str>) {
        let text = text(value);
        assert_eq!(text.as_deref(), expected);
        assert_eq!(text.as_deref().and_then(field), about);
    }
}
