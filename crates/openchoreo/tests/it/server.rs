//! The built server as a process, with a data folder, a home and an image store of its own, taken away at the end.

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError, Weak, mpsc};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The longest wait for one event; nothing takes that long unless it fails.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A user who may not set up networks, and whom a Podman of the user's own can run.
#[derive(Clone)]
pub(crate) struct User {
    uid: u32,
    gid: u32,
}

impl User {
    /// One of this computer; none, with a word why.
    pub(crate) fn ordinary() -> Option<User> {
        let no = |why: &str| {
            println!("skipped: {why}");
            None
        };
        let Ok(name) = std::env::var("OPENCHOREO_TEST_USER") else {
            return no("OPENCHOREO_TEST_USER names no ordinary user who has ids in /etc/subuid and /etc/subgid");
        };
        match nix::unistd::User::from_name(&name) {
            Ok(Some(user)) => Some(User { uid: user.uid.as_raw(), gid: user.gid.as_raw() }),
            _ => no(&format!("there is no user {name} (OPENCHOREO_TEST_USER)")),
        }
    }

    /// Where a login keeps what lasts as long as it.
    fn runtime_folder(&self) -> PathBuf {
        let folder = PathBuf::from(format!("/run/user/{}", self.uid));
        if !folder.exists() {
            std::fs::create_dir_all(&folder).expect("a folder");
            std::os::unix::fs::chown(&folder, Some(self.uid), Some(self.gid)).expect("given");
        }
        folder
    }

    fn become_it(&self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid).env("XDG_RUNTIME_DIR", self.runtime_folder());
    }
}

/// What lies under a server and outlives it: the folders that it is started with.
pub(crate) struct Place {
    folder: TempDir,
    user: Option<User>,
}

impl Place {
    pub(crate) fn new() -> Place {
        Self::of(None)
    }

    fn of(user: Option<User>) -> Place {
        let folder = tempfile::Builder::new().prefix("oc-e2e-").tempdir().expect("a temporary folder");
        for name in ["home", "graph", "run"] {
            std::fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        // Podman keeps images and containers apart from this computer's own; another engine does not read this.
        let storage = format!(
            "[storage]\ndriver = \"overlay\"\ngraphroot = \"{}\"\nrunroot = \"{}\"\n",
            folder.path().join("graph").display(),
            folder.path().join("run").display()
        );
        std::fs::write(folder.path().join("storage.conf"), storage).expect("written");
        if let Some(user) = &user {
            // The program too: the folder that it was built in may be closed to others.
            std::fs::copy(env!("CARGO_BIN_EXE_openchoreo"), folder.path().join("openchoreo")).expect("copied");
            let inside = ["home", "graph", "run", "storage.conf", "openchoreo"].map(|name| folder.path().join(name));
            for path in inside.iter().map(PathBuf::as_path).chain([folder.path()]) {
                std::os::unix::fs::chown(path, Some(user.uid), Some(user.gid)).expect("given");
            }
        }
        Place { folder, user }
    }

    /// Podman's command line, with the images and containers of this place.
    pub(crate) fn podman(&self) -> Command {
        let mut podman = Command::new("podman");
        podman.env("CONTAINERS_STORAGE_CONF", self.path("storage.conf"));
        podman.env("CONTAINERS_CONF", self.data().join("node/podman/containers.conf"));
        podman.env("HOME", self.path("home")).current_dir(self.folder.path());
        if let Some(user) = &self.user {
            user.become_it(&mut podman);
        }
        podman
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// What the server logged, all starts together.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// `openchoreo up` with this place's folders; ports are free ones unless `options` say otherwise.
    pub(crate) fn command(&self, options: &[&str]) -> Command {
        let mut command = self.program("up");
        for port in ["--api-port", "--kubernetes-port", "--gateway-port"] {
            if !options.contains(&port) {
                command.args([port, "0"]);
            }
        }
        command.args(options);
        command
    }

    /// The server's program with this place's folders.
    pub(crate) fn program(&self, verb: &str) -> Command {
        let mut command = match &self.user {
            None => Command::new(env!("CARGO_BIN_EXE_openchoreo")),
            Some(user) => {
                let mut command = Command::new(self.path("openchoreo"));
                user.become_it(&mut command);
                command.current_dir(self.folder.path());
                command
            }
        };
        command
            .args([verb, "--data-dir"])
            .arg(self.data())
            .env("HOME", self.path("home"))
            .env("CONTAINERS_STORAGE_CONF", self.path("storage.conf"))
            .env_remove("XDG_DATA_HOME")
            .env_remove("XDG_CONFIG_HOME")
            .stdin(Stdio::null());
        command
    }

    /// The id on everything that the installation makes.
    pub(crate) fn instance(&self) -> String {
        let id = std::fs::read_to_string(self.data().join("node/instance")).expect("an instance");
        id.trim().to_owned()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // An overlay that the engine left mounted would keep the folder.
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let inside = self.folder.path().display().to_string();
        for mount in mounts.lines().filter_map(|line| line.split(' ').nth(1)).filter(|at| at.starts_with(&inside)) {
            let _ = Command::new("umount").args(["-l", mount]).status();
        }
    }
}

/// A running server. There is one at a time: engines with stores of their own do not know of each other's networks and
/// may give out the same addresses.
pub(crate) struct Server {
    pub(crate) place: Place,
    _turn: File,
    process: Option<Process>,
    /// What it printed until it was ready: name and text of each line, and when it was read.
    lines: Vec<(String, String, Instant)>,
}

struct Process {
    child: Child,
    /// Ends the server when this process ends without having done so.
    guard: Child,
    /// Whether it removes everything when it is stopped.
    removes: bool,
}

impl Server {
    /// Starts a server that removes everything when it is stopped.
    pub(crate) fn start(options: &[&str]) -> Server {
        Self::start_as(None, options)
    }

    /// The same as another user.
    pub(crate) fn start_as(user: Option<User>, options: &[&str]) -> Server {
        let turn = Server::turn();
        let mut server = Server { place: Place::of(user), _turn: turn, process: None, lines: Vec::new() };
        server.start_again(options);
        server
    }

    /// A place for a server that is to be started.
    pub(crate) fn prepare() -> Server {
        Server { place: Place::new(), _turn: Server::turn(), process: None, lines: Vec::new() }
    }

    /// While it is held, no other server of these tests runs.
    pub(crate) fn turn() -> File {
        let turn = File::create(Path::new(env!("CARGO_TARGET_TMPDIR")).join("one-server-at-a-time")).expect("a file");
        turn.lock().expect("locked");
        turn
    }

    /// Starts it in the same place.
    pub(crate) fn start_again(&mut self, options: &[&str]) {
        self.start_so(options, true);
    }

    /// Starts it in the same place; what runs is left running when it is stopped.
    pub(crate) fn start_to_leave(&mut self, options: &[&str]) {
        self.start_so(options, false);
    }

    fn start_so(&mut self, options: &[&str], removes: bool) {
        assert!(self.process.is_none(), "it was stopped before");
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.place.path("log")).expect("a log");
        let mut command = self.place.command(options);
        command.args(removes.then_some("--remove-on-exit"));
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().expect("starts");
        let script = "read _; kill -TERM $0 2>/dev/null";
        let guard = Command::new("sh").args(["-c", script, &child.id().to_string()]).stdin(Stdio::piped()).spawn();
        let output = BufReader::new(child.stdout.take().expect("piped"));
        self.process = Some(Process { child, guard: guard.expect("a shell"), removes });
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = sender.send((line, Instant::now()));
            }
        });
        self.lines.clear();
        let deadline = Instant::now() + PATIENCE;
        loop {
            match receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok((line, at)) => {
                    let (name, text) = line.split_once(' ').unwrap_or((&line, ""));
                    self.lines.push((name.to_owned(), text.trim().to_owned(), at));
                    if name == "ready" {
                        return;
                    }
                }
                Err(error) => panic!("the server did not get ready ({error}): {:?}\n{}", self.lines, self.place.log()),
            }
        }
    }

    /// The text of a start-up line.
    pub(crate) fn line(&self, name: &str) -> &str {
        &self.printed(name).1
    }

    /// When a start-up line was read.
    pub(crate) fn told_at(&self, name: &str) -> Instant {
        self.printed(name).2
    }

    fn printed(&self, name: &str) -> &(String, String, Instant) {
        let found = self.lines.iter().find(|(known, ..)| known == name);
        found.unwrap_or_else(|| panic!("no line {name:?} in {:?}", self.lines))
    }

    pub(crate) fn gateway_port(&self) -> u16 {
        let (_, port) = self.line("gateway").rsplit_once(':').expect("a port");
        port.parse().expect("a port")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.as_ref().expect("it runs").child.id()
    }

    /// A client of its Kubernetes API.
    pub(crate) async fn client(&self) -> Client {
        let kubeconfig = Kubeconfig::read_from(self.place.data().join("kubeconfig")).expect("a kubeconfig");
        let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
        Client::try_from(config.expect("a configuration")).expect("a client")
    }

    /// Sends a signal and waits for the end.
    pub(crate) fn end(&mut self, signal: Signal) -> ExitStatus {
        let mut process = self.process.take().expect("it runs");
        kill(Pid::from_raw(process.child.id().cast_signed()), signal).expect("it runs");
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            match process.child.try_wait().expect("a child") {
                Some(status) => break status,
                None if Instant::now() > deadline => {
                    let _ = process.child.kill();
                    panic!("the server did not end\n{}", self.place.log());
                }
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        };
        let _ = process.guard.kill();
        let _ = process.guard.wait();
        status
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(process) = &self.process {
            let removes = process.removes;
            let status = self.end(Signal::SIGTERM);
            if std::thread::panicking() {
                let _ = writeln!(std::io::stderr(), "the server ended with {status}; its log:\n{}", self.place.log());
            }
            if !removes {
                self.start_again(&[]);
                self.end(Signal::SIGTERM);
            }
        } else if self.place.data().join("node").exists() {
            // It was killed: containers are taken away by another start.
            self.start_again(&[]);
            self.end(Signal::SIGTERM);
        }
    }
}

/// One server for the stories that do not disturb each other; ends with the last of them.
pub(crate) fn shared() -> std::sync::Arc<Server> {
    static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(server) = shared.upgrade() {
        return server;
    }
    let server = std::sync::Arc::new(Server::start(&[]));
    *shared = std::sync::Arc::downgrade(&server);
    server
}

/// Whether this computer can run containers for these tests; says why not.
pub(crate) fn possible() -> bool {
    let no = |why: &str| {
        println!("skipped: {why}");
        false
    };
    if std::env::var_os("OPENCHOREO_TEST_FAST").is_some_and(|value| value == "1") {
        return no("OPENCHOREO_TEST_FAST is set");
    }
    if !nix::unistd::geteuid().is_root() {
        return no("Services and container networks need root");
    }
    let sockets = ["/var/run/docker.sock", "/run/podman/podman.sock"];
    let engine = std::env::var_os("DOCKER_HOST").is_some()
        || sockets.iter().any(|socket| Path::new(socket).exists())
        || std::env::var_os("PATH")
            .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join("podman").exists()));
    if !engine {
        return no("there is no container engine (DOCKER_HOST, Docker's or Podman's socket, the program podman)");
    }
    true
}
