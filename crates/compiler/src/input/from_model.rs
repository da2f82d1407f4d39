//! The plain inputs from objects of the API.

use std::collections::BTreeMap;

use super::{
    ConfigurationOverrides, Container, DataPlane, EndpointSchema, EnvVar, FileVar, Gateway, GatewayEndpoint,
    GatewayNetwork, KeyRef, Listener, PlaneRef, RemoteRef, SecretSource, TraitInstance, ValueFrom, Workload,
    WorkloadEndpoint,
};

impl From<&model::WorkloadTemplateSpec> for Workload {
    fn from(spec: &model::WorkloadTemplateSpec) -> Self {
        let container = &spec.container;
        Self {
            container: Container {
                image: container.image.clone(),
                command: container.command.clone(),
                args: container.args.clone(),
                env: container.env.iter().map(EnvVar::from).collect(),
                files: container.files.iter().map(FileVar::from).collect(),
            },
            endpoints: spec.endpoints.iter().map(|(name, endpoint)| (name.clone(), endpoint.into())).collect(),
        }
    }
}

impl From<&model::EnvVar> for EnvVar {
    fn from(env: &model::EnvVar) -> Self {
        Self { key: env.key.clone(), value: env.value.clone(), value_from: env.value_from.as_ref().map(Into::into) }
    }
}

impl From<&model::FileVar> for FileVar {
    fn from(file: &model::FileVar) -> Self {
        Self {
            key: file.key.clone(),
            mount_path: file.mount_path.clone(),
            value: file.value.clone(),
            value_from: file.value_from.as_ref().map(Into::into),
        }
    }
}

impl From<&model::EnvVarValueFrom> for ValueFrom {
    fn from(from: &model::EnvVarValueFrom) -> Self {
        Self {
            secret_key_ref: from.secret_key_ref.as_ref().map(|r| KeyRef { name: r.name.clone(), key: r.key.clone() }),
        }
    }
}

impl From<&model::WorkloadEndpoint> for WorkloadEndpoint {
    fn from(endpoint: &model::WorkloadEndpoint) -> Self {
        Self {
            kind: endpoint.type_.to_string(),
            port: endpoint.port,
            target_port: endpoint.target_port.unwrap_or_default(),
            display_name: endpoint.display_name.clone(),
            base_path: endpoint.base_path.clone(),
            visibility: endpoint.visibility.iter().map(ToString::to_string).collect(),
            schema: endpoint
                .schema
                .as_ref()
                .map(|schema| EndpointSchema { kind: schema.type_.clone(), content: schema.content.clone() }),
        }
    }
}

impl From<&model::WorkloadOverrides> for ConfigurationOverrides {
    fn from(overrides: &model::WorkloadOverrides) -> Self {
        overrides.container.as_ref().map_or_else(Self::default, |container| Self {
            env: container.env.iter().map(EnvVar::from).collect(),
            files: container.files.iter().map(FileVar::from).collect(),
        })
    }
}

impl From<&model::ComponentProfileTrait> for TraitInstance {
    fn from(used: &model::ComponentProfileTrait) -> Self {
        Self {
            kind: used.kind.to_string(),
            name: used.name.clone(),
            instance_name: used.instance_name.clone(),
            parameters: used.parameters.as_ref().map(|parameters| parameters.0.clone()),
        }
    }
}

impl From<&model::GatewaySpec> for Gateway {
    fn from(gateway: &model::GatewaySpec) -> Self {
        Self { ingress: gateway.ingress.as_ref().map(Into::into), egress: gateway.egress.as_ref().map(Into::into) }
    }
}

impl From<&model::GatewayNetworkSpec> for GatewayNetwork {
    fn from(network: &model::GatewayNetworkSpec) -> Self {
        Self {
            external: network.external.as_ref().map(Into::into),
            internal: network.internal.as_ref().map(Into::into),
        }
    }
}

impl From<&model::GatewayEndpointSpec> for GatewayEndpoint {
    fn from(endpoint: &model::GatewayEndpointSpec) -> Self {
        Self {
            name: endpoint.name.clone(),
            namespace: endpoint.namespace.clone(),
            http: endpoint.http.as_ref().map(Into::into),
            https: endpoint.https.as_ref().map(Into::into),
            tls: endpoint.tls.as_ref().map(Into::into),
        }
    }
}

impl From<&model::GatewayListenerSpec> for Listener {
    fn from(listener: &model::GatewayListenerSpec) -> Self {
        Self { listener_name: listener.listener_name.clone(), port: listener.port, host: listener.host.clone() }
    }
}

impl From<&model::DataPlane> for DataPlane {
    fn from(plane: &model::DataPlane) -> Self {
        Self {
            secret_store: plane.spec.secret_store_ref.as_ref().map(|store| store.name.clone()),
            gateway: plane.spec.gateway.as_ref().map(Into::into),
            observability_plane: plane
                .spec
                .observability_plane_ref
                .as_ref()
                .map(|r| PlaneRef { kind: r.kind.to_string(), name: r.name.clone() }),
            annotations: plane.metadata.annotations.clone().unwrap_or_default(),
        }
    }
}

impl From<&model::ClusterDataPlane> for DataPlane {
    fn from(plane: &model::ClusterDataPlane) -> Self {
        Self {
            secret_store: plane.spec.secret_store_ref.as_ref().map(|store| store.name.clone()),
            gateway: plane.spec.gateway.as_ref().map(Into::into),
            observability_plane: plane
                .spec
                .observability_plane_ref
                .as_ref()
                .map(|r| PlaneRef { kind: r.kind.to_string(), name: r.name.clone() }),
            annotations: plane.metadata.annotations.clone().unwrap_or_default(),
        }
    }
}

/// The keys of a SecretReference, as [`super::ComponentInput::secrets`] wants them.
impl From<&model::SecretDataSource> for SecretSource {
    fn from(source: &model::SecretDataSource) -> Self {
        let remote = &source.remote_ref;
        Self {
            secret_key: source.secret_key.clone(),
            remote_ref: RemoteRef {
                key: remote.key.clone(),
                property: remote.property.clone(),
                version: remote.version.clone(),
            },
        }
    }
}

/// The secrets of a workload by name, from its SecretReferences.
pub fn secrets<'r>(
    references: impl IntoIterator<Item = &'r model::SecretReference>,
) -> BTreeMap<String, Vec<SecretSource>> {
    references
        .into_iter()
        .map(|reference| {
            let name = reference.metadata.name.clone().unwrap_or_default();
            (name, reference.spec.data.iter().map(SecretSource::from).collect())
        })
        .collect()
}
