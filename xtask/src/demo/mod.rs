//! `cargo xtask demo`: the main job from nothing.
//!
//! ```text
//! engine ─▶ binaries and images ─▶ openchoreo up ─▶ occ apply examples ─▶ wait ─▶ call ─▶ what to try next
//! ```

mod call;
mod engine;
mod make;
mod remains;
mod server;

use anyhow::{Context, Result, ensure};
use std::io::Write;
use std::time::{Duration, Instant};

/// How long the example may take until it answers.
const PATIENCE: Duration = Duration::from_secs(90);

/// Runs the demo; with `once`, checks the answers, takes everything down and returns.
pub(crate) fn run(once: bool) -> Result<bool> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the runtime")?;
    runtime.block_on(demo(once))
}

async fn demo(once: bool) -> Result<bool> {
    let engine = engine::find_or_install()?;
    let made = make::everything(&engine)?;
    let before = remains::Before::see();
    let folder = tempfile::Builder::new()
        .prefix("openchoreo-demo-")
        .tempdir()
        .context("cannot make a folder for the demo's data")?;
    let begun = Instant::now();
    let server = server::Server::start(&made, folder.path(), once).await?;
    let outcome = tokio::select! {
        outcome = show(&made, &server, begun) => outcome,
        _ = tokio::signal::ctrl_c() => {
            println!("\nstopping");
            server.stop().await?;
            return Ok(!once);
        }
        ended = server.ended() => Err(anyhow::anyhow!("the server ended: {ended}\n{}", server.said())),
    };
    let (first, web) = match outcome {
        Ok(answered) => answered,
        Err(error) => {
            eprintln!("{}", server.said());
            server.stop().await?;
            return Err(error);
        }
    };
    println!(
        "\nfirst answer from a container through the gateway {:.1} s after the start of the server",
        first.as_secs_f64()
    );
    if once {
        let mark = remains::Mark::of(&folder.path().join("data"))?;
        server.stop().await?;
        let left = before.left(&engine, &mark)?;
        ensure!(left.is_empty(), "the demo left something behind: {}", left.join(", "));
        println!("everything taken down, nothing left behind");
        return Ok(true);
    }
    next_steps(&made, &server, &web);
    tokio::select! {
        _ = tokio::signal::ctrl_c() => println!("\nstopping"),
        ended = server.ended() => anyhow::bail!("the server ended: {ended}\n{}", server.said()),
    }
    server.stop().await?;
    Ok(true)
}

/// Applies the example and calls it.
async fn show(made: &make::Made, server: &server::Server, begun: Instant) -> Result<(Duration, call::Address)> {
    step("applying examples/guestbook/manifests");
    server.occ(made, &["apply", "-f", &made.manifests])?;
    let view = indicatif::ProgressBar::new_spinner();
    view.enable_steady_tick(Duration::from_millis(100));
    let deadline = Instant::now() + PATIENCE;
    // The address is told by the binding as soon as it is deployed.
    let web = loop {
        let (message, address) = server.progress(made)?;
        view.set_message(message);
        if let Some(address) = address {
            break address;
        }
        ensure!(
            Instant::now() < deadline,
            "the example is not ready after {} s: {}",
            PATIENCE.as_secs(),
            view.message()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let first = call::first_page(&web, deadline).await?;
    let took = begun.elapsed();
    view.finish_and_clear();
    step(&format!("{}{} answered {} bytes of HTML", web.host, web.path, first.len()));
    let entry = call::sign(&web).await?;
    step(&format!("signed the guest book: {entry}"));
    Ok((took, web))
}

fn next_steps(made: &make::Made, server: &server::Server, web: &call::Address) {
    let occ = made.occ.display();
    println!("\nIt runs until you press Ctrl-C. Try next:\n");
    println!("  the guest book   {}", web.link());
    println!("  export OPENCHOREO_CONFIG={}", server.config().display());
    println!("  {occ} component list");
    println!("  {occ} component logs entries -f");
    println!("  {occ} component deploy entries --to staging");
    println!("  export KUBECONFIG={}", server.kubeconfig().display());
    println!("  kubectl get pods -A");
}

/// A line of the story.
fn step(line: &str) {
    println!("▸ {line}");
    let _ = std::io::stdout().flush();
}
