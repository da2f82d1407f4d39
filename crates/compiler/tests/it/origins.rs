use std::collections::BTreeMap;

use compiler::Compiler;
use compiler::origins::{Given, Origin, Writer, parse_path};
use compiler::template::Segment;
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
