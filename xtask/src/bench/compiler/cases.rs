//! What is compiled: recorded cases where they are, the repository's own types elsewhere.

use anyhow::{Context, Result};
use compiler::input::ComponentInput;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

use crate::golden::component::Case;
use crate::tidy;

/// The recorded cases with figures of v1.2.
const SIMPLE: &str = "363-bench-simple.json";
const THREE_TRAITS: &str = "364-bench-three-traits.json";

/// How often a type's resources are repeated until there are twenty.
const RESOURCES: usize = 20;

/// What the cases are called.
pub(super) const ONE: &str = "one simple component";
pub(super) const THREE: &str = "three trait instances";
pub(super) const TWENTY: &str = "twenty resources";

/// Inputs of the component pipeline, as JSON.
pub(super) struct Inputs {
    /// Those that are timed.
    timed: Vec<(&'static str, Value)>,
    /// Those whose types' expressions are measured one by one.
    samples: Vec<Value>,
    missing: Vec<String>,
}

/// A case and what it is called.
pub(super) struct Named<'v> {
    pub(super) name: String,
    case: Case<'v>,
}

impl Named<'_> {
    pub(super) fn input(&self) -> ComponentInput<'_> {
        self.case.input()
    }
}

impl Inputs {
    /// The recorded cases, or one of the repository's own.
    pub(super) fn find() -> Result<Self> {
        let root = tidy::root();
        let fixtures = std::env::var_os("OPENCHOREO_FIXTURES").map_or(root.join("../shared/fixtures"), PathBuf::from);
        let folder = fixtures.join("golden/render/component");
        let (simple, traits, samples, missing) = if folder.join(SIMPLE).is_file() {
            let mut samples = Vec::new();
            for path in crate::golden::cases(&folder)? {
                if path.file_name().is_some_and(|name| name.to_string_lossy().contains("-sample-")) {
                    samples.push(input(&path)?);
                }
            }
            (input(&folder.join(SIMPLE))?, Some(input(&folder.join(THREE_TRAITS))?), samples, Vec::new())
        } else {
            let own = own(&root)?;
            let why = format!("three trait instances: {} is not there (set OPENCHOREO_FIXTURES)", folder.display());
            (own.clone(), None, vec![own], vec![why])
        };
        let mut timed = vec![(ONE, simple.clone())];
        timed.extend(traits.map(|traits| (THREE, traits)));
        timed.push((TWENTY, repeated(simple)?));
        Ok(Self { timed, samples, missing })
    }

    /// The cases that are timed.
    pub(super) fn read(&self) -> Result<Vec<Named<'_>>> {
        self.timed.iter().map(|(name, json)| Ok(Named { name: (*name).to_owned(), case: Case::read(json)? })).collect()
    }

    /// The cases whose expressions are measured.
    pub(super) fn samples(&self) -> Result<Vec<Case<'_>>> {
        self.samples.iter().map(Case::read).collect()
    }

    /// What is not there.
    pub(super) fn missing(&self) -> &[String] {
        &self.missing
    }
}

fn input(path: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let mut case: Value = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
    Ok(case["input"].take())
}

/// The same component with as many resources of its type as there shall be, each with a name of its own.
fn repeated(mut case: Value) -> Result<Value> {
    let resources = case.pointer_mut("/componentType/spec/resources").and_then(Value::as_array_mut);
    let resources = resources.context("the type has no resources")?;
    let single: Vec<Value> = resources.iter().filter(|resource| resource.get("forEach").is_none()).cloned().collect();
    *resources = (0..RESOURCES)
        .zip(single.iter().cycle())
        .map(|(at, resource)| {
            let mut resource = resource.clone();
            resource["id"] = json!(format!("resource-{at}"));
            resource["template"]["metadata"]["name"] = json!(format!("${{metadata.name}}-{at}"));
            resource
        })
        .collect();
    Ok(case)
}

/// A service of the repository's own platform, in the form of a recorded case.
fn own(root: &Path) -> Result<Value> {
    let path = root.join("platform/service.yaml");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let documents: Vec<Value> = serde_saphyr::from_multiple(&text).with_context(|| path.display().to_string())?;
    let service = documents.into_iter().find(|object| object["kind"] == "ClusterComponentType");
    let service = service.with_context(|| format!("{} holds no ClusterComponentType", path.display()))?;
    let labels = json!({"openchoreo.dev/component": "app", "openchoreo.dev/project": "demo"});
    Ok(json!({
        "componentType": {"metadata": {"name": "deployment/service"}, "spec": service["spec"]},
        "component": {"spec": {"parameters": {}}},
        "workload": {"spec": {
            "container": {"image": "registry.example.com/app:1", "env": [{"key": "LOG_LEVEL", "value": "info"}]},
            "endpoints": {"http": {"type": "HTTP", "port": 8080, "visibility": ["external"]}},
        }},
        "environment": {"spec": {}},
        "dataPlane": {"spec": {"gateway": {"ingress": {"external": {
            "name": "gateway", "namespace": "gateways", "http": {"host": "example.com", "port": 80},
        }}}}},
        "metadata": {
            "name": "app-development-1", "namespace": "dp-default", "componentNamespace": "default",
            "componentName": "app", "componentUID": "u1", "projectName": "demo", "projectUID": "u2",
            "dataPlaneName": "default", "dataPlaneUID": "u3", "environmentName": "development",
            "environmentUID": "u4", "labels": labels, "annotations": {}, "podSelectors": labels,
        },
    }))
}
