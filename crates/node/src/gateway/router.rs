//! From the objects to the table in use: follows what changed and rebuilds the hosts that it concerns.
//!
//! ```text
//!  GatewayClass, Gateway, Secret ─▶ listeners ┐
//!  routes ─▶ compile ─▶ attach ───────────────┼─▶ hosts concerned ─▶ table beside ─▶ swap ─▶ statuses
//!  Service, ReferenceGrant, Namespace ────────┘        (endpoints change inside the pools, without any of this)
//! ```

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::attach::{Attached, Surroundings, attach};
use super::certificates::{Certificate, Secrets};
use super::compile::{Absent, References, Referrer, ServicePort, compile, grants};
use super::doors::Doors;
use super::forward::Forwarder;
use super::listeners::GatewayView;
use super::local_authority::LocalAuthority;
use super::objects::{Kind, RouteKey};
use super::rules::{CompiledRule, CompiledStream};
use super::sources::Sources;
use super::statuses::Said;
use super::table::{Aged, Content, Entry, HostRules, Place, Table, Way};
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
    routes: HashMap<RouteKey, Placed>,
    at_place: HashMap<Place, BTreeSet<RouteKey>>,
    of_service: BTreeMap<ObjectKey, BTreeSet<RouteKey>>,
    /// Per place the route that serves it where others wanted to, and those others.
    lost: HashMap<Place, (RouteKey, BTreeSet<RouteKey>)>,
    attached: HashMap<(ObjectKey, String), i32>,
}

/// A route as it is in the table.
#[derive(Default)]
struct Placed {
    rules: Vec<Arc<CompiledRule>>,
    stream: Option<Arc<CompiledStream>>,
    created: i64,
    services: Vec<ObjectKey>,
    attached: Attached,
}

/// What routes are compiled and attached with.
struct Around {
    sources: Arc<Sources>,
    services: Arc<Services>,
    controller_name: String,
    authority: Option<Arc<LocalAuthority>>,
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

    fn granted(&self, from: Referrer<'_>, service: &ObjectKey) -> bool {
        let all = self.sources.grants.in_namespace(&service.namespace);
        all.iter().any(|(_, grant)| grants(grant, from, "Service", &service.name))
    }
}

impl Secrets for Around {
    fn certificate(&self, secret: &ObjectKey) -> Option<Arc<Certificate>> {
        self.sources.certificates.get(secret)
    }

    fn secret_granted(&self, from: Referrer<'_>, secret: &ObjectKey) -> bool {
        let all = self.sources.grants.in_namespace(&secret.namespace);
        all.iter().any(|(_, grant)| grants(grant, from, "Secret", &secret.name))
    }

    fn authority(&self) -> Option<Arc<LocalAuthority>> {
        self.authority.clone()
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
        (controller_name, authority): (String, Option<Arc<LocalAuthority>>),
        doors: Doors,
        forwarder: Arc<Forwarder>,
        said: Arc<Said>,
    ) -> Self {
        Self {
            around: Around { sources, services, controller_name, authority, gateways: BTreeMap::new() },
            doors,
            forwarder,
            said,
            table: Table::default(),
            routes: HashMap::new(),
            at_place: HashMap::new(),
            of_service: BTreeMap::new(),
            lost: HashMap::new(),
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

    fn all_routes(&self) -> BTreeSet<RouteKey> {
        let there = self.around.sources.routes.keys();
        there.chain(self.routes.keys().cloned()).collect()
    }

    /// Routes of namespaces whose labels changed, where any listener looks at labels.
    fn routes_in(&self, namespaces: &BTreeSet<String>) -> BTreeSet<RouteKey> {
        let mut listeners = self.around.gateways.values().flat_map(|view| &view.listeners);
        if !listeners.any(|listener| matches!(listener.from, super::listeners::FromNamespaces::Labelled(_))) {
            return BTreeSet::new();
        }
        namespaces.iter().flat_map(|namespace| self.around.sources.routes.in_namespace(namespace)).collect()
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
        let mut found: Vec<_> = sources.gateways.all();
        found.retain(|(_, gateway)| ours.contains(&gateway.spec.gateway_class_name));
        found.sort_by_key(|(key, gateway)| (gateway.metadata.creation_timestamp.clone(), key.clone()));
        let mut older = BTreeMap::new();
        let mut gateways: BTreeMap<ObjectKey, GatewayView> = BTreeMap::new();
        for (key, gateway) in found {
            let mut view = GatewayView::of(&gateway, &self.around);
            if view.is_accepted() {
                view.note_older(&mut older, &key.to_string());
            }
            gateways.insert(key, view);
        }
        let wanted = gateways.values().filter(|view| view.is_accepted()).flat_map(GatewayView::ports).collect();
        let failed = self.doors.open(&wanted);
        for (port, why) in &failed {
            tracing::warn!(port, why, "a listener's port cannot be listened on; trying again");
        }
        let mut by_port: BTreeMap<u16, (Way, Vec<Entry>)> =
            self.table.ports().map(|port| (port, Default::default())).collect();
        for view in gateways.values_mut() {
            view.note_ports(&failed);
            if !view.is_accepted() {
                continue;
            }
            for listener in view.listeners.iter().filter(|listener| listener.is_good()) {
                let (way, entries) = by_port.entry(listener.port).or_default();
                *way = listener.protocol.way();
                entries.push(listener.entry());
            }
        }
        for (port, (way, entries)) in by_port {
            self.table.keep_listeners(port, way, &entries);
        }
        self.said.gateways(&gateways, sources.gateways.all().into_iter().map(|(key, _)| key));
        self.around.gateways = gateways;
        !failed.is_empty()
    }

    /// Compiles and attaches routes anew, rebuilds the hosts that they leave and come to, and swaps the table.
    fn refresh_routes(&mut self, mut touched: BTreeSet<RouteKey>) {
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
            let (content, lost) = self.content(place);
            self.table.put(place, content);
            let before = match lost {
                Some(lost) => self.lost.insert(place.clone(), lost),
                None => self.lost.remove(place),
            };
            let after = self.lost.get(place);
            touched.extend(before.iter().chain(after).flat_map(|(_, losers)| losers.iter().cloned()));
        }
        self.forwarder.swap(self.table.clone());
        // What is said follows what is served.
        for key in touched {
            let told = self.routes.get(&key).map(|placed| {
                let lost_here = |place: &Place| {
                    let (winner, losers) = self.lost.get(place)?;
                    losers.contains(&key).then(|| (place.clone(), winner.clone()))
                };
                let lost = placed.attached.places.iter().filter_map(lost_here).collect();
                placed.attached.told.without(&lost)
            });
            self.said.route(key, told);
        }
        self.said.attached(&self.served());
    }

    /// How many routes each listener serves: those attached to it whose places are not all another route's.
    fn served(&self) -> HashMap<(ObjectKey, String), i32> {
        let mut counts = self.attached.clone();
        let losers: BTreeSet<&RouteKey> = self.lost.values().flat_map(|(_, losers)| losers).collect();
        for key in losers {
            let lost = |place: &Place| self.lost.get(place).is_some_and(|(_, losers)| losers.contains(key));
            let listeners = self.routes.get(key).into_iter().flat_map(|placed| &placed.attached.listeners);
            for (listener, _) in listeners.filter(|(_, places)| places.iter().all(lost)) {
                *counts.entry(listener.clone()).or_default() -= 1;
            }
        }
        counts
    }

    /// What a place leads to. Pages and calls of one host are the oldest route's kind only, and a connection that is
    /// carried goes one way: the oldest route's. Says who takes it from whom.
    #[allow(clippy::type_complexity, reason = "the winner and the losers, named where they are kept")]
    fn content(&self, place: &Place) -> (Content, Option<(RouteKey, BTreeSet<RouteKey>)>) {
        let mut here: Vec<_> = self
            .at_place
            .get(place)
            .into_iter()
            .flatten()
            .filter_map(|key| Some((key, self.routes.get(key)?)))
            .collect();
        here.sort_by_key(|(key, placed)| (placed.created, key.key.clone(), key.kind));
        let Some((winner, first)) = here.first().copied() else { return Default::default() };
        let alone = matches!(winner.kind, Kind::Tls | Kind::Tcp);
        let (stay, lose): (Vec<_>, Vec<_>) =
            here.iter().partition(|(key, _)| if alone { *key == winner } else { key.kind == winner.kind });
        let aged = |placed: &&Placed| {
            let created = placed.created;
            placed.rules.iter().map(move |rule| Aged { rule: rule.clone(), created }).collect::<Vec<_>>()
        };
        let rules: Vec<_> = stay.iter().flat_map(|(_, placed)| aged(placed)).collect();
        let content = Content {
            rules: (!rules.is_empty()).then(|| Arc::new(HostRules::new(rules))),
            stream: first.stream.clone(),
        };
        let losers: BTreeSet<_> = lose.into_iter().map(|(key, _)| (*key).clone()).collect();
        (content, (!losers.is_empty()).then(|| (winner.clone(), losers)))
    }

    fn place(&self, key: &RouteKey) -> Option<Placed> {
        let route = self.around.sources.routes.get(key)?;
        let compiled = compile(&route, &self.around);
        let attached = attach(&route, &compiled, &self.around);
        Some(Placed {
            rules: compiled.rules.into_iter().map(Arc::new).collect(),
            stream: compiled.stream.map(Arc::new),
            created: route.created(),
            services: compiled.services,
            attached,
        })
    }

    fn reindex(&mut self, key: &RouteKey, before: Option<&Placed>) {
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
            for listener in before.attached.listeners.keys() {
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
            for listener in after.attached.listeners.keys() {
                *self.attached.entry(listener.clone()).or_default() += 1;
            }
        }
        self.attached.retain(|_, count| *count > 0);
    }
}

/// The routes that refer to any of some Services.
fn routes_of<'a>(of_services: impl Iterator<Item = &'a BTreeSet<RouteKey>>) -> BTreeSet<RouteKey> {
    of_services.flatten().cloned().collect()
}

fn drop_from(at_place: &mut HashMap<Place, BTreeSet<RouteKey>>, place: &Place, key: &RouteKey) {
    if let Some(routes) = at_place.get_mut(place) {
        routes.remove(key);
        if routes.is_empty() {
            at_place.remove(place);
        }
    }
}
