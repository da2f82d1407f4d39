//! What the files of a pod's volumes contain, from ConfigMaps and Secrets: planned here, written by `volume_files`.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{KeyToPath, Pod, Volume};

use super::environment::{ConfigProblem, Sources};

/// What a volume is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum VolumePlan {
    /// An empty folder that lives as long as the pod.
    Empty,
    /// Files that follow an object, by relative path.
    Files(BTreeMap<String, PlannedFile>),
}

/// One file.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PlannedFile {
    pub(crate) content: Vec<u8>,
    pub(crate) mode: u32,
}

impl std::fmt::Debug for PlannedFile {
    // Contents may be secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes, mode {:o}", self.content.len(), self.mode)
    }
}

const DEFAULT_MODE: i32 = 0o644;

/// Plans each volume of the pod, by name.
pub(crate) fn plan(pod: &Pod, sources: &dyn Sources) -> Result<BTreeMap<String, VolumePlan>, ConfigProblem> {
    let volumes = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
    volumes.map(|volume| Ok((volume.name.clone(), plan_volume(pod, volume, sources)?))).collect()
}

fn plan_volume(pod: &Pod, volume: &Volume, sources: &dyn Sources) -> Result<VolumePlan, ConfigProblem> {
    if let Some(source) = &volume.config_map {
        let optional = source.optional == Some(true);
        let Some(found) = sources.config_map(&source.name) else {
            if optional {
                return Ok(VolumePlan::Files(BTreeMap::new()));
            }
            return Err(ConfigProblem::Missing { kind: "configmap", name: source.name.clone() });
        };
        let text = found.data.iter().flatten().map(|(key, value)| (key.clone(), value.clone().into_bytes()));
        let binary = found.binary_data.iter().flatten().map(|(key, value)| (key.clone(), value.0.clone()));
        let all = text.chain(binary).collect();
        return files(pod, "ConfigMap", &source.name, all, source.items.as_deref(), source.default_mode, optional);
    }
    if let Some(source) = &volume.secret {
        let name = source.secret_name.clone().unwrap_or_default();
        let optional = source.optional == Some(true);
        let Some(found) = sources.secret(&name) else {
            if optional {
                return Ok(VolumePlan::Files(BTreeMap::new()));
            }
            return Err(ConfigProblem::Missing { kind: "secret", name });
        };
        let all = found.data.iter().flatten().map(|(key, value)| (key.clone(), value.0.clone())).collect();
        return files(pod, "Secret", &name, all, source.items.as_deref(), source.default_mode, optional);
    }
    Ok(VolumePlan::Empty)
}

fn files(
    pod: &Pod,
    kind: &'static str,
    name: &str,
    mut all: BTreeMap<String, Vec<u8>>,
    items: Option<&[KeyToPath]>,
    default_mode: Option<i32>,
    optional: bool,
) -> Result<VolumePlan, ConfigProblem> {
    let default_mode = default_mode.unwrap_or(DEFAULT_MODE);
    let Some(items) = items.filter(|items| !items.is_empty()) else {
        let planned =
            all.into_iter().map(|(key, content)| (key, PlannedFile { content, mode: default_mode as u32 & 0o777 }));
        return Ok(VolumePlan::Files(planned.collect()));
    };
    let mut planned = BTreeMap::new();
    for item in items {
        if !stays_inside(&item.path) {
            return Err(ConfigProblem::Other(format!(
                "{kind} volume of {name}: path {:?} of key {} leaves the volume; it must be relative, without `..`",
                item.path, item.key
            )));
        }
        match all.remove(&item.key) {
            Some(content) => {
                let mode = item.mode.unwrap_or(default_mode) as u32 & 0o777;
                planned.insert(item.path.clone(), PlannedFile { content, mode });
            }
            None if optional => {}
            None => {
                let namespace = pod.metadata.namespace.clone().unwrap_or_default();
                return Err(ConfigProblem::MissingKey {
                    kind,
                    namespace,
                    name: name.to_owned(),
                    key: item.key.clone(),
                });
            }
        }
    }
    Ok(VolumePlan::Files(planned))
}

/// Whether a path given by the user is relative and has no `..`.
pub(crate) fn stays_inside(path: &str) -> bool {
    !path.is_empty()
        && std::path::Path::new(path)
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_) | std::path::Component::CurDir))
}

/// The names of the ConfigMaps and Secrets that a pod reads, so that it is woken when they change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct References {
    pub(crate) config_maps: Vec<String>,
    pub(crate) secrets: Vec<String>,
}

/// All that a pod refers to.
pub(crate) fn references(pod: &Pod) -> References {
    let mut found = References::default();
    let Some(spec) = &pod.spec else { return found };
    for volume in spec.volumes.iter().flatten() {
        found.config_maps.extend(volume.config_map.as_ref().map(|source| source.name.clone()));
        found.secrets.extend(volume.secret.as_ref().and_then(|source| source.secret_name.clone()));
    }
    for container in spec.init_containers.iter().flatten().chain(&spec.containers) {
        for from in container.env_from.iter().flatten() {
            found.config_maps.extend(from.config_map_ref.as_ref().map(|reference| reference.name.clone()));
            found.secrets.extend(from.secret_ref.as_ref().map(|reference| reference.name.clone()));
        }
        for source in container.env.iter().flatten().filter_map(|variable| variable.value_from.as_ref()) {
            found.config_maps.extend(source.config_map_key_ref.as_ref().map(|reference| reference.name.clone()));
            found.secrets.extend(source.secret_key_ref.as_ref().map(|reference| reference.name.clone()));
        }
    }
    found.secrets.extend(spec.image_pull_secrets.iter().flatten().map(|reference| reference.name.clone()));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::{ConfigMap, Secret};
    use serde_json::{Value, json};
    use std::sync::Arc;

    struct Given;

    impl Sources for Given {
        fn config_map(&self, name: &str) -> Option<Arc<ConfigMap>> {
            let map = json!({"data": {"a.conf": "A", "b.conf": "B"}, "binaryData": {"c": "/w=="}});
            (name == "settings").then(|| Arc::new(serde_json::from_value(map).expect("a ConfigMap")))
        }

        fn secret(&self, name: &str) -> Option<Arc<Secret>> {
            let secret = json!({"data": {"password": "aHVudGVyMg=="}});
            (name == "login").then(|| Arc::new(serde_json::from_value(secret).expect("a Secret")))
        }
    }

    fn planned(volume: Value) -> Result<VolumePlan, String> {
        let mut volume = volume;
        volume["name"] = json!("v");
        let pod = json!({"metadata": {"namespace": "shop"}, "spec": {"containers": [], "volumes": [volume]}});
        let pod: Pod = serde_json::from_value(pod).expect("a Pod");
        let mut plans = plan(&pod, &Given).map_err(|problem| problem.to_string())?;
        Ok(plans.remove("v").expect("planned"))
    }

    fn files(files: &[(&str, &[u8], u32)]) -> VolumePlan {
        let planned = files
            .iter()
            .map(|(path, content, mode)| ((*path).to_owned(), PlannedFile { content: content.to_vec(), mode: *mode }));
        VolumePlan::Files(planned.collect())
    }

    #[test]
    fn objects_become_files_with_modes() {
        for (volume, expected) in [
            (json!({"emptyDir": {}}), VolumePlan::Empty),
            (
                json!({"configMap": {"name": "settings"}}),
                files(&[("a.conf", b"A", 0o644), ("b.conf", b"B", 0o644), ("c", &[0xff], 0o644)]),
            ),
            (
                json!({"configMap": {"name": "settings", "defaultMode": 0o600, "items": [
                    {"key": "a.conf", "path": "etc/a"}, {"key": "b.conf", "path": "b", "mode": 0o755}]}}),
                files(&[("etc/a", b"A", 0o600), ("b", b"B", 0o755)]),
            ),
            (
                json!({"secret": {"secretName": "login", "defaultMode": 0o400}}),
                files(&[("password", b"hunter2", 0o400)]),
            ),
            (json!({"secret": {"secretName": "none", "optional": true}}), files(&[])),
        ] {
            assert_eq!(planned(volume), Ok(expected));
        }
    }

    #[test]
    fn what_is_missing_or_leaves_the_volume_is_refused() {
        for (volume, expected) in [
            (json!({"configMap": {"name": "none"}}), "configmap \"none\" not found"),
            (json!({"secret": {"secretName": "none"}}), "secret \"none\" not found"),
            (
                json!({"configMap": {"name": "settings", "items": [{"key": "z", "path": "z"}]}}),
                "couldn't find key z in ConfigMap shop/settings",
            ),
            (
                json!({"configMap": {"name": "settings", "items": [{"key": "a.conf", "path": "../z"}]}}),
                "ConfigMap volume of settings: path \"../z\" of key a.conf leaves the volume; it must be relative, without `..`",
            ),
        ] {
            assert_eq!(planned(volume), Err(expected.to_owned()));
        }
    }
}
