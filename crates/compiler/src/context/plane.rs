//! The variables `dataplane`, `environment` and `gateway`.

use cel::Value;

use super::{Object, strings};
use crate::input::{DataPlane, Environment, Gateway, GatewayEndpoint, GatewayNetwork, Listener};

/// Where the pipelines' views of a plane differ.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum PlaneShape {
    /// Components and traits: annotations and notification channel are visible, empty networks stay.
    Component,
    /// Projects and resources.
    Shared,
}

/// The three variables; `gateway` is `None` where no gateway is configured anywhere.
pub(crate) struct Gateways {
    pub(crate) dataplane: Value,
    pub(crate) environment: Value,
    pub(crate) gateway: Option<Value>,
}

impl Gateways {
    pub(crate) fn build(plane: &DataPlane, environment: &Environment, shape: PlaneShape) -> Self {
        let component = shape == PlaneShape::Component;
        let own = plane.gateway.as_ref().and_then(|g| own(g, component));
        let merged = match (&plane.gateway, &own) {
            // The plane's gateways as they are, which is the rule.
            (Some(g), Some(own)) if !Gateway::any(environment.gateway.as_ref(), None) && is_full(g) => {
                Some(own.clone())
            }
            _ => Gateway::merged(environment.gateway.as_ref(), plane.gateway.as_ref()).map(|g| gateway(&g, false)),
        };
        let channel = environment.default_notification_channel.as_deref().filter(|name| component && !name.is_empty());
        let observability = plane.observability_plane.as_ref().map(|reference| {
            let object = Object::default();
            if component {
                object.with_text(key!("kind"), &reference.kind).with_text(key!("name"), &reference.name).build()
            } else {
                object.with(key!("kind"), reference.kind.as_str()).with(key!("name"), reference.name.as_str()).build()
            }
        });
        Self {
            dataplane: Object::default()
                .with_text(key!("secretStore"), plane.secret_store.as_deref().unwrap_or_default())
                .with_some(key!("gateway"), own)
                .with_some(key!("observabilityPlaneRef"), observability)
                .with_some(
                    key!("annotations"),
                    Some(&plane.annotations).filter(|a| component && !a.is_empty()).map(strings),
                )
                .build(),
            environment: Object::default()
                .with_some(key!("gateway"), merged.clone())
                .with_some(key!("defaultNotificationChannel"), channel.map(Value::from))
                .build(),
            gateway: merged,
        }
    }
}

/// Whether every network that is there has a gateway.
fn is_full(g: &Gateway) -> bool {
    [&g.ingress, &g.egress].into_iter().flatten().all(|n| n.external.is_some() || n.internal.is_some())
}

/// A plane's own gateways.
fn own(g: &Gateway, keep_empty: bool) -> Option<Value> {
    let used = |n: &Option<GatewayNetwork>| {
        n.as_ref().is_some_and(|n| keep_empty || n.external.is_some() || n.internal.is_some())
    };
    (used(&g.ingress) || used(&g.egress)).then(|| gateway(g, keep_empty))
}

fn gateway(g: &Gateway, keep_empty: bool) -> Value {
    let side = |n: &Option<GatewayNetwork>| {
        n.as_ref().filter(|n| keep_empty || n.external.is_some() || n.internal.is_some()).map(|n| {
            Object::default()
                .with_some(key!("external"), n.external.as_ref().map(endpoint))
                .with_some(key!("internal"), n.internal.as_ref().map(endpoint))
                .build()
        })
    };
    Object::default().with_some(key!("egress"), side(&g.egress)).with_some(key!("ingress"), side(&g.ingress)).build()
}

fn endpoint(e: &GatewayEndpoint) -> Value {
    Object::default()
        .with_some(key!("http"), e.http.as_ref().map(listener))
        .with_some(key!("https"), e.https.as_ref().map(listener))
        .with_text(key!("name"), &e.name)
        .with_text(key!("namespace"), &e.namespace)
        .with_some(key!("tls"), e.tls.as_ref().map(listener))
        .build()
}

fn listener(l: &Listener) -> Value {
    Object::default()
        .with_text(key!("host"), &l.host)
        .with_text(key!("listenerName"), &l.listener_name)
        .with_some(key!("port"), (l.port != 0).then(|| Value::Double(f64::from(l.port))))
        .build()
}
