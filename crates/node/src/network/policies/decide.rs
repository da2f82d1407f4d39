//! Whether policies let a connection through: a plain function of both ends.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::facts::{Peer, PodParty, PolicyFacts, PortRule, Ports, Rule};
use crate::network::labels::selects;
use crate::network::services::Protocol;

/// One end of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct End<'a> {
    pub(super) address: IpAddr,
    /// The pod there; none for what is no pod.
    pub(super) pod: Option<(&'a str, &'a BTreeMap<String, String>, &'a PodParty)>,
}

/// A connection that is about to be made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Connection<'a> {
    pub(super) from: End<'a>,
    pub(super) to: End<'a>,
    pub(super) protocol: Protocol,
    pub(super) port: u16,
}

/// Whether the policies of the source's namespace let it out and those of the target's let it in.
pub(super) fn admits<'p>(
    connection: &Connection<'_>,
    policies: impl Fn(&str) -> Vec<std::sync::Arc<PolicyFacts>> + 'p,
) -> bool {
    let side = |own: End<'_>, other: End<'_>, rules: fn(&PolicyFacts) -> Option<&Vec<Rule>>| {
        let Some((namespace, _, pod)) = own.pod else { return true };
        let all = policies(namespace);
        let mut about =
            all.iter().filter(|policy| selects(&policy.about, &pod.labels)).filter_map(|policy| rules(policy));
        let Some(first) = about.next() else { return true };
        std::iter::once(first).chain(about).flatten().any(|rule| matches(rule, namespace, other, connection))
    };
    side(connection.from, connection.to, |policy| policy.egress.as_ref())
        && side(connection.to, connection.from, |policy| policy.ingress.as_ref())
}

fn matches(rule: &Rule, own: &str, other: End<'_>, connection: &Connection<'_>) -> bool {
    let peer = rule.peers.is_empty() || rule.peers.iter().any(|peer| is_peer(peer, own, other));
    peer && (rule.ports.is_empty() || rule.ports.iter().any(|port| is_port(port, connection)))
}

fn is_peer(peer: &Peer, own: &str, other: End<'_>) -> bool {
    match peer {
        Peer::Nobody => false,
        Peer::Addresses { range, except } => match other.address {
            IpAddr::V4(address) => range.contains(address) && !except.iter().any(|range| range.contains(address)),
            IpAddr::V6(_) => false,
        },
        Peer::Pods { namespaces, pods } => other.pod.is_some_and(|(namespace, labels, pod)| {
            let near = namespaces.as_ref().map_or(namespace == own, |selector| selects(selector, labels));
            near && selects(pods, &pod.labels)
        }),
    }
}

/// Ports are those of the target, names too.
fn is_port(rule: &PortRule, connection: &Connection<'_>) -> bool {
    let number = connection.port;
    rule.protocol == connection.protocol
        && match &rule.port {
            Ports::Nothing => false,
            Ports::All => true,
            Ports::Range(first, last) => (*first..=*last).contains(&number),
            Ports::Named(name) => connection.to.pod.is_some_and(|(_, _, pod)| {
                pod.ports
                    .iter()
                    .any(|(own, protocol, port)| own == name && *protocol == rule.protocol && *port == number)
            }),
        }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use k8s_openapi::api::networking::v1::NetworkPolicy;
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    fn pod(labels: &Value, address: &str) -> PodParty {
        PodParty {
            labels: serde_json::from_value(labels.clone()).expect("labels"),
            addresses: vec![address.parse().expect("an address")],
            ports: vec![("http".into(), Protocol::Tcp, 8080)],
        }
    }

    /// Pods `web` and `db` in `shop` (labelled `tier: shop`), `web` in `blog`, and the world outside.
    fn asked(policy: &Value, from: &str, to: &str, port: u16) -> bool {
        let policy = json!({"metadata": {"name": "p", "namespace": "shop"}, "spec": policy});
        let policy: Arc<PolicyFacts> =
            Arc::new(serde_json::from_value::<NetworkPolicy>(policy).expect("a NetworkPolicy").into());
        let shop: BTreeMap<String, String> = BTreeMap::from([("tier".into(), "shop".into())]);
        let blog = BTreeMap::new();
        let web = pod(&json!({"app": "web"}), "10.1.0.2");
        let db = pod(&json!({"app": "db"}), "10.1.0.3");
        let other = pod(&json!({"app": "web"}), "10.2.0.2");
        let end = |name: &str| match name {
            "shop/web" => End { address: web.addresses[0], pod: Some(("shop", &shop, &web)) },
            "shop/db" => End { address: db.addresses[0], pod: Some(("shop", &shop, &db)) },
            "blog/web" => End { address: other.addresses[0], pod: Some(("blog", &blog, &other)) },
            address => End { address: address.parse().expect("an address"), pod: None },
        };
        let connection = Connection { from: end(from), to: end(to), protocol: Protocol::Tcp, port };
        admits(&connection, |namespace| if namespace == "shop" { vec![policy.clone()] } else { Vec::new() })
    }

    const ABOUT_DB: &str = r#"{"matchLabels": {"app": "db"}}"#;

    fn about_db(ingress: &Value) -> Value {
        let about: Value = serde_json::from_str(ABOUT_DB).expect("JSON");
        json!({"podSelector": about, "policyTypes": ["Ingress"], "ingress": ingress})
    }

    #[rstest]
    #[case(json!([]), "shop/web", false)]
    #[case(json!([{}]), "blog/web", true)]
    #[case(json!([{"from": [{"podSelector": {}}]}]), "shop/web", true)]
    #[case(json!([{"from": [{"podSelector": {}}]}]), "blog/web", false)]
    #[case(json!([{"from": [{"podSelector": {"matchLabels": {"app": "other"}}}]}]), "shop/web", false)]
    #[case(json!([{"from": [{"namespaceSelector": {}}]}]), "blog/web", true)]
    #[case(json!([{"from": [{"namespaceSelector": {"matchLabels": {"tier": "shop"}}}]}]), "blog/web", false)]
    #[case(json!([{"from": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "web"}}}]}]), "blog/web", true)]
    #[case(json!([{"from": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "x"}}}]}]), "blog/web", false)]
    #[case(json!([{"from": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]}]), "192.0.2.7", true)]
    #[case(json!([{"from": [{"ipBlock": {"cidr": "192.0.2.0/24", "except": ["192.0.2.0/28"]}}]}]), "192.0.2.7", false)]
    #[case(json!([{"from": [{"ipBlock": {"cidr": "2001:db8::/32"}}]}]), "192.0.2.7", false)]
    #[case(json!([{"ports": [{"port": 5432}]}]), "shop/web", true)]
    #[case(json!([{"ports": [{"port": 5433}]}]), "shop/web", false)]
    #[case(json!([{"ports": [{"port": 5000, "endPort": 5500}]}]), "shop/web", true)]
    #[case(json!([{"ports": [{"protocol": "UDP", "port": 5432}]}]), "shop/web", false)]
    #[case(json!([{"ports": [{"port": "http"}]}]), "shop/web", false)]
    #[case(json!([{"ports": [{"port": 70968}]}]), "shop/web", false)]
    #[case(json!([{"ports": [{"port": -60104}]}]), "shop/web", false)]
    #[case(json!([{"ports": [{"port": 5000, "endPort": 70000}]}]), "shop/web", false)]
    #[case(json!([{"ports": [{"port": 5500, "endPort": 5000}]}]), "shop/web", false)]
    #[case(json!([{"ports": [{"endPort": 6000}]}]), "shop/web", false)]
    #[case(json!([{"ports": [{"protocol": "ICMP", "port": 5432}]}]), "shop/web", false)]
    #[case(json!([{"ports": [{"port": 70968}, {"port": 5432}]}]), "shop/web", true)]
    fn who_may_come_in(#[case] ingress: Value, #[case] from: &str, #[case] expected: bool) {
        assert_eq!(asked(&about_db(&ingress), from, "shop/db", 5432), expected);
    }

    #[test]
    fn a_named_port_is_the_target_s() {
        let policy = about_db(&json!([{"ports": [{"port": "http"}]}]));
        assert!(asked(&policy, "shop/web", "shop/db", 8080));
    }

    #[test]
    fn pods_that_no_policy_is_about_are_open() {
        assert!(asked(&about_db(&json!([])), "blog/web", "shop/web", 80));
    }

    #[rstest]
    #[case(json!({"podSelector": {}, "policyTypes": ["Egress"]}), "shop/web", "blog/web", false)]
    #[case(json!({"podSelector": {}, "policyTypes": ["Egress"]}), "blog/web", "shop/web", true)]
    #[case(json!({"podSelector": {}, "egress": [{"to": [{"podSelector": {}}]}], "policyTypes": ["Egress"]}), "shop/web", "shop/db", true)]
    #[case(json!({"podSelector": {}, "egress": [{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}], "policyTypes": ["Egress"]}), "shop/web", "198.51.100.1", true)]
    #[case(json!({"podSelector": {}}), "blog/web", "shop/web", false)]
    #[case(json!({"podSelector": {}}), "shop/web", "blog/web", true)]
    fn who_may_go_out_and_what_an_unsaid_type_means(
        #[case] policy: Value,
        #[case] from: &str,
        #[case] to: &str,
        #[case] expected: bool,
    ) {
        assert_eq!(asked(&policy, from, to, 80), expected);
    }
}
