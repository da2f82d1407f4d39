//! Plays everything: `play [--record] [--server URL TOKEN] [--only TEXT] [--scripts|--objects]`; kubelite by default.

use anyhow::{Context, Result};
use differential::{run, server};

#[tokio::main]
async fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let (mut choice, mut record, mut target) = (run::Choice::default(), false, None);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--record" => record = true,
            "--only" => choice.only = words.next(),
            "--scripts" => choice.no_objects = true,
            "--objects" => choice.no_scripts = true,
            "--server" => {
                let url = words.next().context("--server URL TOKEN")?;
                target = Some(server::Server::at(&url, &words.next().context("--server URL TOKEN")?)?);
            }
            other => anyhow::bail!("unknown word {other:?}"),
        }
    }
    let embedded = if target.is_none() { Some(server::Embedded::start().await?) } else { None };
    let target = target.or_else(|| embedded.as_ref().map(|embedded| embedded.server.clone())).context("no server")?;
    if record {
        let (requests, objects) = run::record(&target, &choice).await?;
        println!("{requests} requests and {objects} objects recorded");
    } else {
        let report = run::check(&target, &choice).await?;
        print!("{report}");
        if let Some(file) = std::env::var_os("DIFFERENTIAL_KNOWN") {
            let lines: Vec<&str> = report.differing().into_iter().collect();
            std::fs::write(file, lines.join("\n") + "\n")?;
        }
    }
    if let Some(embedded) = embedded {
        embedded.stop().await;
    }
    Ok(())
}
