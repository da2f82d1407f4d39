//! What a control plane answers.

use crate::failure::Failure;
use reqwest::StatusCode;
use serde_json::Value;

/// A success.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) body: Value,
    /// What the control plane has to say about a request that it carried out.
    pub(crate) warnings: Vec<String>,
}

/// A refusal, in the shape of the API's errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) text: String,
    /// Fields that are wrong, with what is wrong about them.
    pub(crate) fields: Vec<(String, String)>,
}

impl Problem {
    pub(crate) fn read(status: StatusCode, body: &[u8]) -> Problem {
        let parsed: Value = serde_json::from_slice(body).unwrap_or_default();
        let member = |value: &Value, name: &str| {
            value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        // An answer to a bad token has its text in `message`, every other error in `error`.
        let text = member(&parsed, "message").or_else(|| member(&parsed, "error")).unwrap_or_else(|| {
            let shown: String = String::from_utf8_lossy(body).trim().chars().take(300).collect();
            format!("unexpected response (HTTP {}): {shown}", status.as_u16())
        });
        let fields = parsed
            .get("details")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|detail| Some((member(detail, "field")?, member(detail, "message")?)))
            .collect();
        Problem { status, text, fields }
    }

    /// The text with a line for each field that the text does not tell already.
    pub(crate) fn lines(&self) -> String {
        let mut text = self.text.clone();
        for (field, message) in self.fields.iter().filter(|(_, message)| !self.text.contains(message)) {
            text.push_str(&format!("\n  {field}: {message}"));
        }
        text
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Failure {
        let text = problem.lines();
        match problem.status {
            StatusCode::NOT_FOUND => Failure::NotFound(text),
            StatusCode::UNAUTHORIZED => Failure::Denied(format!("{text}: log in again with `occ login`")),
            StatusCode::FORBIDDEN => Failure::Denied(text),
            StatusCode::CONFLICT => Failure::Conflict(text),
            _ => Failure::Server(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::plain(404, r#"{"error":"Project not found","code":"NOT_FOUND"}"#, "Project not found")]
    #[case::fields(
        422,
        r#"{"error":"invalid","code":"UNPROCESSABLE_CONTENT","details":[{"field":"spec.x","message":"Required value"}]}"#,
        "invalid\n  spec.x: Required value"
    )]
    #[case::fields_in_the_text(
        422,
        r#"{"error":"spec.x: Required value","details":[{"field":"spec.x","message":"Required value"}]}"#,
        "spec.x: Required value"
    )]
    #[case::not_ours(502, "<html>Bad Gateway", "unexpected response (HTTP 502): <html>Bad Gateway")]
    fn a_refusal_is_read(#[case] status: u16, #[case] body: &str, #[case] text: &str) {
        let status = StatusCode::from_u16(status).expect("a status");
        assert_eq!(Problem::read(status, body.as_bytes()).lines(), text);
    }
}
