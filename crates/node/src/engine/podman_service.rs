//! Podman's API service as a child of this process, where only the program is there.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::Duration;

use bollard::Docker;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};

use super::EngineError;
use super::find::{connect_podman, program_in_path};

/// How long the service may take until it answers.
const START: Duration = Duration::from_secs(60);
/// How long a service that an earlier process left may take to end.
/// It gives requests under way five seconds; one that is killed in a removal leaves a container without files.
const STOP: Duration = Duration::from_secs(7);
/// The longest path that fits a socket's address.
const SOCKET_PATH: usize = 100;
/// The pause before a service that ended by itself is started again.
const AGAIN: Duration = Duration::from_secs(1);

/// The running service. Ends with this value; containers run on.
#[derive(Debug)]
pub(super) struct PodmanService {
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    pid: AtomicI32,
    closed: AtomicBool,
}

impl PodmanService {
    /// Starts the service, in place of one that an earlier process of this data folder left, and connects to it.
    pub(super) async fn start(program: &Path, data_dir: &Path) -> Result<(Self, Docker, String), EngineError> {
        let folder = std::path::absolute(data_dir.join("podman")).unwrap_or_else(|_| data_dir.join("podman"));
        let failed = |source| EngineError::DataDir { path: folder.clone(), source };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(failed)?;
        let socket = socket_path(&folder);
        let address = format!("unix://{}", socket.display());
        // A service whose parent is gone dies at its next word on standard error, so it is not taken over. Containers
        // do not notice.
        let left = left_behind(&address);
        left.iter().copied().for_each(stop);
        let deadline = tokio::time::Instant::now() + STOP;
        while left.iter().any(|pid| serves(*pid, &address)) {
            if tokio::time::Instant::now() > deadline {
                left.iter().filter(|pid| serves(**pid, &address)).for_each(|pid| {
                    let _ = kill(Pid::from_raw(*pid), Signal::SIGKILL);
                });
            }
            // The process is nobody's child here, so nothing tells its end.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let pid_file = folder.join("pid");
        let launch = Launch { program: program.to_owned(), folder: folder.clone(), socket, pid_file };
        launch.write_settings().map_err(failed)?;
        let mut child = launch.spawn().map_err(failed)?;
        let early = EndEarly(child.id());
        let mut errors = child.stderr.take();
        let deadline = tokio::time::Instant::now() + START;
        let docker = loop {
            if let Some(docker) = connect_podman(&address).await {
                break docker;
            }
            if let Ok(Some(status)) = child.try_wait() {
                early.keep();
                let mut said = String::new();
                if let Some(errors) = &mut errors {
                    let _ = errors.take(4096).read_to_string(&mut said).await;
                }
                return Err(EngineError::PodmanService { reason: format!("it ended with {status}: {}", said.trim()) });
            }
            if tokio::time::Instant::now() > deadline {
                return Err(EngineError::PodmanService {
                    reason: format!("no answer within {} seconds", START.as_secs()),
                });
            }
            // The service gives no sign of readiness other than its socket.
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        early.keep();
        let state = Arc::new(State::default());
        state.pid.store(child.id().map_or(0, |pid| pid as i32), Ordering::SeqCst);
        tokio::spawn(keep_running(launch, child, errors, state.clone()));
        Ok((Self { state }, docker, address))
    }
}

/// Ends the service when its start is given up: because it does not answer, or something else failed meanwhile.
struct EndEarly(Option<u32>);

impl EndEarly {
    fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for EndEarly {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            stop(pid as i32);
        }
    }
}

impl Drop for PodmanService {
    fn drop(&mut self) {
        self.state.closed.store(true, Ordering::SeqCst);
        stop(self.state.pid.load(Ordering::SeqCst));
    }
}

fn stop(pid: i32) {
    if pid > 1 {
        let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
    }
}

/// Starts the service again when it ends by itself, and passes its words to the log.
async fn keep_running(
    launch: Launch,
    mut child: Child,
    mut errors: Option<tokio::process::ChildStderr>,
    state: Arc<State>,
) {
    loop {
        let mut said = [0_u8; 4096];
        if let Some(pipe) = &mut errors {
            while let Ok(length @ 1..) = pipe.read(&mut said).await {
                tracing::debug!(said = %String::from_utf8_lossy(&said[..length]).trim(), "podman's API service");
            }
        }
        let ended = child.wait().await;
        if state.closed.load(Ordering::SeqCst) {
            return;
        }
        tracing::warn!(?ended, "podman's API service ended; starting it again");
        loop {
            tokio::time::sleep(AGAIN).await;
            if state.closed.load(Ordering::SeqCst) {
                return;
            }
            match launch.spawn() {
                Ok(next) => {
                    child = next;
                    break;
                }
                Err(error) => tracing::warn!(%error, "podman's API service does not start"),
            }
        }
        errors = child.stderr.take();
        let pid = child.id().map_or(0, |pid| pid as i32);
        state.pid.store(pid, Ordering::SeqCst);
        if state.closed.load(Ordering::SeqCst) {
            stop(pid);
        }
    }
}

/// What is needed to start the service.
struct Launch {
    program: PathBuf,
    folder: PathBuf,
    socket: PathBuf,
    /// For whoever looks after the machine.
    pid_file: PathBuf,
}

impl Launch {
    fn settings_file(&self) -> PathBuf {
        self.folder.join("containers.conf")
    }

    fn write_settings(&self) -> std::io::Result<()> {
        let unified = Path::new("/sys/fs/cgroup/cgroup.controllers").exists();
        fs::write(self.settings_file(), settings(unified, &self.folder.join("events.log")))
    }

    fn spawn(&self) -> std::io::Result<Child> {
        let _ = fs::remove_file(&self.socket);
        let mut command = Command::new(&self.program);
        command
            .args(["system", "service", "--time=0"])
            .arg(format!("unix://{}", self.socket.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // The monitors of containers leave files where the service was started.
            .current_dir(&self.folder)
            // A Ctrl-C at the terminal is for the server, which ends the service when it is done with it.
            .process_group(0);
        if std::env::var_os("CONTAINERS_CONF").is_none() {
            command.env("CONTAINERS_CONF", self.settings_file());
        }
        let child = command.spawn()?;
        fs::write(&self.pid_file, child.id().unwrap_or(0).to_string())?;
        Ok(child)
    }
}

/// What this machine needs of Podman.
fn settings(unified_cgroups: bool, events: &Path) -> String {
    let mut engine = String::from("[engine]\nevents_logger = \"file\"\nevents_logfile_max_size = \"16m\"\n");
    // The log of the machine is shared, small and read as a whole again at each rotation.
    let _ = writeln!(engine, "events_logfile_path = {:?}", events.display().to_string());
    // crun refuses a machine whose cgroups are not unified; runc works on both.
    if program_in_path("runc").is_some() && (!unified_cgroups || program_in_path("crun").is_none()) {
        engine.push_str("runtime = \"runc\"\n");
    }
    if program_in_path("systemctl").is_none() || !Path::new("/run/systemd/system").exists() {
        engine.push_str("cgroup_manager = \"cgroupfs\"\n");
    }
    format!("[containers]\nlog_driver = \"k8s-file\"\n{engine}")
}

/// The socket in the data folder, or in a folder for such files where the path would be too long for one.
fn socket_path(folder: &Path) -> PathBuf {
    let inside = folder.join("podman.sock");
    if inside.as_os_str().len() <= SOCKET_PATH {
        return inside;
    }
    let short = crate::digest::short(folder.as_os_str().as_encoded_bytes(), 8);
    let place = std::env::var_os("XDG_RUNTIME_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    place.join(format!("podman-{short}.sock"))
}

/// The services that earlier processes of this data folder started and that still run. They are looked for among all processes: one that
/// is killed just after it has started a service leaves no other word of it.
fn left_behind(address: &str) -> Vec<i32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter(|pid| serves(*pid, address)).collect()
}

/// Whether the process was told to serve that address.
fn serves(pid: i32, address: &str) -> bool {
    let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let mut words = command.split(|byte| *byte == 0);
    words.any(|word| word == b"service") && words.any(|word| word == address.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_data_folder_still_gets_a_socket() {
        let long = PathBuf::from(format!("/{}", "x".repeat(120)));
        assert!(socket_path(&long).as_os_str().len() <= SOCKET_PATH);
        assert_ne!(socket_path(&long), socket_path(&long.join("y")));
        assert_eq!(socket_path(Path::new("/data")), PathBuf::from("/data/podman.sock"));
    }

    #[test]
    fn a_process_that_serves_something_else_is_not_taken_for_the_service() {
        assert!(!serves(std::process::id() as i32, "unix:///data/podman.sock"));
    }

    #[tokio::test]
    async fn a_service_that_nobody_has_noted_down_gives_way() {
        let Some(podman) = program_in_path("podman") else { return println!("skipped: no podman") };
        let folder = tempfile::tempdir().expect("a temporary folder");
        let socket = socket_path(&folder.path().join("podman"));
        let address = format!("unix://{}", socket.display());
        let place = folder.path().join("podman");
        fs::create_dir(&place).expect("a folder");
        let launch = Launch { program: podman.clone(), pid_file: place.join("pid"), folder: place, socket };
        launch.write_settings().expect("written");
        let mut left = launch.spawn().expect("started");
        fs::remove_file(&launch.pid_file).expect("removed");
        let before = left.id().expect("a number") as i32;
        // The words of a program that has just begun cannot be read at once.
        while !left_behind(&address).contains(&before) {
            tokio::task::yield_now().await;
        }
        let (service, docker, found) = PodmanService::start(&podman, folder.path()).await.expect("started");
        assert_eq!((found, docker.ping().await.expect("an answer")), (address.clone(), "OK".to_owned()));
        let now = service.state.pid.load(Ordering::SeqCst);
        assert!(left_behind(&address).contains(&now) && !left_behind(&address).contains(&before));
        left.wait().await.expect("ended");
    }
}
