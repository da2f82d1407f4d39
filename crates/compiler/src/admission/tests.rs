//! Tables: an object, what is said of it.

use serde_json::{Value, json};

use super::{complete, judge};

fn said(kind: &str, spec: &Value) -> Vec<String> {
    let object = json!({"metadata": {"name": "x"}, "spec": spec});
    judge(kind, None, &object).errors.iter().map(ToString::to_string).collect()
}

fn release(parameters: &Value) -> Value {
    let schema = json!({"openAPIV3Schema": {
        "type": "object", "required": ["tier"],
        "properties": {"tier": {"type": "string", "enum": ["gold", "silver"]}, "port": {"type": "integer", "default": 1}},
    }});
    json!({
        "componentType": {"spec": {"workloadType": "deployment", "parameters": schema, "resources": [
            {"id": "deployment", "template": {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}}},
        ]}},
        "componentProfile": {"parameters": parameters},
        "workload": {"container": {"image": "i"}},
    })
}

#[test]
fn a_trait_instance_has_a_name_of_its_own() {
    let spec = json!({"traits": [{"instanceName": "a"}, {"instanceName": "a"}, {"instanceName": "b"}]});
    assert_eq!(said("Component", &spec), ["spec.traits[1].instanceName: Duplicate value: \"a\""]);
}

#[test]
fn parameters_of_a_release_fit_its_type() {
    let why = |parameters: Value| said("ComponentRelease", &release(&parameters));
    let start = "spec.componentProfile.parameters: Invalid value: parameters do not match ComponentType schema:";
    assert_eq!(why(json!({"tier": "gold"})), [] as [String; 0]);
    assert_eq!(why(json!({"tier": "iron"})), [format!("{start} tier should be one of [gold silver]")]);
    assert_eq!(why(json!({})), [format!("{start} .tier is required")]);
    assert_eq!(
        why(json!({"tier": "gold", "port": "x"})),
        [format!("{start} port must be of type integer: \"string\"")]
    );
    let mut without = release(&json!({}));
    without.as_object_mut().map(|spec| spec.remove("componentProfile"));
    assert_eq!(said("ComponentRelease", &without), [format!("{start} .tier is required")]);
}

#[test]
fn a_release_uses_only_traits_that_were_frozen_with_it() {
    let mut spec = release(&json!({"tier": "gold"}));
    spec["componentProfile"]["traits"] = json!([{"kind": "Trait", "name": "t", "instanceName": "a"}]);
    assert_eq!(
        said("ComponentRelease", &spec),
        [
            "spec.componentProfile.traits[0].name: Invalid value: \"t\": Trait \"t\" is referenced in componentProfile but not found in traits snapshot"
        ]
    );
}

#[test]
fn a_type_makes_the_workload_that_it_declares() {
    let template = |kind: &str| json!({"id": kind, "template": {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "${metadata.name}"}}});
    let spec = json!({"workloadType": "deployment", "resources": [template("StatefulSet")]});
    assert_eq!(
        said("ComponentType", &spec)[..2],
        [
            "spec.resources[0].template.kind: Forbidden: resource kind \"StatefulSet\" is a workload type that does not match the declared workloadType \"deployment\"; only one workload resource is allowed",
            "spec.resources: Required value: must have exactly one resource with kind matching workloadType \"deployment\"",
        ]
    );
}

/// Whether v1.2 refuses a spec, and what is said: each mistake in every kind that can have it.
#[test]
fn what_v12_stores_is_stored_with_a_warning() {
    let template = |id: &str, kind: &str, data: Value| json!({"id": id, "template": {"apiVersion": "v1", "kind": kind, "metadata": {"name": "${metadata.name}", "namespace": "${metadata.namespace}"}, "data": data}});
    let parameters = json!({"openAPIV3Schema": {"type": "object", "properties": {"n": {"type": "integer"}}}});
    let of_type = |data: Value| json!({"workloadType": "deployment", "parameters": parameters, "resources": [template("deployment", "Deployment", json!({"n": "${parameters.n}"})), template("config", "ConfigMap", data)]});
    let creating = |data: Value| json!({"parameters": parameters, "creates": [template("", "ConfigMap", data)]});
    let patching = |path: &str, group: &str| json!({"patches": [{"target": {"group": group, "version": "v1", "kind": "Deployment"}, "operations": [{"op": "remove", "path": path}]}]});
    let shared = |data: Value| json!({"parameters": parameters, "resources": [template("a", "ConfigMap", data)]});
    let flow = |data: Value| json!({"workflowPlaneRef": {"kind": "ClusterWorkflowPlane"}, "parameters": parameters, "runTemplate": template("", "Workflow", data)["template"]});
    let unknown = || json!({"a": "${false ? nothing : parameters.n}"});
    let numbers = || json!({"a": "${parameters.n + 1}"});
    let mut twice = of_type(json!({}));
    twice["resources"][1]["id"] = json!("deployment");
    let mut bound = of_type(json!({}));
    bound["traits"] =
        json!([{"kind": "ClusterTrait", "name": "t", "instanceName": "i", "parameters": {"a": "${nothing}"}}]);
    let mut output = shared(numbers());
    output["outputs"] = json!([{"name": "host", "value": "${applied.b.status.host}"}]);
    for (kind, spec, refused) in [
        ("ComponentType", of_type(unknown()), true),
        ("ClusterComponentType", of_type(unknown()), true),
        ("ComponentType", of_type(numbers()), false),
        ("ComponentType", twice, false),
        ("ClusterComponentType", bound, false),
        ("Trait", creating(unknown()), true),
        ("Trait", creating(numbers()), false),
        ("Trait", patching("/a/[?(@.a=1)]", "apps"), false),
        ("Trait", patching("/a/${nothing}", "apps"), false),
        ("Trait", patching("/a", "core"), false),
        ("Trait", patching("", "apps"), true),
        ("ClusterTrait", creating(unknown()), false),
        ("ClusterTrait", patching("", "apps"), false),
        ("ProjectType", shared(unknown()), false),
        ("ClusterProjectType", shared(numbers()), false),
        ("ResourceType", shared(unknown()), true),
        ("ClusterResourceType", shared(numbers()), false),
        ("ResourceType", output, true),
        ("Workflow", flow(unknown()), false),
        ("ClusterWorkflow", flow(unknown()), false),
        (
            "Workflow",
            json!({"runTemplate": {"apiVersion": "v1", "kind": "Workflow", "metadata": {"name": "a", "namespace": "b"}}}),
            true,
        ),
    ] {
        let object = json!({"metadata": {"name": "x"}, "spec": spec});
        let verdict = judge(kind, None, &object);
        assert_eq!(!verdict.errors.is_empty(), refused, "{kind} {spec}\n{verdict:?}");
        assert!(refused || !verdict.warnings.is_empty(), "{kind} {spec}\n{verdict:?}");
    }
}

#[test]
fn warnings_say_where_and_what_in_one_line() {
    let spec = json!({
        "parameters": {"openAPIV3Schema": {"type": "object", "properties": {"n": {"type": "integer"}, "more": {"type": "string"}}}},
        "creates": [{"template": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a": "${parameters.n +\n 1}"}}}],
    });
    assert_eq!(
        judge("Trait", None, &json!({"metadata": {"name": "x"}, "spec": spec})).warnings,
        [
            "spec.creates[0].template.data.a: found no matching overload for '_+_' applied to '(double, int)' in ${parameters.n +\n 1}",
            "spec.parameters.openAPIV3Schema.properties.more: parameters.more is declared but nothing reads it",
        ]
    );
}

#[test]
fn no_more_than_fifty_errors_are_told() {
    let data: Value =
        (0..70).map(|n| (format!("k{n:02}"), json!("${nothing}"))).collect::<serde_json::Map<_, _>>().into();
    let spec = json!({"creates": [{"template": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data}}]});
    let said = said("Trait", &spec);
    assert_eq!((said.len(), said[50].as_str()), (51, "spec: Invalid value: and 20 more errors"));
}

#[test]
fn runs_of_workflows_have_their_service_account() {
    let completed = |kind: &str, run: Value| {
        let mut object = json!({"spec": {"runTemplate": run}});
        complete(kind, None, &mut object);
        object["spec"]["runTemplate"].clone()
    };
    assert_eq!(completed("Workflow", json!({})), json!({"spec": {"serviceAccountName": "workflow-sa"}}));
    assert_eq!(
        completed("ClusterWorkflow", json!({"spec": {"serviceAccountName": "own", "a": 1}})),
        json!({"spec": {"serviceAccountName": "workflow-sa", "a": 1}})
    );
    assert_eq!(completed("Workflow", json!({"spec": []})), json!({"spec": []}));
    assert_eq!(completed("ProjectType", json!({})), json!({}));
    let spec = json!({"runTemplate": {"apiVersion": "v1", "kind": "W", "metadata": {"name": "a", "namespace": "${metadata.namespace}"}, "spec": []}, "workflowPlaneRef": {"kind": "WorkflowPlane"}});
    assert_eq!(
        said("ClusterWorkflow", &spec),
        [
            "spec.runTemplate.spec: Invalid value: []: must be an object",
            "spec.workflowPlaneRef.kind: Invalid value: \"WorkflowPlane\": a ClusterWorkflow can only run on a ClusterWorkflowPlane",
        ]
    );
}

#[test]
fn what_did_not_change_is_not_judged_again() {
    let object = json!({"metadata": {"name": "x"}, "spec": {"traits": [{"instanceName": "a"}, {"instanceName": "a"}]}});
    assert_eq!(judge("Component", Some(&object), &object).errors, []);
}

#[test]
fn an_update_without_a_pin_keeps_the_pin() {
    let old = json!({"spec": {"releaseName": "r-1"}});
    let mut object = json!({"spec": {"state": "Undeploy"}});
    complete("ReleaseBinding", Some(&old), &mut object);
    assert_eq!(object, json!({"spec": {"state": "Undeploy", "releaseName": "r-1"}}));
}

#[test]
fn templates_that_are_no_manifests_are_told_in_known_words() {
    let spec = json!({"creates": [{"template": {"kind": "ConfigMap", "metadata": {"namespace": "kube-system"}}}]});
    assert_eq!(
        said("Trait", &spec),
        [
            "spec.creates[0].template.apiVersion: Required value: apiVersion is required in resource template",
            "spec.creates[0].template.metadata.name: Required value: metadata.name is required in resource template",
            "spec.creates[0].template.metadata.namespace: Invalid value: \"kube-system\": if metadata.namespace is specified, it must be \"${metadata.namespace}\"",
        ]
    );
    let run = |metadata: Value| json!({"runTemplate": {"apiVersion": "v1", "kind": "Workflow", "metadata": metadata}});
    assert_eq!(
        said("Workflow", &run(json!({"name": "a", "namespace": "fixed"}))),
        [
            "spec.runTemplate.metadata.namespace: Invalid value: \"fixed\": if metadata.namespace is specified, it must be \"${metadata.namespace}\"",
            "spec.runTemplate.metadata.namespace: Invalid value: \"fixed\": metadata.namespace must be set to \"${metadata.namespace}\"",
        ]
    );
    assert_eq!(
        said("Workflow", &run(json!({"name": "a"}))),
        [
            "spec.runTemplate.metadata.namespace: Required value: metadata.namespace must be set to \"${metadata.namespace}\""
        ]
    );
    assert_eq!(judge("Trait", None, &json!({"metadata": {"name": "x"}})), super::Verdict::default());
}

#[test]
fn expressions_that_do_not_compile_are_told_in_known_words() {
    let template = |data: Value| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "annotations": {"example.com/a": data}}});
    let creating = |create: Value| json!({"parameters": {"openAPIV3Schema": {"type": "object", "properties": {"level": {"type": "string"}}}}, "creates": [create]});
    assert_eq!(
        said("Trait", &creating(json!({"template": template(json!(["is ${parameters.levl}!"]))}))),
        [
            "spec.creates[0].template[metadata][annotations][example.com/a][0]: Invalid value: \"is ${parameters.levl}!\": invalid CEL expression 'parameters.levl': type check error: ERROR: <input>:1:11: undefined field 'levl'\n | parameters.levl\n | ..........^\n did you mean level?"
        ]
    );
    let told =
        said("Trait", &creating(json!({"includeWhen": "${parameters.level ==}", "template": template(json!("a"))})));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].starts_with("spec.creates[0].includeWhen: Invalid value: \"${parameters.level ==}\": includeWhen must return boolean: parse error: ERROR: <input>:1:20: Syntax error"),
        "{told:?}"
    );
}

#[test]
fn conditions_of_role_bindings_are_about_attributes_that_their_actions_have() {
    let binding = |actions: Value, expression: &str| json!({"roleMappings": [{"roleRef": {"kind": "AuthzRole", "name": "r"}}, {"conditions": [{"actions": actions, "expression": expression}]}]});
    let start = "spec.roleMappings[1].conditions[0].";
    let environment = "resource.environment == 'default/development'";
    for (actions, expression, expected) in [
        (json!(["releasebinding:*"]), environment, ""),
        (json!(["releasebinding:view", "logs:view", "component:exec", "traces:*"]), environment, ""),
        (json!(["component:create", "component:delete"]), "resource.componentType in ['service', 'default/web']", ""),
        (json!(["workflowrun:create"]), "has(resource.workflow) && resource.workflow.startsWith('ci-')", ""),
        (json!(["resource:update"]), "resource.resourceType != 'postgres'", ""),
        (
            json!(["component:*"]),
            "resource.componentType == 'service'",
            "actions: Invalid value: \"component:*\": conditions are not supported for the action set: no attribute is known for all of its actions",
        ),
        (
            json!(["*"]),
            environment,
            "actions: Invalid value: \"*\": conditions are not supported for the action set: no attribute is known for all of its actions",
        ),
        (
            json!(["releasebinding:view", "events:view"]),
            environment,
            "actions: Invalid value: \"releasebinding:view, events:view\": conditions are not supported for the action set: no attribute is known for all of its actions",
        ),
        (
            json!(["component:create"]),
            environment,
            "expression: Invalid value: \"resource.environment == 'default/development'\": attribute resource.environment is not supported for actions component:create; allowed: componentType",
        ),
        (
            json!(["logs:view"]),
            "true",
            "expression: Invalid value: \"true\": a condition must read an attribute of resource; allowed: environment",
        ),
        (
            json!(["logs:view"]),
            "resource['environment'] == 'a/b'",
            "expression: Invalid value: \"resource['environment'] == 'a/b'\": a condition must read an attribute of resource; allowed: environment",
        ),
        (
            json!(["logs:view"]),
            "resource.environment",
            "expression: Invalid value: \"resource.environment\": a condition must be true or false, this is dyn",
        ),
        (
            json!(["logs:view"]),
            "request.environment == ''",
            "expression: Invalid value: \"request.environment == ''\": ERROR: <input>:1:1: undeclared reference to 'request' (in container '')\n | request.environment == ''\n | ^",
        ),
        (json!([]), environment, "actions: Required value: a condition has actions and an expression"),
        (json!(["logs:view"]), "", "expression: Required value: a condition has actions and an expression"),
    ] {
        let expected: Vec<String> = if expected.is_empty() { Vec::new() } else { vec![format!("{start}{expected}")] };
        for kind in ["AuthzRoleBinding", "ClusterAuthzRoleBinding"] {
            assert_eq!(said(kind, &binding(actions.clone(), expression)), expected, "{actions} {expression}");
        }
    }
}

#[test]
fn what_a_release_froze_is_right_by_itself() {
    let template = |data: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "${metadata.name}"}, "data": {"a": data}});
    let mut spec = release(&json!({"tier": "gold"}));
    spec["componentType"]["kind"] = json!("ClusterComponentType");
    spec["componentType"]["spec"]["resources"] = json!([
        {"id": "deployment", "template": {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}}},
        {"id": "config", "template": template("${parameters.teir}")},
    ]);
    spec["traits"] =
        json!([{"kind": "ClusterTrait", "name": "t", "spec": {"creates": [{"template": template("${nothing}")}]}}]);
    let told = said("ComponentRelease", &spec);
    let told: Vec<&str> = told.iter().map(|text| text.split(": ERROR").next().unwrap_or_default()).collect();
    assert_eq!(
        told,
        [
            "spec.componentType.spec.resources[1].template[data][a]: Invalid value: \"${parameters.teir}\": invalid CEL expression 'parameters.teir': type check error",
            "spec.traits[0].spec.creates[0].template[data][a]: Invalid value: \"${nothing}\": invalid CEL expression 'nothing': type check error",
        ]
    );
    let object = json!({"metadata": {"name": "x"}, "spec": spec});
    let mut changed = object.clone();
    changed["spec"]["owner"] = json!({});
    assert_eq!(judge("ComponentRelease", Some(&changed), &object), super::Verdict::default());
}

#[test]
fn a_release_of_a_resource_fits_its_type() {
    let spec = |parameters: Value, text: &str| {
        json!({
            "resourceType": {"kind": "ResourceType", "name": "db", "spec": {
                "parameters": {"openAPIV3Schema": {"type": "object", "required": ["size"], "properties": {"size": {"type": "string"}}}},
                "resources": [{"id": "a", "template": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "${metadata.name}"}, "data": {"a": text}}}],
            }},
            "parameters": parameters,
        })
    };
    assert_eq!(said("ResourceRelease", &spec(json!({"size": "1Gi"}), "${parameters.size}")), [] as [String; 0]);
    assert_eq!(
        said("ResourceRelease", &spec(Value::Null, "${parameters.size}")),
        ["spec.parameters: Invalid value: parameters do not match ResourceType schema: .size is required"]
    );
    let told = said("ResourceRelease", &spec(json!({"size": "1Gi"}), "${parameters.sice}"));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("spec.resourceType.spec.resources[0].template[data][a]: Invalid value: "), "{told:?}");
}

#[test]
fn a_pipeline_may_be_given_by_its_bare_name() {
    let completed = |reference: Value| {
        let mut object = json!({"spec": {"deploymentPipelineRef": reference}});
        complete("Project", None, &mut object);
        object["spec"]["deploymentPipelineRef"].clone()
    };
    assert_eq!(completed(json!("default")), json!({"kind": "DeploymentPipeline", "name": "default"}));
    assert_eq!(completed(json!({"kind": "", "name": "a"})), json!({"kind": "DeploymentPipeline", "name": "a"}));
    assert_eq!(completed(json!({"name": "a"})), json!({"name": "a"}));
    assert_eq!(completed(json!(7)), json!(7));
}
