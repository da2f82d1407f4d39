//! What a server leaves on the computer outside its data folder.

use crate::server::{Place, Server};
use std::path::Path;
use std::process::Command;

/// What the kernel has of one installation.
pub(crate) struct Remains {
    instance: String,
}

impl Remains {
    pub(crate) fn of(place: &Place) -> Remains {
        Remains { instance: place.instance() }
    }

    /// The interface for Services, the routing rules and the files in memory.
    pub(crate) fn now(&self) -> Vec<String> {
        let mut found = Vec::new();
        for path in [format!("/sys/class/net/svc-{}", self.instance), format!("/dev/shm/node-{}", self.instance)] {
            found.extend(Path::new(&path).exists().then_some(path));
        }
        let rules = Command::new("ip").arg("rule").output().expect("ip runs");
        let rules = String::from_utf8(rules.stdout).expect("text");
        let ours = node::network::rule_priorities(&self.instance).map(|priority| format!("{priority}:"));
        found.extend(rules.lines().filter(|rule| ours.iter().any(|ours| rule.starts_with(ours))).map(str::to_owned));
        found
    }
}

/// Containers of the place's own Podman; nothing where another engine is used.
pub(crate) fn in_podman(server: &Server) -> Option<String> {
    if !server.line("engine").contains("podman.sock") {
        return None;
    }
    let mut podman = Command::new("podman");
    podman.args(["ps", "-a", "-q", "--external"]).env("CONTAINERS_STORAGE_CONF", server.place.path("storage.conf"));
    podman.env("CONTAINERS_CONF", server.place.data().join("node/podman/containers.conf"));
    Some(String::from_utf8(podman.output().expect("podman runs").stdout).expect("text"))
}
