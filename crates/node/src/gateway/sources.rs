//! The objects that the gateway follows, and the bells that their changes ring.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Namespace;
use kube::Client;

use super::objects::{Gateway, GatewayClass, GrantSpec, HttpRoute, ReferenceGrant};
use crate::network::{Change, DirtyKeys, ObjectKey, Watched};

/// The objects that the gateway follows.
#[derive(Debug)]
pub(super) struct Sources {
    pub(super) classes: Watched<GatewayClass>,
    pub(super) gateways: Watched<Gateway>,
    pub(super) routes: Watched<HttpRoute>,
    pub(super) grants: Watched<GrantSpec>,
    pub(super) namespaces: Watched<BTreeMap<String, String>>,
    pub(super) changed: Arc<Changed>,
}

/// What changed since it was last looked at.
#[derive(Debug, Default)]
pub(super) struct Changed {
    /// A class or a Gateway did, in what it asks for.
    pub(super) gateways: DirtyKeys<()>,
    /// These routes did, in what they ask for.
    pub(super) routes: DirtyKeys<ObjectKey>,
    /// Grants in these namespaces did.
    pub(super) grants: DirtyKeys<String>,
    /// The labels of these namespaces did.
    pub(super) namespaces: DirtyKeys<String>,
    /// These objects did, in whatever: their status may need to be written.
    pub(super) class_statuses: DirtyKeys<ObjectKey>,
    pub(super) gateway_statuses: DirtyKeys<ObjectKey>,
    pub(super) route_statuses: DirtyKeys<ObjectKey>,
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
        let on = changed.clone();
        let routes = Watched::start::<HttpRoute>(client.clone(), lean, move |change| {
            on.route_statuses.add(change.key.clone());
            let generation = |route: Option<&Arc<HttpRoute>>| route.and_then(|route| route.metadata.generation);
            if asks_anew(&change, |route| &route.spec) || generation(change.before) != generation(change.after) {
                on.routes.add(change.key.clone());
            }
        });
        let on = changed.clone();
        let grants = Watched::start::<ReferenceGrant>(
            client.clone(),
            |grant| grant.spec,
            move |change| {
                on.grants.add(change.key.namespace.clone());
            },
        );
        let on = changed.clone();
        let labels = |namespace: Namespace| namespace.metadata.labels.unwrap_or_default();
        let namespaces = Watched::start::<Namespace>(client.clone(), labels, move |change| {
            on.namespaces.add(change.key.name.clone());
        });
        Self { classes, gateways, routes, grants, namespaces, changed }
    }

    pub(super) async fn synced(&self) {
        self.classes.synced().await;
        self.gateways.synced().await;
        self.routes.synced().await;
        self.grants.synced().await;
        self.namespaces.synced().await;
    }
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
