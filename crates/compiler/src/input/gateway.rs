//! Planes and environments as far as templates see them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The gateways of a plane or an environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Gateway {
    /// Gateways for traffic that comes in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ingress: Option<GatewayNetwork>,
    /// Gateways for traffic that goes out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub egress: Option<GatewayNetwork>,
}

/// One direction's gateways.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayNetwork {
    /// For the outside world.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external: Option<GatewayEndpoint>,
    /// For the organisation's own network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub internal: Option<GatewayEndpoint>,
}

/// A Gateway object and its listeners.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayEndpoint {
    /// The Gateway's name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The Gateway's namespace.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// The HTTP listener.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<Listener>,
    /// The HTTPS listener.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub https: Option<Listener>,
    /// The TLS passthrough listener.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<Listener>,
}

/// One listener of a Gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Listener {
    /// The listener's name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub listener_name: String,
    /// Its port.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub port: i32,
    /// The suffix of its virtual hosts.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub host: String,
}

/// A reference to a plane.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlaneRef {
    /// The plane's kind.
    #[serde(default)]
    pub kind: String,
    /// Its name.
    #[serde(default)]
    pub name: String,
}

/// A data plane, namespaced or cluster-scoped, as far as templates see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DataPlane {
    /// The secret store's name.
    pub secret_store: Option<String>,
    /// Its gateways.
    pub gateway: Option<Gateway>,
    /// The observability plane it reports to.
    pub observability_plane: Option<PlaneRef>,
    /// The object's annotations.
    pub annotations: BTreeMap<String, String>,
}

impl DataPlane {
    /// A plane with gateways ([`Gateway::stand_in`]) and a secret store, for checks where no plane is at hand.
    pub fn stand_in() -> Self {
        Self { gateway: Some(Gateway::stand_in()), secret_store: Some("stand-in".to_owned()), ..Self::default() }
    }
}

/// An environment as far as templates see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// The environment's own gateways, which go before the plane's.
    pub gateway: Option<Gateway>,
    /// Where alerts of this environment go by default.
    pub default_notification_channel: Option<String>,
}

impl Gateway {
    /// Ingress from outside and from inside, with all listeners, for checks where no environment is at hand.
    pub fn stand_in() -> Self {
        let listener = |name: &str, port, host: &str| {
            Some(Listener { listener_name: name.to_owned(), port, host: host.to_owned() })
        };
        let endpoint = |host: &str| {
            Some(GatewayEndpoint {
                name: "gateway".to_owned(),
                namespace: "gateway-system".to_owned(),
                http: listener("http", 80, host),
                https: listener("https", 443, host),
                tls: listener("tls", 8443, host),
            })
        };
        let network = GatewayNetwork {
            external: endpoint("external.stand-in.example"),
            internal: endpoint("internal.stand-in.example"),
        };
        Self { ingress: Some(network.clone()), egress: Some(network) }
    }

    /// Whether [`Gateway::merged`] would give any.
    pub(crate) fn any(environment: Option<&Self>, plane: Option<&Self>) -> bool {
        let used =
            |n: &Option<GatewayNetwork>| n.as_ref().is_some_and(|n| n.external.is_some() || n.internal.is_some());
        [environment, plane].into_iter().flatten().any(|g| used(&g.ingress) || used(&g.egress))
    }

    /// The environment's gateways over the plane's, each of the four on its own; `None` where there is none at all.
    pub fn merged(environment: Option<&Self>, plane: Option<&Self>) -> Option<Self> {
        let network = |pick: fn(&Self) -> Option<&GatewayNetwork>| {
            let (over, under) = (environment.and_then(pick), plane.and_then(pick));
            let endpoint = |pick: fn(&GatewayNetwork) -> Option<&GatewayEndpoint>| {
                over.and_then(pick).or(under.and_then(pick)).cloned()
            };
            let merged = GatewayNetwork {
                external: endpoint(|n| n.external.as_ref()),
                internal: endpoint(|n| n.internal.as_ref()),
            };
            Some(merged).filter(|n| n.external.is_some() || n.internal.is_some())
        };
        let merged = Self { ingress: network(|g| g.ingress.as_ref()), egress: network(|g| g.egress.as_ref()) };
        Some(merged).filter(|g| g.ingress.is_some() || g.egress.is_some())
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn is_zero(port: &i32) -> bool {
    *port == 0
}
