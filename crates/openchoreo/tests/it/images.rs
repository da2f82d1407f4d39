//! Images of the fixture program, imported through the engine's API; no registry is asked.

use crate::server::Server;
use bollard::query_parameters::{CreateImageOptions, ListContainersOptions, RemoveImageOptions};
use bollard::{API_DEFAULT_VERSION, Docker, body_full};
use futures::TryStreamExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};

/// The engine that a server uses.
pub(crate) async fn engine(server: &Server) -> Docker {
    let address = server.line("engine");
    let docker = if address.starts_with("unix://") {
        Docker::connect_with_unix(address, 60, API_DEFAULT_VERSION)
    } else {
        Docker::connect_with_http(address, 60, API_DEFAULT_VERSION)
    };
    docker.expect("an address").negotiate_version().await.expect("the engine answers")
}

/// Makes an image with the program as `/name`.
pub(crate) async fn bring(engine: &Docker, image: &str, program: &str) {
    let content = std::fs::read(fixture_program()).expect("the program");
    make(engine, image, archive(program, &content), program).await;
}

/// Makes an image of the files in a tape archive, with the program in it that it starts.
async fn make(engine: &Docker, image: &str, archive: Vec<u8>, start: &str) {
    let options = CreateImageOptions {
        from_src: Some("-".into()),
        repo: Some(image.into()),
        // No more than one: Podman takes several for one.
        changes: vec![format!("ENTRYPOINT [\"/{start}\"]")],
        ..CreateImageOptions::default()
    };
    let made: Result<Vec<_>, _> =
        engine.create_image(Some(options), Some(body_full(archive.into())), None).try_collect().await;
    made.expect("the image is made");
}

pub(crate) async fn is_there(engine: &Docker, image: &str) -> bool {
    engine.inspect_image(image).await.is_ok()
}

/// Ids of the running containers of an image.
pub(crate) async fn running(engine: &Docker, image: &str) -> Vec<String> {
    running_by_name(engine, image).await.into_iter().map(|(_, id)| id).collect()
}

/// Name and id of the running containers of an image.
pub(crate) async fn running_by_name(engine: &Docker, image: &str) -> Vec<(String, String)> {
    let all = engine.list_containers(Some(ListContainersOptions::default())).await.expect("listed").into_iter();
    let ours = all.filter(|container| container.image.as_deref() == Some(image));
    ours.filter_map(|container| Some((container.names?.into_iter().next()?, container.id?))).collect()
}

pub(crate) async fn remove(engine: &Docker, image: &str) {
    let options = RemoveImageOptions { force: true, ..RemoveImageOptions::default() };
    engine.remove_image(image, Some(options), None).await.expect("the image is removed");
}

/// The program, compiled once for all runs.
fn fixture_program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixture-program/program.rs");
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fixture-program");
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        let fresh = target.metadata().and_then(|made| Ok(made.modified()? > source.metadata()?.modified()?));
        if !fresh.unwrap_or(false) {
            let made = folder.path().join("program");
            let mut compiler = Command::new("rustc");
            compiler.args(["--edition", "2024", "-O", "-C", "target-feature=+crt-static", "-o"]).args([&made, &source]);
            assert!(compiler.status().expect("the compiler runs").success(), "the program compiles");
            std::fs::rename(&made, &target).expect("moved");
        }
        target
    })
}

/// A tape archive with one executable file, and with a word of its own: Podman fails the making of a layer while another
/// test removes one of equal content.
fn archive(name: &str, content: &[u8]) -> Vec<u8> {
    let own = uuid::Uuid::new_v4().to_string();
    let mut archive = tar::Builder::new(Vec::new());
    for (name, mode, content) in [(name, 0o755, content), ("own", 0o644, own.as_bytes())] {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(mode);
        archive.append_data(&mut header, name, content).expect("an archive in memory");
    }
    archive.into_inner().expect("an archive in memory")
}

/// What the images of the example with databases are made of.
pub(crate) struct Bakery {
    program: Vec<u8>,
    folder: PathBuf,
}

/// The example's program and the file systems of its databases, made once for all runs; none, with a word why, where they
/// cannot be made.
pub(crate) fn bakery() -> Option<Bakery> {
    static MADE: Mutex<()> = Mutex::new(());
    let _turn = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/bakery");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bakery");
    let script = example.join("images/build");
    let changed = ["build", "postgres-start", "valkey-start"]
        .iter()
        .filter_map(|name| example.join("images").join(name).metadata().ok()?.modified().ok())
        .max();
    let fresh = |name: &str| folder.join(name).metadata().and_then(|made| made.modified()).ok() > changed;
    if !fresh("postgres.tar") || !fresh("valkey.tar") {
        let made = Command::new(script).arg(&folder).output().expect("the script starts");
        if !made.status.success() {
            let words = String::from_utf8_lossy(&made.stderr).trim().to_owned();
            println!("skipped: the database images are not made: {words}");
            return None;
        }
    }
    let target = "x86_64-unknown-linux-gnu";
    if std::env::consts::ARCH != "x86_64" {
        println!("skipped: the example is built for {target} here");
        return None;
    }
    let built = folder.join("target");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--locked", "--target", target, "--target-dir"]).arg(&built).current_dir(&example);
    cargo.env("RUSTFLAGS", "-C target-feature=+crt-static").env_remove("CARGO_ENCODED_RUSTFLAGS");
    assert!(cargo.status().expect("cargo starts").success(), "the example is built");
    let program = std::fs::read(built.join(target).join("debug/bakery")).expect("the program");
    Some(Bakery { program, folder })
}

impl Bakery {
    /// Makes the three images.
    pub(crate) async fn bring(&self, engine: &Docker) {
        let name = |name: &str| format!("localhost/openchoreo-examples/{name}:latest");
        make(engine, &name("bakery"), archive("bakery", &self.program), "bakery").await;
        for server in ["postgres", "valkey"] {
            let files = std::fs::read(self.folder.join(format!("{server}.tar"))).expect("the file system");
            make(engine, &name(server), files, "start").await;
        }
    }
}

/// Takes all containers of a killed server away, with the engine's own command line.
pub(crate) fn remove_all_containers(server: &Server) {
    let address = server.line("engine").to_owned();
    let instance = std::fs::read_to_string(server.place.data().join("node/instance")).expect("an instance");
    let filter = format!("label={}={}", node::engine::INSTANCE_LABEL, instance.trim());
    let run = |words: &[&str]| {
        let mut command = if address.contains(&*server.place.data().to_string_lossy()) {
            server.place.podman()
        } else {
            let mut docker = Command::new("docker");
            docker.env("DOCKER_HOST", &address);
            docker
        };
        let output = command.args(words).output().expect("the engine's command line starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    let there = run(&["ps", "-a", "-q", "--filter", &filter]);
    let mut words = vec!["rm", "-f"];
    words.extend(there.split_whitespace());
    assert!(words.len() > 2, "there are containers");
    run(&words);
    assert_eq!(run(&["ps", "-a", "-q", "--filter", &filter]), "");
}
