//! The process itself: what it refuses to start with, what it writes, how it ends.

use crate::server::{Place, Server, possible};
use crate::web::{self, Rest};
use nix::sys::signal::Signal;
use reqwest::StatusCode;
use serde_json::Value;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;

fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8(output.stderr.clone()).expect("text");
    let error = said.lines().find_map(|line| line.strip_prefix("error: "));
    error.unwrap_or_else(|| panic!("no error in {said:?}")).to_owned()
}

#[test]
fn a_taken_port_is_named_with_its_option_and_nothing_is_started() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    for (option, purpose) in
        [("--api-port", "the REST API"), ("--kubernetes-port", "the Kubernetes API"), ("--gateway-port", "the gateway")]
    {
        let place = Place::new();
        let output = place.command(&[option, &port.to_string()]).output().expect("runs");
        assert_eq!(
            refused(&output),
            format!(
                "port {port} on 127.0.0.1, meant for {purpose}, is taken by another program: stop it, or choose another port with {option} (0 takes any free one)"
            )
        );
        assert_eq!(output.stdout, b"", "nothing was started");
        assert!(!place.data().join("node").exists(), "no engine was looked for");
    }
}

#[test]
fn an_engine_that_does_not_answer_is_named_with_the_way_out() {
    let place = Place::new();
    let nowhere = format!("unix://{}", place.path("nowhere.sock").display());
    let by_variable = place.command(&[]).env("DOCKER_HOST", &nowhere).output().expect("runs");
    let error = refused(&by_variable);
    assert!(error.contains(&nowhere) && error.contains("DOCKER_HOST") && error.contains("Start the engine"), "{error}");
    let by_option = place.command(&["--engine", &nowhere]).env_remove("DOCKER_HOST").output().expect("runs");
    let error = refused(&by_option);
    assert!(error.contains(&nowhere) && error.contains("--engine") && error.contains("Start the engine"), "{error}");
    let form = place.command(&["--engine", "ssh://box"]).output().expect("runs");
    let error = refused(&form);
    assert!(error.contains("\"ssh://box\"") && error.contains("unix:///path or tcp://host:port"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_on_a_data_folder_is_refused_and_the_first_is_not_disturbed() {
    if !possible() {
        return;
    }
    let mut server = Server::start(&["--log-format", "json", "--log", "debug,hyper=info"]);
    let engine = crate::images::engine(&server).await;
    let output = server.place.command(&[]).output().expect("runs");
    let error = refused(&output);
    let folder = server.place.data().display().to_string();
    assert!(error.contains(&folder) && error.contains(&server.pid().to_string()), "{error}");
    assert!(error.contains("--data-dir"), "{error}");
    engine.ping().await.expect("the first one's engine still answers");
    let rest = Rest::open(&server).await;
    let (status, _) = rest.get("/api/v1/namespaces/default/projects").await;
    assert_eq!(status, StatusCode::OK);

    only_the_owner_reads_the_data_folder(&server.place.data());
    assert_eq!(server.end(Signal::SIGTERM).code(), Some(0), "{}", server.place.log());
    the_log_is_json_without_secrets(&server, &rest.token);
}

fn only_the_owner_reads_the_data_folder(data: &Path) {
    let mode = |path: &Path| path.metadata().expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(data), 0o700);
    let private = ["occ.yaml", "kubeconfig", "node/secrets.json"].map(|name| data.join(name));
    for path in &private {
        assert_eq!(mode(path), 0o600, "{}", path.display());
    }
    for entry in std::fs::read_dir(data.join("identity")).expect("listed").flatten() {
        assert_eq!(mode(&entry.path()), 0o600, "{}", entry.path().display());
    }
    for entry in std::fs::read_dir(data).expect("listed").flatten().filter(|entry| entry.path().is_dir()) {
        assert_eq!(mode(&entry.path()), 0o700, "{}", entry.path().display());
    }
}

fn the_log_is_json_without_secrets(server: &Server, token: &str) {
    let log = server.place.log();
    assert!(log.lines().count() > 3, "{log}");
    for line in log.lines() {
        let entry: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line:?}: {error}"));
        assert!(entry["timestamp"].is_string() && entry["level"].is_string(), "{line}");
    }
    let secret = web::secret(server);
    let kubeconfig = std::fs::read_to_string(server.place.data().join("kubeconfig")).expect("a kubeconfig");
    let kubeconfig: Value = serde_saphyr::from_str(&kubeconfig).expect("YAML");
    let user = kubeconfig["users"][0]["user"].as_object().expect("a user");
    let keys = user.iter().filter(|(name, _)| *name == "token" || name.contains("key"));
    let mut secrets = vec![secret, token.to_owned(), "example-token".to_owned()];
    secrets.extend(keys.filter_map(|(_, value)| value.as_str().map(str::to_owned)));
    for secret in &secrets {
        assert!(secret.len() > 8 && !log.contains(secret.as_str()), "a secret is in the log");
    }
}
