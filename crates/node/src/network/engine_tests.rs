//! The network with a real engine: skipped, with a message, where there is no engine, no root or no static busybox.

use std::net::{IpAddr, Ipv4Addr};
use std::panic::AssertUnwindSafe;
use std::path::Path;

use bollard::body_full;
use bollard::exec::StartExecResults;
use bollard::models::{ContainerCreateBody, ExecConfig, HostConfig};
use bollard::query_parameters::{CreateContainerOptions, CreateImageOptions, RemoveContainerOptions};
use futures::{FutureExt as _, TryStreamExt as _};
use serde_json::json;

use super::isolation::Isolation;
use super::kernel::Kernel;
use super::test_cluster::Cluster;
use super::{Network, NetworkOptions, free_service_range};
use crate::engine::{Engine, EngineOptions};
use crate::network_plan::{ContainerNetwork, NetworkPlan as _};

/// Podman's import knows no tags.
const IMAGE: &str = "localhost/node-network-test:latest";

const CONTAINERS: [&str; 3] = ["web", "neighbour", "stranger"];

/// A file system with one program, as a tape archive.
fn archive(path: &str, program: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.set_size(program.len() as u64);
    header.set_mode(0o755);
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_data(&mut header, path, program).expect("an archive in memory");
    archive.into_inner().expect("an archive in memory")
}

/// Static busybox: the file names its interpreter nowhere.
fn busybox() -> Option<Vec<u8>> {
    let found = ["/bin/busybox", "/usr/bin/busybox"].iter().find(|path| Path::new(path).exists())?;
    let program = std::fs::read(found).ok()?;
    let dynamic = program.windows(8).take(4096).any(|window| window == b"/ld-linu");
    (!dynamic).then_some(program)
}

struct Lab {
    engine: Engine,
    _folder: tempfile::TempDir,
}

impl Lab {
    async fn open() -> Result<Self, String> {
        if !nix::unistd::geteuid().is_root() {
            return Err("not root".into());
        }
        let program = busybox().ok_or("no static busybox")?;
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let options = EngineOptions { data_dir: folder.path().join("engine"), host: None };
        let engine = Engine::find(options).await.map_err(|error| error.to_string())?;
        if engine.abilities().rootless {
            return Err("the engine runs without root".into());
        }
        let (repository, tag) = IMAGE.rsplit_once(':').expect("a tag");
        let from = CreateImageOptions {
            from_src: Some("-".into()),
            repo: Some(repository.into()),
            tag: Some(tag.into()),
            ..CreateImageOptions::default()
        };
        let import =
            engine.docker().create_image(Some(from), Some(body_full(archive("bin/busybox", &program).into())), None);
        import.try_collect::<Vec<_>>().await.map_err(|error| format!("no image: {error}"))?;
        Ok(Self { engine, _folder: folder })
    }

    /// A container on that network that says `words` on port 8081; its address.
    async fn run(&self, name: &str, network: &ContainerNetwork, words: &str) -> IpAddr {
        let name = format!("{}-{name}", self.engine.instance());
        let listen = ["/bin/busybox", "nc", "-ll", "-p", "8081", "-e", "/bin/busybox", "echo", words];
        let body = ContainerCreateBody {
            image: Some(IMAGE.into()),
            entrypoint: Some(listen.iter().map(ToString::to_string).collect()),
            host_config: Some(HostConfig {
                network_mode: Some(network.name.clone()),
                dns: Some(network.dns_servers.iter().map(ToString::to_string).collect()),
                dns_search: Some(network.search_domains.clone()),
                dns_options: Some(network.dns_options.clone()),
                ulimits: Some(self.engine.abilities().ulimits.clone()),
                ..HostConfig::default()
            }),
            ..ContainerCreateBody::default()
        };
        let options = CreateContainerOptions { name: Some(name.clone()), ..CreateContainerOptions::default() };
        self.engine.docker().create_container(Some(options), body).await.expect("created");
        self.engine.docker().start_container(&name, None).await.expect("started");
        let found = self.engine.docker().inspect_container(&name, None).await.expect("inspected");
        let networks = found.network_settings.and_then(|settings| settings.networks).expect("networks");
        let address = networks.into_values().find_map(|one| one.ip_address).expect("an address");
        address.parse().expect("an IP address")
    }

    /// What a command in a container says, and its exit code.
    async fn exec(&self, name: &str, command: &[&str]) -> (String, i64) {
        let docker = self.engine.docker();
        let name = format!("{}-{name}", self.engine.instance());
        let config = ExecConfig {
            cmd: Some(std::iter::once("/bin/busybox").chain(command.iter().copied()).map(str::to_owned).collect()),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            ..ExecConfig::default()
        };
        let exec = docker.create_exec(&name, config).await.expect("created").id;
        let StartExecResults::Attached { output, .. } = docker.start_exec(&exec, None).await.expect("started") else {
            panic!("a detached command");
        };
        let parts: Vec<_> = output.try_collect().await.expect("output");
        let said = parts.iter().map(ToString::to_string).collect::<String>();
        let code = docker.inspect_exec(&exec).await.expect("inspected").exit_code.unwrap_or(-1);
        (said.trim().to_owned(), code)
    }

    async fn remove(&self, name: &str) {
        let name = format!("{}-{name}", self.engine.instance());
        let options = RemoveContainerOptions { force: true, v: true, ..RemoveContainerOptions::default() };
        let _ = self.engine.docker().remove_container(&name, Some(options)).await;
    }
}

async fn network(cluster: &Cluster, lab: &Lab, range: super::Cidr) -> Network {
    let options = NetworkOptions {
        service_range: Some(range),
        ..NetworkOptions::new(cluster.client.clone(), lab.engine.clone())
    };
    Network::start(options).await.expect("a network")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn containers_meet_over_services_and_nowhere_else() {
    let lab = match Lab::open().await {
        Ok(lab) => lab,
        Err(why) => {
            eprintln!(
                "skipped: the network with a real engine needs root, a rootful engine and a static busybox: {why}"
            );
            return;
        }
    };
    let outcome = AssertUnwindSafe(meet(&lab)).catch_unwind().await;
    for container in CONTAINERS {
        lab.remove(container).await;
    }
    let cluster = Cluster::open("127.101.0.0/16").await;
    let last =
        Network::start(NetworkOptions::new(cluster.client.clone(), lab.engine.clone())).await.expect("a network");
    last.remove_everything().await.expect("removed");
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
    let interface = format!("svc-{}", lab.engine.instance());
    assert_eq!(Kernel::open().expect("netlink").find(&interface).await.expect("asked"), None);
    let isolation = Isolation::new(Vec::new(), lab.engine.instance());
    assert_eq!(isolation.present(&Kernel::open().expect("netlink")).await.expect("listed"), []);
    let tables = std::process::Command::new("nft").args(["list", "tables"]).output();
    let tables = tables.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    assert!(!tables.contains(&format!("pods-{}", lab.engine.instance())), "{tables}");
    for namespace in ["shop", "blog"] {
        let network = format!("{}-{namespace}", lab.engine.instance());
        assert!(lab.engine.docker().inspect_network(&network, None).await.is_err(), "{network} is left behind");
    }
}

async fn meet(lab: &Lab) {
    let interface = format!("svc-{}", lab.engine.instance());
    let range = free_service_range(&interface).await.expect("a free range");
    let cluster = Cluster::open(&range.to_string()).await;
    let first = network(&cluster, lab, range).await;
    cluster.namespace("shop", json!({})).await;

    let shop = first.ensure_namespace("shop").await.expect("a network");
    let blog = first.ensure_namespace("blog").await.expect("a network");
    assert_eq!(first.ensure_namespace("shop").await.expect("the same network"), shop);
    let web = lab.run("web", &shop, "hello").await;
    let neighbour = lab.run("neighbour", &shop, "neighbour").await;
    let stranger = lab.run("stranger", &blog, "stranger").await;

    let service = json!({"metadata": {"name": "web", "namespace": "shop"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8081}]}});
    let service = cluster.create("Service", service).await;
    let virtual_ip = service.data["spec"]["clusterIP"].as_str().expect("a virtual IP").to_owned();
    let pod = json!({
        "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "c", "image": IMAGE}]},
        "status": {"phase": "Running", "podIP": web, "podIPs": [{"ip": web}], "conditions": [{"type": "Ready", "status": "True"}]},
    });
    cluster.create("Pod", pod).await;
    let listening = async {
        while tokio::net::TcpStream::connect((virtual_ip.as_str(), 80)).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), listening).await.expect("the virtual IP is listened on");

    let web = web.to_string();
    for container in ["neighbour", "stranger"] {
        assert_eq!(lab.exec(container, &["nc", &virtual_ip, "80"]).await, ("hello".to_owned(), 0), "{container}");
        let (said, _) = lab.exec(container, &["nslookup", "web.shop.svc.cluster.local"]).await;
        assert!(said.contains(&format!("Address: {virtual_ip}")), "{container}: {said}");
        let (said, _) = lab.exec(container, &["nslookup", "none.shop.svc.cluster.local"]).await;
        assert!(said.contains("NXDOMAIN"), "{container}: {said}");
    }
    // What a netavark of Debian 12 does when any other isolated network loses its last container.
    let _ = std::process::Command::new("iptables").args(["-D", "FORWARD", "-j", "NETAVARK_ISOLATION_1"]).output();
    assert_eq!(
        lab.exec("neighbour", &["nc", &web, "8081"]).await,
        ("hello".to_owned(), 0),
        "pods of one namespace meet"
    );
    let (said, code) = lab.exec("stranger", &["timeout", "1", "/bin/busybox", "nc", &web, "8081"]).await;
    assert!(said.is_empty() && code != 0, "a pod of another namespace is reached directly: {said} ({code})");

    a_policy_lets_in_whom_it_names(
        &cluster,
        lab,
        &virtual_ip,
        [("shop", "neighbour", neighbour), ("blog", "stranger", stranger)],
    )
    .await;
    policies_hold_where_packets_go_directly(&cluster, lab, &web).await;

    // A process that was killed left an address that no Service has.
    drop(first);
    let kernel = Kernel::open().expect("netlink");
    let there = kernel.find(&interface).await.expect("asked").expect("the interface stays");
    let stray: Ipv4Addr = range.nth(77).expect("an address");
    kernel.add_address(&there, stray).await.expect("added");
    let second = network(&cluster, lab, range).await;
    assert_eq!(second.ensure_namespace("shop").await.expect("found again"), shop);
    let swept = async {
        while kernel.addresses(&there).await.expect("listed").contains(&stray) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), swept).await.expect("the stray address is taken away");
    let kept = kernel.addresses(&there).await.expect("listed");
    assert!(kept.contains(&virtual_ip.parse().expect("an address")), "{kept:?}");

    drop(second);
}

async fn a_policy_lets_in_whom_it_names(
    cluster: &Cluster,
    lab: &Lab,
    virtual_ip: &str,
    clients: [(&str, &str, IpAddr); 2],
) {
    cluster.namespace("blog", json!({})).await;
    for (namespace, name, address) in clients {
        let pod = json!({
            "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
            "spec": {"containers": [{"name": "c", "image": IMAGE}]},
            "status": {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]},
        });
        cluster.create("Pod", pod).await;
    }
    let spec = json!({"podSelector": {"matchLabels": {"app": "web"}}, "ingress": [{"from": [{"podSelector": {}}]}]});
    cluster.create("NetworkPolicy", json!({"metadata": {"name": "own", "namespace": "shop"}, "spec": spec})).await;
    let ask = async |container| lab.exec(container, &["timeout", "5", "/bin/busybox", "nc", virtual_ip, "80"]).await.0;
    let refused = async { while !ask("stranger").await.is_empty() {} };
    tokio::time::timeout(std::time::Duration::from_secs(20), refused).await.expect("the policy keeps the stranger out");
    assert_eq!(ask("neighbour").await, "hello", "the policy lets pods of its namespace in");
    cluster.delete("NetworkPolicy", "shop", "own").await;
    let let_in = async { while ask("stranger").await != "hello" {} };
    tokio::time::timeout(std::time::Duration::from_secs(20), let_in).await.expect("without the policy all are let in");
}

/// The world outside: a network namespace behind a pair of interfaces, where a program says `outside` on port 8081.
struct Outside {
    name: String,
    program: std::process::Child,
}

impl Outside {
    const ADDRESS: &str = "198.51.100.102";

    fn open(instance: &str) -> Result<Self, String> {
        let name = format!("out-{instance}");
        let ip = |line: String| {
            let output =
                std::process::Command::new("ip").args(line.split(' ')).output().map_err(|error| error.to_string())?;
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            if output.status.success() { Ok(()) } else { Err(format!("ip {line}: {said}")) }
        };
        ip(format!("netns add {name}"))?;
        let made = ip(format!("link add o{instance} type veth peer name i{instance} netns {name}"))
            .and_then(|()| ip(format!("address add 198.51.100.101/30 dev o{instance}")))
            .and_then(|()| ip(format!("link set o{instance} up")))
            .and_then(|()| ip(format!("-n {name} address add {}/30 dev i{instance}", Self::ADDRESS)))
            .and_then(|()| ip(format!("-n {name} link set i{instance} up")))
            .and_then(|()| ip(format!("-n {name} route add default via 198.51.100.101")));
        let listen =
            ["netns", "exec", &name, "busybox", "nc", "-ll", "-p", "8081", "-e", "/bin/busybox", "echo", "outside"];
        let program = made.and_then(|()| {
            let spawned = std::process::Command::new("ip").args(listen).spawn();
            spawned.map_err(|error| error.to_string())
        });
        match program {
            Ok(program) => Ok(Self { name, program }),
            Err(why) => {
                let _ = ip(format!("netns del {name}"));
                Err(why)
            }
        }
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
        // The interfaces go with it.
        let _ = std::process::Command::new("ip").args(["netns", "del", &self.name]).status();
    }
}

async fn policies_hold_where_packets_go_directly(cluster: &Cluster, lab: &Lab, web: &str) {
    let means = super::policies::Means::find().await;
    if !means.is_complete() {
        eprintln!("skipped: this computer does not filter what pods send directly: {means:?}");
        return;
    }
    let ask = async |container: &str, address: &str| {
        lab.exec(container, &["timeout", "4", "/bin/busybox", "nc", address, "8081"]).await.0
    };
    let becomes = async |container: &str, address: &str, words: &str| {
        // No words: the connection is refused, or nothing answers.
        let is_so = |said: &str| if words.is_empty() { !["hello", "outside"].contains(&said) } else { said == words };
        let told = async { while !is_so(&ask(container, address).await) {} };
        let what = format!("{container} hears {words:?} of {address}");
        tokio::time::timeout(std::time::Duration::from_secs(40), told).await.expect(&what);
    };
    let policy = async |name: &str, spec: serde_json::Value| {
        cluster.create("NetworkPolicy", json!({"metadata": {"name": name, "namespace": "shop"}, "spec": spec})).await;
    };
    becomes("neighbour", web, "hello").await;
    policy("closed", json!({"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"]})).await;
    becomes("neighbour", web, "").await;
    let from = json!([{"podSelector": {"matchLabels": {"app": "neighbour"}}}]);
    let ports = json!([{"port": 8000, "endPort": 8090}]);
    policy(
        "open",
        json!({"podSelector": {"matchLabels": {"app": "web"}}, "ingress": [{"from": from, "ports": ports}]}),
    )
    .await;
    becomes("neighbour", web, "hello").await;
    cluster.delete("NetworkPolicy", "shop", "closed").await;
    cluster.delete("NetworkPolicy", "shop", "open").await;

    let outside = match Outside::open(lab.engine.instance()) {
        Ok(outside) => outside,
        Err(why) => {
            eprintln!("skipped: no world outside can be made here: {why}");
            return;
        }
    };
    becomes("neighbour", Outside::ADDRESS, "outside").await;
    let about = json!({"matchLabels": {"app": "neighbour"}});
    let but = json!([{"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["198.51.100.0/24"]}}]}]);
    policy("out", json!({"podSelector": about, "policyTypes": ["Egress"], "egress": but})).await;
    becomes("neighbour", Outside::ADDRESS, "").await;
    assert_eq!(ask("neighbour", web).await, "hello", "the rest of the range is let through");
    assert_eq!(ask("web", Outside::ADDRESS).await, "outside", "the policy is not about web");
    let there = json!([{"to": [{"ipBlock": {"cidr": "198.51.100.100/30"}}], "ports": [{"port": 8081}]}]);
    policy("there", json!({"podSelector": about, "policyTypes": ["Egress"], "egress": there})).await;
    becomes("neighbour", Outside::ADDRESS, "outside").await;
    cluster.delete("NetworkPolicy", "shop", "out").await;
    cluster.delete("NetworkPolicy", "shop", "there").await;
    drop(outside);
}
