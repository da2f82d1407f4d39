//! `x-kubernetes-validations`: how rules behave, and each rule of the contract with an object that passes and one that fails.

use schema::Schema;
use serde_json::{Value, json};

use crate::contract::{custom_resources, fixtures};

fn errors(schema: &Value, value: &Value, old: Option<&Value>) -> Vec<String> {
    let schema = Schema::parse(schema).unwrap_or_else(|problems| panic!("{problems:#?}"));
    schema.validate(value, old).iter().map(ToString::to_string).collect()
}

/// An object schema whose `spec` has the given properties and one rule.
fn with_rule(properties: &Value, rule: &Value) -> Value {
    json!({"type": "object", "properties": {"spec": {"type": "object", "properties": properties, "x-kubernetes-validations": [rule]}}})
}

#[test]
fn rules_tell_what_failed_where() {
    let int = json!({"type": "integer"});
    let sizes = json!({"min": int, "max": int});
    for (properties, rule, spec, expected) in [
        (&sizes, json!({"rule": "self.min <= self.max"}), json!({"min": 1, "max": 2}), vec![]),
        (
            &sizes,
            json!({"rule": "self.min <= self.max"}),
            json!({"min": 3, "max": 2}),
            vec!["spec: Invalid value: failed rule: self.min <= self.max"],
        ),
        (
            &sizes,
            json!({"rule": "self.min <= self.max", "message": "min is above max "}),
            json!({"min": 3, "max": 2}),
            vec!["spec: Invalid value: min is above max"],
        ),
        (
            &sizes,
            json!({"rule": "self.min <= self.max", "message": "m", "messageExpression": "'min ' + string(self.min) + ' is too much'"}),
            json!({"min": 3, "max": 2}),
            vec!["spec: Invalid value: min 3 is too much"],
        ),
        (
            &sizes,
            json!({"rule": "self.min <= self.max", "message": "m", "messageExpression": "''"}),
            json!({"min": 3, "max": 2}),
            vec!["spec: Invalid value: m"],
        ),
        (
            &sizes,
            json!({"rule": "self.min <= self.max", "message": "m", "reason": "FieldValueForbidden", "fieldPath": ".min"}),
            json!({"min": 3, "max": 2}),
            vec!["spec.min: Forbidden: m"],
        ),
        (
            &sizes,
            json!({"rule": "has(self.min)", "message": "give it", "reason": "FieldValueRequired", "fieldPath": ".min"}),
            json!({}),
            vec!["spec.min: Required value: give it"],
        ),
        (
            &sizes,
            json!({"rule": "self.min > 0"}),
            json!({}),
            vec![r#"spec: Invalid value: "object": no such key: min evaluating rule: self.min > 0"#],
        ),
        (
            &json!({"var": {"type": "string"}, "a-b": {"type": "string"}, "namespace": {"type": "string"}}),
            json!({"rule": "has(self.var) && self.__var__ == self.a__dash__b && self.__namespace__ == 'n'"}),
            json!({"var": "x", "a-b": "x", "namespace": "n"}),
            vec![],
        ),
        (
            &json!({"at": {"type": "string", "format": "date-time"}, "for": {"type": "string", "format": "duration"}, "raw": {"type": "string", "format": "byte"}}),
            json!({"rule": "self.at > timestamp('2020-01-01T00:00:00Z') && self.__for__ < duration('2h') && size(self.raw) == 5"}),
            json!({"at": "2024-01-01T00:00:00Z", "for": "1h", "raw": "aGVsbG8="}),
            vec![],
        ),
        (
            &json!({"n": {"type": "number"}, "port": {"x-kubernetes-int-or-string": true}}),
            json!({"rule": "self.n > 1.0 && (type(self.port) == int ? self.port > 0 : self.port != '')"}),
            json!({"n": 2, "port": "http"}),
            vec![],
        ),
        (
            &json!({"list": {"type": "array", "items": {"type": "string"}}}),
            json!({"rule": "self.list.all(item, item.size() > 1)"}),
            json!({"list": ["ab", "c"]}),
            vec!["spec: Invalid value: failed rule: self.list.all(item, item.size() > 1)"],
        ),
    ] {
        assert_eq!(errors(&with_rule(properties, &rule), &json!({"spec": spec}), None), expected, "{rule}");
    }
}

#[test]
fn rules_on_scalars_show_the_value() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "integer", "x-kubernetes-validations": [{"rule": "self > 1"}]}}});
    assert_eq!(errors(&schema, &json!({"a": 0}), None), ["a: Invalid value: 0: failed rule: self > 1"]);
}

#[test]
fn rules_about_the_resource_see_its_name() {
    let schema = json!({"type": "object", "x-kubernetes-validations": [{"rule": "self.metadata.name.startsWith('x') && self.kind == 'K'"}]});
    assert_eq!(errors(&schema, &json!({"kind": "K", "metadata": {"name": "xy"}}), None), Vec::<String>::new());
    assert_eq!(errors(&schema, &json!({"kind": "K", "metadata": {"name": "y"}}), None).len(), 1);
}

#[test]
fn rules_wait_until_the_object_has_the_right_shape() {
    let schema = with_rule(&json!({"a": {"type": "integer"}}), &json!({"rule": "self.a > 0"}));
    assert_eq!(
        errors(&schema, &json!({"spec": {"a": "x"}}), None),
        [
            r#"spec.a: Invalid value: "string": spec.a in body must be of type integer: "string""#,
            "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
        ]
    );
}

#[test]
fn transition_rules_compare_with_what_was_there() {
    let rule = |rule: &str| json!({"rule": rule, "message": "immutable"});
    let schema = json!({"type": "object", "properties": {
        "a": {"type": "string", "x-kubernetes-validations": [rule("self == oldSelf")]},
        "set": {"type": "array", "x-kubernetes-list-type": "set", "maxItems": 9, "items": {"type": "string"}, "x-kubernetes-validations": [rule("self == oldSelf")]},
        "map": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"], "items": {"type": "object", "required": ["k"],
            "properties": {"k": {"type": "string"}, "v": {"type": "string", "x-kubernetes-validations": [rule("self == oldSelf")]}}}},
        "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": true, "x-kubernetes-validations": [rule("self == oldSelf")]},
        "opt": {"type": "integer", "x-kubernetes-validations": [
            {"rule": "oldSelf.hasValue() ? self >= oldSelf.value() : self == 1", "optionalOldSelf": true, "message": "counts up from 1"}]},
    }});
    for (old, new, expected) in [
        (json!({"a": "x"}), json!({"a": "x"}), vec![]),
        (json!({"a": "x"}), json!({"a": "y"}), vec![r#"a: Invalid value: "y": immutable"#]),
        (json!({}), json!({"a": "y"}), vec![]),
        (json!({"a": "x"}), json!({}), vec![]),
        (json!({"set": ["x", "y"]}), json!({"set": ["y", "x"]}), vec![]),
        (json!({"set": ["x", "y"]}), json!({"set": ["y"]}), vec!["set: Invalid value: immutable"]),
        (
            json!({"map": [{"k": "1", "v": "a"}, {"k": "2", "v": "b"}]}),
            json!({"map": [{"k": "2", "v": "c"}, {"k": "3", "v": "x"}, {"k": "1", "v": "a"}]}),
            vec![r#"map[0].v: Invalid value: "c": immutable"#],
        ),
        (json!({"any": {"x": {"y": 1}}}), json!({"any": {"x": {"y": 1}}}), vec![]),
        (json!({"any": {"x": {"y": 1}}}), json!({"any": {"x": {"y": 2}}}), vec!["any: Invalid value: immutable"]),
        (json!({"opt": 3}), json!({"opt": 2}), vec!["opt: Invalid value: 2: counts up from 1"]),
        (json!({}), json!({"opt": 2}), vec!["opt: Invalid value: 2: counts up from 1"]),
    ] {
        assert_eq!(errors(&schema, &new, Some(&old)), expected, "{old} to {new}");
    }
    assert_eq!(errors(&schema, &json!({"a": "x"}), None), Vec::<String>::new(), "no old object, no transition");
}

#[test]
fn rules_do_not_hold_what_did_not_change_against_an_update() {
    let schema = json!({"type": "object", "properties": {"list": {"type": "array", "items": {"type": "object",
        "properties": {"a": {"type": "integer", "x-kubernetes-validations": [{"rule": "self > 1"}]}}}}}});
    let old = json!({"list": [{"a": 0}]});
    assert_eq!(errors(&schema, &old, Some(&old)), Vec::<String>::new());
    assert_eq!(
        errors(&schema, &json!({"list": [{"a": 0}, {"a": 2}]}), Some(&old)),
        ["list[0].a: Invalid value: 0: failed rule: self > 1"],
        "items of an atomic list cannot be told apart"
    );
}

#[test]
fn rules_that_do_not_compile_are_problems_of_the_schema() {
    for (rule, path, detail) in [
        (json!({"rule": "self.nope"}), "rule", "compilation failed: ERROR: <input>:1:5: undefined field 'nope'"),
        (json!({"rule": "self.a"}), "rule", "cel expression must evaluate to a bool"),
        (
            json!({"rule": "true", "messageExpression": "self.a"}),
            "messageExpression",
            "messageExpression must evaluate to a string",
        ),
        (json!({"rule": "true", "fieldPath": ".nope"}), "fieldPath", "must be a valid path"),
        (
            json!({"rule": "true", "optionalOldSelf": true}),
            "optionalOldSelf",
            "may not be set if oldSelf is not used in rule",
        ),
        (json!({"rule": "true", "reason": "Nope"}), "reason", "supported values: \"FieldValueDuplicate\""),
        (json!({"rule": " "}), "rule", "rule is not specified"),
    ] {
        let problems = Schema::parse(&with_rule(&json!({"a": {"type": "integer"}}), &rule)).expect_err("a problem");
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!(problems[0].path, format!("properties[spec].x-kubernetes-validations[0].{path}"));
        assert!(problems[0].detail.starts_with(detail), "{}", problems[0].detail);
    }
    let list = json!({"type": "object", "properties": {"list": {"type": "array", "items": {"type": "string", "x-kubernetes-validations": [{"rule": "self == oldSelf"}]}}}});
    assert_eq!(
        Schema::parse(&list).expect_err("a problem")[0].to_string(),
        "properties[list].items.x-kubernetes-validations[0].rule: Invalid value: \"self == oldSelf\": oldSelf cannot be used on the uncorrelatable portion of the schema within properties[list]"
    );
}

#[test]
fn rules_that_cost_too_much_end() {
    let schema = with_rule(
        &json!({"l": {"type": "array", "items": {"type": "string"}}}),
        &json!({"rule": "self.l.all(a, self.l.all(b, self.l.all(c, a + b + c != 'x')))"}),
    );
    let long: Vec<String> = (0..400).map(|n| n.to_string()).collect();
    let found = errors(&schema, &json!({"spec": {"l": long}}), None);
    assert_eq!(found.len(), 1);
    assert!(
        found[0].contains("no further validation rules will be run due to call cost exceeds limit for rule"),
        "{found:?}"
    );
}

/// A rule of the contract: kind, an object that passes, one that fails, how the failure reads.
struct Case {
    kind: &'static str,
    good: Value,
    bad: Value,
    old: Option<Value>,
    error: &'static str,
}

fn case(kind: &'static str, good: Value, bad: Value, error: &'static str) -> Case {
    Case { kind, good, bad, old: None, error }
}

/// Old and new differ in one value: `good` is stored, `bad` replaces it.
fn immutable(kind: &'static str, good: Value, bad: Value, error: &'static str) -> Case {
    Case { kind, old: Some(good.clone()), good, bad, error }
}

fn contract_cases() -> Vec<Case> {
    let template = |more: Value| {
        let mut resource = json!({"id": "deployment", "template": {"apiVersion": "v1"}});
        resource.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"spec": {"workloadType": "deployment", "resources": [resource]}})
    };
    let binding = |scope: Value| json!({"spec": {"entitlement": {"claim": "c", "value": "v"}, "roleMappings": [{"roleRef": {"kind": "ClusterAuthzRole", "name": "r"}, "scope": scope}]}});
    let env = |entry: Value| json!({"spec": {"owner": {"projectName": "p", "componentName": "c"}, "container": {"image": "i", "env": [entry]}}});
    vec![
        immutable(
            "Component",
            json!({"spec": {"owner": {"projectName": "p"}, "componentType": {"name": "deployment/service"}}}),
            json!({"spec": {"owner": {"projectName": "p"}, "componentType": {"name": "deployment/other"}}}),
            "spec.componentType: Invalid value",
        ),
        case(
            "ComponentType",
            template(json!({"forEach": "${a}", "var": "x"})),
            template(json!({"forEach": "${a}"})),
            "spec.resources[0]: Invalid value: ",
        ),
        case(
            "ComponentType",
            template(json!({})),
            json!({"spec": {"workloadType": "deployment", "resources": [{"id": "x", "template": {"apiVersion": "v1"}}]}}),
            "spec: Invalid value: ",
        ),
        case(
            "ComponentType",
            json!({"spec": {"workloadType": "proxy", "resources": [{"id": "x", "template": {"apiVersion": "v1"}}]}}),
            json!({"spec": {"workloadType": "job", "resources": [{"id": "x", "template": {"apiVersion": "v1"}}]}}),
            "spec: Invalid value: ",
        ),
        case(
            "ComponentType",
            json!({"spec": {"workloadType": "deployment", "resources": [{"id": "deployment", "template": {"apiVersion": "v1"}}], "validations": [{"rule": "${true}", "message": "m"}], "preRenderValidations": []}}),
            json!({"spec": {"workloadType": "deployment", "resources": [{"id": "deployment", "template": {"apiVersion": "v1"}}], "validations": [{"rule": "${true}", "message": "m"}], "preRenderValidations": [{"rule": "${true}", "message": "m"}]}}),
            "spec: Invalid value: ",
        ),
        case(
            "AuthzRoleBinding",
            binding(json!({"project": "p", "component": "c"})),
            binding(json!({"component": "c"})),
            "spec.roleMappings[0]: Invalid value: ",
        ),
        case(
            "AuthzRoleBinding",
            binding(json!({"project": "p", "resource": "c"})),
            binding(json!({"resource": "c"})),
            "spec.roleMappings[0]: Invalid value: ",
        ),
        case(
            "AuthzRoleBinding",
            binding(json!({"project": "p"})),
            binding(json!({"project": "p", "component": "c", "resource": "r"})),
            "spec.roleMappings[0]: Invalid value: ",
        ),
        case(
            "ClusterAuthzRoleBinding",
            binding(json!({"namespace": "n", "project": "p"})),
            binding(json!({"project": "p"})),
            "spec.roleMappings[0]: Invalid value: ",
        ),
        immutable(
            "Environment",
            json!({"spec": {"dataPlaneRef": {"kind": "DataPlane", "name": "a"}}}),
            json!({"spec": {"dataPlaneRef": {"kind": "DataPlane", "name": "b"}}}),
            "spec: Invalid value: ",
        ),
        immutable(
            "Environment",
            json!({"spec": {"dataPlaneRef": {"kind": "DataPlane", "name": "a"}}}),
            json!({"spec": {}}),
            "spec: Invalid value: ",
        ),
        case(
            "Workload",
            env(json!({"key": "K", "value": "v"})),
            env(json!({"key": "K", "value": "v", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}})),
            "spec.container.env[0]: Invalid value: ",
        ),
        immutable(
            "ProjectRelease",
            json!({"spec": {"owner": {"projectName": "p"}, "projectType": {"kind": "ProjectType", "name": "t", "spec": {"resources": [{"id": "a", "template": {"a": {"b": 1}}}]}}}}),
            json!({"spec": {"owner": {"projectName": "p"}, "projectType": {"kind": "ProjectType", "name": "t", "spec": {"resources": [{"id": "a", "template": {"a": {"b": 2}}}]}}}}),
            "spec: Invalid value: ",
        ),
        case(
            "ObservabilityAlertsNotificationChannel",
            json!({"spec": {"environment": "e", "type": "webhook", "webhookConfig": {"url": "https://x"}}}),
            json!({"spec": {"environment": "e", "type": "webhook"}}),
            "spec: Invalid value: ",
        ),
        case(
            "ObservabilityAlertsNotificationChannel",
            json!({"spec": {"environment": "e", "type": "webhook", "webhookConfig": {"url": "https://x", "headers": {"H": {"value": "v"}}}}}),
            json!({"spec": {"environment": "e", "type": "webhook", "webhookConfig": {"url": "https://x", "headers": {"H": {}}}}}),
            "spec.webhookConfig.headers[H]: Invalid value: ",
        ),
    ]
}

#[test]
fn each_rule_of_the_contract_passes_and_fails() {
    let Some(fixtures) = fixtures() else { return };
    let schemas = custom_resources(&fixtures.join("contract/crds"));
    for case in contract_cases() {
        let (_, schema) = schemas.iter().find(|((_, kind, _), _)| kind == case.kind).expect(case.kind);
        let prepared = |object: &Value| {
            let mut object = object.clone();
            let dropped = schema.prune(&mut object);
            assert_eq!(dropped, Vec::<String>::new(), "{}: {object}", case.kind);
            schema.default_in_place(&mut object);
            object
        };
        let old = case.old.as_ref().map(prepared);
        let passed = schema.validate(&prepared(&case.good), old.as_ref());
        assert_eq!(passed, [], "{} {}", case.kind, case.good);
        let failed: Vec<String> =
            schema.validate(&prepared(&case.bad), old.as_ref()).iter().map(ToString::to_string).collect();
        assert_eq!(failed.len(), 1, "{} {}: {failed:#?}", case.kind, case.bad);
        assert!(failed[0].starts_with(case.error), "{} {}: {failed:#?}", case.kind, case.bad);
    }
}

/// The node with nothing but its structure and its rules, so that only the rules can fail.
fn structure_only(node: &Value, top: bool) -> Value {
    let Value::Object(object) = node else { return node.clone() };
    let mut out = serde_json::Map::new();
    for (key, value) in object {
        let kept = match key.as_str() {
            "type" | "format" | "x-kubernetes-preserve-unknown-fields" | "x-kubernetes-int-or-string" => value.clone(),
            "x-kubernetes-validations" if top => value.clone(),
            "properties" => value
                .as_object()
                .unwrap()
                .iter()
                .map(|(name, node)| (name.clone(), structure_only(node, false)))
                .collect(),
            "items" | "additionalProperties" => structure_only(value, false),
            _ => continue,
        };
        out.insert(key.clone(), kept);
    }
    Value::Object(out)
}

/// Some value of the node, and another.
fn two_values(node: &Value) -> (Value, Value) {
    match node["type"].as_str() {
        Some("string") => (json!("a"), json!("b")),
        Some("array") => {
            let (one, other) = two_values(&node["items"]);
            (json!([one]), json!([other]))
        }
        Some("object") => match node["properties"].as_object().and_then(|properties| properties.iter().next()) {
            Some((name, property)) => {
                let (one, other) = two_values(property);
                (json!({ name: one }), json!({ name: other }))
            }
            None => match node.get("additionalProperties") {
                Some(entries) => {
                    let (one, other) = two_values(entries);
                    (json!({"k": one}), json!({"k": other}))
                }
                None => (json!({"k": 1}), json!({"k": 2})),
            },
        },
        Some("boolean") => (json!(true), json!(false)),
        _ => (json!(1), json!(2)),
    }
}

/// Rule → a value that satisfies it and values that do not.
fn values_of_rules() -> Vec<(&'static str, Value, Vec<Value>)> {
    vec![
        (
            "self.type == 'email' ? has(self.emailConfig) : true",
            json!({"type": "email", "emailConfig": {}}),
            vec![json!({"type": "email"})],
        ),
        (
            "self.type == 'webhook' ? has(self.webhookConfig) : true",
            json!({"type": "email"}),
            vec![json!({"type": "webhook"})],
        ),
        (
            "has(self.value) != has(self.valueFrom)",
            json!({"value": ""}),
            vec![json!({}), json!({"value": "", "valueFrom": {}})],
        ),
        (
            "(has(self.value)?1:0) + (has(self.secretKeyRef)?1:0) + (has(self.configMapKeyRef)?1:0) == 1",
            json!({"configMapKeyRef": {}}),
            vec![json!({}), json!({"value": "", "secretKeyRef": {}})],
        ),
        ("!(has(self.value) && has(self.valueFrom))", json!({}), vec![json!({"value": "", "valueFrom": {}})]),
        (
            "!has(self.forEach) || has(self.var)",
            json!({"forEach": "${a}", "var": "x"}),
            vec![json!({"forEach": "${a}"})],
        ),
        (
            "has(self.actions.incident) && self.actions.incident.triggerAiCostAnalysis == true ? self.source.type == 'budget' : true",
            json!({"actions": {"incident": {"triggerAiCostAnalysis": true}}, "source": {"type": "budget"}}),
            vec![json!({"actions": {"incident": {"triggerAiCostAnalysis": true}}, "source": {"type": "log"}})],
        ),
        (
            "self.triggerAiRca == true ? self.enabled == true : true",
            json!({"triggerAiRca": true, "enabled": true}),
            vec![json!({"triggerAiRca": true, "enabled": false})],
        ),
        (
            "self.triggerAiCostAnalysis == true ? self.enabled == true : true",
            json!({"triggerAiCostAnalysis": false}),
            vec![json!({"triggerAiCostAnalysis": true, "enabled": false})],
        ),
        (
            "!(has(self.validations) && size(self.validations) > 0 && has(self.preRenderValidations) && size(self.preRenderValidations) > 0)",
            json!({"validations": [], "preRenderValidations": [{"rule": "x"}]}),
            vec![json!({"validations": [{"rule": "x"}], "preRenderValidations": [{"rule": "x"}]})],
        ),
        (
            "self.roleMappings.all(m, m.roleRef.kind == 'ClusterAuthzRole')",
            json!({"roleMappings": [{"roleRef": {"kind": "ClusterAuthzRole"}}]}),
            vec![
                json!({"roleMappings": [{"roleRef": {"kind": "ClusterAuthzRole"}}, {"roleRef": {"kind": "AuthzRole"}}]}),
            ],
        ),
        (
            "!has(self.scope) || (!has(self.scope.project) || has(self.scope.namespace)) && (!has(self.scope.component) || has(self.scope.project))",
            json!({"scope": {"namespace": "n", "project": "p", "component": "c"}}),
            vec![json!({"scope": {"project": "p"}}), json!({"scope": {"namespace": "n", "component": "c"}})],
        ),
        (
            "!has(self.scope) || !has(self.scope.resource) || has(self.scope.project)",
            json!({"scope": {}}),
            vec![json!({"scope": {"resource": "r"}})],
        ),
        (
            "!has(self.scope) || !has(self.scope.component) || !has(self.scope.resource)",
            json!({}),
            vec![json!({"scope": {"component": "c", "resource": "r"}})],
        ),
        (
            "!has(self.scope) || !has(self.scope.component) || has(self.scope.project)",
            json!({"scope": {"project": "p", "component": "c"}}),
            vec![json!({"scope": {"component": "c"}})],
        ),
        (
            "self.workloadType == 'proxy' || self.resources.exists(r, r.id == self.workloadType)",
            json!({"workloadType": "job", "resources": [{"id": "a"}, {"id": "job"}]}),
            vec![json!({"workloadType": "job", "resources": [{"id": "a"}]})],
        ),
        (
            "!(has(self.componentName) && has(self.resourceName))",
            json!({"componentName": "c"}),
            vec![json!({"componentName": "c", "resourceName": "r"})],
        ),
        (
            "self.all(k, k.size() > 0 && self[k].size() > 0)",
            json!({"k": "v"}),
            vec![json!({"": "v"}), json!({"k": ""})],
        ),
        (
            "!has(self.kind) || self.kind == 'ClusterObservabilityPlane'",
            json!({"kind": "ClusterObservabilityPlane"}),
            vec![json!({"kind": "ObservabilityPlane"})],
        ),
    ]
}

#[test]
fn every_occurrence_of_every_rule_of_the_contract_accepts_and_refuses() {
    let Some(fixtures) = fixtures() else { return };
    let table = values_of_rules();
    let mut seen = std::collections::BTreeSet::new();
    let mut occurrences = 0;
    let mut nodes = crate::contract::raw_schemas(&fixtures.join("contract/crds"));
    while let Some(node) = nodes.pop() {
        let Value::Object(object) = &node else { continue };
        nodes.extend(
            object.get("properties").and_then(Value::as_object).into_iter().flatten().map(|(_, node)| node.clone()),
        );
        nodes.extend(object.get("items").cloned());
        nodes.extend(object.get("additionalProperties").cloned());
        for rule in object.get("x-kubernetes-validations").and_then(Value::as_array).into_iter().flatten() {
            let mut alone = structure_only(&node, true);
            alone["x-kubernetes-validations"] = json!([rule]);
            let schema = Schema::parse_plain(&alone).unwrap_or_else(|problems| panic!("{problems:?}"));
            let text = rule["rule"].as_str().unwrap();
            let (good, bad, old) = match text {
                "self == oldSelf" => {
                    let (one, other) = two_values(&node);
                    (one.clone(), vec![other], Some(one))
                }
                "!has(oldSelf.dataPlaneRef) || oldSelf.dataPlaneRef == self.dataPlaneRef" => {
                    let set = json!({"dataPlaneRef": {"name": "a"}});
                    (set.clone(), vec![json!({"dataPlaneRef": {"name": "b"}})], Some(set))
                }
                text => {
                    let (_, good, bad) =
                        table.iter().find(|(rule, ..)| *rule == text).unwrap_or_else(|| panic!("no values for {text}"));
                    (good.clone(), bad.clone(), None)
                }
            };
            assert_eq!(schema.validate(&good, old.as_ref()), [], "{text} on {good}");
            for bad in bad {
                let errors = schema.validate(&bad, old.as_ref());
                assert_eq!(errors.len(), 1, "{text} on {bad}: {errors:?}");
                assert_eq!(
                    errors[0].detail,
                    rule["message"].as_str().map_or(format!("failed rule: {text}"), |m| m.trim().to_owned())
                );
            }
            seen.insert(text.to_owned());
            occurrences += 1;
        }
    }
    assert_eq!(seen.len(), table.len() + 2, "rules of the table that the contract no longer has");
    assert!(occurrences > 80, "{occurrences}");
}
