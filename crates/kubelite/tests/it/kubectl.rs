//! Sessions with kubectl, as data: `tests/kubectl/*.txt`.
//!
//! A file has parts that begin with `--- NAME`: files for the session, and last the `session`. There `$` begins a command for the
//! shell; what it prints (both outputs) follows, `~` standing for anything, and `? CODE` when it does not end with 0.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use kubelite::{Options, Server};
use rstest::rstest;

/// Whether the output is what is expected.
fn fits(expected: &str, actual: &str) -> bool {
    let mut rest = actual;
    let mut parts = expected.split('~');
    let Some(tail) = parts.next().and_then(|first| rest.strip_prefix(first)) else { return false };
    rest = tail;
    let mut open = false;
    for part in parts {
        open = part.is_empty();
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    open || rest.is_empty()
}

/// One command of a session.
#[derive(Default)]
struct Step {
    command: String,
    output: String,
    code: i32,
}

/// Writes the session's files and answers its steps.
fn read(session: &Path, folder: &Path) -> Vec<Step> {
    let text = std::fs::read_to_string(session).unwrap();
    let mut steps: Vec<Step> = Vec::new();
    for part in text.split("\n--- ").skip(1) {
        let (name, rest) = part.split_once('\n').unwrap();
        if name != "session" {
            std::fs::write(folder.join(name), format!("{rest}\n")).unwrap();
            continue;
        }
        for line in rest.lines() {
            if let Some(command) = line.strip_prefix("$ ") {
                steps.push(Step { command: command.to_owned(), ..Step::default() });
            } else if let Some(code) = line.strip_prefix("? ") {
                steps.last_mut().unwrap().code = code.parse().unwrap();
            } else {
                let step = steps.last_mut().unwrap();
                step.output.push_str(line);
                step.output.push('\n');
            }
        }
    }
    steps
}

fn play(session: &Path, folder: &Path, config: &Path) {
    for step in read(session, folder) {
        let output = Command::new("sh")
            .arg("-c")
            .arg(format!("exec 2>&1; {}", step.command))
            .current_dir(folder)
            .env("KUBECONFIG", config)
            .env("HOME", folder)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let actual = String::from_utf8_lossy(&output.stdout);
        // What jsonpath prints has no end of line.
        let fit =
            fits(&step.output, &actual) || fits(step.output.trim_end_matches('\n'), actual.trim_end_matches('\n'));
        assert!(
            fit && output.status.code() == Some(step.code),
            "{}: $ {}\nexpected ({}):\n{}\ngot ({:?}):\n{actual}",
            session.display(),
            step.command,
            step.code,
            step.output,
            output.status.code()
        );
    }
}

/// The same server, with nothing by which it would know the user.
fn bare(url: &str) -> String {
    serde_json::json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "bare", "users": [],
        "clusters": [{"name": "bare", "cluster": {"server": url, "certificate-authority": "ca.crt"}}],
        "contexts": [{"name": "bare", "context": {"cluster": "bare"}}],
    })
    .to_string()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kubectl_works_with_it(#[files("tests/kubectl/*.txt")] session: PathBuf) {
    let mut client = Command::new("kubectl");
    client.args(["version", "--client"]).stdout(Stdio::null()).stderr(Stdio::null());
    if client.status().is_err() {
        eprintln!("skipped: kubectl is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let server = Server::open(Options::default()).await.unwrap();
    let serving = server.serve(tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap();
    let config = folder.path().join("kubeconfig");
    let url = format!("https://{}", serving.address());
    server.authority().write_kubeconfig(&config, &url).unwrap();
    std::fs::write(folder.path().join("ca.crt"), server.authority().ca_pem()).unwrap();
    std::fs::write(folder.path().join("bare"), bare(&url)).unwrap();
    let place = folder.path().to_owned();
    tokio::task::spawn_blocking(move || play(&session, &place, &config)).await.unwrap();
    server.shutdown().await;
}
