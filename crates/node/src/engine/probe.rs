//! What the engine can do on this machine, asked once.

use bollard::Docker;
use bollard::models::ResourcesUlimits;
use tokio::net::UnixStream;

use super::EngineError;
use super::error::engine_words;

/// What the engine can do on this machine.
#[allow(clippy::struct_excessive_bools, reason = "each is an independent ability")]
#[derive(Debug, Clone, PartialEq)]
pub struct Abilities {
    /// `Podman Engine`, `Docker Engine - Community` or whatever the engine calls itself.
    pub name: String,
    /// The engine's version.
    pub version: String,
    /// Whether it is Podman (some answers differ from Docker's).
    pub podman: bool,
    /// Whether the engine runs without root.
    pub rootless: bool,
    /// Whether memory limits are enforced.
    pub memory_limit: bool,
    /// Whether CPU quotas are enforced.
    pub cpu_quota: bool,
    /// Whether limits on the number of processes are enforced.
    pub pids_limit: bool,
    /// Processors of the machine.
    pub cpus: i64,
    /// Memory of the machine in bytes.
    pub memory: i64,
    /// Processor architecture as the engine spells it (`amd64`, `arm64`).
    pub architecture: String,
    /// Operating system's name.
    pub operating_system: String,
    /// Kernel's version.
    pub kernel: String,
    /// Limits that every container must be given, because the engine's own defaults are above its own hard limits.
    pub ulimits: Vec<ResourcesUlimits>,
    /// The log driver to ask for, whose output the engine can read back.
    pub log_driver: &'static str,
}

pub(super) async fn probe(docker: &Docker, address: &str) -> Result<Abilities, EngineError> {
    let refused = |action, error: &bollard::errors::Error| EngineError::Refused {
        address: address.to_owned(),
        action,
        reason: engine_words(error),
    };
    let (version, info) = tokio::join!(docker.version(), docker.info());
    let version = version.map_err(|error| refused("tell its version", &error))?;
    let info = info.map_err(|error| refused("describe itself", &error))?;
    let name = version
        .components
        .as_ref()
        .and_then(|components| components.first())
        .map_or_else(|| "container engine".to_owned(), |component| component.name.clone());
    let podman = name.to_ascii_lowercase().contains("podman");
    let rootless = info.security_options.iter().flatten().any(|option| option.contains("rootless"))
        || (podman && address.contains("/run/user/"))
        || (podman && address.starts_with("unix://") && nix::unistd::getuid().as_raw() != 0);
    Ok(Abilities {
        name,
        version: version.version.unwrap_or_default(),
        podman,
        rootless,
        memory_limit: info.memory_limit.unwrap_or(true),
        cpu_quota: info.cpu_cfs_quota.unwrap_or(true),
        pids_limit: info.pids_limit.unwrap_or(true),
        cpus: info.ncpu.unwrap_or(1),
        memory: info.mem_total.unwrap_or(0),
        architecture: version.arch.unwrap_or_default(),
        operating_system: info.operating_system.unwrap_or_default(),
        kernel: info.kernel_version.unwrap_or_default(),
        ulimits: if podman { podman_ulimits(address).await } else { Vec::new() },
        log_driver: if podman { "k8s-file" } else { "json-file" },
    })
}

/// Podman's service raises a container's limits to fixed numbers unless it is told some; where those are above the
/// service's own hard limits the container does not start. So it is told its own hard limits.
async fn podman_ulimits(address: &str) -> Vec<ResourcesUlimits> {
    let engine = match address.strip_prefix("unix://") {
        Some(path) => UnixStream::connect(path).await.ok().and_then(|stream| stream.peer_cred().ok()?.pid()),
        None => None,
    };
    let own = engine.and_then(|pid| std::fs::read_to_string(format!("/proc/{pid}/limits")).ok());
    let Some(limits) = own.or_else(|| std::fs::read_to_string("/proc/self/limits").ok()) else { return Vec::new() };
    let hard = |row: &str, most: i64| hard_limit(&limits, row).map_or(most, |limit| limit.min(most));
    let open_files = hard("Max open files", 1_048_576);
    let processes = hard("Max processes", 4_194_304);
    vec![
        ResourcesUlimits { name: Some("nofile".to_owned()), soft: Some(open_files), hard: Some(open_files) },
        ResourcesUlimits { name: Some("nproc".to_owned()), soft: Some(processes), hard: Some(processes) },
    ]
}

/// The hard limit in a row of `/proc/PID/limits`; `None` where it is unlimited.
fn hard_limit(limits: &str, row: &str) -> Option<i64> {
    let line = limits.lines().find(|line| line.starts_with(row))?;
    line[row.len()..].split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::hard_limit;

    #[test]
    fn hard_limits_are_read_from_the_kernels_table() {
        let table = "Limit                     Soft Limit           Hard Limit           Units     \n\
                     Max processes             95000                96000                processes \n\
                     Max open files            1024                 524288               files     \n\
                     Max msgqueue size         819200               unlimited            bytes     \n";
        assert_eq!(hard_limit(table, "Max open files"), Some(524_288));
        assert_eq!(hard_limit(table, "Max processes"), Some(96_000));
        assert_eq!(hard_limit(table, "Max msgqueue size"), None);
        assert_eq!(hard_limit(table, "Max nothing"), None);
    }
}
