//! Images of the fixture program, imported through the engine's API; no registry is asked.

use crate::server::Server;
use bollard::query_parameters::{CreateImageOptions, ListContainersOptions, RemoveImageOptions};
use bollard::{API_DEFAULT_VERSION, Docker, body_full};
use futures::TryStreamExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

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
    let options = CreateImageOptions {
        from_src: Some("-".into()),
        repo: Some(image.into()),
        changes: vec![format!("ENTRYPOINT [\"/{program}\"]")],
        ..CreateImageOptions::default()
    };
    let archive = body_full(archive(program, &content).into());
    let made: Result<Vec<_>, _> = engine.create_image(Some(options), Some(archive), None).try_collect().await;
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
