//! The objects that the gateway follows, and the bells that their changes ring.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::Client;
use serde::de::DeserializeOwned;

use super::certificates::Certificate;
use super::objects::{
    Gateway, GatewayClass, GrantSpec, GrpcRoute, HttpRoute, Kind, ReferenceGrant, Route, RouteKey, TcpRoute, TlsRoute,
};
use crate::network::{Change, DirtyKeys, ObjectKey, Watched};

/// The objects that the gateway follows.
#[derive(Debug)]
pub(super) struct Sources {
    pub(super) classes: Watched<GatewayClass>,
    pub(super) gateways: Watched<Gateway>,
    pub(super) routes: Routes,
    pub(super) grants: Watched<GrantSpec>,
    pub(super) namespaces: Watched<BTreeMap<String, String>>,
    pub(super) certificates: Watched<Certificate>,
    pub(super) changed: Arc<Changed>,
}

/// What changed since it was last looked at.
#[derive(Debug, Default)]
pub(super) struct Changed {
    /// A class or a Gateway did, in what it asks for.
    pub(super) gateways: DirtyKeys<()>,
    /// These routes did, in what they ask for.
    pub(super) routes: DirtyKeys<RouteKey>,
    /// Grants in these namespaces did.
    pub(super) grants: DirtyKeys<String>,
    /// The labels of these namespaces did.
    pub(super) namespaces: DirtyKeys<String>,
    /// These objects did, in whatever: their status may need to be written.
    pub(super) class_statuses: DirtyKeys<ObjectKey>,
    pub(super) gateway_statuses: DirtyKeys<ObjectKey>,
    pub(super) route_statuses: DirtyKeys<RouteKey>,
}

impl Sources {
    pub(super) fn start(client: &Client) -> Self {
        let changed = Arc::new(Changed::default());
        let on = changed.clone();
        let classes = Watched::start::<GatewayClass>(client.clone(), lean, move |change| {
            on.class_statuses.add(change.key.clone());
            if asks_anew(&change, |class| &class.spec) {
                on.gateways.add(());
            }
        });
        let on = changed.clone();
        let gateways = Watched::start::<Gateway>(client.clone(), lean, move |change| {
            on.gateway_statuses.add(change.key.clone());
            if asks_anew(&change, |gateway| &gateway.spec) {
                on.gateways.add(());
            }
        });
        let routes = Routes::start(client, &changed);
        let on = changed.clone();
        let grants = Watched::start::<ReferenceGrant>(
            client.clone(),
            |grant| grant.spec,
            move |change| {
                on.grants.add(change.key.namespace.clone());
                // Listeners refer to Secrets of other namespaces, too.
                on.gateways.add(());
            },
        );
        let on = changed.clone();
        let labels = |namespace: Namespace| namespace.metadata.labels.unwrap_or_default();
        let namespaces = Watched::start::<Namespace>(client.clone(), labels, move |change| {
            on.namespaces.add(change.key.name.clone());
        });
        let on = changed.clone();
        let certificates = Watched::start::<Secret>(client.clone(), Certificate::from, move |change| {
            // Of Secrets that hold no certificates only their being there is told.
            let counts = |side: Option<&Arc<Certificate>>| side.is_some_and(|one| one.is_certificate());
            if counts(change.before) || counts(change.after) {
                on.gateways.add(());
            }
        });
        Self { classes, gateways, routes, grants, namespaces, certificates, changed }
    }

    pub(super) async fn synced(&self) {
        self.classes.synced().await;
        self.gateways.synced().await;
        self.routes.synced().await;
        self.grants.synced().await;
        self.namespaces.synced().await;
        self.certificates.synced().await;
    }
}

/// The routes of all kinds.
#[derive(Debug)]
pub(super) struct Routes {
    http: Watched<Route>,
    grpc: Watched<Route>,
    tls: Watched<Route>,
    tcp: Watched<Route>,
}

impl Routes {
    fn start(client: &Client, changed: &Arc<Changed>) -> Self {
        Self {
            http: routes::<HttpRoute>(client, changed, Kind::Http),
            grpc: routes::<GrpcRoute>(client, changed, Kind::Grpc),
            tls: routes::<TlsRoute>(client, changed, Kind::Tls),
            tcp: routes::<TcpRoute>(client, changed, Kind::Tcp),
        }
    }

    async fn synced(&self) {
        for (_, routes) in self.kinds() {
            routes.synced().await;
        }
    }

    fn kinds(&self) -> [(Kind, &Watched<Route>); 4] {
        [(Kind::Http, &self.http), (Kind::Grpc, &self.grpc), (Kind::Tls, &self.tls), (Kind::Tcp, &self.tcp)]
    }

    pub(super) fn get(&self, route: &RouteKey) -> Option<Arc<Route>> {
        self.kinds().into_iter().find(|(kind, _)| *kind == route.kind).and_then(|(_, routes)| routes.get(&route.key))
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = RouteKey> {
        let of_kind = |(kind, routes): (Kind, &Watched<Route>)| {
            routes.all().into_iter().map(move |(key, _)| RouteKey { kind, key })
        };
        self.kinds().into_iter().flat_map(of_kind)
    }

    pub(super) fn in_namespace(&self, namespace: &str) -> impl Iterator<Item = RouteKey> {
        let of_kind = |(kind, routes): (Kind, &Watched<Route>)| {
            routes.in_namespace(namespace).into_iter().map(move |(key, _)| RouteKey { kind, key })
        };
        self.kinds().map(of_kind).into_iter().flatten()
    }
}

fn routes<K>(client: &Client, changed: &Arc<Changed>, kind: Kind) -> Watched<Route>
where
    K: kube::Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + Into<Route> + 'static,
{
    let on = changed.clone();
    Watched::start::<K>(client.clone(), Into::into, move |change| {
        let key = RouteKey { kind, key: change.key.clone() };
        let same = matches!((change.before, change.after), (Some(before), Some(after)) if before.asks_as(after));
        if !same {
            on.routes.add(key.clone());
        }
        on.route_statuses.add(key);
    })
}

/// An object without what nobody here looks at.
fn lean<K: kube::Resource>(mut object: K) -> K {
    object.meta_mut().managed_fields = None;
    object.meta_mut().annotations = None;
    object
}

/// Whether what an object asks for changed, or the object was made anew.
fn asks_anew<K: kube::Resource, S: PartialEq + Debug>(change: &Change<'_, K>, spec: impl Fn(&K) -> &S) -> bool {
    match (change.before, change.after) {
        (Some(before), Some(after)) => spec(before) != spec(after) || before.meta().uid != after.meta().uid,
        _ => true,
    }
}
