//! Services.

use serde_json::Value;

use super::{Report, items, text};

/// Checks a Service.
pub(super) fn check(object: &Value, old: Option<&Value>, report: &mut Report) {
    let spec = &object["spec"];
    let count = spec["ports"].as_array().map_or(0, Vec::len);
    let external = spec["type"] == "ExternalName";
    if count == 0 && spec["clusterIP"] != "None" && !external {
        report.required("spec.ports", "");
    }
    let (mut names, mut numbers) = (Vec::new(), Vec::new());
    for (at, port) in items(&spec["ports"], "spec.ports") {
        let name = text(port, "name");
        if name.is_empty() {
            if count > 1 {
                report.required(format!("{at}.name"), "");
            }
        } else {
            let problems = crate::object::names::label(name);
            report.invalid_all(&format!("{at}.name"), name, &problems);
            if names.contains(&name) {
                report.duplicate(format!("{at}.name"), &name.into());
            }
            names.push(name);
        }
        report.port_number(format!("{at}.port"), &port["port"]);
        if spec["clusterIP"] == "None" || !port["targetPort"].is_null() || port["port"].as_i64().is_none() {
            report.port(&format!("{at}.targetPort"), &port["targetPort"]);
        }
        let key = (text(port, "protocol"), port["port"].as_i64());
        if numbers.contains(&key) {
            report.duplicate(at, &serde_json::json!({"port": port["port"], "protocol": port["protocol"]}));
        }
        numbers.push(key);
    }
    super::selector::labels("spec.selector", &spec["selector"], report);
    if external && text(spec, "externalName").is_empty() {
        report.required("spec.externalName", "");
    }
    if let Some(old) = old
        && old["spec"]["type"] != "ExternalName"
        && !external
        && old["spec"]["clusterIP"] != spec["clusterIP"]
    {
        let given = serde_json::json!([spec["clusterIP"]]);
        report.invalid("spec.clusterIPs[0]", &given, "may not change once set");
    }
    let timeout = &spec["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"];
    if timeout.as_i64().is_some_and(|seconds| !(1..=86400).contains(&seconds)) {
        let at = "spec.sessionAffinityConfig.clientIP.timeoutSeconds";
        report.invalid(at, timeout, "must be greater than 0 and less than 86400");
    }
}
