//! A container's environment and command line: values, references, and `$(NAME)`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{ConfigMap, Container, EnvVarSource, Pod, Secret};
use thiserror::Error;

use super::downward::{Machine, field_value, resource_value};

/// Why a container's configuration cannot be made yet. Never carries a value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum ConfigProblem {
    #[error("{kind} \"{name}\" not found")]
    Missing { kind: &'static str, name: String },
    #[error("couldn't find key {key} in {kind} {namespace}/{name}")]
    MissingKey { kind: &'static str, namespace: String, name: String, key: String },
    #[error("{kind} {namespace}/{name}, key {key}: the value is not text, which an environment variable must be")]
    NotText { kind: &'static str, namespace: String, name: String, key: String },
    #[error(
        "{path}: field {field:?} is not supported; supported are metadata.name, metadata.namespace, metadata.uid, metadata.labels['KEY'], metadata.annotations['KEY'], spec.nodeName, spec.serviceAccountName, status.podIP(s) and status.hostIP(s)"
    )]
    Field { path: String, field: String },
    #[error("persistentvolumeclaim \"{name}\" is not bound yet; its events say why")]
    Unbound { name: String },
    #[error("{0}")]
    Other(String),
    /// What this computer's disk refuses now; it may have room later.
    #[error("{0}")]
    Files(String),
}

/// What references are resolved against.
pub(crate) trait Sources {
    fn config_map(&self, name: &str) -> Option<Arc<ConfigMap>>;
    fn secret(&self, name: &str) -> Option<Arc<Secret>>;
    /// The folder of a PersistentVolumeClaim that is bound.
    fn claim(&self, name: &str) -> Result<PathBuf, ConfigProblem>;
    /// The folders of this computer that pods may be given, with all that is in them.
    fn host_paths(&self) -> &[PathBuf];
    fn machine(&self) -> Machine;
}

/// What the pod's status will say about addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Addresses {
    pub(crate) pod: Vec<String>,
    pub(crate) host: String,
}

/// The environment in the order in which Kubernetes resolves it: `envFrom`, then `env`, the later winning.
pub(crate) fn environment(
    pod: &Pod,
    container: &Container,
    addresses: &Addresses,
    sources: &dyn Sources,
) -> Result<Vec<(String, String)>, ConfigProblem> {
    let mut resolved: BTreeMap<String, String> = BTreeMap::new();
    let mut order: Vec<String> = Vec::new();
    let mut set = |name: String, value: String| {
        if resolved.insert(name.clone(), value).is_none() {
            order.push(name);
        }
    };
    for from in container.env_from.iter().flatten() {
        let prefix = from.prefix.as_deref().unwrap_or_default();
        if let Some(reference) = &from.config_map_ref {
            match sources.config_map(&reference.name) {
                Some(found) => {
                    for (key, value) in found.data.iter().flatten() {
                        set(format!("{prefix}{key}"), value.clone());
                    }
                }
                None if reference.optional == Some(true) => {}
                None => return Err(ConfigProblem::Missing { kind: "configmap", name: reference.name.clone() }),
            }
        }
        if let Some(reference) = &from.secret_ref {
            match sources.secret(&reference.name) {
                Some(found) => {
                    for (key, value) in found.data.iter().flatten() {
                        let text = String::from_utf8(value.0.clone());
                        let text = text.map_err(|_| not_text("secret", pod, &reference.name, key))?;
                        set(format!("{prefix}{key}"), text);
                    }
                }
                None if reference.optional == Some(true) => {}
                None => return Err(ConfigProblem::Missing { kind: "secret", name: reference.name.clone() }),
            }
        }
    }
    let mut values: BTreeMap<String, String> = resolved.clone();
    for (index, variable) in container.env.iter().flatten().enumerate() {
        let value = if let Some(source) = &variable.value_from {
            let path = format!("spec.containers[name={}].env[{index}].valueFrom.fieldRef", container.name);
            match referenced(pod, container, source, &path, addresses, sources)? {
                Some(value) => value,
                None => continue,
            }
        } else {
            expand(variable.value.as_deref().unwrap_or_default(), &values)
        };
        values.insert(variable.name.clone(), value.clone());
        if !order.contains(&variable.name) {
            order.push(variable.name.clone());
        }
    }
    Ok(order.into_iter().filter_map(|name| values.remove(&name).map(|value| (name, value))).collect())
}

/// A container of the pod, of `initContainers` too.
pub(crate) fn container_named(pod: &Pod, name: &str) -> Option<Container> {
    let spec = pod.spec.as_ref()?;
    spec.containers.iter().chain(spec.init_containers.iter().flatten()).find(|one| one.name == name).cloned()
}

fn referenced(
    pod: &Pod,
    container: &Container,
    source: &EnvVarSource,
    path: &str,
    addresses: &Addresses,
    sources: &dyn Sources,
) -> Result<Option<String>, ConfigProblem> {
    if let Some(reference) = &source.config_map_key_ref {
        let optional = reference.optional == Some(true);
        let Some(found) = sources.config_map(&reference.name) else {
            let missing = ConfigProblem::Missing { kind: "configmap", name: reference.name.clone() };
            return if optional { Ok(None) } else { Err(missing) };
        };
        return match found.data.as_ref().and_then(|data| data.get(&reference.key)) {
            Some(value) => Ok(Some(value.clone())),
            None if optional => Ok(None),
            None => Err(missing_key("ConfigMap", pod, &reference.name, &reference.key)),
        };
    }
    if let Some(reference) = &source.secret_key_ref {
        let optional = reference.optional == Some(true);
        let Some(found) = sources.secret(&reference.name) else {
            let missing = ConfigProblem::Missing { kind: "secret", name: reference.name.clone() };
            return if optional { Ok(None) } else { Err(missing) };
        };
        return match found.data.as_ref().and_then(|data| data.get(&reference.key)) {
            Some(value) => match String::from_utf8(value.0.clone()) {
                Ok(text) => Ok(Some(text)),
                Err(_) => Err(not_text("secret", pod, &reference.name, &reference.key)),
            },
            None if optional => Ok(None),
            None => Err(missing_key("Secret", pod, &reference.name, &reference.key)),
        };
    }
    if let Some(selector) = &source.resource_field_ref {
        let of = match selector.container_name.as_deref().filter(|name| !name.is_empty()) {
            None => Ok(container.clone()),
            Some(name) => container_named(pod, name).ok_or_else(|| format!("the pod has no container {name:?}")),
        };
        let told = of.and_then(|of| resource_value(&of, selector, sources.machine()));
        let path = path.replace("fieldRef", "resourceFieldRef");
        return told.map(Some).map_err(|words| ConfigProblem::Other(format!("{path}: {words}")));
    }
    if let Some(reference) = &source.field_ref {
        let field = &reference.field_path;
        let unknown = || ConfigProblem::Field { path: path.to_owned(), field: field.clone() };
        return field_value(pod, field, addresses).map(Some).ok_or_else(unknown);
    }
    Err(ConfigProblem::Other(format!("{path}: names no source")))
}

/// Replaces `$(NAME)` by the variable's value. `$$(NAME)` gives `$(NAME)`; an unknown name stays as it is.
pub(crate) fn expand(text: &str, values: &BTreeMap<String, String>) -> String {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        expanded.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        if let Some(escaped) = after.strip_prefix('$') {
            expanded.push('$');
            rest = escaped;
        } else if let Some((name, tail)) = after.strip_prefix('(').and_then(|inner| inner.split_once(')')) {
            match values.get(name) {
                Some(value) => expanded.push_str(value),
                None => {
                    expanded.push_str("$(");
                    expanded.push_str(name);
                    expanded.push(')');
                }
            }
            rest = tail;
        } else {
            expanded.push('$');
            rest = after;
        }
    }
    expanded.push_str(rest);
    expanded
}

/// Whether the container's environment names the pod's own address, which is known only when its network exists.
pub(crate) fn needs_address(container: &Container) -> bool {
    container.env.iter().flatten().any(|variable| {
        let field = variable.value_from.as_ref().and_then(|source| source.field_ref.as_ref());
        field.is_some_and(|field| field.field_path.starts_with("status.podIP"))
    })
}

fn namespace(pod: &Pod) -> String {
    pod.metadata.namespace.clone().unwrap_or_default()
}

fn missing_key(kind: &'static str, pod: &Pod, name: &str, key: &str) -> ConfigProblem {
    ConfigProblem::MissingKey { kind, namespace: namespace(pod), name: name.to_owned(), key: key.to_owned() }
}

fn not_text(kind: &'static str, pod: &Pod, name: &str, key: &str) -> ConfigProblem {
    ConfigProblem::NotText { kind, namespace: namespace(pod), name: name.to_owned(), key: key.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    struct Given;

    impl Sources for Given {
        fn config_map(&self, name: &str) -> Option<Arc<ConfigMap>> {
            let map = json!({"metadata": {"name": "settings"}, "data": {"A": "1", "B": "2"}});
            (name == "settings").then(|| Arc::new(serde_json::from_value(map).expect("a ConfigMap")))
        }

        fn secret(&self, name: &str) -> Option<Arc<Secret>> {
            let secret = json!({"metadata": {"name": "login"}, "data": {"password": "aHVudGVyMg==", "raw": "/w=="}});
            (name == "login").then(|| Arc::new(serde_json::from_value(secret).expect("a Secret")))
        }

        fn claim(&self, name: &str) -> Result<PathBuf, ConfigProblem> {
            Err(ConfigProblem::Unbound { name: name.to_owned() })
        }

        fn host_paths(&self) -> &[PathBuf] {
            &[]
        }

        fn machine(&self) -> Machine {
            Machine { cpus: 2, memory: 1 << 30 }
        }
    }

    fn resolve(container: Value) -> Result<Vec<(String, String)>, String> {
        let pod = json!({"metadata": {"name": "web-1", "namespace": "shop", "uid": "u", "labels": {"app": "web"}}, "spec": {"containers": [], "nodeName": "here"}});
        let pod: Pod = serde_json::from_value(pod).expect("a Pod");
        let container: Container = serde_json::from_value(container).expect("a Container");
        let addresses = Addresses { pod: vec!["10.0.0.2".to_owned()], host: "192.0.2.1".to_owned() };
        environment(&pod, &container, &addresses, &Given).map_err(|problem| problem.to_string())
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn later_variables_win_and_see_earlier_ones() {
        let resolved = resolve(json!({
            "name": "c",
            "envFrom": [{"prefix": "P_", "configMapRef": {"name": "settings"}}, {"configMapRef": {"name": "none", "optional": true}}],
            "env": [
                {"name": "P_A", "value": "own"},
                {"name": "ALL", "value": "$(P_A)-$(P_B)-$(LATER)-$$(P_A)"},
                {"name": "LATER", "value": "x"},
                {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "login", "key": "password"}}},
                {"name": "GONE", "valueFrom": {"secretKeyRef": {"name": "login", "key": "none", "optional": true}}},
                {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                {"name": "APP", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
                {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
                {"name": "MEMORY", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}}},
            ],
        }));
        assert_eq!(
            resolved,
            Ok(pairs(&[
                ("P_A", "own"),
                ("P_B", "2"),
                ("ALL", "own-2-$(LATER)-$(P_A)"),
                ("LATER", "x"),
                ("PASSWORD", "hunter2"),
                ("POD", "web-1"),
                ("APP", "web"),
                ("IP", "10.0.0.2"),
                ("MEMORY", "1024"),
            ]))
        );
    }

    #[test]
    fn what_is_missing_is_named_without_values() {
        for (variable, expected) in [
            (json!({"configMapKeyRef": {"name": "none", "key": "A"}}), "configmap \"none\" not found"),
            (
                json!({"configMapKeyRef": {"name": "settings", "key": "Z"}}),
                "couldn't find key Z in ConfigMap shop/settings",
            ),
            (json!({"secretKeyRef": {"name": "none", "key": "A"}}), "secret \"none\" not found"),
            (json!({"secretKeyRef": {"name": "login", "key": "Z"}}), "couldn't find key Z in Secret shop/login"),
            (
                json!({"resourceFieldRef": {"resource": "limits.cpu", "containerName": "z"}}),
                "spec.containers[name=c].env[0].valueFrom.resourceFieldRef: the pod has no container \"z\"",
            ),
            (
                json!({"secretKeyRef": {"name": "login", "key": "raw"}}),
                "secret shop/login, key raw: the value is not text, which an environment variable must be",
            ),
        ] {
            let resolved = resolve(json!({"name": "c", "env": [{"name": "V", "valueFrom": variable}]}));
            assert_eq!(resolved, Err(expected.to_owned()));
        }
    }

    #[test]
    fn dollars_that_name_nothing_stay() {
        let values = BTreeMap::from([("A".to_owned(), "1".to_owned())]);
        for (text, expected) in [
            ("$(A)", "1"),
            ("$A", "$A"),
            ("$(A", "$(A"),
            ("$$(A)", "$(A)"),
            ("$$$(A)", "$1"),
            ("$", "$"),
            ("$(B)", "$(B)"),
        ] {
            assert_eq!(expand(text, &values), expected, "{text}");
        }
    }
}
