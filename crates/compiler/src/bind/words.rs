//! Violations of a schema in the words that users of v1.2 know.

use schema::{ErrorKind, FieldError};

/// Path and message of each error.
pub(super) fn messages(errors: &[FieldError]) -> Vec<(String, String)> {
    errors.iter().map(|error| (error.path.clone(), violation(error))).collect()
}

/// The message of one error.
pub(crate) fn violation(error: &FieldError) -> String {
    let path = if error.path == "<nil>" { "" } else { error.path.as_str() };
    let detail = error.detail.replace(" in body", "");
    match error.kind {
        ErrorKind::Required if path.contains('.') => format!("{path} is required"),
        ErrorKind::Required => format!(".{path} is required"),
        ErrorKind::NotSupported => {
            let allowed = detail.strip_prefix("supported values: ").unwrap_or(&detail);
            let allowed: Vec<&str> = allowed.split(", ").map(|word| word.trim_matches('"')).collect();
            format!("{path} should be one of [{}]", allowed.join(" "))
        }
        _ if detail.is_empty() => format!("{path} is invalid"),
        _ if detail.starts_with(path) || detail.contains(&format!("\"{path}\"")) => detail,
        _ => format!("{path} {detail}"),
    }
}
