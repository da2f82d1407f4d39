//! The forms of names, with the messages that Kubernetes gives.

const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const QUALIFIED: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

const DNS1035: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

/// Which form a kind's names have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Dots allowed, 253 letters.
    Subdomain,
    /// No dots, 63 letters.
    Label,
    /// Whatever fits one segment of a path.
    Segment,
}

/// Problems of a name of that form; none: it is fine.
pub(crate) fn problems(form: Form, name: &str) -> Vec<String> {
    match form {
        Form::Subdomain => subdomain(name),
        Form::Label => label(name),
        Form::Segment => segment(name),
    }
}

fn too_long(text: &str, most: usize) -> Vec<String> {
    if text.len() > most { vec![format!("must be no more than {most} characters")] } else { Vec::new() }
}

fn is_label(text: &str) -> bool {
    let ends = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    let bytes = text.as_bytes();
    bytes.first().copied().is_some_and(ends)
        && bytes.last().copied().is_some_and(ends)
        && bytes.iter().all(|&letter| ends(letter) || letter == b'-')
}

/// An RFC 1123 subdomain.
pub(crate) fn subdomain(text: &str) -> Vec<String> {
    let mut problems = too_long(text, 253);
    if !text.split('.').all(is_label) {
        problems.push(SUBDOMAIN.into());
    }
    problems
}

/// An RFC 1123 label.
pub(crate) fn label(text: &str) -> Vec<String> {
    let mut problems = too_long(text, 63);
    if !is_label(text) {
        problems.push(LABEL.into());
    }
    problems
}

/// An RFC 1035 label.
pub(crate) fn dns1035(text: &str) -> Vec<String> {
    let mut problems = too_long(text, 63);
    if !is_label(text) || !text.starts_with(|letter: char| letter.is_ascii_lowercase()) {
        problems.push(DNS1035.into());
    }
    problems
}

fn segment(text: &str) -> Vec<String> {
    match text {
        "." | ".." => vec![format!("may not be '{text}'")],
        _ => ['/', '%']
            .iter()
            .filter(|&&letter| text.contains(letter))
            .map(|letter| format!("may not contain '{letter}'"))
            .collect(),
    }
}

fn is_word(text: &str) -> bool {
    let ends = |letter: u8| letter.is_ascii_alphanumeric();
    let bytes = text.as_bytes();
    bytes.first().copied().is_some_and(ends)
        && bytes.last().copied().is_some_and(ends)
        && bytes.iter().all(|&letter| ends(letter) || matches!(letter, b'-' | b'_' | b'.'))
}

/// A label value.
pub(crate) fn label_value(text: &str) -> Vec<String> {
    let mut problems = too_long(text, 63);
    if !text.is_empty() && !is_word(text) {
        problems.push(LABEL_VALUE.into());
    }
    problems
}

/// `name` or `prefix/name`: keys of labels and annotations, finalizers.
pub(crate) fn qualified(text: &str) -> Vec<String> {
    let (prefix, name) = match text.split('/').collect::<Vec<_>>().as_slice() {
        [name] => (None, *name),
        [prefix, name] => (Some(*prefix), *name),
        _ => return vec!["a valid label key must consist of alphanumeric characters, '-', '_' or '.', with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')".replace("a valid label key", "a qualified name")],
    };
    let mut problems = Vec::new();
    if let Some(prefix) = prefix {
        if prefix.is_empty() {
            problems.push("prefix part must be non-empty".into());
        } else {
            problems.extend(subdomain(prefix).into_iter().map(|problem| format!("prefix part {problem}")));
        }
    }
    if name.is_empty() {
        problems.push("name part must be non-empty".into());
    } else if name.len() > 63 {
        problems.push("name part must be no more than 63 characters".into());
    }
    if !is_word(name) {
        problems.push(QUALIFIED.into());
    }
    problems
}
