//! Which listeners a route attaches to, and what its status says about it: a plain function.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::jiff::Timestamp;

use super::compile::Compiled;
use super::conditions::{Said, conditions};
use super::hostname::Hostname;
use super::listeners::{FromNamespaces, GatewayView, ListenerView};
use super::objects::{GROUP, ParentRef, ParentStatus, Route, RouteKey};
use super::table::Place;
use crate::network::{ObjectKey, selects};

/// What is around a route.
pub(super) trait Surroundings {
    /// A Gateway of ours.
    fn gateway(&self, key: &ObjectKey) -> Option<&GatewayView>;
    /// The labels of a namespace.
    fn labels(&self, namespace: &str) -> Option<std::sync::Arc<BTreeMap<String, String>>>;
}

/// Where a route is attached.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Attached {
    /// The places in the table that its rules belong to.
    pub(super) places: BTreeSet<Place>,
    /// The listeners, by Gateway and name, each with its places.
    pub(super) listeners: BTreeMap<(ObjectKey, String), BTreeSet<Place>>,
    /// What is said about it.
    pub(super) told: ToldParents,
}

/// What is said about a route to each parent of ours.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct ToldParents {
    /// The generation that was looked at.
    pub(super) generation: Option<i64>,
    parents: Vec<(ParentRef, [Said; 2])>,
    /// The places at each parent.
    places: Vec<BTreeSet<Place>>,
}

impl ToldParents {
    /// The same where the places that `lost` names are served by another route.
    pub(super) fn without(&self, lost: &BTreeMap<Place, RouteKey>) -> Self {
        let mut told = self.clone();
        for ((_, [accepted, _]), places) in told.parents.iter_mut().zip(&self.places) {
            let taken: Vec<_> = places.iter().filter_map(|place| lost.get(place)).collect();
            let Some(winner) = taken.first().filter(|_| accepted.holds) else { continue };
            if taken.len() == places.len() {
                *accepted =
                    Said::no("Accepted", "Conflicted", format!("the older {winner} takes the same connections"));
            } else {
                accepted.message =
                    format!("The route is served, except where the older {winner} takes the same connections");
            }
        }
        told
    }
}

/// Attaches a route.
pub(super) fn attach(route: &Route, compiled: &Compiled, around: &impl Surroundings) -> Attached {
    let mut attached = Attached::default();
    attached.told.generation = route.metadata.generation;
    let own = route.metadata.namespace.clone().unwrap_or_default();
    for parent in &route.parents {
        if parent.group != GROUP || parent.kind != "Gateway" {
            continue;
        }
        let gateway = ObjectKey::new(parent.namespace.as_deref().unwrap_or(&own), parent.name.as_str());
        let Some(view) = around.gateway(&gateway) else { continue };
        let mut places = BTreeSet::new();
        let accepted = if compiled.problems.is_empty() {
            match meet(route, &own, parent, &gateway, view, around) {
                Ok(met) => {
                    for (listener, hosts) in met {
                        let at = |host| Place { port: listener.port, listener: listener.hostname.clone(), host };
                        let here: BTreeSet<_> = hosts.into_iter().map(at).collect();
                        places.extend(here.iter().cloned());
                        attached.listeners.entry((gateway.clone(), listener.name.clone())).or_default().extend(here);
                    }
                    Said::yes("Accepted", "Accepted", "The route is served")
                }
                Err(refused) => refused,
            }
        } else {
            let told: Vec<_> =
                compiled.problems.iter().map(|problem| format!("{}: {}", problem.path, problem.message)).collect();
            Said::no("Accepted", "UnsupportedValue", told.join("; "))
        };
        attached.told.parents.push((parent.clone(), [accepted, resolved(compiled)]));
        attached.places.extend(places.iter().cloned());
        attached.told.places.push(places);
    }
    attached
}

fn resolved(compiled: &Compiled) -> Said {
    match compiled.bad_references.first() {
        None => Said::yes("ResolvedRefs", "ResolvedRefs", "All references are good"),
        Some(first) => {
            let told: Vec<_> = compiled.bad_references.iter().map(|bad| bad.message.as_str()).collect();
            Said::no("ResolvedRefs", first.reason, told.join("; "))
        }
    }
}

/// The listeners of a Gateway that a route attaches to, each with the host names that both admit.
fn meet<'a>(
    route: &Route,
    own: &str,
    parent: &ParentRef,
    gateway: &ObjectKey,
    view: &'a GatewayView,
    around: &impl Surroundings,
) -> Result<Vec<(&'a ListenerView, Vec<Hostname>)>, Said> {
    let no = |reason, message: String| Err(Said::no("Accepted", reason, message));
    let named = |listener: &&ListenerView| {
        parent.section_name.as_ref().is_none_or(|name| *name == listener.name)
            && parent.port.is_none_or(|port| port == listener.port)
    };
    let meant: Vec<_> = view.listeners.iter().filter(named).collect();
    if meant.is_empty() {
        return no(
            "NoMatchingParent",
            format!("Gateway {gateway} has no listener with the sectionName and port that parentRefs asks for"),
        );
    }
    let served: Vec<_> = meant.into_iter().filter(|listener| listener.is_good() && view.is_accepted()).collect();
    if served.is_empty() {
        return no(
            "NoMatchingParent",
            format!("Gateway {gateway} serves none of its listeners that parentRefs asks for; its conditions say why"),
        );
    }
    let allowed: Vec<_> = served
        .into_iter()
        .filter(|listener| {
            listener.takes.contains(&route.kind) && admits(&listener.from, own, &gateway.namespace, around)
        })
        .collect();
    if allowed.is_empty() {
        return no(
            "NotAllowedByListeners",
            format!(
                "the listeners of Gateway {gateway} take no {}s from namespace {own} (allowedRoutes)",
                route.kind.as_str()
            ),
        );
    }
    let hostnames: Vec<_> = if route.hostnames.is_empty() {
        vec![Hostname::Any]
    } else {
        route.hostnames.iter().map(|name| Hostname::parse(name)).collect()
    };
    let met: Vec<_> = allowed
        .into_iter()
        .map(|listener| {
            let hosts: Vec<_> = hostnames.iter().filter_map(|name| name.intersect(&listener.hostname)).collect();
            (listener, hosts)
        })
        .filter(|(_, hosts)| !hosts.is_empty())
        .collect();
    if met.is_empty() {
        return no(
            "NoMatchingListenerHostname",
            format!("no listener of Gateway {gateway} admits any of spec.hostnames"),
        );
    }
    Ok(met)
}

fn admits(from: &FromNamespaces, route: &str, gateway: &str, around: &impl Surroundings) -> bool {
    match from {
        FromNamespaces::All => true,
        FromNamespaces::Same => route == gateway,
        FromNamespaces::Labelled(selector) => around.labels(route).is_some_and(|labels| selects(selector, &labels)),
    }
}

/// The parents of a route's status: ours as `told` says, those of other controllers as they are.
pub(super) fn parents(route: &Route, told: &ToldParents, controller: &str, now: Timestamp) -> Vec<ParentStatus> {
    let generation = route.metadata.generation.unwrap_or_default();
    let foreign = route.status.parents.iter().filter(|parent| parent.controller_name != controller).cloned();
    let own = told.parents.iter().map(|(parent, said)| {
        let mut before = route.status.parents.iter();
        let before = before.find(|before| before.controller_name == controller && before.parent_ref == *parent);
        let before = before.map(|before| before.conditions.as_slice()).unwrap_or_default();
        ParentStatus {
            parent_ref: parent.clone(),
            controller_name: controller.to_owned(),
            conditions: conditions(before, said, generation, now),
        }
    });
    foreign.chain(own).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rstest::rstest;
    use serde_json::{Value, json};

    use super::super::certificates::NoSecrets;
    use super::super::objects::HttpRoute;
    use super::*;

    /// Gateway `infra/edge` with the listeners of the table.
    struct Fixed(GatewayView);

    impl Surroundings for Fixed {
        fn gateway(&self, key: &ObjectKey) -> Option<&GatewayView> {
            (*key == ObjectKey::new("infra", "edge")).then_some(&self.0)
        }

        fn labels(&self, namespace: &str) -> Option<Arc<BTreeMap<String, String>>> {
            Some(Arc::new(BTreeMap::from([("tier".to_owned(), namespace.to_owned())])))
        }
    }

    fn around() -> Fixed {
        let all = json!({"namespaces": {"from": "All"}});
        let shops = json!({"namespaces": {"from": "Selector", "selector": {"matchExpressions": [{"key": "tier", "operator": "In", "values": ["shop"]}]}}});
        let gateway = json!({"spec": {"listeners": [
            {"name": "wide", "port": 80, "protocol": "HTTP", "hostname": "*.example.com", "allowedRoutes": all},
            {"name": "own", "port": 81, "protocol": "HTTP"},
            {"name": "shops", "port": 82, "protocol": "HTTP", "allowedRoutes": shops},
            {"name": "tls", "port": 443, "protocol": "HTTPS", "allowedRoutes": all},
        ]}});
        Fixed(GatewayView::of(&serde_json::from_value(gateway).expect("a Gateway"), &NoSecrets))
    }

    #[rstest]
    #[case("shop", json!({"sectionName": "wide"}), json!(["a.example.com"]), "Accepted 80 a.example.com")]
    #[case("shop", json!({}), json!([]), "Accepted 80 *.example.com, 82 *")]
    #[case("infra", json!({}), json!([]), "Accepted 80 *.example.com, 81 *")]
    #[case("shop", json!({"port": 82}), json!(["x.test"]), "Accepted 82 x.test")]
    #[case("blog", json!({"port": 82}), json!([]), "NotAllowedByListeners")]
    #[case("shop", json!({"sectionName": "own"}), json!([]), "NotAllowedByListeners")]
    #[case("shop", json!({"sectionName": "wide"}), json!(["a.test"]), "NoMatchingListenerHostname")]
    #[case("shop", json!({"sectionName": "none"}), json!([]), "NoMatchingParent")]
    #[case("shop", json!({"sectionName": "wide", "port": 81}), json!([]), "NoMatchingParent")]
    #[case("shop", json!({"sectionName": "tls"}), json!([]), "NoMatchingParent")]
    fn a_route_attaches_where_listener_namespace_and_hostname_admit_it(
        #[case] namespace: &str,
        #[case] parent: Value,
        #[case] hostnames: Value,
        #[case] expected: &str,
    ) {
        let mut parent_ref = json!({"name": "edge", "namespace": "infra"});
        parent_ref.as_object_mut().expect("an object").extend(parent.as_object().expect("an object").clone());
        let route = json!({
            "metadata": {"name": "r", "namespace": namespace, "generation": 7},
            "spec": {"parentRefs": [parent_ref, {"name": "unknown"}], "hostnames": hostnames},
        });
        let route = Route::from(serde_json::from_value::<HttpRoute>(route).expect("an HTTPRoute"));
        let attached = attach(&route, &Compiled::default(), &around());
        let parents = parents(&route, &attached.told, "test/gateway", Timestamp::UNIX_EPOCH);
        assert_eq!(parents.len(), 1, "a Gateway that is not ours is not spoken for");
        let host = |host: &Hostname| match host {
            Hostname::Any => "*".to_owned(),
            Hostname::Below(suffix) => format!("*.{suffix}"),
            Hostname::Exact(name) => name.clone(),
        };
        let places: Vec<_> =
            attached.places.iter().map(|place| format!("{} {}", place.port, host(&place.host))).collect();
        let reason = &parents[0].conditions[0].reason;
        assert_eq!(parents[0].conditions[0].observed_generation, Some(7));
        assert_eq!(format!("{reason} {}", places.join(", ")).trim(), expected);
    }

    #[test]
    fn what_other_controllers_said_stays() {
        let route = json!({
            "metadata": {"name": "r", "namespace": "shop"},
            "spec": {"parentRefs": [{"name": "edge", "namespace": "infra"}]},
            "status": {"parents": [
                {"parentRef": {"name": "theirs"}, "controllerName": "other/one", "conditions": []},
                {"parentRef": {"name": "gone"}, "controllerName": "test/gateway", "conditions": []},
            ]},
        });
        let route = Route::from(serde_json::from_value::<HttpRoute>(route).expect("an HTTPRoute"));
        let attached = attach(&route, &Compiled::default(), &around());
        let parents = parents(&route, &attached.told, "test/gateway", Timestamp::UNIX_EPOCH);
        let told: Vec<_> =
            parents.iter().map(|parent| (parent.controller_name.as_str(), parent.parent_ref.name.as_str())).collect();
        assert_eq!(told, [("other/one", "theirs"), ("test/gateway", "edge")]);
    }
}
