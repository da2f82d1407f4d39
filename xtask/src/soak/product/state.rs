//! All that a server keeps, without what differs from run to run: identifiers, times, addresses, chosen names.

use super::containers::Engine;
use super::place::Place;
use anyhow::{Context, Result};
use kube::Client;
use kube::api::{Api, DynamicObject, ListParams};
use kube::discovery::{Discovery, verbs};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Kinds that tell what happened and when, or was measured, not what is.
const HISTORY: &[&str] = &["Event", "Lease", "Node", "NodeMetrics", "PodMetrics"];
/// Annotations made of identifiers.
const OF_IDENTIFIERS: &[&str] = &[model::annotations::DATA_PLANE_RESOURCE_HASH, "openchoreo.dev/applied-hash"];

/// One line per object, container, network, address and folder, as text that can be compared.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in super::super) struct State(BTreeMap<String, usize>);

impl State {
    /// Looks at everything.
    pub(in super::super) async fn of(client: &Client, engine: &Engine, place: &Place) -> Result<Self> {
        let objects = objects(client).await?;
        let names = Names::of(&objects);
        let mut state = Self::default();
        let mut pods = BTreeSet::new();
        let mut addresses = BTreeSet::new();
        for object in &objects {
            if object["kind"] == "Pod" {
                pods.insert(object["metadata"]["uid"].as_str().unwrap_or_default().to_owned());
            }
            if object["kind"] == "Service" {
                addresses.extend(
                    object["spec"]["clusterIP"]
                        .as_str()
                        .filter(|ip| *ip != "None" && !ip.is_empty())
                        .map(str::to_owned),
                );
            }
            let mut object = object.clone();
            names.normalise(&mut object);
            state.add(format!("object {object}"));
        }
        for container in engine.containers().await? {
            let pod = names.known(&container.pod);
            state.add(format!("container {}/{pod}/{} {}", container.namespace, container.name, container.state));
        }
        for network in engine.networks().await? {
            state.add(format!("network {network}"));
        }
        let instance = place.instance()?;
        for (what, folder) in
            [("files", place.data().join("node/pods")), ("memory", format!("/dev/shm/node-{instance}").into())]
        {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                let of = if pods.contains(&name) { "a pod".to_owned() } else { format!("no pod: {name}") };
                state.add(format!("{what} of {of}"));
            }
        }
        for address in interface(&instance)? {
            let of = if addresses.remove(&address) { "a Service" } else { "no Service" };
            state.add(format!("address of {of}"));
        }
        for _ in addresses {
            state.add("Service without its address".to_owned());
        }
        for rule in rules(&instance)? {
            state.add(rule);
        }
        Ok(state)
    }

    fn add(&mut self, line: String) {
        *self.0.entry(line).or_default() += 1;
    }

    /// How many things there are.
    pub(in super::super) fn len(&self) -> usize {
        self.0.values().sum()
    }

    /// What is other than wanted: where an object is there on both sides, the members that differ.
    pub(in super::super) fn differences(&self, wanted: &Self) -> Vec<String> {
        let lines: BTreeSet<&String> = self.0.keys().chain(wanted.0.keys()).collect();
        let mut objects: BTreeMap<String, (Vec<Value>, Vec<Value>)> = BTreeMap::new();
        let mut told = Vec::new();
        for line in lines {
            let (here, there) = (self.0.get(line).copied().unwrap_or(0), wanted.0.get(line).copied().unwrap_or(0));
            if here == there {
                continue;
            }
            let object = line.strip_prefix("object ").and_then(|text| serde_json::from_str::<Value>(text).ok());
            if let Some(object) = object {
                let (is, was) = objects.entry(head(&object)).or_default();
                if here > there { is } else { was }.extend(std::iter::repeat_n(object, here.abs_diff(there)));
            } else if here > there {
                told.push(format!("{} more: {line}", here - there));
            } else {
                told.push(format!("{} missing: {line}", there - here));
            }
        }
        for (head, (is, was)) in objects {
            for at in 0..is.len().max(was.len()) {
                match (is.get(at), was.get(at)) {
                    (Some(is), Some(was)) => {
                        let mut members = Vec::new();
                        differing(is, was, "", &mut members);
                        told.push(format!("{head}: {}", members.join("; ")));
                    }
                    (Some(is), None) => told.push(format!("more: {head}: {is}")),
                    (None, Some(_)) => told.push(format!("missing: {head}")),
                    (None, None) => {}
                }
            }
        }
        told
    }
}

fn head(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let meta = &object["metadata"];
    format!("{} {}/{}", text(&object["kind"]), text(&meta["namespace"]), text(&meta["name"]))
}

fn differing(is: &Value, was: &Value, path: &str, told: &mut Vec<String>) {
    match (is, was) {
        (Value::Object(here), Value::Object(there)) => {
            let names: BTreeSet<&String> = here.keys().chain(there.keys()).collect();
            for name in names {
                let (here, there) = (here.get(name).unwrap_or(&Value::Null), there.get(name).unwrap_or(&Value::Null));
                differing(here, there, &format!("{path}.{name}"), told);
            }
        }
        (Value::Array(here), Value::Array(there)) if here.len() == there.len() => {
            for (at, (here, there)) in here.iter().zip(there).enumerate() {
                differing(here, there, &format!("{path}[{at}]"), told);
            }
        }
        _ if is == was => {}
        _ => told.push(format!("{} is {is}, not {was}", path.trim_start_matches('.'))),
    }
}

/// Every object that can be listed.
async fn objects(client: &Client) -> Result<Vec<Value>> {
    let discovery = Discovery::new(client.clone()).run().await.context("cannot discover the kinds")?;
    let mut all = Vec::new();
    for group in discovery.groups() {
        for (resource, capabilities) in group.recommended_resources() {
            if !capabilities.supports_operation(verbs::LIST) || HISTORY.contains(&resource.kind.as_str()) {
                continue;
            }
            let api: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
            let listed = api.list(&ListParams::default()).await.with_context(|| resource.plural.clone())?;
            for object in listed {
                let mut object = serde_json::to_value(object)?;
                object["apiVersion"] = resource.api_version.clone().into();
                object["kind"] = resource.kind.clone().into();
                all.push(object);
            }
        }
    }
    Ok(all)
}

/// What identifiers and chosen names stand for.
struct Names {
    /// By UID: kind and name.
    identifiers: BTreeMap<String, String>,
    /// By chosen name: what it was made from.
    chosen: BTreeMap<String, String>,
}

impl Names {
    fn of(objects: &[Value]) -> Self {
        let mut chosen = BTreeMap::new();
        for object in objects.iter().filter(|object| object["kind"] == "ReplicaSet") {
            // Its name has a hash of labels that hold identifiers.
            let meta = &object["metadata"];
            let revision = &meta["annotations"]["deployment.kubernetes.io/revision"];
            let owner = meta["ownerReferences"][0]["name"].as_str().unwrap_or_default();
            let hash = meta["labels"]["pod-template-hash"].as_str().unwrap_or_default();
            if let (Some(name), Some(revision)) = (meta["name"].as_str(), revision.as_str()) {
                chosen.insert(name.to_owned(), format!("{owner}-r{revision}"));
                chosen.insert(hash.to_owned(), format!("r{revision}"));
            }
        }
        for object in objects {
            let meta = &object["metadata"];
            if let (Some(name), Some(prefix)) = (meta["name"].as_str(), meta["generateName"].as_str()) {
                let made = chosen.get(prefix.trim_end_matches('-')).map(|known| format!("{known}-"));
                chosen.insert(name.to_owned(), format!("{}*", made.unwrap_or_else(|| prefix.to_owned())));
            }
        }
        for object in objects.iter().filter(|object| object["kind"] == "EndpointSlice") {
            let meta = &object["metadata"];
            let service = meta["labels"]["kubernetes.io/service-name"].as_str().unwrap_or_default();
            let name = meta["name"].as_str().unwrap_or_default();
            chosen.insert(name.to_owned(), format!("{service}-*"));
        }
        let prefixes: Vec<(String, String)> =
            chosen.iter().map(|(name, made)| (format!("{name}-"), format!("{made}-"))).collect();
        chosen.extend(prefixes);
        let identifiers = objects.iter().filter_map(|object| {
            let meta = &object["metadata"];
            let name = meta["name"].as_str()?;
            let known = chosen.get(name).map_or(name, String::as_str);
            Some((meta["uid"].as_str()?.to_owned(), format!("<{} {known}>", object["kind"].as_str()?)))
        });
        Self { identifiers: identifiers.collect(), chosen }
    }

    fn known<'n>(&'n self, name: &'n str) -> &'n str {
        self.chosen.get(name).map_or(name, String::as_str)
    }

    fn normalise(&self, object: &mut Value) {
        let generation = object["metadata"]["generation"].clone();
        if let Some(meta) = object["metadata"].as_object_mut() {
            for member in ["uid", "resourceVersion", "creationTimestamp", "managedFields", "generation"] {
                meta.remove(member);
            }
        }
        self.walk(object, &generation);
    }

    fn walk(&self, value: &mut Value, generation: &Value) {
        match value {
            Value::String(text) => {
                if let Some(word) = self.word(text) {
                    *text = word;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.walk(item, generation)),
            Value::Object(members) => {
                if let Some(seen) = members.get_mut("observedGeneration") {
                    *seen = if seen == generation { "the newest".into() } else { "an older one".into() };
                }
                members.retain(|name, _| !OF_IDENTIFIERS.contains(&name.as_str()));
                let renamed: Vec<(String, String)> =
                    members.keys().filter_map(|name| Some((name.clone(), self.word(name)?))).collect();
                for (name, word) in renamed {
                    if let Some(member) = members.remove(&name) {
                        members.insert(word, member);
                    }
                }
                self.members(members, generation);
            }
            _ => {}
        }
    }

    fn members(&self, members: &mut Map<String, Value>, generation: &Value) {
        for (name, member) in members.iter_mut() {
            match (name.as_str(), &member) {
                // The node gives them as it likes.
                ("podIP" | "hostIP" | "clusterIP" | "containerID", Value::String(_)) => *member = "<one>".into(),
                ("podIPs" | "hostIPs" | "clusterIPs" | "addresses", Value::Array(_)) => *member = "<some>".into(),
                _ => self.walk(member, generation),
            }
        }
    }

    /// What stands for this text, where it differs from run to run.
    fn word(&self, text: &str) -> Option<String> {
        if let Some(known) = self.identifiers.get(text).or_else(|| self.chosen.get(text)) {
            return Some(known.clone());
        }
        // Messages quote names.
        if text.contains('"') {
            let words: Vec<&str> = text.split('"').map(|word| self.known(word)).collect();
            return Some(words.join("\""));
        }
        if is_identifier(text) {
            return Some("<identifier>".to_owned());
        }
        text.parse::<jiff::Timestamp>().ok().map(|_| "<time>".to_owned())
    }
}

fn is_identifier(text: &str) -> bool {
    text.len() == 36
        && text
            .char_indices()
            .all(|(at, letter)| if matches!(at, 8 | 13 | 18 | 23) { letter == '-' } else { letter.is_ascii_hexdigit() })
}

/// The addresses on the interface for Services, without that of names.
fn interface(instance: &str) -> Result<BTreeSet<String>> {
    let mut name = format!("svc-{instance}");
    name.truncate(15);
    let told = output("ip", &["-o", "-4", "addr", "show", "dev", &name])?;
    let words = told.lines().filter_map(|line| line.split_whitespace().nth(3)?.split('/').next().map(str::to_owned));
    Ok(words.filter(|address| !address.ends_with(".255.255")).collect())
}

/// The routing rules of the installation.
fn rules(instance: &str) -> Result<Vec<String>> {
    let places = node::network::rule_priorities(instance);
    let told = output("ip", &["rule"])?;
    let ours = told.lines().filter(|line| {
        line.split(':')
            .next()
            .and_then(|number| number.parse().ok())
            .is_some_and(|number: u32| places.contains(&number))
    });
    Ok(ours.map(|line| format!("rule {}", line.split_once(':').map_or(line, |(_, rule)| rule.trim()))).collect())
}

fn output(program: &str, words: &[&str]) -> Result<String> {
    let output = Command::new(program).args(words).output().with_context(|| format!("cannot start {program}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
