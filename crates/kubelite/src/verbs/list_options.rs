//! Which options of lists and watches go together.

use super::finish::cause;
use crate::{
    status::{ApiError, Cause},
    wire::Params,
};

/// Refuses options that contradict each other, all of them at once.
pub(super) fn check(params: &Params) -> Result<(), ApiError> {
    let causes = if params.watch { of_watch(params) } else { of_list(params) };
    if causes.is_empty() { Ok(()) } else { Err(ApiError::invalid_kind("meta.k8s.io", "ListOptions", "", causes)) }
}

fn forbidden(field: &str, why: &str) -> Cause {
    cause("FieldValueForbidden", field, format!("Forbidden: {why}"))
}

fn unsupported(given: &str, known: &str) -> Cause {
    let message = format!("Unsupported value: {given:?}: supported values: {known}");
    cause("FieldValueNotSupported", "resourceVersionMatch", message)
}

fn of_list(params: &Params) -> Vec<Cause> {
    let mut causes = Vec::new();
    let (matching, version) = (params.resource_version_match.as_str(), params.resource_version.as_str());
    let field = "resourceVersionMatch";
    if !matching.is_empty() {
        if version.is_empty() {
            causes.push(forbidden(field, "resourceVersionMatch is forbidden unless resourceVersion is provided"));
        }
        if !params.token.is_empty() {
            causes.push(forbidden(field, "resourceVersionMatch is forbidden when continue is provided"));
        }
        if !matches!(matching, "Exact" | "NotOlderThan") {
            causes.push(unsupported(matching, "\"Exact\", \"NotOlderThan\", \"\""));
        }
        if matching == "Exact" && version == "0" {
            let why = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
            causes.push(forbidden(field, why));
        }
    }
    if params.initial_events.is_some() {
        causes.push(forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
    }
    causes
}

fn of_watch(params: &Params) -> Vec<Cause> {
    let mut causes = Vec::new();
    let (matching, field) = (params.resource_version_match.as_str(), "resourceVersionMatch");
    if params.initial_events.is_some() {
        if matching != "NotOlderThan" {
            let why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
            causes.push(forbidden(field, why));
        }
        if !matches!(matching, "" | "NotOlderThan") {
            causes.push(unsupported(matching, "\"NotOlderThan\""));
        }
    } else if !matching.is_empty() {
        let why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
        causes.push(forbidden(field, why));
    }
    if !params.token.is_empty() {
        causes.push(forbidden("continue", "continue is forbidden for watch"));
    }
    causes
}
