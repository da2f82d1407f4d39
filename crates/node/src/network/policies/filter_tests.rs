//! What filters let through, by hand and compared with the judgement of single connections.

use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

use super::super::decide::{Connection, End, admits};
use super::*;

fn pod(namespace: &str, app: &str, address: &str, sql: u16) -> (ObjectKey, Arc<PodParty>) {
    let party = PodParty {
        labels: BTreeMap::from([("app".into(), app.into())]),
        addresses: vec![address.parse().expect("an address")],
        ports: vec![("sql".into(), Protocol::Tcp, sql)],
    };
    (ObjectKey::new(namespace, format!("{app}-{address}")), Arc::new(party))
}

/// Pods `web` and `db` in `shop` (labelled `tier: shop`), `web` in `blog`, and these policies of theirs.
pub(in super::super) fn stage(policies: &[(&str, Value)]) -> Known {
    let policies = policies.iter().enumerate().map(|(number, (namespace, spec))| {
        let policy = json!({"metadata": {"name": format!("p{number}"), "namespace": namespace}, "spec": spec});
        let policy: k8s_openapi::api::networking::v1::NetworkPolicy =
            serde_json::from_value(policy).expect("a NetworkPolicy");
        (ObjectKey::new(*namespace, format!("p{number}")), Arc::new(policy.into()))
    });
    Known {
        policies: policies.collect(),
        pods: vec![
            pod("shop", "web", "10.1.0.2", 5433),
            pod("shop", "db", "10.1.0.3", 5432),
            pod("blog", "web", "10.2.0.2", 5432),
        ],
        namespaces: BTreeMap::from([
            ("shop".into(), Arc::new(BTreeMap::from([("tier".into(), "shop".into())]))),
            ("blog".into(), Arc::default()),
        ]),
        networks: BTreeMap::from([("shop".into(), "10.1.0.0/24".parse().expect("a range"))]),
    }
}

/// What a kernel would do with the first packet.
fn passes(filter: &Filter, from: Ipv4Addr, to: Ipv4Addr, protocol: Protocol, port: u16) -> bool {
    let unknown = |way: Way, address: Ipv4Addr| {
        let meant = filter.strangers.iter().filter(|one| one.ways.contains(&way) && one.range.contains(address));
        meant.into_iter().any(|one| !one.known.contains(address))
    };
    let chain = |number: Option<&usize>, other: Ipv4Addr| {
        let Some(chain) = number.map(|number| &filter.chains[*number]) else { return true };
        chain.passes.iter().any(|pass| {
            let peer = pass.peers.as_ref().is_none_or(|peers| peers.contains(other));
            peer && match &pass.ports {
                Door::All => true,
                Door::Ports(ports) => {
                    ports.iter().any(|(of, first, last)| *of == protocol && (*first..=*last).contains(&port))
                }
                Door::Named(doors) => doors.contains(&(to, protocol, port)),
            }
        })
    };
    !unknown(Way::Out, from)
        && !unknown(Way::In, to)
        && chain(filter.out.get(&from), to)
        && chain(filter.into.get(&to), from)
}

fn asked(policies: &[(&str, Value)], from: &str, to: &str, port: u16) -> bool {
    let place = |name: &str| match name {
        "shop/web" => Ipv4Addr::new(10, 1, 0, 2),
        "shop/db" => Ipv4Addr::new(10, 1, 0, 3),
        "blog/web" => Ipv4Addr::new(10, 2, 0, 2),
        address => address.parse().expect("an address"),
    };
    passes(&Filter::of(&stage(policies)), place(from), place(to), Protocol::Tcp, port)
}

#[rstest]
#[case::nothing_is_filtered_without_policies(json!(null), "shop/web", "shop/db", 5432, true)]
#[case::denied_by_default_inward(json!({"podSelector": {}, "policyTypes": ["Ingress"]}), "shop/web", "shop/db", 5432, false)]
#[case::denied_by_default_inward_from_outside(json!({"podSelector": {}, "policyTypes": ["Ingress"]}), "198.51.100.1", "shop/db", 5432, false)]
#[case::still_open_outward(json!({"podSelector": {}, "policyTypes": ["Ingress"]}), "shop/web", "198.51.100.1", 443, true)]
#[case::denied_by_default_outward(json!({"podSelector": {}, "policyTypes": ["Egress"]}), "shop/web", "198.51.100.1", 443, false)]
#[case::neighbours_too(json!({"podSelector": {}, "policyTypes": ["Egress"]}), "shop/web", "shop/db", 5432, false)]
#[case::others_stay_open(json!({"podSelector": {}, "policyTypes": ["Egress"]}), "blog/web", "198.51.100.1", 443, true)]
#[case::out_to_a_range(json!({"podSelector": {}, "egress": [{"to": [{"ipBlock": {"cidr": "198.51.100.0/24"}}]}], "policyTypes": ["Egress"]}), "shop/web", "198.51.100.1", 443, true)]
#[case::out_but_not_there(json!({"podSelector": {}, "egress": [{"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["198.51.100.0/24"]}}]}], "policyTypes": ["Egress"]}), "shop/web", "198.51.100.1", 443, false)]
#[case::out_to_ports(json!({"podSelector": {}, "egress": [{"ports": [{"port": 400, "endPort": 500}]}], "policyTypes": ["Egress"]}), "shop/web", "198.51.100.1", 443, true)]
#[case::out_to_other_ports(json!({"podSelector": {}, "egress": [{"ports": [{"port": 400, "endPort": 500}]}], "policyTypes": ["Egress"]}), "shop/web", "198.51.100.1", 501, false)]
#[case::out_to_a_named_port(json!({"podSelector": {}, "egress": [{"to": [{"podSelector": {}}], "ports": [{"port": "sql"}]}], "policyTypes": ["Egress"]}), "shop/web", "shop/db", 5432, true)]
#[case::the_name_is_the_target_s(json!({"podSelector": {}, "egress": [{"to": [{"podSelector": {}}], "ports": [{"port": "sql"}]}], "policyTypes": ["Egress"]}), "shop/web", "shop/db", 5433, false)]
#[case::in_from_a_namespace(json!({"podSelector": {}, "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"tier": "shop"}}}]}]}), "shop/web", "shop/db", 5432, true)]
#[case::not_from_another(json!({"podSelector": {}, "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"tier": "shop"}}}]}]}), "blog/web", "shop/db", 5432, false)]
#[case::in_at_a_named_port(json!({"podSelector": {}, "ingress": [{"ports": [{"port": "sql"}]}]}), "shop/web", "shop/db", 5432, true)]
#[case::a_port_that_no_port_can_be(json!({"podSelector": {}, "ingress": [{"ports": [{"port": 70000}]}]}), "shop/web", "shop/db", 0, false)]
#[case::a_pod_that_is_not_known_yet(json!({"podSelector": {"matchLabels": {"app": "none"}}}), "shop/web", "10.1.0.9", 80, false)]
fn what_gets_through(
    #[case] policy: Value,
    #[case] from: &str,
    #[case] to: &str,
    #[case] port: u16,
    #[case] expected: bool,
) {
    let policies: Vec<_> = (!policy.is_null()).then_some(("shop", policy)).into_iter().collect();
    assert_eq!(asked(&policies, from, to, port), expected);
}

#[test]
fn pods_of_the_same_policies_share_a_chain() {
    let known = stage(&[("shop", json!({"podSelector": {}, "ingress": [{}]}))]);
    let filter = Filter::of(&known);
    assert_eq!((filter.chains.len(), filter.into.len(), filter.out.len()), (1, 2, 0));
}

fn selector() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!({})),
        Just(json!({"matchLabels": {"app": "web"}})),
        Just(json!({"matchLabels": {"app": "db"}})),
        Just(json!({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["db"]}]})),
    ]
}

fn peer() -> impl Strategy<Value = Value> {
    let block = prop_oneof![Just("0.0.0.0/0"), Just("10.1.0.0/24"), Just("198.51.100.0/24"), Just("2001:db8::/32")];
    let except = prop_oneof![Just(json!([])), Just(json!(["10.1.0.2/31"])), Just(json!(["198.51.100.0/25"]))];
    prop_oneof![
        selector().prop_map(|pods| json!({"podSelector": pods})),
        prop_oneof![Just(json!({})), Just(json!({"matchLabels": {"tier": "shop"}}))].prop_flat_map(
            |near| selector().prop_map(move |pods| json!({"namespaceSelector": near, "podSelector": pods}))
        ),
        (block, except).prop_map(|(cidr, except)| json!({"ipBlock": {"cidr": cidr, "except": except}})),
    ]
}

fn port() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!({})),
        Just(json!({"protocol": "UDP"})),
        Just(json!({"port": "sql"})),
        Just(json!({"protocol": "UDP", "port": "sql"})),
        Just(json!({"port": 5432})),
        Just(json!({"port": 400, "endPort": 6000})),
        Just(json!({"port": -1})),
    ]
}

fn policy() -> impl Strategy<Value = (&'static str, Value)> {
    let rules = |ends: &'static str| {
        let rule = (prop::collection::vec(peer(), 0..3), prop::collection::vec(port(), 0..3))
            .prop_map(move |(peers, ports)| json!({ends: peers, "ports": ports}));
        prop::collection::vec(rule, 0..3)
    };
    let types = prop_oneof![Just(json!(["Ingress"])), Just(json!(["Egress"])), Just(json!(["Ingress", "Egress"]))];
    (prop_oneof![Just("shop"), Just("blog")], selector(), rules("from"), rules("to"), types).prop_map(
        |(namespace, about, ingress, egress, types)| {
            (namespace, json!({"podSelector": about, "ingress": ingress, "egress": egress, "policyTypes": types}))
        },
    )
}

proptest! {
    /// The filter and the proxy are of one opinion.
    #[test]
    fn a_filter_lets_through_what_is_admitted(
        policies in prop::collection::vec(policy(), 0..4),
        from in 0_usize..4,
        to in 0_usize..4,
        udp: bool,
        port in prop_oneof![Just(0_u16), Just(400), Just(5432), Just(5433), Just(6001)],
    ) {
        let known = stage(&policies);
        let outside: IpAddr = "198.51.100.200".parse().expect("an address");
        let end = |number: usize| match known.pods.get(number) {
            None => End { address: outside, pod: None },
            Some((key, pod)) => {
                End { address: pod.addresses[0], pod: Some((&key.namespace, &*known.namespaces[&key.namespace], &**pod)) }
            }
        };
        let protocol = if udp { Protocol::Udp } else { Protocol::Tcp };
        let (from, to) = (end(from), end(to));
        let admitted = admits(&Connection { from, to, protocol, port }, |namespace| {
            known.policies.iter().filter(|(key, _)| key.namespace == namespace).map(|(_, policy)| policy.clone()).collect()
        });
        let (IpAddr::V4(from), IpAddr::V4(to)) = (from.address, to.address) else { unreachable!("IPv4") };
        prop_assert_eq!(passes(&Filter::of(&known), from, to, protocol, port), admitted);
    }
}
