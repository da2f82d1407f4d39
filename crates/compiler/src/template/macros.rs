//! The helper macros of component types and traits: short names for the lists in `derived`.

use cel::{Args, EnvBuilder, Macro};

/// Receiver, method and the field of `derived` that it reads.
const LISTS: [(&str, &str, &str); 11] = [
    ("configurations", "toConfigFileList", "configFileList"),
    ("configurations", "toSecretFileList", "secretFileList"),
    ("configurations", "toContainerEnvFrom", "containerEnvFrom"),
    ("configurations", "toContainerVolumeMounts", "configVolumeMounts"),
    ("configurations", "toVolumes", "configVolumes"),
    ("configurations", "toConfigEnvsByContainer", "configEnvs"),
    ("configurations", "toSecretEnvsByContainer", "secretEnvs"),
    ("workload", "toServicePorts", "servicePorts"),
    ("dependencies", "toContainerEnvs", "dependencyEnvVars"),
    ("dependencies", "toContainerVolumeMounts", "dependencyVolumeMounts"),
    ("dependencies", "toVolumes", "dependencyVolumes"),
];

/// The method that reads a workload's routes; a type that never names it spares the work of finding them.
pub(crate) const ENDPOINT_RESOURCES: &str = "toEndpointResources";

/// The names of all helper methods.
pub(crate) fn methods() -> impl Iterator<Item = &'static str> {
    LISTS.into_iter().map(|(_, method, _)| method).chain([ENDPOINT_RESOURCES])
}

/// How a type's author writes a path into what a helper gives: `configurations.toVolumes()[0].name`.
pub(crate) fn helper(path: &str) -> Option<String> {
    let rest = path.strip_prefix("derived.")?;
    let end = rest.find(['.', '[']).unwrap_or(rest.len());
    let (field, below) = rest.split_at(end);
    let (receiver, method, _) = LISTS.into_iter().find(|(_, _, known)| *known == field)?;
    Some(format!("{receiver}.{method}(){below}"))
}

/// Adds the macros. They apply to the bare variable only.
pub(super) fn add(env: EnvBuilder) -> EnvBuilder {
    let env = LISTS.into_iter().fold(env, |env, (receiver, method, field)| {
        env.with_macro(Macro::receiver(method, Args::Exactly(0), move |call| {
            Ok((call.target_name() == Some(receiver)).then(|| call.select(call.ident("derived"), field)))
        }))
    });
    env.with_macro(Macro::receiver(ENDPOINT_RESOURCES, Args::Exactly(1), |call| {
        if call.target_name() != Some("workload") {
            return Ok(None);
        }
        let routes = call.select(call.ident("derived"), "endpointResources");
        Ok(Some(call.optional_index(routes, call.arg(0)?.clone())))
    }))
}
