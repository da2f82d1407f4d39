//! Where the engine is: given addresses first, then the usual sockets, then Podman's program.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bollard::{API_DEFAULT_VERSION, ClientVersion, Docker};

use super::EngineError;
use super::error::plain_words;
use super::podman_service::PodmanService;

/// Seconds that one request may take until its answer begins.
const REQUEST_SECONDS: u64 = 120;
/// How long a found socket may take to answer.
const ANSWER: Duration = Duration::from_secs(10);
/// The version of Docker's API that every Podman since 3.0 serves.
const PODMAN_API: ClientVersion = ClientVersion { major_version: 1, minor_version: 40 };

/// How to find the engine.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// The node's folder inside the data folder; made with mode 0700 where it is missing.
    pub data_dir: PathBuf,
    /// An address that goes before everything else (`unix:///path` or `tcp://host:port`).
    pub host: Option<String>,
}

/// An engine that answered.
pub(super) struct Found {
    pub(super) docker: Docker,
    pub(super) address: String,
    pub(super) service: Option<PodmanService>,
}

pub(super) async fn find(options: &EngineOptions) -> Result<Found, EngineError> {
    if let Some(address) = &options.host {
        return given(address, "the engine option").await;
    }
    if let Some(address) = std::env::var("DOCKER_HOST").ok().filter(|value| !value.is_empty()) {
        return given(&address, "DOCKER_HOST").await;
    }
    let sockets = usual_sockets(std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from), nix::unistd::getuid().as_raw());
    among(sockets, options).await
}

/// The Podman of this user.
pub(super) async fn find_own_podman(options: &EngineOptions) -> Result<Found, EngineError> {
    let socket = std::env::var_os("XDG_RUNTIME_DIR").map(|folder| PathBuf::from(folder).join("podman/podman.sock"));
    among(socket.into_iter().collect(), options).await
}

/// The first of these sockets that answers, or Podman's program.
async fn among(sockets: Vec<PathBuf>, options: &EngineOptions) -> Result<Found, EngineError> {
    let mut tried = Vec::new();
    for socket in sockets {
        if !socket.exists() {
            tried.push(format!("{} (not there)", socket.display()));
            continue;
        }
        let address = format!("unix://{}", socket.display());
        match connect(&address).await {
            Ok(docker) => return Ok(Found { docker, address, service: None }),
            Err(reason) => tried.push(format!("{} ({reason})", socket.display())),
        }
    }
    let Some(program) = program_in_path("podman") else {
        tried.push("the program `podman` (not in PATH)".to_owned());
        return Err(EngineError::NotFound { tried: tried.join(", ") });
    };
    let (service, docker, address) = PodmanService::start(&program, &options.data_dir).await?;
    Ok(Found { docker, address, service: Some(service) })
}

async fn given(address: &str, source_of_address: &'static str) -> Result<Found, EngineError> {
    if !["unix://", "tcp://", "http://"].iter().any(|scheme| address.starts_with(scheme)) {
        return Err(EngineError::Address { address: address.to_owned(), source_of_address });
    }
    match connect(address).await {
        Ok(docker) => Ok(Found { docker, address: address.to_owned(), service: None }),
        Err(reason) => Err(EngineError::NoAnswer { address: address.to_owned(), source_of_address, reason }),
    }
}

/// Connects, and agrees on the version of the API.
async fn connect(address: &str) -> Result<Docker, String> {
    let docker = client(address, API_DEFAULT_VERSION)?;
    let agreed = tokio::time::timeout(ANSWER, docker.negotiate_version()).await;
    agreed.map_err(|_| format!("no answer within {} seconds", ANSWER.as_secs()))?.map_err(|error| plain_words(&error))
}

/// Connects to Podman's service once it answers. A ping costs nothing there, while the version, which tells those of all
/// programs that it uses, takes a third of a second.
pub(super) async fn connect_podman(address: &str) -> Option<Docker> {
    let docker = client(address, &PODMAN_API).ok()?;
    tokio::time::timeout(ANSWER, docker.ping()).await.ok()?.ok()?;
    Some(docker)
}

fn client(address: &str, version: &ClientVersion) -> Result<Docker, String> {
    let docker = if address.starts_with("unix://") {
        Docker::connect_with_unix(address, REQUEST_SECONDS, version)
    } else {
        Docker::connect_with_http(address, REQUEST_SECONDS, version)
    };
    docker.map_err(|error| plain_words(&error))
}

/// Docker's and Podman's sockets, rootful before rootless.
fn usual_sockets(runtime_dir: Option<PathBuf>, uid: u32) -> Vec<PathBuf> {
    let runtime_dir = runtime_dir.unwrap_or_else(|| PathBuf::from(format!("/run/user/{uid}")));
    let mut sockets = vec![PathBuf::from("/var/run/docker.sock"), runtime_dir.join("docker.sock")];
    if uid == 0 {
        sockets.push(PathBuf::from("/run/podman/podman.sock"));
    }
    sockets.push(runtime_dir.join("podman/podman.sock"));
    sockets
}

/// The program's path, looked up as a shell does.
pub(super) fn program_in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let usual = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/sbin", "/bin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(usual).map(|folder| folder.join(name)).find(|file| is_program(file))
}

fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_are_tried_rootful_first_and_docker_first() {
        let as_user = usual_sockets(Some("/run/user/1000".into()), 1000);
        assert_eq!(
            as_user,
            ["/var/run/docker.sock", "/run/user/1000/docker.sock", "/run/user/1000/podman/podman.sock"]
                .map(PathBuf::from)
        );
        let as_root = usual_sockets(None, 0);
        assert_eq!(as_root[2], PathBuf::from("/run/podman/podman.sock"));
    }

    #[tokio::test]
    async fn an_address_that_does_not_answer_is_named_with_its_source() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let host = format!("unix://{}/none.sock", folder.path().display());
        let options = EngineOptions { data_dir: folder.path().into(), host: Some(host.clone()) };
        let error = find(&options).await.err().expect("no engine is there").to_string();
        assert!(error.contains(&host) && error.contains("the engine option"), "{error}");
    }

    #[tokio::test]
    async fn an_address_of_another_form_is_refused() {
        let options = EngineOptions { data_dir: "/nonexistent".into(), host: Some("ssh://box".to_owned()) };
        let error = find(&options).await.err().expect("refused").to_string();
        assert!(error.contains("expected unix:///path or tcp://host:port"), "{error}");
    }
}
