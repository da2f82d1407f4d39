//! Every rule (`x-kubernetes-validations`) of every kind, with an object that it takes and one that it refuses.
//!
//! ```text
//! CRD ─▶ each place with rules ─▶ least object that reaches it ─▶ as the row says: good, bad ─▶ the whole schema judges
//! ```

use std::collections::BTreeSet;

use schema::Schema;
use serde_json::{Map, Value, json};

/// A rule, what makes the value at its place good and bad, and for rules on changes what was there before. `@` stands for
/// the least value of its place.
struct Row {
    rule: &'static str,
    good: Value,
    bad: Value,
    old: Option<Value>,
    /// What the schema says before it comes to the rule.
    before: Option<&'static str>,
}

fn row(rule: &'static str, good: Value, bad: Value) -> Row {
    Row { rule, good, bad, old: None, before: None }
}

/// Anything else than before is bad.
const SAME: &str = "self == oldSelf";

fn rows() -> Vec<Row> {
    let source = "(has(self.value)?1:0) + (has(self.secretKeyRef)?1:0) + (has(self.configMapKeyRef)?1:0) == 1";
    let data_plane = |name: &str| json!({"dataPlaneRef": {"kind": "DataPlane", "name": name}});
    let scope = |scope: Value| json!({"scope": scope});
    vec![
        Row { old: Some(json!({})), ..row(SAME, json!({}), json!("changed")) },
        Row {
            old: Some(data_plane("a")),
            ..row(
                "!has(oldSelf.dataPlaneRef) || oldSelf.dataPlaneRef == self.dataPlaneRef",
                data_plane("a"),
                data_plane("b"),
            )
        },
        row(
            "!has(self.forEach) || has(self.var)",
            json!({"forEach": "${x}", "var": "item"}),
            json!({"forEach": "${x}"}),
        ),
        row(
            "!(has(self.validations) && size(self.validations) > 0 && has(self.preRenderValidations) && size(self.preRenderValidations) > 0)",
            json!({"preRenderValidations": ["@"]}),
            json!({"validations": ["@"], "preRenderValidations": ["@"]}),
        ),
        row(
            "!(has(self.value) && has(self.valueFrom))",
            json!({"value": "a"}),
            json!({"value": "a", "valueFrom": {"secretKeyRef": "@"}}),
        ),
        row(
            "has(self.value) != has(self.valueFrom)",
            json!({"value": "a"}),
            json!({"value": "a", "valueFrom": {"secretKeyRef": "@"}}),
        ),
        row(source, json!({"value": "a"}), json!({"value": "a", "configMapKeyRef": "@"})),
        row("self.all(k, k.size() > 0 && self[k].size() > 0)", json!({"a": "b"}), json!({"a": ""})),
        row(
            "self.workloadType == 'proxy' || self.resources.exists(r, r.id == self.workloadType)",
            json!({"workloadType": "job", "resources": [{"id": "job"}]}),
            json!({"workloadType": "job", "resources": [{"id": "other"}]}),
        ),
        row(
            "!has(self.scope) || !has(self.scope.resource) || has(self.scope.project)",
            scope(json!({"namespace": "n", "project": "p", "resource": "r"})),
            scope(json!({"resource": "r"})),
        ),
        row(
            "!has(self.scope) || !has(self.scope.component) || !has(self.scope.resource)",
            scope(json!({"namespace": "n", "project": "p", "component": "c"})),
            scope(json!({"namespace": "n", "project": "p", "component": "c", "resource": "r"})),
        ),
        row(
            "!has(self.scope) || !has(self.scope.component) || has(self.scope.project)",
            scope(json!({"project": "p", "component": "c"})),
            scope(json!({"component": "c"})),
        ),
        row(
            "!has(self.scope) || (!has(self.scope.project) || has(self.scope.namespace)) && (!has(self.scope.component) || has(self.scope.project))",
            scope(json!({"namespace": "n", "project": "p"})),
            scope(json!({"project": "p"})),
        ),
        Row {
            before: Some("supported values: \"ClusterObservabilityPlane\""),
            ..row(
                "!has(self.kind) || self.kind == 'ClusterObservabilityPlane'",
                json!({"kind": "ClusterObservabilityPlane"}),
                json!({"kind": "ObservabilityPlane"}),
            )
        },
        row(
            "self.roleMappings.all(m, m.roleRef.kind == 'ClusterAuthzRole')",
            json!({"roleMappings": [{"roleRef": {"kind": "ClusterAuthzRole"}}]}),
            json!({"roleMappings": [{"roleRef": {"kind": "AuthzRole"}}]}),
        ),
        row(
            "has(self.actions.incident) && self.actions.incident.triggerAiCostAnalysis == true ? self.source.type == 'budget' : true",
            json!({"actions": {"incident": {"enabled": true, "triggerAiCostAnalysis": true}}, "source": {"type": "budget"}}),
            json!({"actions": {"incident": {"enabled": true, "triggerAiCostAnalysis": true}}, "source": {"type": "log"}}),
        ),
        row(
            "self.triggerAiRca == true ? self.enabled == true : true",
            json!({"enabled": true, "triggerAiRca": true}),
            json!({"enabled": false, "triggerAiRca": true}),
        ),
        row(
            "self.triggerAiCostAnalysis == true ? self.enabled == true : true",
            json!({"enabled": false, "triggerAiCostAnalysis": false}),
            json!({"enabled": false, "triggerAiCostAnalysis": true}),
        ),
        row(
            "self.type == 'email' ? has(self.emailConfig) : true",
            json!({"type": "email", "emailConfig": "@"}),
            json!({"type": "email", "emailConfig": null}),
        ),
        row(
            "self.type == 'webhook' ? has(self.webhookConfig) : true",
            json!({"type": "webhook", "webhookConfig": "@"}),
            json!({"type": "webhook", "webhookConfig": null}),
        ),
        row(
            "!(has(self.componentName) && has(self.resourceName))",
            json!({"componentName": "c"}),
            json!({"componentName": "c", "resourceName": "r"}),
        ),
    ]
}

/// What the least object lacks for a rule of its place to hold.
fn mend(schema: &Value, value: &mut Value) {
    for rule in schema["x-kubernetes-validations"].as_array().into_iter().flatten() {
        match rule["rule"].as_str().unwrap_or_default() {
            "self.workloadType == 'proxy' || self.resources.exists(r, r.id == self.workloadType)" => {
                value["resources"][0]["id"] = value["workloadType"].clone();
            }
            "self.roleMappings.all(m, m.roleRef.kind == 'ClusterAuthzRole')" => {
                value["roleMappings"][0]["roleRef"]["kind"] = json!("ClusterAuthzRole");
            }
            "self.type == 'email' ? has(self.emailConfig) : true" if value.get("emailConfig").is_none() => {
                value["emailConfig"] = least(&schema["properties"]["emailConfig"]);
            }
            "has(self.value) != has(self.valueFrom)"
            | "(has(self.value)?1:0) + (has(self.secretKeyRef)?1:0) + (has(self.configMapKeyRef)?1:0) == 1" => {
                value["value"] = json!("x");
            }
            _ => {}
        }
    }
}

/// The least value that a schema takes.
fn least(schema: &Value) -> Value {
    if let Some(default) = schema.get("default") {
        return default.clone();
    }
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    match schema["type"].as_str() {
        Some("object") => {
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let mut fields: Map<String, Value> =
                required.map(|name| (name.to_owned(), least(&schema["properties"][name]))).collect();
            if schema["minProperties"].as_u64().is_some() {
                fields.insert("x".into(), least(&schema["additionalProperties"]));
            }
            let mut value = Value::Object(fields);
            mend(schema, &mut value);
            value
        }
        Some("array") => {
            let count = schema["minItems"].as_u64().unwrap_or(0);
            (0..count).map(|_| least(&schema["items"])).collect()
        }
        Some("string") => json!(text(schema)),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(0)),
        Some("boolean") => json!(false),
        _ => json!({}),
    }
}

fn text(schema: &Value) -> &'static str {
    match schema["format"].as_str() {
        Some("date-time") => return "2026-01-01T00:00:00Z",
        Some("uri") => return "http://example.com",
        _ => {}
    }
    let Some(pattern) = schema["pattern"].as_str() else { return "xx" };
    let pattern = schema::compile_pattern(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
    ["xx", "${x}", "deployment/x", "1h", "a@example.com"]
        .into_iter()
        .find(|text| pattern.is_match(text))
        .unwrap_or_else(|| panic!("no text for {schema}"))
}

/// The value with a patch: objects are merged, `null` takes a field away, items of lists are filled up.
fn patched(schema: &Value, value: Value, patch: &Value) -> Value {
    match patch {
        Value::String(text) if text == "@" => least(schema),
        Value::Object(fields) if fields.is_empty() => value,
        Value::Object(fields) => {
            let Value::Object(mut merged) = value else { panic!("{value} for {patch}") };
            for (name, inner) in fields {
                let known = schema["properties"].get(name).unwrap_or(&schema["additionalProperties"]);
                match (inner, merged.remove(name)) {
                    (Value::Null, _) => {}
                    (inner, before) => {
                        let before = before.unwrap_or_else(|| least(known));
                        merged.insert(name.clone(), patched(known, before, inner));
                    }
                }
            }
            Value::Object(merged)
        }
        Value::Array(items) => {
            let items = items.iter().map(|item| patched(&schema["items"], least(&schema["items"]), item));
            Value::Array(items.collect())
        }
        other => other.clone(),
    }
}

/// Another value of the same schema.
fn changed(schema: &Value, value: &Value) -> Value {
    let other = schema["enum"].as_array().into_iter().flatten().find(|other| *other != value);
    match (value, other) {
        (_, Some(other)) => other.clone(),
        (Value::String(text), None) => json!(format!("{text}x")),
        (Value::Number(number), None) => json!(number.as_i64().unwrap_or_default() + 1),
        (Value::Bool(is), None) => json!(!is),
        (Value::Array(items), None) => {
            let mut item = least(&schema["items"]);
            if !items.is_empty() {
                item = changed(&schema["items"], &item);
            }
            items.iter().cloned().chain([item]).collect()
        }
        (Value::Object(fields), None) => {
            let mut fields = fields.clone();
            let first = fields.keys().find(|name| name.contains("ame")).or_else(|| fields.keys().next()).cloned();
            let name = first.or_else(|| schema["properties"].as_object()?.keys().next().cloned());
            match name {
                Some(name) => {
                    let known = &schema["properties"][&name];
                    let value = fields.get(&name).map_or_else(|| least(known), |before| changed(known, before));
                    fields.insert(name, value);
                }
                None => drop(fields.insert("other".into(), json!({}))),
            }
            Value::Object(fields)
        }
        (Value::Null, None) => json!({}),
    }
}

/// A step to a place: a field, an item, an entry.
#[derive(Clone)]
enum Step {
    Field(String),
    Item,
    Entry,
}

/// The places with rules below a schema.
fn places<'s>(schema: &'s Value, path: &mut Vec<Step>, found: &mut Vec<(Vec<Step>, &'s Value)>) {
    if schema.get("x-kubernetes-validations").is_some() {
        found.push((path.clone(), schema));
    }
    let mut below = |step: Step, schema: &'s Value| {
        path.push(step);
        places(schema, path, found);
        path.pop();
    };
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        below(Step::Field(name.clone()), property);
    }
    if schema["items"].is_object() {
        below(Step::Item, &schema["items"]);
    }
    if schema["additionalProperties"].is_object() {
        below(Step::Entry, &schema["additionalProperties"]);
    }
}

/// The least object with a value at a place.
fn whole(schema: &Value, path: &[Step], leaf: &Value) -> Value {
    let Some((step, rest)) = path.split_first() else { return leaf.clone() };
    match step {
        Step::Field(name) => {
            let mut value = least(schema);
            value[name] = whole(&schema["properties"][name], rest, leaf);
            mend(schema, &mut value);
            value
        }
        Step::Item => json!([whole(&schema["items"], rest, leaf)]),
        Step::Entry => json!({"x": whole(&schema["additionalProperties"], rest, leaf)}),
    }
}

fn in_words(path: &[Step]) -> String {
    let mut words = String::new();
    for step in path {
        match step {
            Step::Field(name) if words.is_empty() => words.push_str(name),
            Step::Field(name) => words.push_str(&format!(".{name}")),
            Step::Item => words.push_str("[0]"),
            Step::Entry => words.push_str("[x]"),
        }
    }
    words
}

#[test]
fn every_rule_takes_a_good_object_and_refuses_a_bad_one() {
    let rows = rows();
    let (mut seen, mut problems, mut used) = (0, Vec::new(), BTreeSet::new());
    for kind in model::KINDS {
        let crd = model::crd(kind);
        let source = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        let schema = Schema::parse(source).unwrap_or_else(|problems| panic!("{}: {problems:?}", kind.kind));
        let mut found = Vec::new();
        places(source, &mut Vec::new(), &mut found);
        for (path, place) in found {
            for rule in place["x-kubernetes-validations"].as_array().into_iter().flatten() {
                let text = rule["rule"].as_str().unwrap_or_default();
                let at = in_words(&path);
                let Some(row) = rows.iter().find(|row| row.rule == text) else {
                    problems.push(format!("{} {at}: no row for {text}", kind.kind));
                    continue;
                };
                seen += 1;
                used.insert(row.rule);
                let value = |patch: &Value| {
                    let value = least(place);
                    if text == SAME && *patch == json!("changed") {
                        changed(place, &value)
                    } else {
                        patched(place, value, patch)
                    }
                };
                let stored = |patch: &Value| {
                    let mut object = whole(source, &path, &value(patch));
                    schema.default_in_place(&mut object);
                    object
                };
                let old = row.old.as_ref().map(stored);
                let judged = |patch: &Value| schema.validate(&stored(patch), old.as_ref());
                let good = judged(&row.good);
                if !good.is_empty() {
                    problems.push(format!("{} {at}: {text}: the good object: {good:?}", kind.kind));
                }
                let message = rule["message"].as_str().map_or_else(|| format!("failed rule: {text}"), str::to_owned);
                let message = row.before.unwrap_or(message.trim());
                let bad = judged(&row.bad);
                if !bad.iter().any(|error| error.path.starts_with(&at) && error.detail == message) {
                    problems.push(format!("{} {at}: {text}: the bad object: {bad:?}", kind.kind));
                }
            }
        }
    }
    assert!(problems.is_empty(), "{} of {seen}:\n{}", problems.len(), problems.join("\n"));
    assert!(seen >= 89, "{seen} rules");
    assert_eq!(used.len(), rows.len(), "a row for a rule that there is not");
}
