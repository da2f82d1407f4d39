//! From a Kubernetes container to what the engine is asked to make.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bollard::models::{
    ContainerCreateBody, EndpointIpamConfig, EndpointSettings, HostConfig, HostConfigLogConfig, Mount, MountType,
    NetworkingConfig,
};
use k8s_openapi::api::core::v1::{Container, Pod, PodSecurityContext, PodSpec, SecurityContext};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::ResourceExt as _;

use super::environment::{ConfigProblem, expand};
use super::volumes::read_only;
use super::{labels, quantity};
use crate::digest;
use crate::engine::Abilities;
use crate::network_plan::ContainerNetwork;

/// The period over which a CPU limit is counted, in microseconds.
const CPU_PERIOD: i64 = 100_000;
/// The most log that the engine keeps of one container.
const LOG_SIZE: &str = "50m";

/// Whose network a container uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Network {
    /// Its own place on the namespace's network, at this address where one is wished.
    Own { network: ContainerNetwork, address: Option<String> },
    /// That of the container with this id.
    Joined(String),
}

/// All that is known when a container is made.
pub(crate) struct Request<'a> {
    pub(crate) pod: &'a Pod,
    pub(crate) container: &'a Container,
    pub(crate) instance: &'a str,
    pub(crate) attempt: u32,
    pub(crate) streak: u32,
    pub(crate) environment: Vec<(String, String)>,
    /// The folder or file to mount for each of the container's `volumeMounts`, in their order.
    pub(crate) mounts: Vec<PathBuf>,
    /// The file for the container's last words.
    pub(crate) last_words: PathBuf,
    pub(crate) network: Network,
    pub(crate) image_user: &'a str,
    pub(crate) abilities: &'a Abilities,
}

/// The engine's request for a pod's container.
pub(crate) fn container(request: &Request<'_>) -> Result<ContainerCreateBody, ConfigProblem> {
    let Request { pod, container, .. } = request;
    let spec = pod.spec.clone().unwrap_or_default();
    let values: BTreeMap<String, String> = request.environment.iter().cloned().collect();
    let expanded = |words: &Option<Vec<String>>| {
        let words = words.as_ref().filter(|words| !words.is_empty())?;
        Some(words.iter().map(|word| expand(word, &values)).collect::<Vec<_>>())
    };
    let security = container.security_context.clone().unwrap_or_default();
    let mut host = HostConfig { mounts: Some(mounts(request)), ..host_config(&spec, request.abilities) };
    limits(container, request.abilities, &mut host);
    restrict(&spec.security_context.clone().unwrap_or_default(), &security, &mut host);
    let (networking, hostname) = network(&request.network, pod, &spec, request.abilities, &mut host);
    Ok(ContainerCreateBody {
        image: container.image.clone(),
        entrypoint: expanded(&container.command),
        cmd: expanded(&container.args),
        env: Some(request.environment.iter().map(|(name, value)| format!("{name}={value}")).collect()),
        working_dir: container.working_dir.clone().filter(|folder| !folder.is_empty()),
        user: user(&spec, &security, &container.name, request.image_user)?,
        tty: container.tty,
        open_stdin: container.stdin,
        hostname,
        stop_signal: container.lifecycle.as_ref().and_then(|hooks| hooks.stop_signal.clone()),
        labels: Some(labels::of_container(
            request.instance,
            pod,
            &container.name,
            &labels::hash(container),
            request.attempt,
            request.streak,
        )),
        networking_config: networking,
        host_config: Some(host),
        ..ContainerCreateBody::default()
    })
}

/// The engine's request for the container that holds a pod's network.
pub(crate) fn infra(
    pod: &Pod,
    instance: &str,
    attempt: u32,
    image: &str,
    network_plan: ContainerNetwork,
    abilities: &Abilities,
) -> ContainerCreateBody {
    let spec = pod.spec.clone().unwrap_or_default();
    let mut host = host_config(&spec, abilities);
    host.group_add = None;
    let place = Network::Own { network: network_plan, address: None };
    let (networking, hostname) = network(&place, pod, &spec, abilities, &mut host);
    ContainerCreateBody {
        image: Some(image.to_owned()),
        entrypoint: Some(vec!["/pause".to_owned()]),
        hostname,
        labels: Some(labels::of_container(instance, pod, labels::INFRA, "", attempt, 0)),
        networking_config: networking,
        host_config: Some(host),
        ..ContainerCreateBody::default()
    }
}

fn host_config(spec: &PodSpec, abilities: &Abilities) -> HostConfig {
    let security = spec.security_context.clone().unwrap_or_default();
    let groups = security.supplemental_groups.unwrap_or_default().into_iter().chain(security.fs_group);
    HostConfig {
        ulimits: (!abilities.ulimits.is_empty()).then(|| abilities.ulimits.clone()),
        group_add: Some(groups.map(|group| group.to_string()).collect()),
        log_config: Some(HostConfigLogConfig {
            typ: Some(abilities.log_driver.to_owned()),
            config: Some([("max-size".to_owned(), LOG_SIZE.to_owned())].into()),
        }),
        ..HostConfig::default()
    }
}

fn mounts(request: &Request<'_>) -> Vec<Mount> {
    let volume_mounts = request.container.volume_mounts.iter().flatten().zip(&request.mounts).enumerate();
    let mut mounts: Vec<Mount> = volume_mounts
        .map(|(index, (mount, source))| {
            let read_only = read_only(request.pod, request.container, index);
            bind(source.display().to_string(), mount.mount_path.clone(), read_only)
        })
        .collect();
    let words = request.container.termination_message_path.clone().unwrap_or_else(|| "/dev/termination-log".to_owned());
    mounts.push(bind(request.last_words.display().to_string(), words, false));
    mounts
}

fn bind(source: String, target: String, read_only: bool) -> Mount {
    Mount {
        typ: Some(MountType::BIND),
        source: Some(source),
        target: Some(target),
        read_only: Some(read_only),
        ..Mount::default()
    }
}

fn limits(container: &Container, abilities: &Abilities, host: &mut HostConfig) {
    let resources = container.resources.clone().unwrap_or_default();
    let of = |map: &Option<BTreeMap<String, Quantity>>, name: &str| {
        map.as_ref().and_then(|map| map.get(name)).map(|quantity| quantity.0.clone())
    };
    let cpu_limit = of(&resources.limits, "cpu").and_then(|text| quantity::thousandths(&text)).filter(|cpu| *cpu > 0);
    let cpu_request = of(&resources.requests, "cpu").and_then(|text| quantity::thousandths(&text)).or(cpu_limit);
    let memory = of(&resources.limits, "memory").and_then(|text| quantity::units(&text)).filter(|bytes| *bytes > 0);
    if abilities.cpu_quota {
        if let Some(cpu) = cpu_limit {
            host.cpu_period = Some(CPU_PERIOD);
            host.cpu_quota = Some((cpu * CPU_PERIOD / 1000).max(1000));
        }
        // A thousandth of a processor is 1.024 shares.
        host.cpu_shares = cpu_request.map(|cpu| (cpu * 1024 / 1000).clamp(2, 262_144));
    }
    if abilities.memory_limit {
        host.memory = memory;
        host.memory_swap = memory;
    }
}

fn restrict(pod: &PodSecurityContext, security: &SecurityContext, host: &mut HostConfig) {
    host.readonly_rootfs = security.read_only_root_filesystem;
    host.privileged = security.privileged;
    if let Some(capabilities) = &security.capabilities {
        host.cap_add.clone_from(&capabilities.add);
        host.cap_drop.clone_from(&capabilities.drop);
    }
    let mut options = Vec::new();
    if security.allow_privilege_escalation == Some(false) {
        options.push("no-new-privileges".to_owned());
    }
    let seccomp = security.seccomp_profile.as_ref().or(pod.seccomp_profile.as_ref());
    if seccomp.is_some_and(|profile| profile.type_ == "Unconfined") {
        options.push("seccomp=unconfined".to_owned());
    }
    let armor = security.app_armor_profile.as_ref().or(pod.app_armor_profile.as_ref());
    if armor.is_some_and(|profile| profile.type_ == "Unconfined") {
        options.push("apparmor=unconfined".to_owned());
    }
    host.security_opt = (!options.is_empty()).then_some(options);
}

/// `uid[:gid]`, or the image's own user. With `runAsNonRoot` a user that is root, or whose number cannot be known, is refused.
fn user(
    spec: &PodSpec,
    security: &SecurityContext,
    container: &str,
    image_user: &str,
) -> Result<Option<String>, ConfigProblem> {
    let pod = spec.security_context.clone().unwrap_or_default();
    let uid = security.run_as_user.or(pod.run_as_user);
    let gid = security.run_as_group.or(pod.run_as_group);
    if security.run_as_non_root.or(pod.run_as_non_root) == Some(true) {
        let image_uid = image_user.split(':').next().unwrap_or_default();
        let refusal = match uid {
            Some(0) => Some("container's runAsUser breaks non-root policy".to_owned()),
            Some(_) => None,
            None if image_uid.is_empty() => Some("container has runAsNonRoot and image will run as root".to_owned()),
            None => match image_uid.parse::<u32>() {
                Ok(0) => Some("container has runAsNonRoot and image will run as root".to_owned()),
                Ok(_) => None,
                Err(_) => Some(format!(
                    "container has runAsNonRoot and image has non-numeric user ({image_uid}), cannot verify user is non-root; set runAsUser"
                )),
            },
        };
        if let Some(refusal) = refusal {
            return Err(ConfigProblem::Other(format!("{refusal} (container: {container})")));
        }
    }
    Ok(match (uid, gid) {
        (Some(uid), Some(gid)) => Some(format!("{uid}:{gid}")),
        (Some(uid), None) => Some(uid.to_string()),
        (None, Some(gid)) => {
            let image_uid = image_user.split(':').next().filter(|user| !user.is_empty()).unwrap_or("0");
            Some(format!("{image_uid}:{gid}"))
        }
        (None, None) => None,
    })
}

fn network(
    network: &Network,
    pod: &Pod,
    spec: &PodSpec,
    abilities: &Abilities,
    host: &mut HostConfig,
) -> (Option<NetworkingConfig>, Option<String>) {
    let hostname = spec.hostname.clone().unwrap_or_else(|| pod.name_any());
    let hostname = hostname[..hostname.len().min(63)].trim_end_matches(['-', '.']).to_owned();
    match network {
        Network::Joined(holder) => {
            host.network_mode = Some(format!("container:{holder}"));
            // Docker shares the holder's host name and refuses another; Podman shares the network alone.
            (None, abilities.podman.then_some(hostname))
        }
        Network::Own { network, address } => {
            host.network_mode = Some(network.name.clone());
            names(network, spec, host);
            let aliases = spec.host_aliases.iter().flatten();
            let hosts = aliases
                .flat_map(|alias| alias.hostnames.iter().flatten().map(move |name| format!("{name}:{}", alias.ip)));
            host.extra_hosts = Some(hosts.collect());
            let wished = address.as_ref().map(|address| EndpointIpamConfig {
                ipv4_address: Some(address.clone()),
                ..EndpointIpamConfig::default()
            });
            let settings = EndpointSettings {
                ipam_config: wished,
                mac_address: Some(hardware_address(pod)),
                ..EndpointSettings::default()
            };
            let endpoints = [(network.name.clone(), settings)].into();
            (Some(NetworkingConfig { endpoints_config: Some(endpoints) }), Some(hostname))
        }
    }
}

/// The Ethernet address of the pod, the same for each of its attempts: a container that is started again keeps the
/// pod's IP address, and who knows the Ethernet address of the one before would not reach it until that is forgotten.
/// Locally administered and of one station (IEEE 802), the rest from the pod's UID.
fn hardware_address(pod: &Pod) -> String {
    let digits = digest::short(pod.uid().unwrap_or_default().as_bytes(), 5);
    (0..digits.len()).step_by(2).fold("0a".to_owned(), |address, at| format!("{address}:{}", &digits[at..at + 2]))
}

/// Name servers and search domains, from the network and the pod's own `dnsConfig`.
fn names(network: &ContainerNetwork, spec: &PodSpec, host: &mut HostConfig) {
    let own = spec.dns_config.clone().unwrap_or_default();
    let from_cluster = !matches!(spec.dns_policy.as_deref(), Some("None" | "Default"));
    let mut servers: Vec<String> = Vec::new();
    let mut searches: Vec<String> = Vec::new();
    let mut options: Vec<String> = Vec::new();
    if from_cluster {
        servers.extend(network.dns_servers.iter().map(ToString::to_string));
        searches.extend(network.search_domains.iter().cloned());
        options.extend(network.dns_options.iter().cloned());
    }
    servers.extend(own.nameservers.into_iter().flatten());
    searches.extend(own.searches.into_iter().flatten());
    for option in own.options.into_iter().flatten() {
        let name = option.name.unwrap_or_default();
        options.push(option.value.map_or_else(|| name.clone(), |value| format!("{name}:{value}")));
    }
    host.dns = (!servers.is_empty()).then_some(servers);
    host.dns_search = (!searches.is_empty()).then_some(searches);
    host.dns_options = (!options.is_empty()).then_some(options);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pod_has_an_ethernet_address_of_its_own() {
        let of = |uid: &str| {
            let mut pod = Pod::default();
            pod.metadata.uid = Some(uid.to_owned());
            hardware_address(&pod)
        };
        let uids = ["6b4c1f0e-6f0b-4f0e-8a57-2d0f4b8a9c11", "0f3f2c55-b7c4-4f7e-9d51-9f1d7f0a2b22"];
        assert_eq!(uids.map(of), ["0a:1c:e4:2b:7b:c7", "0a:54:89:18:f3:1d"]);
    }
}
