//! The gateways that a plane or an environment offers: traffic in and out, from outside and from inside.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Gateways by direction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GatewaySpec {
    /// Traffic to components.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ingress: Option<GatewayNetworkSpec>,
    /// Traffic from components.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub egress: Option<GatewayNetworkSpec>,
}

/// Gateways by who can reach them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GatewayNetworkSpec {
    /// Reached from everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<GatewayEndpointSpec>,
    /// Reached from inside the organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub internal: Option<GatewayEndpointSpec>,
}

/// A Gateway object on the plane, and its listeners.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GatewayEndpointSpec {
    /// Name of the Gateway object.
    pub name: String,
    /// Its namespace on the plane.
    pub namespace: String,
    /// The plain listener.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<GatewayListenerSpec>,
    /// The listener that ends TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub https: Option<GatewayListenerSpec>,
    /// The listener that passes TLS through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<GatewayListenerSpec>,
}

/// A listener of a gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GatewayListenerSpec {
    /// Its name in the Gateway object.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub listener_name: String,
    /// The port that clients use.
    #[schemars(range(min = 1, max = 65535))]
    pub port: i32,
    /// The domain that host names are made under.
    pub host: String,
}
