//! Label selectors and labels within a spec.

use serde_json::Value;

use super::{Report, items, text};
use crate::object::names;

/// Checks a label selector.
pub(super) fn check(at: &str, selector: &Value, report: &mut Report) {
    labels(&format!("{at}.matchLabels"), &selector["matchLabels"], report);
    for (at, row) in items(&selector["matchExpressions"], &format!("{at}.matchExpressions")) {
        let values = row["values"].as_array().map_or(0, Vec::len);
        match text(row, "operator") {
            "In" | "NotIn" if values == 0 => {
                report.required(format!("{at}.values"), "must be specified when `operator` is 'In' or 'NotIn'");
            }
            "Exists" | "DoesNotExist" if values > 0 => report.causes.push(super::cause(
                "FieldValueForbidden",
                format!("{at}.values"),
                "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
            )),
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => report.invalid(format!("{at}.operator"), &other.into(), "not a valid selector operator"),
        }
        let key = text(row, "key");
        report.invalid_all(&format!("{at}.key"), key, &names::qualified(key));
        for (at, value) in items(&row["values"], &format!("{at}.values")) {
            let value = value.as_str().unwrap_or_default();
            report.invalid_all(&at, value, &names::label_value(value));
        }
    }
}

/// Checks keys and values of labels.
pub(super) fn labels(at: &str, labels: &Value, report: &mut Report) {
    for (key, value) in labels.as_object().into_iter().flatten() {
        report.invalid_all(at, key, &names::qualified(key));
        let value = value.as_str().unwrap_or_default();
        report.invalid_all(at, value, &names::label_value(value));
    }
}

/// Whether everything in it is as it should be.
pub(super) fn is_good(selector: &Value) -> bool {
    let mut report = Report::default();
    check("", selector, &mut report);
    report.causes.is_empty()
}

/// Whether it says nothing.
pub(super) fn is_empty(selector: &Value) -> bool {
    selector["matchLabels"].as_object().is_none_or(serde_json::Map::is_empty)
        && selector["matchExpressions"].as_array().is_none_or(Vec::is_empty)
}
