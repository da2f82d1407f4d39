//! What is not as it should be, told by the command line as long as it is so.

use crate::cluster::{Cluster, condition};
use crate::command_line::CommandLine;
use crate::server::{PATIENCE, Server, possible};
use crate::shop;
use k8s_openapi::api::core::v1::Node;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::api::Api;
use kube::runtime::wait::await_condition;
use model::{Component, Project, ReleaseBinding};
use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

const PROJECT: &str = "told";
const ENFORCED: &str = "NetworkPoliciesEnforced";

/// Another program that owns the table of an installation, so that the kernel lets nobody else change it.
struct Owner(Child);

impl Owner {
    /// None, with a word why, where that cannot be.
    fn of(table: &str) -> Option<Owner> {
        let no = |why: &str| {
            println!("skipped: no table of the packet filter can be owned here: {why}");
            None
        };
        let nft =
            Command::new("nft").arg("-i").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut owner = match nft {
            Ok(nft) => Owner(nft),
            Err(error) => return no(&error.to_string()),
        };
        let input = owner.0.stdin.as_mut().expect("piped");
        if let Err(error) = writeln!(input, "add table ip {table} {{ flags owner; }}") {
            return no(&error.to_string());
        }
        // The program says nothing of it before it ends; its next look at the kernel is the only event.
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let listed = Command::new("nft").args(["list", "tables"]).output().expect("it was there");
            if String::from_utf8_lossy(&listed.stdout).lines().any(|line| line == format!("table ip {table}")) {
                return Some(owner);
            }
            if let Ok(Some(status)) = owner.0.try_wait() {
                return no(&format!("nft ended with {status}"));
            }
        }
        no("the kernel does not list it")
    }
}

impl Drop for Owner {
    /// The table goes with its owner.
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Times as `T`.
fn plain(text: &[u8]) -> String {
    let text = std::str::from_utf8(text).expect("text");
    let mut plain = String::new();
    for part in text.split_inclusive([' ', '\n']) {
        let word = part.trim_end_matches([' ', '\n', ':']);
        let is_time = word.parse::<jiff::Timestamp>().is_ok();
        plain.push_str(&if is_time { part.replacen(word, "T", 1) } else { part.to_owned() });
    }
    plain
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_that_the_kernel_does_not_take_and_an_image_that_is_missing_are_told_while_it_is_so() {
    if !possible() {
        return;
    }
    let server = Server::start(&[]);
    let Some(occ) = CommandLine::of(&server) else { return };
    let Some(owner) = Owner::of(&format!("pods-{}", server.place.instance())) else { return };
    let cluster = Cluster(server.client().await);
    cluster.apply_all(shop::with_service(PROJECT, "web", "localhost/oc-e2e-told:none")).await;

    let warned = |binding: &ReleaseBinding| {
        condition(binding, ENFORCED).0 == "False" && condition(binding, "ResourcesReady").2.contains("ImagePullBackOff")
    };
    let binding = cluster.until("default", "web-development", "warned of its policy and its image", warned).await;
    let (_, reason, warning) = condition(&binding, ENFORCED);
    assert_eq!(reason, "NotEnforced");
    let (begins, ends) = (
        "NetworkPolicy openchoreo-web: not enforced as written: the packet filter of this computer does not take the policies (",
        "); it is tried again every 5 seconds, and between namespaces and for Services they are enforced",
    );
    assert!(warning.starts_with(begins) && warning.ends_with(ends), "{warning}");
    let (_, _, image) = condition(&binding, "ResourcesReady");
    assert!(image.contains("Back-off pulling image \"localhost/oc-e2e-told:none\""), "{image}");
    let (binding, why) = why(&cluster, &occ).await;
    let (_, reason, image) = condition(&binding, "ResourcesReady");
    assert_eq!(
        why,
        format!(
            "releasebinding/web-development\n  ResourcesReady=False {reason} since T: {image}\n  warning NotEnforced since T: {warning}\n"
        )
    );
    let node = node(&cluster, "False").await;
    let words = warning.trim_start_matches("NetworkPolicy openchoreo-web: ");
    assert_eq!(node, ("PacketFilterRefused".to_owned(), format!("NetworkPolicies are {words}")));

    // The kernel takes them now.
    drop(owner);
    let silent = |binding: &ReleaseBinding| condition(binding, ENFORCED).0.is_empty();
    cluster.until("default", "web-development", "warned no more", silent).await;
    let namespace = model::names::runtime_namespace("default", PROJECT, "development");
    for policy in cluster.all::<NetworkPolicy>(&namespace).await {
        let said = policy.metadata.annotations.unwrap_or_default().remove("node.local/not-enforced");
        assert_eq!(said, None);
    }
    assert_eq!(self::node(&cluster, "True").await.0, "PacketFilterWorks");
    let (binding, why) = self::why(&cluster, &occ).await;
    let (_, reason, image) = condition(&binding, "ResourcesReady");
    assert_eq!(why, format!("releasebinding/web-development\n  ResourcesReady=False {reason} since T: {image}\n"));

    cluster.delete::<Component>("default", "web").await;
    cluster.gone::<Component>("default", "web").await;
    cluster.delete::<Project>("default", PROJECT).await;
    cluster.gone::<Project>("default", PROJECT).await;
}

/// What `occ why` says of the component, and the binding as it was meanwhile: a pull that is tried again changes it.
async fn why(cluster: &Cluster, occ: &CommandLine) -> (ReleaseBinding, String) {
    let bindings = cluster.api::<ReleaseBinding>("default");
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        let before = bindings.get("web-development").await.expect("a binding");
        let why = occ.run(&["why", "component/web"]);
        let after = bindings.get("web-development").await.expect("a binding");
        assert_eq!((why.status.code(), plain(&why.stderr)), (Some(0), String::new()));
        if before.metadata.resource_version == after.metadata.resource_version {
            return (after, plain(&why.stdout));
        }
    }
    panic!("the binding never stays as it is");
}

/// Reason and message of what the node says of policies, as soon as it has that status.
async fn node(cluster: &Cluster, status: &str) -> (String, String) {
    let nodes: Api<Node> = Api::all(cluster.0.clone());
    let told = |node: &Node| {
        let conditions = node.status.clone().and_then(|status| status.conditions).unwrap_or_default();
        let told = conditions.into_iter().find(|one| one.type_ == ENFORCED && one.status == status)?;
        Some((told.reason.unwrap_or_default(), told.message.unwrap_or_default()))
    };
    let is_so = await_condition(nodes, "local", |node: Option<&Node>| node.and_then(told).is_some());
    let node = tokio::time::timeout(PATIENCE, is_so).await.expect("the node says it").expect("watched");
    node.as_ref().and_then(told).expect("it says it")
}
