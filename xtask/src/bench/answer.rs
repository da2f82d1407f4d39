//! One component, from its apply to the first answer of its container through the gateway.

use super::BenchArgs;
use super::figure::{Budget, Figure, Report};
use super::load;
use super::platform::create_ours;
use super::up::Up;
use anyhow::{Context, Result, bail};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A program that answers at once, of `examples/guestbook`.
pub(super) const IMAGE: &str = "localhost/openchoreo-examples/quotes:latest";

/// How often it is asked.
const ASK: Duration = Duration::from_millis(5);

/// How long it may take at most.
const PATIENCE: Duration = Duration::from_mins(1);

/// Measures it several times on a running server.
pub(super) fn measure(args: &BenchArgs, up: &Up, report: &mut Report) -> Result<()> {
    if !image_is_here() {
        report.skip(format!("apply until the first 200: {}", missing_image()));
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let samples = runtime.block_on(async {
        let client = client(up).await?;
        let mut samples = Vec::new();
        for number in 1..=args.times {
            samples.push(once(&client, up, number).await?.as_secs_f64() * 1e3);
        }
        anyhow::Ok(samples)
    })?;
    let figure = Figure::median("up: apply until first 200 through the gateway", samples, "ms");
    report.add(figure.context("nothing was measured")?.within(Budget::AtMost(2000.0)));
    Ok(())
}

/// Whether an engine here has the image.
pub(super) fn image_is_here() -> bool {
    program().is_some()
}

/// What to say where none has it.
pub(super) fn missing_image() -> String {
    format!("no image {IMAGE}; examples/guestbook/README.md builds it")
}

/// The command of the engine that has the image.
pub(super) fn program() -> Option<&'static str> {
    ["docker", "podman"].into_iter().find(|program| {
        let command = Command::new(program)
            .args(["image", "inspect", IMAGE])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        command.is_ok_and(|status| status.success())
    })
}

/// A client of the server's Kubernetes API.
pub(super) async fn client(up: &Up) -> Result<Client> {
    let file = up.kubeconfig();
    let kubeconfig = Kubeconfig::read_from(&file).with_context(|| file.display().to_string())?;
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    Ok(Client::try_from(config)?)
}

async fn once(client: &Client, up: &Up, number: u32) -> Result<Duration> {
    let name = format!("answer-{number}");
    let http = reqwest::Client::new();
    let url = format!("http://127.0.0.1:{}/{name}-http/quote", up.gateway_port);
    let begun = Instant::now();
    for object in load::component("default", &name, IMAGE) {
        create_ours(client, object).await?;
    }
    loop {
        let answer = http.get(&url).header("host", "development-default.openchoreoapis.localhost").send().await;
        match answer {
            Ok(answer) if answer.status().is_success() => return Ok(begun.elapsed()),
            _ if begun.elapsed() < PATIENCE => tokio::time::sleep(ASK).await,
            Ok(answer) => bail!("{url} answers {} after {} s", answer.status(), PATIENCE.as_secs()),
            Err(error) => return Err(error).context(format!("{url} after {} s", PATIENCE.as_secs())),
        }
    }
}
