//! What makes pods from a template.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Report, items, plain, selector, text};
use crate::{kinds::Kind, object::label_selector::LabelSelector};

/// Deployments and their like.
pub(super) fn scaled(kind: &Kind, object: &Value, report: &mut Report) {
    let spec = &object["spec"];
    for field in ["replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"] {
        report.not_negative(format!("spec.{field}"), &spec[field]);
    }
    if &*kind.kind == "ReplicationController" {
        return;
    }
    selects(kind, spec, report);
    let labels = &spec["template"]["metadata"]["labels"];
    selector::labels("spec.template.labels", labels, report);
    if &*kind.kind == "StatefulSet" {
        // Looked at as those of a template, and as those of this kind's.
        selector::labels("spec.template.labels", labels, report);
    }
    let policy = &spec["template"]["spec"]["restartPolicy"];
    if matches!(policy.as_str(), Some("OnFailure" | "Never")) {
        report.unsupported("spec.template.spec.restartPolicy", policy, &["Always"]);
    }
    match &*kind.kind {
        "DaemonSet" => daemons(&spec["updateStrategy"], report),
        "StatefulSet" => {
            let strategy = text(&spec["updateStrategy"], "type");
            if !matches!(strategy, "RollingUpdate" | "OnDelete") {
                report.invalid("spec.updateStrategy", &spec["updateStrategy"], "must be 'RollingUpdate' or 'OnDelete'");
            }
            for (at, claim) in items(&spec["volumeClaimTemplates"], "spec.volumeClaimTemplates") {
                plain::claim(&format!("{at}.spec"), &claim["spec"], report);
            }
        }
        "Deployment" => rolling(spec, report),
        _ => {}
    }
}

/// Whether the selector is there, good, and selects the template.
fn selects(kind: &Kind, spec: &Value, report: &mut Report) {
    let wanted = &spec["selector"];
    let good = selector::is_good(wanted);
    let daemon = &*kind.kind == "DaemonSet";
    if !wanted.is_null() {
        selector::check("spec.selector", wanted, report);
        let strict = matches!(&*kind.kind, "Deployment" | "ReplicaSet" | "StatefulSet");
        if good && selector::is_empty(wanted) {
            let kind = kind.kind.to_lowercase();
            report.invalid("spec.selector", wanted, &format!("empty selector is invalid for {kind}"));
        } else if !good && strict {
            report.invalid("spec.selector", wanted, "invalid label selector");
        }
    }
    if wanted.is_null() || (good && (!selector::is_empty(wanted))) || (!good && daemon) {
        let parsed = LabelSelector::from_value(wanted);
        let labels = &spec["template"]["metadata"]["labels"];
        let has: BTreeMap<String, String> = labels
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
            .collect();
        if (wanted.is_null() || good) && (wanted.is_null() || !parsed.matches(&has)) {
            report.invalid("spec.template.metadata.labels", labels, "`selector` does not match template `labels`");
        }
    }
}

fn rolling(spec: &Value, report: &mut Report) {
    let (strategy, at) = (&spec["strategy"], "spec.strategy");
    match text(strategy, "type") {
        "Recreate" if !strategy["rollingUpdate"].is_null() => report.causes.push(super::cause(
            "FieldValueForbidden",
            format!("{at}.rollingUpdate"),
            "Forbidden: may not be specified when strategy `type` is 'Recreate'",
        )),
        "RollingUpdate" => {
            let rolling = &strategy["rollingUpdate"];
            for field in ["maxUnavailable", "maxSurge"] {
                portion(&format!("{at}.rollingUpdate.{field}"), &rolling[field], report);
            }
            let is_zero = |field: &str| rolling[field] == 0 || rolling[field] == "0%";
            if is_zero("maxUnavailable") && is_zero("maxSurge") {
                let detail = "may not be 0 when `maxSurge` is 0";
                report.invalid(format!("{at}.rollingUpdate.maxUnavailable"), &rolling["maxUnavailable"], detail);
            }
        }
        _ => {}
    }
}

fn daemons(strategy: &Value, report: &mut Report) {
    let kind = &strategy["type"];
    if kind == "RollingUpdate" {
        let rolling = &strategy["rollingUpdate"];
        let at = "spec.updateStrategy.rollingUpdate";
        for field in ["maxUnavailable", "maxSurge"] {
            portion(&format!("{at}.{field}"), &rolling[field], report);
        }
        let is_zero = |field: &str| rolling[field] == 0 || rolling[field] == "0%";
        if is_zero("maxUnavailable") && is_zero("maxSurge") {
            report.required(format!("{at}.maxUnavailable"), "cannot be 0 when maxSurge is 0");
        }
    } else if kind != "OnDelete" {
        report.unsupported("spec.updateStrategy", kind, &["RollingUpdate", "OnDelete"]);
    }
}

/// A number or a percentage.
pub(super) fn portion(at: &str, value: &Value, report: &mut Report) {
    match value {
        Value::String(text) => {
            let digits = text.strip_suffix('%').filter(|digits| digits.parse::<u32>().is_ok());
            if digits.is_none() {
                let detail = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";
                report.invalid(at, value, detail);
            } else if digits.is_some_and(|digits| digits.parse::<u32>().is_ok_and(|number| number > 100)) {
                report.invalid(at, value, "must not be greater than 100%");
            }
        }
        _ => report.not_negative(at, value),
    }
}

/// A Job's spec.
pub(super) fn job(at: &str, spec: &Value, report: &mut Report) {
    for field in ["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"] {
        report.not_negative(format!("{at}.{field}"), &spec[field]);
    }
    selector::labels(&format!("{at}.template.labels"), &spec["template"]["metadata"]["labels"], report);
    let policy = &spec["template"]["spec"]["restartPolicy"];
    let place = format!("{at}.template.spec.restartPolicy");
    match policy.as_str() {
        Some("OnFailure" | "Never") => {}
        None | Some("" | "Always") => report.required(place, "valid values: \"OnFailure\", \"Never\""),
        Some(_) => report.unsupported(place, policy, &["OnFailure", "Never"]),
    }
}

/// A CronJob.
pub(super) fn cron(object: &Value, report: &mut Report) {
    let spec = &object["spec"];
    let schedule = text(spec, "schedule");
    if !schedule.is_empty() && !is_schedule(schedule) {
        let detail =
            format!("expected exactly 5 fields, found {}: {:?}", schedule.split_whitespace().count(), [schedule]);
        report.invalid("spec.schedule", &spec["schedule"], &detail);
    }
    if let Some(zone) = spec["timeZone"].as_str() {
        if zone.is_empty() {
            report.invalid("spec.timeZone", &spec["timeZone"], "timeZone must be nil or non-empty string");
        } else if jiff::tz::db().get(zone).is_err() || zone.eq_ignore_ascii_case("local") {
            report.invalid("spec.timeZone", &spec["timeZone"], &format!("unknown time zone {zone}"));
        }
    }
    for field in ["startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"] {
        report.not_negative(format!("spec.{field}"), &spec[field]);
    }
    let name = text(&object["metadata"], "name");
    if name.len() > 52 {
        report.invalid("metadata.name", &name.into(), "must be no more than 52 characters");
    }
    job("spec.jobTemplate.spec", &spec["jobTemplate"]["spec"], report);
}

/// First and last of minutes, hours, days, months and weekdays.
const RANGES: [(u32, u32); 5] = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)];
/// Names of months and weekdays.
const NAMES: &[&str] = &[
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "sun", "mon", "tue", "wed",
    "thu", "fri", "sat",
];

/// Five fields of numbers, ranges, steps and names, or a word for them.
fn is_schedule(text: &str) -> bool {
    if let Some(word) = text.strip_prefix('@') {
        return matches!(word, "yearly" | "annually" | "monthly" | "weekly" | "daily" | "midnight" | "hourly")
            || word
                .strip_prefix("every ")
                .is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()));
    }
    let fields: Vec<&str> = text.split_whitespace().collect();
    let single = |text: &str, (low, high): (u32, u32)| {
        text.parse::<u32>().map_or(NAMES.contains(&&*text.to_lowercase()), |number| (low..=high).contains(&number))
    };
    fields.len() == 5
        && fields.iter().zip(RANGES).all(|(field, range)| {
            field.split(',').all(|part| {
                let (span, step) = part.split_once('/').map_or((part, None), |(span, step)| (span, Some(step)));
                let spans = span == "*"
                    || span == "?"
                    || span
                        .split_once('-')
                        .map_or_else(|| single(span, range), |(low, high)| single(low, range) && single(high, range));
                spans && step.is_none_or(|step| step.parse::<u32>().is_ok_and(|step| step > 0))
            })
        })
}

/// Claims of a StatefulSet are volumes of its pods, in place of volumes of the same name.
pub(super) fn claims_as_volumes(object: &Value, spec: &mut Value) {
    let claims = object["spec"]["volumeClaimTemplates"].as_array().into_iter().flatten();
    // The last of a name counts.
    let names: std::collections::BTreeSet<&str> = claims.map(|claim| text(&claim["metadata"], "name")).collect();
    let mut volumes: Vec<Value> =
        names.into_iter().map(|name| json!({"name": name, "persistentVolumeClaim": {"claimName": name}})).collect();
    let claimed = |name: &Value| volumes.iter().any(|volume| volume["name"] == *name);
    let rest: Vec<Value> =
        spec["volumes"].as_array().into_iter().flatten().filter(|volume| !claimed(&volume["name"])).cloned().collect();
    volumes.extend(rest);
    if !volumes.is_empty() {
        spec["volumes"] = volumes.into();
    }
}
