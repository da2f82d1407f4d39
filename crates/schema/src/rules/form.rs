//! What the texts of a rule must be like, whatever they say.

use super::Reason;
use crate::error::ErrorKind;
use crate::go_text;
use crate::node::RuleText;
use crate::parse::SchemaProblem;

/// The reasons that a rule may give.
const REASONS: [(&str, Reason); 4] = [
    ("FieldValueDuplicate", Reason::Duplicate),
    ("FieldValueForbidden", Reason::Forbidden),
    ("FieldValueInvalid", Reason::Invalid),
    ("FieldValueRequired", Reason::Required),
];

/// What is wrong with the texts of the rule at `path`; nothing of it is compiled then.
pub(super) fn problems(rule: &RuleText, path: &str) -> Vec<SchemaProblem> {
    let at = |field: &str| format!("{path}.{field}");
    let required = |field: &str, detail: &str| SchemaProblem {
        kind: ErrorKind::Required,
        ..SchemaProblem::invalid(at(field), detail)
    };
    let shown = |field: &str, text: &str, detail: &str| SchemaProblem {
        shown: Some(go_text::quote(text)),
        ..SchemaProblem::invalid(at(field), detail)
    };
    let broken = |text: &str| text.contains(['\n', '\r']);
    let mut problems = Vec::new();
    let text = rule.rule.trim();
    if text.is_empty() {
        problems.push(required("rule", "rule is not specified"));
    }
    match rule.message.as_deref() {
        Some(message) if message.trim().is_empty() => {
            problems.push(shown("message", message, "must be non-empty if specified"));
        }
        Some(message) if broken(message.trim()) => {
            problems.push(shown("message", message.trim(), "must not contain line breaks"));
        }
        None if broken(text) => {
            problems.push(required("message", "message must be specified if rule contains line breaks"));
        }
        _ => {}
    }
    if rule.message_expression.as_deref().is_some_and(|text| text.trim().is_empty()) {
        problems.push(required("messageExpression", "must be non-empty if specified"));
    }
    if let Some(given) = rule.reason.as_deref()
        && reason(Some(given)).is_none()
    {
        let known = REASONS.map(|(name, _)| go_text::quote(name)).join(", ");
        problems.push(SchemaProblem {
            kind: ErrorKind::NotSupported,
            ..shown("reason", given, &format!("supported values: {known}"))
        });
    }
    problems
}

/// The reason of a rule; `None` where there is no such reason.
pub(super) fn reason(given: Option<&str>) -> Option<Reason> {
    let Some(given) = given else { return Some(Reason::Invalid) };
    REASONS.iter().find(|(name, _)| *name == given).map(|(_, reason)| *reason)
}

/// A rule as messages of an API server show it.
pub(super) fn shown(rule: &RuleText) -> String {
    let text = |text: Option<&str>| go_text::json(&text.unwrap_or_default().into());
    let reason = rule.reason.as_deref().map_or_else(|| "null".to_owned(), |reason| text(Some(reason)));
    format!(
        r#"{{"Rule":{},"Message":{},"MessageExpression":{},"Reason":{reason},"FieldPath":{},"OptionalOldSelf":{}}}"#,
        text(Some(&rule.rule)),
        text(rule.message.as_deref()),
        text(rule.message_expression.as_deref()),
        text(rule.field_path.as_deref()),
        if rule.optional_old_self { "true" } else { "null" },
    )
}
