//! What a pod's volumes are made of, and what their files contain: planned here, made by `volume_files`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use k8s_openapi::api::core::v1::{Container, KeyToPath, Pod, Volume};

use super::environment::{ConfigProblem, Sources};
use super::projected;

/// What a volume is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum VolumePlan {
    /// An empty folder that lives as long as the pod.
    Empty,
    /// The same, in memory.
    Memory,
    /// Files that follow objects, by relative path.
    Files(BTreeMap<String, PlannedFile>),
    /// The folder of a PersistentVolumeClaim.
    Claim(PathBuf),
    /// Something of this computer.
    Host(HostPath),
}

/// Something of this computer that a pod asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostPath {
    pub(crate) path: PathBuf,
    /// What is to be there, as `hostPath.type` says.
    pub(crate) kind: String,
    /// The folders that pods may be given.
    pub(crate) allowed: Vec<PathBuf>,
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

pub(super) const DEFAULT_MODE: i32 = 0o644;

/// Plans each volume of the pod, by name.
pub(crate) fn plan(pod: &Pod, sources: &dyn Sources) -> Result<BTreeMap<String, VolumePlan>, ConfigProblem> {
    let volumes = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
    volumes.map(|volume| Ok((volume.name.clone(), plan_volume(pod, volume, sources)?))).collect()
}

fn plan_volume(pod: &Pod, volume: &Volume, sources: &dyn Sources) -> Result<VolumePlan, ConfigProblem> {
    if let Some(source) = &volume.config_map {
        let wanted = Wanted::of(source.items.as_deref(), source.default_mode, source.optional);
        return config_map(pod, &source.name, wanted, sources).map(VolumePlan::Files);
    }
    if let Some(source) = &volume.secret {
        let wanted = Wanted::of(source.items.as_deref(), source.default_mode, source.optional);
        let name = source.secret_name.clone().unwrap_or_default();
        return secret(pod, &name, wanted, sources).map(VolumePlan::Files);
    }
    if let Some(source) = &volume.downward_api {
        let items = source.items.as_deref().unwrap_or_default();
        let mode = source.default_mode.unwrap_or(DEFAULT_MODE);
        return projected::downward(pod, &volume.name, items, mode, sources).map(VolumePlan::Files);
    }
    if let Some(source) = &volume.projected {
        return projected::plan(pod, &volume.name, source, sources).map(VolumePlan::Files);
    }
    if let Some(source) = &volume.persistent_volume_claim {
        return sources.claim(&source.claim_name).map(VolumePlan::Claim);
    }
    if let Some(source) = &volume.host_path {
        return Ok(VolumePlan::Host(HostPath {
            path: PathBuf::from(&source.path),
            kind: source.type_.clone().unwrap_or_default(),
            allowed: sources.host_paths().to_vec(),
        }));
    }
    let in_memory = volume.empty_dir.as_ref().is_some_and(|source| source.medium.as_deref() == Some("Memory"));
    Ok(if in_memory { VolumePlan::Memory } else { VolumePlan::Empty })
}

/// What is wanted of an object.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    items: &'a [KeyToPath],
    mode: i32,
    optional: bool,
}

impl<'a> Wanted<'a> {
    pub(super) fn of(items: Option<&'a [KeyToPath]>, mode: Option<i32>, optional: Option<bool>) -> Self {
        Self { items: items.unwrap_or_default(), mode: mode.unwrap_or(DEFAULT_MODE), optional: optional == Some(true) }
    }
}

/// The files of a ConfigMap.
pub(super) fn config_map(
    pod: &Pod,
    name: &str,
    wanted: Wanted<'_>,
    sources: &dyn Sources,
) -> Result<BTreeMap<String, PlannedFile>, ConfigProblem> {
    match sources.config_map(name) {
        Some(found) => {
            let text = found.data.iter().flatten().map(|(key, value)| (key.clone(), value.clone().into_bytes()));
            let binary = found.binary_data.iter().flatten().map(|(key, value)| (key.clone(), value.0.clone()));
            files(pod, "ConfigMap", name, text.chain(binary).collect(), wanted)
        }
        None if wanted.optional => Ok(BTreeMap::new()),
        None => Err(ConfigProblem::Missing { kind: "configmap", name: name.to_owned() }),
    }
}

/// The files of a Secret.
pub(super) fn secret(
    pod: &Pod,
    name: &str,
    wanted: Wanted<'_>,
    sources: &dyn Sources,
) -> Result<BTreeMap<String, PlannedFile>, ConfigProblem> {
    match sources.secret(name) {
        Some(found) => {
            let all = found.data.iter().flatten().map(|(key, value)| (key.clone(), value.0.clone())).collect();
            files(pod, "Secret", name, all, wanted)
        }
        None if wanted.optional => Ok(BTreeMap::new()),
        None => Err(ConfigProblem::Missing { kind: "secret", name: name.to_owned() }),
    }
}

fn files(
    pod: &Pod,
    kind: &'static str,
    name: &str,
    mut all: BTreeMap<String, Vec<u8>>,
    wanted: Wanted<'_>,
) -> Result<BTreeMap<String, PlannedFile>, ConfigProblem> {
    if wanted.items.is_empty() {
        let mode = wanted.mode as u32 & 0o777;
        return Ok(all.into_iter().map(|(key, content)| (key, PlannedFile { content, mode })).collect());
    }
    let mut planned = BTreeMap::new();
    for item in wanted.items {
        if !stays_inside(&item.path) {
            return Err(ConfigProblem::Other(format!(
                "{kind} volume of {name}: path {:?} of key {} leaves the volume; it must be relative, without `..`",
                item.path, item.key
            )));
        }
        match all.remove(&item.key) {
            Some(content) => {
                let mode = item.mode.unwrap_or(wanted.mode) as u32 & 0o777;
                planned.insert(item.path.clone(), PlannedFile { content, mode });
            }
            None if wanted.optional => {}
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
    Ok(planned)
}

/// Whether a path given by the user is relative and has no `..`.
pub(crate) fn stays_inside(path: &str) -> bool {
    !path.is_empty()
        && std::path::Path::new(path)
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_) | std::path::Component::CurDir))
}

/// The names of the ConfigMaps, Secrets and claims that a pod reads, so that it is woken when they change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct References {
    pub(crate) config_maps: Vec<String>,
    pub(crate) secrets: Vec<String>,
    pub(crate) claims: Vec<String>,
}

/// Whether two versions of a pod differ in what the files of its volumes may tell of it.
pub(crate) fn downward_files_differ(before: &Pod, after: &Pod) -> bool {
    let labels = |pod: &Pod| (pod.metadata.labels.clone(), pod.metadata.annotations.clone());
    let mut volumes = after.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
    let tells = volumes.any(|volume| {
        let mut projected = volume.projected.iter().flat_map(|source| source.sources.iter().flatten());
        volume.downward_api.is_some() || projected.any(|source| source.downward_api.is_some())
    });
    tells && labels(before) != labels(after)
}

/// Whether a mount of a container may not be written to.
pub(crate) fn read_only(pod: &Pod, container: &Container, mount: usize) -> bool {
    let Some(mount) = container.volume_mounts.as_ref().and_then(|mounts| mounts.get(mount)) else { return false };
    let mut volumes = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
    let volume = volumes.find(|volume| volume.name == mount.name);
    let claim = volume.and_then(|volume| volume.persistent_volume_claim.as_ref());
    mount.read_only == Some(true) || claim.is_some_and(|claim| claim.read_only == Some(true))
}

/// All that a pod refers to.
pub(crate) fn references(pod: &Pod) -> References {
    let mut found = References::default();
    let Some(spec) = &pod.spec else { return found };
    for volume in spec.volumes.iter().flatten() {
        found.config_maps.extend(volume.config_map.as_ref().map(|source| source.name.clone()));
        found.secrets.extend(volume.secret.as_ref().and_then(|source| source.secret_name.clone()));
        found.claims.extend(volume.persistent_volume_claim.as_ref().map(|source| source.claim_name.clone()));
        for source in volume.projected.iter().flat_map(|projected| projected.sources.iter().flatten()) {
            found.config_maps.extend(source.config_map.as_ref().map(|source| source.name.clone()));
            found.secrets.extend(source.secret.as_ref().map(|source| source.name.clone()));
        }
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
    use crate::pods::downward::Machine;
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

        fn claim(&self, name: &str) -> Result<PathBuf, ConfigProblem> {
            if name == "data" { Ok("/claims/u".into()) } else { Err(ConfigProblem::Unbound { name: name.to_owned() }) }
        }

        fn host_paths(&self) -> &[PathBuf] {
            &[]
        }

        fn machine(&self) -> Machine {
            Machine { cpus: 2, memory: 1 << 30 }
        }
    }

    fn planned(volume: Value) -> Result<VolumePlan, String> {
        let mut volume = volume;
        volume["name"] = json!("v");
        let pod = json!({"metadata": {"name": "p", "namespace": "shop", "labels": {"app": "web"}}, "spec": {
            "containers": [{"name": "c", "resources": {"limits": {"cpu": "2"}}}], "volumes": [volume]}});
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
            (json!({"emptyDir": {"medium": "Memory"}}), VolumePlan::Memory),
            (json!({"persistentVolumeClaim": {"claimName": "data"}}), VolumePlan::Claim("/claims/u".into())),
            (
                json!({"downwardAPI": {"items": [
                    {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}},
                    {"path": "cpu", "mode": 0o600, "resourceFieldRef": {"containerName": "c", "resource": "limits.cpu"}}]}}),
                files(&[("cpu", b"2", 0o600), ("labels", b"app=\"web\"", 0o644)]),
            ),
            (
                json!({"projected": {"defaultMode": 0o440, "sources": [
                    {"secret": {"name": "login"}},
                    {"configMap": {"name": "settings", "items": [{"key": "a.conf", "path": "a", "mode": 0o600}]}},
                    {"configMap": {"name": "none", "optional": true}},
                    {"downwardAPI": {"items": [{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]}}]}}),
                files(&[("a", b"A", 0o600), ("name", b"p", 0o440), ("password", b"hunter2", 0o440)]),
            ),
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
                json!({"persistentVolumeClaim": {"claimName": "new"}}),
                "persistentvolumeclaim \"new\" is not bound yet; its events say why",
            ),
            (
                json!({"projected": {"sources": [{"secret": {"name": "login"}}, {"secret": {"name": "login"}}]}}),
                "spec.volumes[name=v].projected.sources[1]: another source has a file at password already",
            ),
            (
                json!({"downwardAPI": {"items": [{"path": "ip", "fieldRef": {"fieldPath": "status.podIP"}}]}}),
                "spec.volumes[name=v] item 0: field \"status.podIP\" is not supported in files; supported are metadata.name, metadata.namespace, metadata.uid, metadata.labels and metadata.annotations, whole or ['KEY']",
            ),
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
