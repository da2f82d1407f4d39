//! A small component to compile, and parts of it to change.

use std::collections::BTreeMap;

use compiler::check::{self, ComponentChecked};
use compiler::input::{
    ComponentInput, ComponentMetadata, ConfigurationOverrides, DataPlane, Environment, Gateway, SecretSource,
    TraitInstance, TraitSource, Workload,
};
use compiler::{Compiler, Problems, Rendered, Step, origins::Origins};
use serde_json::{Value, json};

#[derive(Clone)]
pub(crate) struct Sample {
    pub(crate) type_spec: Value,
    pub(crate) parameters: Value,
    pub(crate) environment_configs: Value,
    pub(crate) traits: Vec<TraitInstance>,
    pub(crate) trait_specs: Vec<(String, Value)>,
    pub(crate) workload: Value,
    pub(crate) overrides: Option<ConfigurationOverrides>,
    pub(crate) gateway: Option<Gateway>,
    pub(crate) labels: BTreeMap<String, String>,
}

impl Sample {
    /// A Deployment and a ConfigMap, with a trait that adds a volume.
    pub(crate) fn new() -> Self {
        Self {
            type_spec: json!({
                "workloadType": "deployment",
                "allowedTraits": [{"kind": "Trait", "name": "volume"}],
                "parameters": {"openAPIV3Schema": {"type": "object", "properties": {
                    "level": {"type": "string", "default": "info"},
                    "replicas": {"type": "integer", "default": 1},
                }}},
                "environmentConfigs": {"openAPIV3Schema": {"type": "object", "properties": {"cpu": {"type": "string", "default": "100m"}}}},
                "resources": [
                    {"id": "deployment", "template": {
                        "apiVersion": "apps/v1", "kind": "Deployment",
                        "metadata": {"name": "${metadata.name}"},
                        "spec": {"replicas": "${parameters.replicas}", "template": {"spec": {
                            "containers": [{"name": "main", "image": "${workload.container.image}", "cpu": "${environmentConfigs.cpu}"}],
                        }}},
                    }},
                    {"id": "config", "template": {
                        "apiVersion": "v1", "kind": "ConfigMap",
                        "metadata": {"name": "config"},
                        "data": {"level": "${parameters.level}", "fixed": "yes"},
                    }},
                ],
            }),
            parameters: json!({"replicas": 2}),
            environment_configs: json!({}),
            traits: vec![TraitInstance {
                name: "volume".into(),
                instance_name: "data".into(),
                parameters: Some(json!({"size": "1Gi"})),
                ..TraitInstance::default()
            }],
            trait_specs: vec![(
                "volume".into(),
                json!({
                    "parameters": {"openAPIV3Schema": {"type": "object", "required": ["size"], "properties": {"size": {"type": "string"}}}},
                    "creates": [{"template": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "${trait.instanceName}"}, "spec": {"size": "${parameters.size}"}}}],
                    "patches": [{"target": {"group": "apps", "version": "v1", "kind": "Deployment"}, "operations": [
                        {"op": "add", "path": "/spec/template/spec/volumes/-", "value": {"name": "${trait.instanceName}"}},
                        {"op": "replace", "path": "/spec/replicas", "value": 1},
                        {"op": "add", "path": "/spec/template/spec/containers/[?(@.name=='main')]/tty", "value": true},
                    ]}],
                }),
            )],
            workload: json!({"container": {"image": "registry.example.com/app:1"}, "endpoints": {"http": {"type": "HTTP", "port": 80}}}),
            overrides: None,
            gateway: None,
            labels: BTreeMap::from([("openchoreo.dev/component".to_owned(), "app".to_owned())]),
        }
    }

    pub(crate) fn compile(&self, compiler: &Compiler) -> Result<Rendered, Problems> {
        self.with_input(|input| compiler.component(input))
    }

    pub(crate) fn compile_with_origins(&self, compiler: &Compiler) -> Result<(Rendered, Origins), Problems> {
        self.with_input(|input| compiler.component_with_origins(input))
    }

    pub(crate) fn compile_in_steps(&self, compiler: &Compiler) -> (Vec<Step>, Result<Rendered, Problems>) {
        self.with_input(|input| compiler.component_in_steps(input))
    }

    pub(crate) fn check(&self) -> ComponentChecked {
        self.with_input(check::component)
    }

    fn with_input<T>(&self, run: impl FnOnce(&ComponentInput<'_>) -> T) -> T {
        let strings = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let metadata = ComponentMetadata {
            name: "app-dev-1".into(),
            namespace: "dp".into(),
            component_namespace: "default".into(),
            component_name: "app".into(),
            component_uid: "u1".into(),
            project_name: "shop".into(),
            project_uid: "u2".into(),
            data_plane_name: "plane".into(),
            data_plane_uid: "u3".into(),
            environment_name: "dev".into(),
            environment_uid: "u4".into(),
            labels: Some(self.labels.clone()),
            annotations: Some(BTreeMap::new()),
            pod_selectors: strings(&[("openchoreo.dev/component", "app")]),
        };
        let trait_specs: Vec<TraitSource<'_>> =
            self.trait_specs.iter().map(|(name, spec)| TraitSource { kind: "Trait", name, spec }).collect();
        let workload: Workload = serde_json::from_value(self.workload.clone()).unwrap();
        let secrets: BTreeMap<String, Vec<SecretSource>> = BTreeMap::new();
        run(&ComponentInput {
            type_name: "deployment/small",
            type_spec: &self.type_spec,
            parameters: Some(&self.parameters),
            traits: &self.traits,
            trait_specs: &trait_specs,
            workload: &workload,
            overrides: self.overrides.as_ref(),
            environment_configs: Some(&self.environment_configs),
            trait_environment_configs: None,
            environment: &Environment { gateway: self.gateway.clone(), ..Environment::default() },
            data_plane: &DataPlane::default(),
            secrets: &secrets,
            metadata: &metadata,
            dependencies: &[],
            resource_dependencies: &[],
        })
    }
}
