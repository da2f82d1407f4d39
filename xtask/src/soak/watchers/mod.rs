//! kube-rs and client-go keep what they watch, while connections break, history is short and the server is killed; in the end they
//! keep what is stored.
//!
//! ```text
//! writer, kube-rs reflectors, Go informer ─▶ proxy (cuts connections) ─▶ kubelite (killed and started again)
//! ```

mod informer;
mod proxy;

use super::SoakArgs;
use super::dice::Dice;
use super::kills::child::Child;
use crate::counts::Counts;
use anyhow::{Context, Result};
use futures::StreamExt;
use informer::Informer;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::runtime::reflector::{self, Store};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, Config, ResourceExt};
use proxy::Proxy;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

/// Events of each resource that are kept: so few that whoever is away for a moment has missed some.
const HISTORY: usize = 60;
/// Names that are written to.
const NAMES: u64 = 40;
/// Time for everybody to end equal to the store.
const PATIENCE: Duration = Duration::from_mins(2);

/// Resource versions by name.
type Versions = BTreeMap<String, String>;

pub(super) fn run(args: &SoakArgs, time: Duration) -> Result<Counts> {
    let seed = args.seed.unwrap_or_else(super::clock);
    println!("kubelite-watchers: seed {seed}");
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(soak(folder.path(), seed, time))
}

async fn soak(folder: &Path, seed: u64, time: Duration) -> Result<Counts> {
    let proxy = Proxy::start().await?;
    let (mut child, kubeconfig) = start(folder, &proxy).await?;
    let file = folder.join("proxied");
    std::fs::write(&file, serde_json::to_string(&kubeconfig)?)?;
    let mut clients = vec![("reflector", keep(&kubeconfig, watcher::Config::default()).await?)];
    clients
        .push(("reflector by a streamed list", keep(&kubeconfig, watcher::Config::default().streaming_lists()).await?));
    let mut informer = match Informer::start(&file).await {
        Ok(informer) => Some(informer),
        Err(error) => {
            println!("kubelite-watchers: without the Go informer: {error:#}");
            None
        }
    };
    let writer = client(&kubeconfig).await?;
    let (mut dice, begun, mut writes, mut kills) = (Dice::new(seed), Instant::now(), 0_u64, 0);
    while begun.elapsed() < time {
        for _ in 0..dice.below(300) {
            writes += 1;
            write(&writer, dice.below(NAMES), writes, dice.below(5) == 0).await;
        }
        match dice.below(3) {
            0 => {
                child.kill()?;
                child = start(folder, &proxy).await?.0;
                kills += 1;
            }
            _ => proxy.cut(),
        }
    }
    // The last word, so that whoever listens hears something after the last fault.
    for name in 0..NAMES {
        write(&writer, name, writes + name, false).await;
    }
    let mut counts = Counts::default();
    let stored = stored(&writer).await?;
    println!(
        "kubelite-watchers: {writes} writes, {kills} kills, {} connections, {} objects",
        proxy.connections(),
        stored.len()
    );
    let until = Instant::now() + PATIENCE;
    for (name, store) in clients {
        let mut kept = versions(&store);
        while kept != stored && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(100)).await;
            kept = versions(&store);
        }
        verdict(&mut counts, name, &kept, &stored);
    }
    if let Some(informer) = &mut informer {
        let mut kept = informer.kept().await?;
        while kept != stored && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(100)).await;
            kept = informer.kept().await?;
        }
        verdict(&mut counts, "Go informer", &kept, &stored);
    }
    child.kill()?;
    Ok(counts)
}

fn verdict(counts: &mut Counts, name: &str, kept: &Versions, stored: &Versions) {
    counts.add(kept == stored);
    if kept == stored {
        println!("kubelite-watchers: {name}: equal to the store");
    } else {
        println!("kubelite-watchers: {name}: keeps {kept:?}, stored is {stored:?}");
    }
}

/// Starts the server; the kubeconfig goes by the proxy.
async fn start(folder: &Path, proxy: &Proxy) -> Result<(Child, Kubeconfig)> {
    let mut child = Child::start(folder, Some(HISTORY))?;
    let mut kubeconfig = child.ready().await?.kubeconfig;
    let cluster = kubeconfig.clusters.first_mut().and_then(|named| named.cluster.as_mut()).context("no cluster")?;
    let url = cluster.server.replace(proxy.url()).context("no address")?;
    let port = url.rsplit(':').next().and_then(|port| port.parse().ok());
    proxy.to(port.with_context(|| format!("{url} has no port"))?);
    Ok((child, kubeconfig))
}

async fn client(kubeconfig: &Kubeconfig) -> Result<Client> {
    let config = Config::from_custom_kubeconfig(kubeconfig.clone(), &KubeConfigOptions::default()).await?;
    Ok(Client::try_from(config)?)
}

/// Keeps the objects by a reflector, from now on.
async fn keep(kubeconfig: &Kubeconfig, config: watcher::Config) -> Result<Store<ConfigMap>> {
    let api: Api<ConfigMap> = Api::namespaced(client(kubeconfig).await?, "default");
    let (store, writer) = reflector::store();
    let stream = reflector::reflector(writer, watcher(api, config).default_backoff());
    tokio::spawn(stream.for_each(|_| std::future::ready(())));
    Ok(store)
}

fn versions(store: &Store<ConfigMap>) -> Versions {
    store.state().iter().map(|map| (map.name_any(), map.resource_version().unwrap_or_default())).collect()
}

async fn stored(client: &Client) -> Result<Versions> {
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), "default");
    let list = api.list(&kube::api::ListParams::default()).await.context("listing in the end")?;
    Ok(list.items.iter().map(|map| (map.name_any(), map.resource_version().unwrap_or_default())).collect())
}

/// Writes or deletes. Whether it happened is for the watches to tell.
async fn write(client: &Client, name: u64, number: u64, delete: bool) {
    let path = format!("/api/v1/namespaces/default/configmaps/w-{name}");
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("w-{name}")}, "data": {"n": number.to_string()}});
    let request = if delete {
        http::Request::delete(path).body(kube::client::Body::empty())
    } else {
        let path = format!("{path}?fieldManager=soak&force=true");
        let body = kube::client::Body::from(map.to_string().into_bytes());
        http::Request::patch(path).header("content-type", "application/apply-patch+yaml").body(body)
    };
    if let Ok(request) = request
        && let Ok(answer) = client.send(request).await
    {
        let _ = http_body_util::BodyExt::collect(answer.into_body()).await;
    }
}
