//! What the sessions are played on: a control plane in process, our API over it on a port, and `occ` with folders of its
//! own.

use super::transcript::Transcript;
use crate::replay::control_plane::{self, ControlPlane};
use crate::replay::kinds;
use crate::replay::rest;
use crate::replay::scenario::{self, Id, Uids};
use anyhow::{Context, Result, ensure};
use api::identity::Issuer;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

/// Address, client and secret that the recording had.
const RECORDED_URL: &str = "http://127.0.0.1:18081";
const CLIENT: &str = "svc";
const RECORDED_SECRET: &str = "s3cret";
/// Where nobody listens, for commands that speak with the default control plane: this computer may have one.
const NOBODY: &str = "http://127.0.0.1:1";
/// How long one command may take.
const LONGEST: Duration = Duration::from_secs(120);

const SET_UP: &str = include_str!("set-up.yaml");
/// Files that commands name. They were not recorded: they are made from what was answered about them.
const FILES: &[(&str, &str)] = &[
    ("p.yaml", include_str!("files/p.yaml")),
    ("c.yaml", include_str!("files/c.yaml")),
    ("bad.yaml", include_str!("files/bad.yaml")),
    ("bad2.yaml", include_str!("files/bad2.yaml")),
];

/// What a command of ours did, in the recording's words for addresses, folders and secrets.
pub(super) struct Ran {
    pub(super) exit: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// Control plane, API and folders.
pub(super) struct Stage {
    control_plane: ControlPlane,
    program: PathBuf,
    folder: tempfile::TempDir,
    url: String,
    secret: String,
    stop: CancellationToken,
    /// The day in the names of our releases, once there is one.
    day: Option<String>,
}

impl Stage {
    /// Starts everything as it was before the first command. `dir` holds the sessions.
    pub(super) async fn start(program: PathBuf, dir: &Path, all: &[Transcript]) -> Result<Stage> {
        let control_plane = ControlPlane::start(Uids::new(), &installed(dir)?).await?;
        let client = &control_plane.client;
        let set_up: Vec<Value> = serde_saphyr::from_multiple(SET_UP).context("set-up.yaml")?;
        let there: BTreeSet<Id> = set_up.iter().map(Id::of).collect();
        let namespaces = namespaces(all);
        for object in namespaces.iter().filter(|one| !there.contains(&Id::of(one))).chain(&set_up) {
            install(client, object).await?;
        }
        control_plane.settle().await.context("the set-up")?;

        let folder = tempfile::tempdir().context("cannot make a folder")?;
        for (name, text) in FILES {
            let path = folder.path().join("work").join(name);
            write(&path, text)?;
        }
        for name in ["home", "issuer"] {
            std::fs::create_dir(folder.path().join(name)).with_context(|| format!("cannot make the folder {name}"))?;
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.context("cannot listen")?;
        let url = format!("http://{}", listener.local_addr().context("no address")?);
        let issuer = Issuer::open(&folder.path().join("issuer"), url.clone())?;
        let secret = issuer.renew_client(CLIENT)?.reveal().to_owned();
        let stop = CancellationToken::new();
        tokio::spawn(api::serve(listener, rest::router(client, issuer), stop.clone()));
        Ok(Stage { control_plane, program, folder, url, secret, stop, day: None })
    }

    fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Runs a recorded command; what it changed has come to rest afterwards. A secret among the arguments is given by the
    /// environment.
    pub(super) async fn play(&mut self, args: &[String]) -> Result<Ran> {
        let day = self.day.clone().unwrap_or_else(today);
        let mut words = Vec::new();
        let mut secret = None;
        let mut args = args.iter();
        while let Some(word) = args.next() {
            if word == "--client-secret" {
                secret = args.next().map(|_| self.secret.clone());
                continue;
            }
            let word = word.replace("<work>", &self.work().display().to_string()).replace(RECORDED_URL, &self.url);
            words.push(with_day(&word, &day));
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let ran = self.run(&words, secret.as_deref()).await?;
        if let Some(day) = self.day.is_none().then(|| day_in(&ran.stderr)).flatten() {
            self.day = Some(day);
        }
        self.control_plane.settle().await?;
        Ok(ran)
    }

    /// Logs in as the session about objects was.
    pub(super) async fn log_in(&self) -> Result<()> {
        let words = ["login", "--client-credentials", "--client-id", CLIENT, "--credential", "me"];
        let ran = self.run(&words, Some(&self.secret)).await?;
        ensure!(ran.exit == Some(0), "occ login: {}", ran.stderr);
        Ok(())
    }

    /// What the program says of a command, by `--help`.
    pub(super) async fn help(&self, path: &[&str]) -> Result<String> {
        let words: Vec<&str> = path.iter().copied().chain(["--help"]).collect();
        let ran = self.run(&words, None).await?;
        ensure!(ran.exit == Some(0), "occ {}: {}", words.join(" "), ran.stderr);
        Ok(ran.stdout)
    }

    /// The text of a file that a command wrote, with the recording's words.
    pub(super) fn written(&self, file: &str) -> Result<String> {
        let path = file
            .replace("<home>", &self.home().display().to_string())
            .replace("<work>", &self.work().display().to_string());
        let text = std::fs::read_to_string(&path).with_context(|| format!("occ has not written {file}"))?;
        Ok(self.in_recorded(&text))
    }

    async fn run(&self, words: &[&str], secret: Option<&str>) -> Result<Ran> {
        let mut command = Command::new(&self.program);
        command.args(words).env_clear().env("HOME", self.home()).current_dir(self.work());
        if words.first() != Some(&"config") {
            command.env("CHOREO_API_ENDPOINT", NOBODY);
        }
        if let Some(secret) = secret {
            command.env("OCC_CLIENT_SECRET", secret);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let told = || format!("occ {}", words.join(" "));
        let child = command.spawn().with_context(told)?;
        let ended = tokio::time::timeout(LONGEST, child.wait_with_output()).await;
        let output = ended.with_context(|| format!("{} does not end", told()))?.with_context(told)?;
        let text = |bytes: &[u8]| self.in_recorded(&String::from_utf8_lossy(bytes));
        Ok(Ran { exit: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) })
    }

    /// A text of ours with the recording's address, folders and secret.
    fn in_recorded(&self, text: &str) -> String {
        text.replace(&self.url, RECORDED_URL)
            .replace(&self.secret, RECORDED_SECRET)
            .replace(&self.work().display().to_string(), "<work>")
            .replace(&self.home().display().to_string(), "<home>")
    }

    /// Ends everything.
    pub(super) async fn stop(self) {
        self.stop.cancel();
        self.control_plane.stop().await;
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    std::fs::write(path, text).with_context(|| path.display().to_string())
}

fn today() -> String {
    jiff::Timestamp::now().strftime("%Y%m%d").to_string()
}

/// The day in the name of a release that a text tells of.
fn day_in(text: &str) -> Option<String> {
    text.split('-').find(|part| is_day(part)).map(str::to_owned)
}

/// A text with this day in the place of another in names of releases.
pub(super) fn with_day(word: &str, day: &str) -> String {
    let parts: Vec<&str> = word.split('-').map(|part| if is_day(part) { day } else { part }).collect();
    parts.join("-")
}

fn is_day(part: &str) -> bool {
    part.len() == 8 && part.starts_with("20") && part.bytes().all(|byte| byte.is_ascii_digit())
}

/// Cluster-wide objects that the recording had: the platform's, and those that the requests beside it show.
fn installed(dir: &Path) -> Result<Vec<Value>> {
    let mut platform = scenario::platform(dir)?;
    let requests = dir.join("../rest");
    platform.extend(rest::listed_before(&rest::read_all(&requests)?, &platform));
    Ok(platform)
}

/// The namespaces that the list of the recording names.
fn namespaces(all: &[Transcript]) -> Vec<Value> {
    use super::transcript::What;
    let listed = all.iter().flat_map(|transcript| &transcript.entries).find_map(|entry| match &entry.what {
        What::Command(command) if entry.name == "namespace list" => Some(&command.stdout),
        _ => None,
    });
    let names = listed.into_iter().flat_map(|list| list.lines().skip(1)).filter_map(|row| row.split(' ').next());
    let label = |name| json!({"name": name, "labels": {model::labels::CONTROL_PLANE: "true"}});
    names.map(|name| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": label(name)})).collect()
}

/// Makes an object, or edits the one that is there.
async fn install(client: &kube::Client, object: &Value) -> Result<()> {
    let id = Id::of(object);
    let api = kinds::of_manifest(object)?.api(client, &id.namespace);
    if api.get_opt(&id.name).await.with_context(|| format!("cannot read {id}"))?.is_none() {
        return control_plane::create(client, object).await;
    }
    let patch = Patch::Merge(json!({"metadata": {"labels": object["metadata"]["labels"]}, "spec": object["spec"]}));
    api.patch(&id.name, &PatchParams::default(), &patch).await.with_context(|| format!("cannot change {id}"))?;
    Ok(())
}
