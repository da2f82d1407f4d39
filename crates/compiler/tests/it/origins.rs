use std::collections::BTreeMap;

use compiler::Compiler;
use compiler::origins::{Given, Origin, Writer, parse_path};
use compiler::template::Segment;
use rstest::rstest;
use serde_json::{Value, json};

use crate::sample::Sample;

#[test]
fn every_field_says_where_it_came_from() {
    let (rendered, origins) = Sample::new().compile_with_origins(&Compiler::new()).unwrap();
    let notes: String = rendered
        .resources
        .iter()
        .enumerate()
        .map(|(at, resource)| format!("{}\n{}\n", resource.object["kind"], origins.annotated(at, &resource.object)))
        .collect();
    insta::assert_snapshot!(notes);
}

#[test]
fn one_sentence_explains_a_field() {
    let (rendered, origins) = Sample::new().compile_with_origins(&Compiler::new()).unwrap();
    let explain = |at: usize, path: &str| origins.explain(at, &rendered.resources[at].object, path).map(|e| e.sentence);
    insta::assert_snapshot!(
        [
            explain(0, "data.level"),
            explain(1, "spec.replicas"),
            explain(1, "spec.template.spec.volumes[0].name"),
            explain(1, "spec.template.spec.containers[0].tty"),
            explain(1, r#"spec.template.metadata.annotations["openchoreo.dev/dp-resource-hash"]"#),
            explain(2, "spec.size"),
        ]
        .map(|sentence| sentence.unwrap_or_else(|| "nothing".to_owned()))
        .join("\n")
    );
    assert_eq!(explain(0, "data.none"), None);
    assert_eq!(explain(0, "..["), None);
}

/// Value and origin of each leaf, by kind and name of the manifest and the path in it.
type Leaves = BTreeMap<String, (Value, String, Option<Origin>)>;

fn leaves(sample: &Sample) -> Option<Leaves> {
    let (rendered, origins) = sample.compile_with_origins(&Compiler::new()).ok()?;
    let mut leaves = Leaves::new();
    for (at, resource) in rendered.resources.iter().enumerate() {
        let object = &resource.object;
        for (path, origin) in origins.leaves(at, object) {
            let value = path.iter().fold(object, |value, segment| match segment {
                Segment::Key(key) => &value[&**key],
                Segment::Index(at) => &value[at],
            });
            let key = format!("{} {} {path:?}", object["kind"], object["metadata"]["name"]);
            leaves.insert(key, (value.clone(), format!("{origin:?}"), origin));
        }
    }
    Some(leaves)
}

/// Takes out what stands at a path.
fn remove(value: &mut Value, path: &str) {
    let path = parse_path(path).unwrap();
    let (last, parents) = path.split_last().unwrap();
    let parent = parents.iter().fold(value, |value, segment| match segment {
        Segment::Key(key) => &mut value[&**key],
        Segment::Index(at) => &mut value[at],
    });
    match last {
        Segment::Key(key) => drop(parent.as_object_mut().unwrap().remove(&**key).unwrap()),
        Segment::Index(at) => drop(parent.as_array_mut().unwrap().remove(*at)),
    }
}

/// The sample without what an origin names: without its line, and without each value that its expression read.
fn without(sample: &Sample, origin: &Origin) -> Vec<Sample> {
    let line = origin.place.path.strip_prefix("spec.").unwrap_or_default();
    let of_trait = origin.place.object.starts_with("Trait ");
    let mut all = Vec::new();
    let mut less = |take: &dyn Fn(&mut Sample)| {
        let mut sample = sample.clone();
        take(&mut sample);
        all.push(sample);
    };
    match &origin.writer {
        Writer::BuiltIn("standard labels") => less(&|sample| sample.labels.clear()),
        Writer::BuiltIn(_) => less(&|sample| sample.type_spec["workloadType"] = json!("job")),
        Writer::Template => less(&|sample| remove(&mut sample.type_spec, line)),
        Writer::TraitCreate => less(&|sample| remove(&mut sample.trait_specs[0].1, line)),
        Writer::TraitPatch => {
            let operation = line.split_inclusive(']').take(2).collect::<String>();
            less(&|sample| remove(&mut sample.trait_specs[0].1, &operation));
        }
    }
    for read in &origin.reads {
        let (root, field) = read.path.split_once('.').unwrap();
        match read.given {
            Given::Parameter if of_trait => {
                less(&|sample| remove(sample.traits[0].parameters.as_mut().unwrap(), field));
            }
            Given::Parameter => less(&|sample| remove(&mut sample.parameters, field)),
            Given::EnvironmentConfig => less(&|sample| remove(&mut sample.environment_configs, field)),
            Given::Default => {
                let default = format!("{root}.openAPIV3Schema.properties.{field}.default");
                less(&|sample| remove(&mut sample.type_spec, &default));
            }
            Given::Workload => less(&|sample| remove(&mut sample.workload, field)),
            _ => {}
        }
    }
    all
}

#[test]
fn without_what_an_origin_names_the_field_is_another_or_comes_from_elsewhere() {
    let mut sample = Sample::new();
    sample.environment_configs = json!({"cpu": "2"});
    for sample in [Sample::new(), sample] {
        let before = leaves(&sample).unwrap();
        let mut tried = 0;
        for (key, (value, told, origin)) in &before {
            let origin = origin.as_ref().unwrap_or_else(|| panic!("{key} has no origin"));
            for less in without(&sample, origin) {
                tried += 1;
                // What no longer compiles has no such field either.
                let Some(after) = leaves(&less) else { continue };
                let same = after.get(key).is_some_and(|(now, origin, _)| now == value && origin == told);
                assert!(!same, "{key} is still {value}, from {told}");
            }
        }
        assert!(tried > before.len(), "{tried}");
    }
}

/// A sample whose ConfigMap is made by one expression.
fn with_data(data: &Value) -> Sample {
    let mut sample = Sample::new();
    sample.type_spec["resources"][1]["template"]["data"] = data.clone();
    sample.type_spec["parameters"]["openAPIV3Schema"]["properties"]["limits"] = json!({"type": "object", "default": {}, "properties": {"cpu": {"type": "string"}, "memory": {"type": "string", "default": "1Gi"}}});
    sample.type_spec["parameters"]["openAPIV3Schema"]["properties"]["ports"] = json!({"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}, "port": {"type": "string"}}}});
    sample.parameters = json!({
        "replicas": 2, "limits": {"cpu": "2"},
        "ports": [{"name": "http", "port": "80"}, {"name": "metrics", "port": "9090"}],
    });
    sample
}

#[rstest]
#[case::a_map_as_it_is("${parameters.limits}", "cpu", &["parameters.limits.cpu is a parameter that was given"])]
#[case::a_default_in_it("${parameters.limits}", "memory", &["parameters.limits.memory is a default of the schema"])]
#[case::a_map_made_here("${{'a': parameters.level, 'b': metadata.name}}", "a", &["parameters.level is a default of the schema"])]
#[case::a_merge("${oc_merge(parameters.limits, {'cpu': environmentConfigs.cpu})}", "cpu", &["environmentConfigs.cpu is a default of the schema"])]
#[case::the_other_side_of_a_merge("${oc_merge(parameters.limits, {'gpu': environmentConfigs.cpu})}", "cpu", &["parameters.limits.cpu is a parameter that was given"])]
#[case::a_loop("${parameters.ports.transformMapEntry(i, p, {p.name: p.port})}", "metrics",
    &["parameters.ports[1].name is a parameter that was given", "parameters.ports[1].port is a parameter that was given"])]
#[case::the_branch_that_was_taken("${parameters.level == 'debug' ? {'x': parameters.limits.cpu} : {'x': parameters.limits.memory}}", "x",
    &["parameters.level is a default of the schema", "parameters.limits.memory is a default of the schema"])]
#[case::what_is_not_there("${{'x': parameters.?size.orValue('none')}}", "x", &["parameters.size is not given"])]
#[case::what_the_workload_says("${{'x': workload.endpoints.http.type}}", "x", &["workload.endpoints.http.type is the workload's"])]
#[case::no_variable("${{'x': 'y'}}", "x", &[])]
fn the_origin_reaches_into_the_value_of_an_expression(
    #[case] expression: &str,
    #[case] key: &str,
    #[case] expected: &[&str],
) {
    let sample = with_data(&json!(expression));
    let (rendered, origins) = sample.compile_with_origins(&Compiler::new()).unwrap();
    assert_eq!(rendered.resources[0].object["kind"], "ConfigMap");
    let origin = origins.of(0, &[Segment::Key("data".into()), Segment::Key(key.into())]).unwrap();
    let reads: Vec<String> = origin.reads.iter().map(|read| format!("{} is {}", read.path, read.given)).collect();
    assert_eq!(reads, expected);
}

#[test]
fn a_loops_item_is_told_by_what_the_loop_runs_over() {
    let mut sample = with_data(&json!({"port": "${string(e.value.port)}", "name": "${e.key}"}));
    sample.type_spec["resources"][1]["forEach"] =
        json!("${workload.endpoints.transformMap(name, e, e.type == 'HTTP', e)}");
    sample.type_spec["resources"][1]["var"] = json!("e");
    let (rendered, origins) = sample.compile_with_origins(&Compiler::new()).unwrap();
    let told = |field: &str| {
        origins.explain(0, &rendered.resources[0].object, field).unwrap().origin.reads.pop().unwrap().path
    };
    assert_eq!([told("data.port"), told("data.name")], ["workload.endpoints.http.port", "workload.endpoints.http"]);
}

#[test]
fn configuration_is_told_by_name_and_by_who_set_it_last() {
    let mut sample = with_data(&json!(
        "${configurations.toConfigEnvsByContainer()[0].envs.transformMapEntry(i, env, {env.name: env.value})}"
    ));
    sample.workload["container"]["env"] =
        json!([{"key": "LOG_LEVEL", "value": "info"}, {"key": "COLOUR", "value": "red"}]);
    sample.overrides = serde_json::from_value(json!({"env": [{"key": "LOG_LEVEL", "value": "debug"}]})).unwrap();
    let (rendered, origins) = sample.compile_with_origins(&Compiler::new()).unwrap();
    let told = |name: &str| {
        let origin = origins.of(0, &[Segment::Key("data".into()), Segment::Key(name.into())]).unwrap();
        origin.reads.iter().map(|read| format!("{} is {}", read.path, read.given)).collect::<Vec<_>>()
    };
    assert_eq!(rendered.resources[0].object["data"], json!({"LOG_LEVEL": "debug", "COLOUR": "red"}));
    let overridden = "is the environment's override of the workload's configuration";
    assert_eq!(told("LOG_LEVEL"), [format!("container.env[\"LOG_LEVEL\"] {overridden}")]);
    assert_eq!(told("COLOUR"), ["container.env[\"COLOUR\"] is the workload's configuration"]);
}

#[test]
fn what_was_there_before_is_told_field_by_field() {
    let mut sample = with_data(&json!({"a": "${parameters.level}", "b": "fixed", "c": {"d": "${metadata.name}"}}));
    sample.trait_specs[0].1["patches"] = json!([
        {"target": {"kind": "ConfigMap"}, "operations": [
            {"op": "mergeShallow", "path": "/data", "value": {"a": "one", "new": "two"}},
            {"op": "replace", "path": "/data/a", "value": "three"},
            {"op": "add", "path": "/data/c", "value": {"d": "four", "e": "five"}},
        ]},
    ]);
    let (rendered, origins) = sample.compile_with_origins(&Compiler::new()).unwrap();
    let object = &rendered.resources[0].object;
    let explain = |path: &str| origins.explain(0, object, path).unwrap().sentence;
    insta::assert_snapshot!(["data.a", "data.b", "data.new", "data.c.d", "data.c.e"].map(explain).join("\n"));
}

/// What the platform writes over is told also where it was written with all that is around it.
#[test]
fn a_label_that_the_platform_writes_over_tells_the_templates() {
    let mut sample = with_data(&json!({"fixed": "yes"}));
    sample.type_spec["resources"][1]["template"]["metadata"] = json!({
        "name": "config", "labels": {"openchoreo.dev/component": "mine", "tier": "front"},
    });
    let deployment = &mut sample.type_spec["resources"][0]["template"];
    deployment["spec"]["template"]["metadata"] = json!({
        "annotations": {"openchoreo.dev/dp-resource-hash": "mine", "note": "kept"},
    });
    let (rendered, origins) = sample.compile_with_origins(&Compiler::new()).unwrap();
    let explain = |at: usize, path: &str| origins.explain(at, &rendered.resources[at].object, path).unwrap().sentence;
    let annotation = |name: &str| format!("spec.template.metadata.annotations[\"{name}\"]");
    assert_eq!(
        explain(0, r#"metadata.labels["openchoreo.dev/component"]"#),
        "metadata.labels[\"openchoreo.dev/component\"] is \"app\": written by the platform (standard labels); before that by \
         ComponentType deployment/small, spec.resources[1].template.metadata.labels[\"openchoreo.dev/component\"]"
    );
    assert_eq!(
        explain(0, "metadata.labels.tier"),
        "metadata.labels.tier is \"front\": written by ComponentType deployment/small, \
         spec.resources[1].template.metadata.labels.tier"
    );
    let hash = explain(1, &annotation("openchoreo.dev/dp-resource-hash"));
    let before = "written by the platform (resource hash); before that by ComponentType deployment/small, \
                  spec.resources[0].template.spec.template.metadata.annotations[\"openchoreo.dev/dp-resource-hash\"]";
    assert!(hash.ends_with(before), "{hash}");
    let note = explain(1, &annotation("note"));
    assert!(note.ends_with("spec.resources[0].template.spec.template.metadata.annotations.note"), "{note}");
}

#[test]
fn the_network_policy_is_the_platforms() {
    let (rendered, origins) = Sample::new().compile_with_origins(&Compiler::new()).unwrap();
    let at = rendered.resources.len();
    let told = origins.explain(at, &rendered.network_policy, "spec.policyTypes[0]").unwrap();
    assert_eq!(told.sentence, "spec.policyTypes[0] is \"Ingress\": written by the platform (network policy)");
}

/// An expression that is dear to evaluate is not evaluated for ever to find out what a field depends on.
#[test]
fn an_answer_about_a_dear_expression_ends_and_is_coarser() {
    let twenty = "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]";
    let dear = (0..3).fold("p.port".to_owned(), |inner, at| format!("{twenty}.map(v{at}, {inner})[0]"));
    let sample =
        with_data(&json!(format!("${{parameters.ports.transformMapEntry(i, p, {{p.name: string({dear})}})}}")));
    let (rendered, origins) = sample.compile_with_origins(&Compiler::new()).unwrap();
    for (path, origin) in origins.leaves(0, &rendered.resources[0].object) {
        assert!(origin.is_some(), "{path:?}");
    }
}
