//! What the names of Services mean, after Kubernetes' specification of DNS-based service discovery.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use hickory_proto::rr::rdata::{A, AAAA, CNAME, PTR, SRV};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use crate::network::key::ObjectKey;
use crate::network::services::{Protocol, Reach, ServiceEntry};

/// The domain below which all names of the cluster are.
pub(crate) const CLUSTER_DOMAIN: &str = "cluster.local";
/// Seconds that an answer about the cluster may be kept.
pub(super) const TTL: u32 = 5;

/// The Services that names are looked up in.
pub(super) trait Directory {
    fn service(&self, key: &ObjectKey) -> Option<Arc<ServiceEntry>>;
    /// The Service that has this virtual IP.
    fn service_at(&self, address: Ipv4Addr) -> Option<ObjectKey>;
}

/// What the zone says about a name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Records; none where the name exists and has nothing of the type asked for.
    Found(Vec<Record>),
    /// There is no such name in the cluster.
    NoSuchName,
    /// The name is not of the cluster.
    NotOurs,
}

/// Answers a question about `name`.
pub(super) fn answer(name: &Name, wanted: RecordType, directory: &impl Directory) -> Answer {
    let lower = name.to_lowercase();
    let labels: Vec<&str> = lower.iter().map(|label| std::str::from_utf8(label).unwrap_or("\u{fffd}")).collect();
    match labels.as_slice() {
        [rest @ .., "in-addr", "arpa"] => reverse(name, rest, wanted, directory),
        [rest @ .., "svc", "cluster", "local"] => forward(name, rest, wanted, directory),
        // The form that a resolver without search domains sends for `service.namespace.svc`.
        [service, namespace, "svc"] => forward(name, &[service, namespace], wanted, directory),
        [address, _, "pod", "cluster", "local"] => pod(name, address, wanted),
        ["cluster", "local"] => Answer::Found(Vec::new()),
        [.., "cluster", "local"] => Answer::NoSuchName,
        _ => Answer::NotOurs,
    }
}

fn forward(name: &Name, labels: &[&str], wanted: RecordType, directory: &impl Directory) -> Answer {
    match labels {
        [] => Answer::Found(Vec::new()),
        [service, namespace] => {
            let Some(entry) = directory.service(&ObjectKey::new(*namespace, *service)) else {
                return Answer::NoSuchName;
            };
            match &entry.facts.reach {
                Reach::ExternalName(target) => external(name, target),
                Reach::VirtualIp(address) => found(name, wanted, [IpAddr::V4(*address)]),
                Reach::Headless => {
                    let ready = entry.endpoints.iter().filter(|endpoint| endpoint.ready);
                    found(name, wanted, ready.flat_map(|endpoint| endpoint.addresses.iter().copied()))
                }
                Reach::Unassigned | Reach::Unsupported(_) => Answer::Found(Vec::new()),
            }
        }
        [hostname, service, namespace] if !hostname.starts_with('_') => {
            let Some(entry) = directory.service(&ObjectKey::new(*namespace, *service)) else {
                return Answer::NoSuchName;
            };
            let named = |endpoint: &&_| is_named(endpoint, hostname);
            let mut endpoints = entry.endpoints.iter().filter(named).peekable();
            if endpoints.peek().is_none() {
                return Answer::NoSuchName;
            }
            let ready = endpoints.filter(|endpoint| endpoint.ready);
            found(name, wanted, ready.flat_map(|endpoint| endpoint.addresses.iter().copied()))
        }
        [port, protocol, service, namespace] => {
            let Some(entry) = directory.service(&ObjectKey::new(*namespace, *service)) else {
                return Answer::NoSuchName;
            };
            service_port(name, (port, protocol), (service, namespace), wanted, &entry)
        }
        _ => Answer::NoSuchName,
    }
}

fn is_named(endpoint: &crate::network::services::EndpointFacts, hostname: &str) -> bool {
    endpoint.hostname.as_deref() == Some(hostname)
        || endpoint.addresses.iter().any(|address| dashed(*address) == hostname)
}

fn dashed(address: IpAddr) -> String {
    address.to_string().replace(['.', ':'], "-")
}

fn service_port(
    name: &Name,
    (port, protocol): (&str, &str),
    (service, namespace): (&str, &str),
    wanted: RecordType,
    entry: &ServiceEntry,
) -> Answer {
    let protocol = match protocol {
        "_tcp" => Protocol::Tcp,
        "_udp" => Protocol::Udp,
        _ => return Answer::NoSuchName,
    };
    let Some(port) = port
        .strip_prefix('_')
        .and_then(|port| entry.ports.iter().find(|entry| entry.facts.name == port && entry.facts.protocol == protocol))
    else {
        return Answer::NoSuchName;
    };
    if !matches!(wanted, RecordType::SRV | RecordType::ANY) {
        return Answer::Found(Vec::new());
    }
    let owner = format!("{service}.{namespace}.svc.{CLUSTER_DOMAIN}.");
    let target = |host: String, number: u16| {
        Name::from_ascii(host).ok().map(|target| record(name, RData::SRV(SRV::new(0, 100, number, target))))
    };
    let records = if entry.facts.reach == Reach::Headless {
        let ready = entry.endpoints.iter().filter(|endpoint| endpoint.ready);
        let names = ready.flat_map(|endpoint| {
            let named = endpoint.hostname.clone();
            endpoint.addresses.iter().map(move |address| named.clone().unwrap_or_else(|| dashed(*address)))
        });
        let number = match &port.facts.target {
            crate::network::services::TargetPort::Number(number) => *number,
            crate::network::services::TargetPort::Name(_) => {
                port.pool.ready().first().map_or(port.facts.port, std::net::SocketAddr::port)
            }
        };
        names.filter_map(|host| target(format!("{host}.{owner}"), number)).collect()
    } else {
        target(owner, port.facts.port).into_iter().collect()
    };
    Answer::Found(records)
}

fn external(name: &Name, target: &str) -> Answer {
    let target = if target.ends_with('.') { target.to_owned() } else { format!("{target}.") };
    let records = Name::from_ascii(target).map(|target| record(name, RData::CNAME(CNAME(target))));
    Answer::Found(records.into_iter().collect())
}

/// `10-1-2-3.namespace.pod.cluster.local` is the address 10.1.2.3.
fn pod(name: &Name, address: &str, wanted: RecordType) -> Answer {
    match address.replace('-', ".").parse::<Ipv4Addr>() {
        Ok(address) => found(name, wanted, [IpAddr::V4(address)]),
        Err(_) => Answer::NoSuchName,
    }
}

fn reverse(name: &Name, labels: &[&str], wanted: RecordType, directory: &impl Directory) -> Answer {
    let mut octets = labels.iter().rev().map(|label| label.parse::<u8>());
    let (Some(Ok(a)), Some(Ok(b)), Some(Ok(c)), Some(Ok(d)), None) =
        (octets.next(), octets.next(), octets.next(), octets.next(), octets.next())
    else {
        return Answer::NotOurs;
    };
    let Some(key) = directory.service_at(Ipv4Addr::new(a, b, c, d)) else { return Answer::NotOurs };
    if !matches!(wanted, RecordType::PTR | RecordType::ANY) {
        return Answer::Found(Vec::new());
    }
    let target = Name::from_ascii(format!("{}.{}.svc.{CLUSTER_DOMAIN}.", key.name, key.namespace));
    Answer::Found(target.map(|target| record(name, RData::PTR(PTR(target)))).into_iter().collect())
}

fn found(name: &Name, wanted: RecordType, addresses: impl IntoIterator<Item = IpAddr>) -> Answer {
    let records = addresses.into_iter().filter_map(|address| match address {
        IpAddr::V4(v4) if matches!(wanted, RecordType::A | RecordType::ANY) => Some(record(name, RData::A(A(v4)))),
        IpAddr::V6(v6) if matches!(wanted, RecordType::AAAA | RecordType::ANY) => {
            Some(record(name, RData::AAAA(AAAA(v6))))
        }
        _ => None,
    });
    Answer::Found(records.collect())
}

fn record(name: &Name, data: RData) -> Record {
    Record::from_rdata(name.clone(), TTL, data)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use k8s_openapi::api::core::v1::Service;
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::network::services::{EndpointFacts, ServiceFacts, ServicePortEntry};

    struct Fixed(BTreeMap<ObjectKey, Arc<ServiceEntry>>);

    impl Directory for Fixed {
        fn service(&self, key: &ObjectKey) -> Option<Arc<ServiceEntry>> {
            self.0.get(key).cloned()
        }

        fn service_at(&self, address: Ipv4Addr) -> Option<ObjectKey> {
            let mut at = self.0.iter().filter(|(_, entry)| entry.facts.reach == Reach::VirtualIp(address));
            at.next().map(|(key, _)| key.clone())
        }
    }

    fn directory() -> Fixed {
        let services = json!({
            "web": {"clusterIP": "10.96.0.7", "ports": [{"name": "http", "port": 80, "targetPort": 8080}]},
            "db": {"clusterIP": "None", "ports": [{"name": "sql", "port": 5432}]},
            "out": {"type": "ExternalName", "externalName": "db.example.org"},
            "new": {"ports": [{"port": 80}]},
        });
        let endpoint = |last: u8, hostname: Option<&str>, ready| EndpointFacts {
            addresses: vec![IpAddr::from([10, 200, 0, last])],
            ready,
            hostname: hostname.map(str::to_owned),
            pod_uid: None,
        };
        let mut entries = BTreeMap::new();
        for (name, spec) in services.as_object().expect("a table") {
            let service: Service = serde_json::from_value(json!({"metadata": {}, "spec": spec})).expect("a Service");
            let facts = ServiceFacts::from(service);
            let ports =
                facts.ports.iter().map(|port| ServicePortEntry { facts: port.clone(), pool: Arc::default() }).collect();
            let endpoints = if name == "db" {
                vec![endpoint(2, Some("db-0"), true), endpoint(3, Some("db-1"), false), endpoint(4, None, true)]
            } else {
                Vec::new()
            };
            let entry = ServiceEntry { facts: Arc::new(facts), ports, endpoints: endpoints.into() };
            entries.insert(ObjectKey::new("shop", name.clone()), Arc::new(entry));
        }
        Fixed(entries)
    }

    #[rstest]
    #[case("web.shop.svc.cluster.local", "A", "10.96.0.7")]
    #[case("WEB.Shop.svc.Cluster.local", "A", "10.96.0.7")]
    #[case("web.shop.svc", "A", "10.96.0.7")]
    #[case("web.shop.svc.cluster.local", "AAAA", "nothing")]
    #[case("web.shop.svc.cluster.local", "TXT", "nothing")]
    #[case("web.other.svc.cluster.local", "A", "no such name")]
    #[case("nobody.shop.svc.cluster.local", "A", "no such name")]
    #[case("a.b.c.d.e.svc.cluster.local", "A", "no such name")]
    #[case("example.org.shop.svc.cluster.local", "A", "no such name")]
    #[case("new.shop.svc.cluster.local", "A", "nothing")]
    #[case("db.shop.svc.cluster.local", "A", "10.200.0.2 10.200.0.4")]
    #[case("db-0.db.shop.svc.cluster.local", "A", "10.200.0.2")]
    #[case("db-1.db.shop.svc.cluster.local", "A", "nothing")]
    #[case("db-2.db.shop.svc.cluster.local", "A", "no such name")]
    #[case("10-200-0-4.db.shop.svc.cluster.local", "A", "10.200.0.4")]
    #[case("out.shop.svc.cluster.local", "A", "db.example.org.")]
    #[case("_http._tcp.web.shop.svc.cluster.local", "SRV", "0 100 80 web.shop.svc.cluster.local.")]
    #[case(
        "_sql._tcp.db.shop.svc.cluster.local",
        "SRV",
        "0 100 5432 db-0.db.shop.svc.cluster.local. 0 100 5432 10-200-0-4.db.shop.svc.cluster.local."
    )]
    #[case("_http._udp.web.shop.svc.cluster.local", "SRV", "no such name")]
    #[case("7.0.96.10.in-addr.arpa", "PTR", "web.shop.svc.cluster.local.")]
    #[case("8.8.8.8.in-addr.arpa", "PTR", "not ours")]
    #[case("10-1-2-3.shop.pod.cluster.local", "A", "10.1.2.3")]
    #[case("x.shop.pod.cluster.local", "A", "no such name")]
    #[case("shop.cluster.local", "A", "no such name")]
    #[case("svc.cluster.local", "A", "nothing")]
    #[case("cluster.local", "SOA", "nothing")]
    #[case("example.org", "A", "not ours")]
    #[case("web.shop", "A", "not ours")]
    #[case(".", "NS", "not ours")]
    fn names_mean_what_the_specification_says(#[case] name: &str, #[case] wanted: &str, #[case] expected: &str) {
        let name = Name::from_ascii(name).expect("a name");
        let said = match answer(&name, wanted.parse().expect("a record type"), &directory()) {
            Answer::Found(records) if records.is_empty() => "nothing".to_owned(),
            Answer::Found(records) => {
                assert!(records.iter().all(|record| record.name() == &name && record.ttl() == TTL));
                records.iter().map(|record| record.data().to_string()).collect::<Vec<_>>().join(" ")
            }
            Answer::NoSuchName => "no such name".to_owned(),
            Answer::NotOurs => "not ours".to_owned(),
        };
        assert_eq!(said, expected);
    }
}
