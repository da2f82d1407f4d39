//! Files of several sources in one volume, and files of the downward API.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{DownwardAPIVolumeFile, Pod, ProjectedVolumeSource};

use super::downward::{file_value, resource_value};
use super::environment::{ConfigProblem, Sources, container_named};
use super::volumes::{DEFAULT_MODE, PlannedFile, Wanted, config_map, secret, stays_inside};

/// The files of a projected volume. Two sources of one path are refused.
pub(super) fn plan(
    pod: &Pod,
    volume: &str,
    projected: &ProjectedVolumeSource,
    sources: &dyn Sources,
) -> Result<BTreeMap<String, PlannedFile>, ConfigProblem> {
    let mode = projected.default_mode;
    let mut all = BTreeMap::new();
    for (index, source) in projected.sources.iter().flatten().enumerate() {
        let files = if let Some(source) = &source.config_map {
            config_map(pod, &source.name, Wanted::of(source.items.as_deref(), mode, source.optional), sources)?
        } else if let Some(source) = &source.secret {
            secret(pod, &source.name, Wanted::of(source.items.as_deref(), mode, source.optional), sources)?
        } else if let Some(source) = &source.downward_api {
            let items = source.items.as_deref().unwrap_or_default();
            downward(pod, volume, items, mode.unwrap_or(DEFAULT_MODE), sources)?
        } else {
            BTreeMap::new()
        };
        if let Some(path) = files.keys().find(|path| all.contains_key(*path)) {
            return Err(ConfigProblem::Other(format!(
                "spec.volumes[name={volume}].projected.sources[{index}]: another source has a file at {path} already"
            )));
        }
        all.extend(files);
    }
    Ok(all)
}

/// The files of the downward API.
pub(super) fn downward(
    pod: &Pod,
    volume: &str,
    items: &[DownwardAPIVolumeFile],
    default_mode: i32,
    sources: &dyn Sources,
) -> Result<BTreeMap<String, PlannedFile>, ConfigProblem> {
    let mut files = BTreeMap::new();
    for (index, item) in items.iter().enumerate() {
        let wrong = |words: String| ConfigProblem::Other(format!("spec.volumes[name={volume}] item {index}: {words}"));
        if !stays_inside(&item.path) {
            let words = format!("path {:?} leaves the volume; it must be relative, without `..`", item.path);
            return Err(wrong(words));
        }
        let text = match (&item.field_ref, &item.resource_field_ref) {
            (Some(reference), _) => file_value(pod, &reference.field_path).ok_or_else(|| {
                wrong(format!(
                    "field {:?} is not supported in files; supported are metadata.name, metadata.namespace, metadata.uid, metadata.labels and metadata.annotations, whole or ['KEY']",
                    reference.field_path
                ))
            })?,
            (None, Some(selector)) => {
                let name = selector.container_name.as_deref().unwrap_or_default();
                let of = container_named(pod, name).ok_or_else(|| wrong(format!("the pod has no container {name:?}")))?;
                resource_value(&of, selector, sources.machine()).map_err(wrong)?
            }
            (None, None) => return Err(wrong("it names no source".to_owned())),
        };
        let mode = item.mode.unwrap_or(default_mode) as u32 & 0o777;
        files.insert(item.path.clone(), PlannedFile { content: text.into_bytes(), mode });
    }
    Ok(files)
}
