//! Origins of recorded cases: every field has one, and without what it names the field is another or comes from
//! elsewhere.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use compiler::Compiler;
use compiler::origins::{Given, Origin, Origins, Writer, parse_path};
use compiler::template::Segment;
use serde_json::{Value, json};

use super::component::Case;

/// Fields of a case whose origins are taken away.
const SAMPLE: usize = 4;

/// Value and origin of each field, by manifest and path.
type Leaves = BTreeMap<String, (Value, Origin)>;

/// Checks some fields of a case, spread over its manifests.
pub(super) fn check(case: &Value) -> Result<()> {
    let compiler = Compiler::new();
    let Some(before) = leaves(&compiler, case)? else { bail!("with origins it does not compile") };
    for (key, (value, origin)) in before.iter().step_by((before.len() / SAMPLE).max(1)) {
        for less in without(case, origin).with_context(|| format!("{key}: {origin:?}"))? {
            // What no longer compiles has no such field either.
            let Some(after) = leaves(&compiler, &less)? else { continue };
            if after.get(key).is_some_and(|(now, from)| now == value && from == origin) {
                bail!("{key} is still {value} without its origin {origin:?}");
            }
        }
    }
    Ok(())
}

/// Every leaf of every manifest has an origin, and a manifest with notes reads back as what it is.
pub(super) fn complete<'v>(origins: &Origins, manifests: impl Iterator<Item = &'v Value>) -> Result<()> {
    for (at, object) in manifests.enumerate() {
        let leaves = origins.leaves(at, object);
        if let Some((path, _)) = leaves.iter().find(|(_, origin)| origin.is_none()) {
            bail!("no origin: {} {path:?}", object["kind"]);
        }
        let notes = origins.annotated(at, object);
        let read: Value = serde_saphyr::from_str(&notes).with_context(|| notes.clone())?;
        if let Some(difference) = super::compare::difference("manifest", object, &read) {
            bail!("with notes it reads differently: {difference}\n{notes}");
        }
    }
    Ok(())
}

fn leaves(compiler: &Compiler, case: &Value) -> Result<Option<Leaves>> {
    let Ok(case) = Case::read(case) else { return Ok(None) };
    let Ok((rendered, origins)) = compiler.component_with_origins(&case.input()) else { return Ok(None) };
    let mut leaves = Leaves::new();
    let mut seen = BTreeMap::<String, usize>::new();
    for (at, resource) in rendered.resources.iter().enumerate() {
        let object = &resource.object;
        let name = format!("{} {}", object["kind"], object["metadata"]["name"]);
        let number = seen.entry(name.clone()).or_default();
        *number += 1;
        for (path, origin) in origins.leaves(at, object) {
            let value = path.iter().fold(object, |value, segment| match segment {
                Segment::Key(key) => &value[&**key],
                Segment::Index(at) => &value[at],
            });
            let key = format!("{name} #{number} {path:?}");
            let origin = origin.with_context(|| format!("no origin: {key}"))?;
            leaves.insert(key, (value.clone(), origin));
        }
    }
    Ok(Some(leaves))
}

/// The case without the line of an origin, and without each parameter that its expression read.
fn without(case: &Value, origin: &Origin) -> Result<Vec<Value>> {
    let mut all = Vec::new();
    let line = origin.place.path.strip_prefix("spec.").unwrap_or_default();
    let mut less = case.clone();
    let (_, object) = origin.place.object.split_once(' ').unwrap_or_default();
    let (name, instance) = object.split_once('/').unwrap_or_default();
    match &origin.writer {
        Writer::BuiltIn("standard labels") => less["metadata"]["labels"] = json!({}),
        Writer::BuiltIn(_) => less["componentType"]["spec"]["workloadType"] = json!("job"),
        Writer::Template => remove(&mut less["componentType"]["spec"], line)?,
        Writer::TraitCreate => remove(spec_of(&mut less, name)?, line)?,
        Writer::TraitPatch => {
            let operation: String = line.split_inclusive(']').take(2).collect();
            remove(spec_of(&mut less, name)?, &operation)?;
        }
    }
    all.push(less);
    for read in &origin.reads {
        let Some((root, field)) = read.path.split_once('.') else { continue };
        let mut less = case.clone();
        let values = match (read.given, &origin.writer) {
            (Given::Parameter, Writer::Template) => less.pointer_mut("/component/spec/parameters"),
            (Given::Parameter, _) => of_instance(less.pointer_mut("/component/spec/traits"), instance, root),
            (Given::Bound, _) => of_instance(less.pointer_mut("/componentType/spec/traits"), instance, root),
            (Given::EnvironmentConfig, Writer::Template) => {
                less.pointer_mut("/releaseBinding/spec/componentTypeEnvironmentConfigs")
            }
            (Given::Workload, _) => less.pointer_mut("/workload/spec"),
            _ => None,
        };
        let Some(values) = values else { continue };
        // What is told of the workload may be made from other fields of it: the ports of a service.
        if remove(values, field).is_err() && read.given == Given::Workload {
            continue;
        }
        all.push(less);
    }
    Ok(all)
}

/// What an instance of a trait is given.
fn of_instance<'v>(traits: Option<&'v mut Value>, instance: &str, root: &str) -> Option<&'v mut Value> {
    let mut traits = traits.and_then(Value::as_array_mut).into_iter().flatten();
    traits.find(|used| used["instanceName"] == instance)?.get_mut(root)
}

fn spec_of<'v>(case: &'v mut Value, name: &str) -> Result<&'v mut Value> {
    let traits = case["traits"].as_array_mut().into_iter().flatten();
    let found = traits.into_iter().find(|source| source["metadata"]["name"] == name);
    Ok(&mut found.with_context(|| format!("there is no trait {name}"))?["spec"])
}

/// Takes out what stands at a path, or the nearest thing around it: an expression gives all that is in its value.
fn remove(value: &mut Value, path: &str) -> Result<()> {
    let path = parse_path(path).with_context(|| format!("{path} is no path"))?;
    let mut node = value;
    for (at, segment) in path.iter().enumerate() {
        let next = path.get(at + 1);
        let inside = match (segment, &*node) {
            (Segment::Key(key), Value::Object(entries)) => entries.get(&**key),
            (Segment::Index(at), Value::Array(items)) => items.get(*at),
            _ => None,
        };
        let inside = inside.with_context(|| format!("nothing at {segment:?}"))?;
        if next.is_some() && (inside.is_object() || inside.is_array()) {
            node = match segment {
                Segment::Key(key) => &mut node[&**key],
                Segment::Index(at) => &mut node[at],
            };
            continue;
        }
        match segment {
            Segment::Key(key) => drop(node.as_object_mut().and_then(|entries| entries.remove(&**key))),
            Segment::Index(at) => drop(node.as_array_mut().map(|items| items.remove(*at))),
        }
        return Ok(());
    }
    bail!("the path is empty")
}
