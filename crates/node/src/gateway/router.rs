//! From the objects to the table in use: follows what changed and rebuilds the hosts that it concerns.
//!
//! ```text
//!  GatewayClass, Gateway ─▶ listeners, ports ─┐
//!  HTTPRoute ─▶ compile ─▶ attach ────────────┼─▶ hosts concerned ─▶ table beside ─▶ swap ─▶ statuses
//!  Service, ReferenceGrant, Namespace ────────┘        (endpoints change inside the pools, without any of this)
//! ```

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::attach::{Attached, Surroundings, attach};
use super::compile::{Absent, References, ServicePort, compile, grants};
use super::doors::Doors;
use super::forward::Forwarder;
use super::hostname::Hostname;
use super::listeners::GatewayView;
use super::rules::CompiledRule;
use super::sources::Sources;
use super::statuses::Said;
use super::table::{Aged, HostRules, Place, Table};
use crate::network::services::Services;
use crate::network::{DirtyKeys, ObjectKey};

/// How long until a port that could not be opened is tried again.
const OPEN_AGAIN: Duration = Duration::from_secs(10);

/// Keeps the table in use equal to the objects.
pub(super) struct Router {
    around: Around,
    doors: Doors,
    forwarder: Arc<Forwarder>,
    said: Arc<Said>,
    table: Table,
    routes: HashMap<ObjectKey, Placed>,
    at_place: HashMap<Place, BTreeSet<ObjectKey>>,
    of_service: BTreeMap<ObjectKey, BTreeSet<ObjectKey>>,
    attached: HashMap<(ObjectKey, String), i32>,
}

/// A route as it is in the table.
#[derive(Default)]
struct Placed {
    rules: Vec<Arc<CompiledRule>>,
    created: i64,
    services: Vec<ObjectKey>,
    attached: Attached,
}

/// What routes are compiled and attached with.
struct Around {
    sources: Arc<Sources>,
    services: Arc<Services>,
    controller_name: String,
    gateways: BTreeMap<ObjectKey, GatewayView>,
}

impl References for Around {
    fn service_port(&self, service: &ObjectKey, port: u16) -> Result<ServicePort, Absent> {
        let entry = self.services.get(service).ok_or(Absent::Service)?;
        let found = entry.ports.iter().find(|entry| entry.facts.port == port).ok_or(Absent::Port)?;
        Ok(ServicePort {
            pool: found.pool.clone(),
            protocol: found.facts.protocol,
            app_protocol: found.facts.app_protocol.clone(),
        })
    }

    fn granted(&self, from: &str, service: &ObjectKey) -> bool {
        let all = self.sources.grants.in_namespace(&service.namespace);
        all.iter().any(|(_, grant)| grants(grant, from, &service.name))
    }
}

impl Surroundings for Around {
    fn gateway(&self, key: &ObjectKey) -> Option<&GatewayView> {
        self.gateways.get(key)
    }

    fn labels(&self, namespace: &str) -> Option<Arc<BTreeMap<String, String>>> {
        self.sources.namespaces.get(&ObjectKey::new("", namespace))
    }
}

impl Router {
    pub(super) fn new(
        sources: Arc<Sources>,
        services: Arc<Services>,
        controller_name: String,
        doors: Doors,
        forwarder: Arc<Forwarder>,
        said: Arc<Said>,
    ) -> Self {
        Self {
            around: Around { sources, services, controller_name, gateways: BTreeMap::new() },
            doors,
            forwarder,
            said,
            table: Table::default(),
            routes: HashMap::new(),
            at_place: HashMap::new(),
            of_service: BTreeMap::new(),
            attached: HashMap::new(),
        }
    }

    /// Builds the first table, calls `ready`, then follows changes. Never returns.
    pub(super) async fn run(mut self, ready: impl FnOnce()) {
        let sources = self.around.sources.clone();
        let services = Arc::new(DirtyKeys::default());
        self.around.services.synced().await;
        sources.synced().await;
        self.around.services.tell(&services);
        let mut unopened = self.refresh_gateways();
        self.refresh_routes(self.all_routes());
        ready();
        loop {
            let touched = tokio::select! {
                _ = sources.changed.gateways.take() => {
                    unopened = self.refresh_gateways();
                    self.all_routes()
                }
                routes = sources.changed.routes.take() => routes,
                services = services.take() => routes_of(services.iter().filter_map(|key| self.of_service.get(key))),
                namespaces = sources.changed.grants.take() => {
                    let granted = self.of_service.iter().filter(|(service, _)| namespaces.contains(&service.namespace));
                    routes_of(granted.map(|(_, routes)| routes))
                }
                namespaces = sources.changed.namespaces.take() => self.routes_in(&namespaces),
                () = tokio::time::sleep(OPEN_AGAIN), if unopened => {
                    unopened = self.refresh_gateways();
                    self.all_routes()
                }
            };
            self.refresh_routes(touched);
        }
    }

    fn all_routes(&self) -> BTreeSet<ObjectKey> {
        let there = self.around.sources.routes.all().into_iter().map(|(key, _)| key);
        there.chain(self.routes.keys().cloned()).collect()
    }

    /// Routes of namespaces whose labels changed, where any listener looks at labels.
    fn routes_in(&self, namespaces: &BTreeSet<String>) -> BTreeSet<ObjectKey> {
        let mut listeners = self.around.gateways.values().flat_map(|view| &view.listeners);
        if !listeners.any(|listener| matches!(listener.from, super::listeners::FromNamespaces::Labelled(_))) {
            return BTreeSet::new();
        }
        let routes = |namespace: &String| self.around.sources.routes.in_namespace(namespace);
        namespaces.iter().flat_map(routes).map(|(key, _)| key).collect()
    }

    /// Reads the Gateways anew, opens and closes ports. Says whether a port could not be opened.
    fn refresh_gateways(&mut self) -> bool {
        let sources = self.around.sources.clone();
        let ours: HashSet<String> = sources
            .classes
            .all()
            .into_iter()
            .filter(|(_, class)| {
                class.spec.controller_name == self.around.controller_name && class.spec.parameters_ref.is_none()
            })
            .map(|(key, _)| key.name)
            .collect();
        let mut gateways: BTreeMap<ObjectKey, GatewayView> = sources
            .gateways
            .all()
            .into_iter()
            .filter(|(_, gateway)| ours.contains(&gateway.spec.gateway_class_name))
            .map(|(key, gateway)| (key, GatewayView::of(&gateway)))
            .collect();
        let wanted = gateways.values().filter(|view| view.is_accepted()).flat_map(GatewayView::ports).collect();
        let failed = self.doors.open(&wanted);
        for (port, why) in &failed {
            tracing::warn!(port, why, "a listener's port cannot be listened on; trying again");
        }
        let mut hostnames: BTreeMap<u16, Vec<Hostname>> = self.table.ports().map(|port| (port, Vec::new())).collect();
        for view in gateways.values_mut() {
            view.note_ports(&failed);
            for listener in view.listeners.iter().filter(|listener| listener.is_good()) {
                hostnames.entry(listener.port).or_default().push(listener.hostname.clone());
            }
        }
        for (port, hostnames) in hostnames {
            self.table.keep_listeners(port, &hostnames);
        }
        self.said.gateways(&gateways, sources.gateways.all().into_iter().map(|(key, _)| key));
        self.around.gateways = gateways;
        !failed.is_empty()
    }

    /// Compiles and attaches routes anew, rebuilds the hosts that they leave and come to, and swaps the table.
    fn refresh_routes(&mut self, touched: BTreeSet<ObjectKey>) {
        let mut places = BTreeSet::new();
        for key in &touched {
            let placed = self.place(key);
            let before = match placed {
                Some(placed) => self.routes.insert(key.clone(), placed),
                None => self.routes.remove(key),
            };
            let after = self.routes.get(key);
            places.extend(before.iter().chain(after).flat_map(|placed| placed.attached.places.iter().cloned()));
            self.reindex(key, before.as_ref());
        }
        for place in &places {
            let routes = self.at_place.get(place).into_iter().flatten().filter_map(|key| self.routes.get(key));
            let rules: Vec<_> = routes
                .flat_map(|placed| placed.rules.iter().map(|rule| Aged { rule: rule.clone(), created: placed.created }))
                .collect();
            self.table.put(place, (!rules.is_empty()).then(|| Arc::new(HostRules::new(rules))));
        }
        self.forwarder.swap(self.table.clone());
        // What is said follows what is served.
        for key in touched {
            self.said.route(key.clone(), self.routes.get(&key).map(|placed| placed.attached.told.clone()));
        }
        self.said.attached(&self.attached);
    }

    fn place(&self, key: &ObjectKey) -> Option<Placed> {
        let route = self.around.sources.routes.get(key)?;
        let compiled = compile(&route, &self.around);
        let attached = attach(&route, &compiled, &self.around);
        Some(Placed {
            rules: compiled.rules.into_iter().map(Arc::new).collect(),
            created: route.metadata.creation_timestamp.as_ref().map_or(0, |time| time.0.as_second()),
            services: compiled.services,
            attached,
        })
    }

    fn reindex(&mut self, key: &ObjectKey, before: Option<&Placed>) {
        if let Some(before) = before {
            for place in &before.attached.places {
                drop_from(&mut self.at_place, place, key);
            }
            for service in &before.services {
                if let Some(routes) = self.of_service.get_mut(service) {
                    routes.remove(key);
                    if routes.is_empty() {
                        self.of_service.remove(service);
                    }
                }
            }
            for listener in &before.attached.listeners {
                *self.attached.entry(listener.clone()).or_default() -= 1;
            }
        }
        if let Some(after) = self.routes.get(key) {
            for place in &after.attached.places {
                self.at_place.entry(place.clone()).or_default().insert(key.clone());
            }
            for service in &after.services {
                self.of_service.entry(service.clone()).or_default().insert(key.clone());
            }
            for listener in &after.attached.listeners {
                *self.attached.entry(listener.clone()).or_default() += 1;
            }
        }
        self.attached.retain(|_, count| *count > 0);
    }
}

/// The routes that refer to any of some Services.
fn routes_of<'a>(of_services: impl Iterator<Item = &'a BTreeSet<ObjectKey>>) -> BTreeSet<ObjectKey> {
    of_services.flatten().cloned().collect()
}

fn drop_from(at_place: &mut HashMap<Place, BTreeSet<ObjectKey>>, place: &Place, key: &ObjectKey) {
    if let Some(routes) = at_place.get_mut(place) {
        routes.remove(key);
        if routes.is_empty() {
            at_place.remove(place);
        }
    }
}
