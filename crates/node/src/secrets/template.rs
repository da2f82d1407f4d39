//! Texts with `{{ .name }}` in them, as `spec.target.template.data` has them: the part of Go's template language that
//! puts values in, alone or through a few functions. Anything else is refused with its words.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Puts values into a text.
///
/// # Errors
/// What is wrong with the text. Never carries a value.
pub(super) fn render(text: &str, values: &BTreeMap<String, Vec<u8>>) -> Result<Vec<u8>, String> {
    let mut rendered = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((action, next)) = after.split_once("}}") else {
            return Err("\"{{\" without \"}}\"".to_owned());
        };
        let trims_before = action.starts_with("- ");
        let trims_after = action.ends_with(" -");
        let action = action.strip_prefix("- ").unwrap_or(action);
        let action = action.strip_suffix(" -").unwrap_or(action).trim();
        rendered.extend_from_slice(if trims_before { before.trim_end() } else { before }.as_bytes());
        rendered.extend(value_of(action, values)?);
        rest = if trims_after { next.trim_start() } else { next };
    }
    rendered.extend_from_slice(rest.as_bytes());
    Ok(rendered)
}

fn value_of(action: &str, values: &BTreeMap<String, Vec<u8>>) -> Result<Vec<u8>, String> {
    let mut steps = action.split('|').map(str::trim);
    let first = steps.next().unwrap_or_default();
    let unsupported = || format!("\"{{{{ {action} }}}}\" is not supported on this node: a value is {{{{ .name }}}}");
    let name = match first.strip_prefix('.') {
        Some(name) if is_name(name) => name,
        _ => match first.strip_prefix("index . ").map(str::trim) {
            Some(quoted) if quoted.len() > 2 && quoted.starts_with('"') && quoted.ends_with('"') => {
                &quoted[1..quoted.len() - 1]
            }
            _ => return Err(unsupported()),
        },
    };
    let mut value = values.get(name).cloned().ok_or_else(|| {
        let has: Vec<String> = values.keys().map(|name| format!("{name:?}")).collect();
        format!(
            "there is no value {name:?}; there is {}",
            if has.is_empty() { "none".to_owned() } else { has.join(", ") }
        )
    })?;
    for step in steps {
        value = match step {
            "toString" => value,
            "b64enc" => STANDARD.encode(&value).into_bytes(),
            "b64dec" => STANDARD.decode(&value).map_err(|_| format!("the value {name:?} is not Base64"))?,
            "trim" => value.trim_ascii().to_vec(),
            "urlquery" => escaped(&value),
            "upper" | "lower" => {
                let text = String::from_utf8(value).map_err(|_| format!("the value {name:?} is no text"))?;
                if step == "upper" { text.to_uppercase() } else { text.to_lowercase() }.into_bytes()
            }
            _ => return Err(unsupported()),
        };
    }
    Ok(value)
}

fn is_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && characters.all(|character| character.is_alphanumeric() || character == '_')
}

/// As in a query of a URL.
fn escaped(value: &[u8]) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(value.len());
    for byte in value {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => escaped.push(*byte),
            b' ' => escaped.push(b'+'),
            other => escaped.extend_from_slice(format!("%{other:02X}").as_bytes()),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Result<String, String> {
        let values = [("password".to_owned(), b"a b/c".to_vec()), ("tls.key".to_owned(), b"KEY".to_vec())].into();
        render(text, &values).map(|rendered| String::from_utf8(rendered).expect("text"))
    }

    #[test]
    fn values_are_put_in() {
        for (text, expected) in [
            ("plain", "plain"),
            ("{{.password}}", "a b/c"),
            ("redis://:{{ .password | urlquery }}@host", "redis://:a+b%2Fc@host"),
            ("x {{- .password -}} y", "xa b/cy"),
            ("{{ index . \"tls.key\" | lower }}", "key"),
            ("{{ .password | b64enc | b64dec | toString | upper }}", "A B/C"),
        ] {
            assert_eq!(told(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_without_values() {
        for (text, expected) in [
            ("{{ .user }}", "there is no value \"user\"; there is \"password\", \"tls.key\""),
            ("{{ .password", "\"{{\" without \"}}\""),
            (
                "{{ if .password }}x{{ end }}",
                "\"{{ if .password }}\" is not supported on this node: a value is {{ .name }}",
            ),
            (
                "{{ .password | sha256sum }}",
                "\"{{ .password | sha256sum }}\" is not supported on this node: a value is {{ .name }}",
            ),
            ("{{ .password | b64dec }}", "the value \"password\" is not Base64"),
        ] {
            assert_eq!(told(text), Err(expected.to_owned()), "{text}");
        }
    }
}
