//! One mistake at a time in a type, trait or workflow that is otherwise right.

use compiler::check;
use serde_json::{Value, json};

use super::{Case, table};
use crate::sample::Sample;

const LEVEL: &str = "/resources/1/template/data/level";

#[test]
fn mistakes_of_a_component_type_are_found() {
    let undefined_reference =
        json!({"type": "object", "properties": {"replicas": {"$ref": "#/$defs/None"}, "level": {"type": "string"}}});
    let resource = |id: &str, kind: &str| json!({"id": id, "template": {"apiVersion": "v1", "kind": kind, "metadata": {"name": "${metadata.name}"}}});
    let cases: &[Case] = &[
        ("unknown variable", LEVEL, json!("${parameter.level}")),
        (
            "a property of a type that there is not",
            "/parameters/openAPIV3Schema/properties/replicas/type",
            json!("intger"),
        ),
        (
            "a default that does not fit its own schema",
            "/parameters/openAPIV3Schema/properties/replicas/default",
            json!("two"),
        ),
        ("unknown field", LEVEL, json!("${parameters.levl}")),
        ("unknown field of a built-in variable", LEVEL, json!("${workload.container.img + parameters.level}")),
        ("unknown function", LEVEL, json!("${parameters.level.toLowerCase()}")),
        ("misspelled function", LEVEL, json!("${parameters.level.startWith('a')}")),
        ("misspelled helper", LEVEL, json!("${configurations.toVolume() + [parameters.level]}")),
        ("wrong type in a branch that never ran", LEVEL, json!("${false ? parameters.level - 1 : 'x'}")),
        ("whole number arithmetic", LEVEL, json!("${string(parameters.replicas + 1) + parameters.level}")),
        (
            "a choice between numbers of two types as a condition",
            LEVEL,
            json!("${!(size(parameters.level) > 1 ? parameters.replicas : 2)}"),
        ),
        (
            "one of numbers of two types as a text",
            LEVEL,
            json!("${[parameters.replicas, 2][0].upperAscii() + parameters.level}"),
        ),
        ("one of a map of numbers as a list", LEVEL, json!("${{'a': 1, 'b': 2.5}[parameters.level].map(x, x)}")),
        (
            "includeWhen of a choice between numbers",
            "/resources/1/includeWhen",
            json!("${size(parameters.level) > 1 ? parameters.replicas : 2}"),
        ),
        ("forEach of one of two numbers", "/resources/1/forEach", json!("${[parameters.replicas, 2][0]}")),
        ("syntax", LEVEL, json!("${parameters.level +}")),
        ("expression in an expression", LEVEL, json!("${a ${b}}")),
        ("computed key", "/resources/1/template/data/${parameters.nme}", json!("x")),
        ("includeWhen of the wrong type", "/resources/1/includeWhen", json!("${parameters.replicas}")),
        ("includeWhen that is no expression", "/resources/1/includeWhen", json!("yes")),
        ("includeWhen does not know the loop", "/resources/1/includeWhen", json!("${item.on}")),
        ("forEach of the wrong type", "/resources/1/forEach", json!("${parameters.level}")),
        ("forEach that is no expression", "/resources/1/forEach", json!("[1]")),
        ("rule of the wrong type", "/validations", json!([{"rule": "${size(parameters.level)}", "message": "m"}])),
        (
            "rule after rendering",
            "/postRenderValidations",
            json!([{"target": {"version": "v1", "kind": "ConfigMap"}, "rule": "${resource.data.size()}", "message": "m"}]),
        ),
        ("another workload", "/resources/0/template/kind", json!("StatefulSet")),
        ("a second workload", "/resources/-", resource("more", "Job")),
        ("an id twice", "/resources/-", resource("config", "Secret")),
        ("no name", "/resources/1/template/metadata", json!({})),
        ("no API version", "/resources/1/template/apiVersion", Value::Null),
        ("computed kind", "/resources/1/template/kind", json!("${'ConfigMap'}")),
        ("another namespace", "/resources/1/template/metadata/namespace", json!("kube-system")),
        (
            "schema in short form",
            "/environmentConfigs/openAPIV3Schema",
            json!({"type": "object", "properties": {"cpu": {"type": "string", "defualt": "1"}}, "memory": "string"}),
        ),
        ("broken schema", "/parameters/openAPIV3Schema", undefined_reference),
        (
            "one broken property beside one that templates lack",
            "/parameters/openAPIV3Schema/properties",
            json!({"replicas": {"type": "intger"}, "size": {"type": "string"}}),
        ),
        (
            "unused parameters",
            "/environmentConfigs/openAPIV3Schema/properties",
            json!({"cpu": {"type": "string"}, "memory": {"type": "string"}, "probe": {"type": "object", "properties": {"path": {"type": "string"}}}}),
        ),
        (
            "embedded traits",
            "/traits",
            json!([{"name": "a", "instanceName": "x", "parameters": {"size": "${parameters.sice}"}}, {"name": "b", "instanceName": "x"}]),
        ),
        ("a kind that is not given", "/resources/1/template/kind", Value::Null),
        ("no resources", "/resources", json!([])),
        ("not readable", "/resources", json!("none")),
        ("section that is no section", "/parameters", json!("none")),
    ];
    let spec = Sample::new().type_spec;
    insta::assert_snapshot!(
        "component_types",
        table(&spec, |spec| check::component_type("deployment/small", spec), cases)
    );
}

#[test]
fn mistakes_of_a_trait_are_found() {
    let operation = |operation: Value| json!([operation]);
    let cases: &[Case] = &[
        ("path that does not parse", "/patches/0/operations/0/path", json!("/spec/[?(@.a=1)]/b")),
        ("path of everything", "/patches/0/operations/0/path", json!("/")),
        ("operation that there is not", "/patches/0/operations/0/op", json!("copy")),
        ("no path", "/patches/0/operations/1", json!({"op": "add", "value": 1})),
        ("no value", "/patches/0/operations/1", json!({"op": "replace", "path": "/spec/replicas"})),
        (
            "value of a removal",
            "/patches/0/operations/1",
            json!({"op": "remove", "path": "/spec/replicas", "value": 1}),
        ),
        ("resource in a value", "/patches/0/operations/1/value", json!("${resource.kind}")),
        ("component parameters", "/creates/0/template/spec/more", json!("${parameters.replicas}")),
        ("where does not parse", "/patches/0/target/where", json!("${resource.metadata.name +}")),
        ("where of the wrong type", "/patches/0/target/where", json!("${parameters.size}")),
        ("where is never true", "/patches/0/target/where", json!("${resource.kind == 'StatefulSet'}")),
        ("the core group by name", "/patches/0/target/group", json!("core")),
        ("group with version", "/patches/0/target/group", json!("apps/v1")),
        ("version with group", "/patches/0/target/version", json!("apps/v1")),
        ("kind in small letters", "/patches/0/target/kind", json!("deployment")),
        ("no kind", "/patches/0/target/kind", Value::Null),
        ("no version", "/patches/0/target/version", Value::Null),
        ("forEach of the wrong type", "/patches/0/forEach", json!("${parameters.size}")),
        ("creates a workload", "/creates/0/template/kind", json!("Job")),
        (
            "removes a workload",
            "/removes",
            json!([{"target": {"group": "apps", "version": "v1", "kind": "Deployment"}}]),
        ),
        ("unused parameter", "/parameters/openAPIV3Schema/properties/other", json!({"type": "string"})),
        (
            "several at once, in order of place",
            "/patches/0/operations",
            Value::Array(
                (0..12)
                    .map(|n| {
                        operation(json!({"op": "add", "path": format!("/spec/a{n}"), "value": "${nothing}"}))[0].clone()
                    })
                    .collect(),
            ),
        ),
    ];
    let spec = Sample::new().trait_specs.remove(0).1;
    insta::assert_snapshot!("traits", table(&spec, |spec| check::trait_("volume", spec), cases));
}

#[test]
fn mistakes_of_a_project_type_are_found() {
    let spec = json!({
        "parameters": {"openAPIV3Schema": {"type": "object", "properties": {"teams": {"type": "array", "items": {"type": "string"}}}}},
        "resources": [
            {"id": "namespace", "template": {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "${metadata.namespace}"}}},
            {"id": "role", "forEach": "${parameters.teams}", "var": "team", "template": {
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "${team}", "namespace": "${metadata.namespace}"}}},
        ],
    });
    let cases: &[Case] = &[
        ("loop variable of its type", "/resources/1/template/metadata/name", json!("${team.name}")),
        (
            "name of components",
            "/resources/1/template/metadata/labels",
            json!({"component": "${metadata.componentName}"}),
        ),
        ("workload", "/resources/1/template/data", json!({"image": "${workload.container.image}"})),
        ("rule", "/validations", json!([{"rule": "${parameters.teams.all(t, t.size())}", "message": "m"}])),
    ];
    insta::assert_snapshot!("project_types", table(&spec, |spec| check::project_type("team", spec), cases));
}

#[test]
fn mistakes_of_a_resource_type_are_found() {
    let spec = json!({
        "parameters": {"openAPIV3Schema": {"type": "object", "properties": {"version": {"type": "string"}}}},
        "resources": [{
            "id": "claim",
            "template": {"apiVersion": "db.example.com/v1", "kind": "Claim", "metadata": {"name": "${metadata.name}"}, "spec": {"version": "${parameters.version}"}},
            "readyWhen": "${has(applied.claim.status) && applied.claim.status.phase == 'Ready'}",
        }],
        "outputs": [
            {"name": "host", "value": "${applied.claim.status.host}"},
            {"name": "password", "secretKeyRef": {"name": "${metadata.name}-db", "key": "password"}},
        ],
    });
    let cases: &[Case] = &[
        ("readyWhen of a resource that there is not", "/resources/0/readyWhen", json!("${applied.clam.status.ok}")),
        ("readyWhen of the wrong type", "/resources/0/readyWhen", json!("${size(applied)}")),
        ("output of a resource that there is not", "/outputs/0/value", json!("${applied['other'].status.host}")),
        ("output without a source", "/outputs/0", json!({"name": "host"})),
        ("output twice", "/outputs/1/name", json!("host")),
        ("output that does not compile", "/outputs/1/secretKeyRef/key", json!("${parameters.key}")),
        (
            "template that reads what was applied",
            "/resources/0/template/spec/host",
            json!("${applied.claim.status.host}"),
        ),
    ];
    insta::assert_snapshot!("resource_types", table(&spec, |spec| check::resource_type("db", spec), cases));
}

#[test]
fn mistakes_of_a_workflow_are_found() {
    let step = |command: Value| json!({"container": {"image": "alpine", "command": ["sh", "-c"], "args": [command]}});
    let spec = json!({
        "parameters": {"openAPIV3Schema": {"type": "object", "properties": {
            "branch": {"type": "string"}, "depth": {"type": "integer"}, "mode": {"type": "string", "enum": ["fast", "slow"]},
            "repository": {"type": "string", "x-openchoreo-component-parameter-repository-url": true},
        }}},
        "externalRefs": [{"id": "token", "kind": "SecretReference", "apiVersion": "openchoreo.dev/v1alpha1", "name": "${parameters.branch}"}],
        "runTemplate": {
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
            "metadata": {"name": "${metadata.workflowRunName}", "namespace": "${metadata.namespace}"},
            "spec": {"templates": [
                {"container": {"image": "alpine", "command": ["sh", "-c"], "args": ["git clone --depth ${parameters.depth} --mode ${parameters.mode} $BRANCH ${metadata.workflowRunName}"],
                    "env": [{"name": "BRANCH", "value": "${parameters.branch}"}]}},
                {"script": {"image": "alpine", "source": "echo"}},
            ]},
        },
    });
    let cases: &[Case] = &[
        ("unknown reference", "/runTemplate/spec/token", json!("${externalRefs.tokn.spec}")),
        ("reference in a reference", "/externalRefs/0/name", json!("${externalRefs.token.spec}")),
        ("reference twice", "/externalRefs/-", json!({"id": "token", "name": "x"})),
        ("no namespace", "/runTemplate/metadata/namespace", Value::Null),
        ("another namespace", "/runTemplate/metadata/namespace", json!("argo")),
        ("no run", "/runTemplate", Value::Null),
        ("run that is a list", "/runTemplate", json!([])),
        (
            "text in arguments of a shell",
            "/runTemplate/spec/templates/0",
            step(json!("git checkout ${parameters.branch}")),
        ),
        (
            "text in a command of a shell",
            "/runTemplate/spec/templates/0/container/command",
            json!([
                "/bin/bash",
                "-ec",
                "git checkout ${parameters.branch == '' ? metadata.namespace : parameters.branch}"
            ]),
        ),
        ("text put together", "/runTemplate/spec/templates/0", step(json!("${'git checkout ' + parameters.branch}"))),
        (
            "text in an inline script",
            "/runTemplate/spec/templates/1/script/source",
            json!("echo ${externalRefs.token.spec}"),
        ),
        (
            "text in a file that is a script",
            "/runTemplate/spec/file",
            json!("#!/usr/bin/env bash\necho '${parameters.branch}'"),
        ),
        (
            "unused parameters",
            "/parameters/openAPIV3Schema/properties/more",
            json!({"type": "object", "properties": {"a": {"type": "string"}}}),
        ),
    ];
    insta::assert_snapshot!("workflows", table(&spec, |spec| check::workflow("build", spec), cases));
}
