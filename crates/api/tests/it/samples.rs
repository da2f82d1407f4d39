//! One valid object of each kind, and another of the same name: what is sent, and what the server adds to it.

use serde_json::{Value, json};

/// An object of a kind.
pub(crate) struct Sample {
    pub(crate) kind: &'static str,
    pub(crate) spec: Value,
    /// `spec` as it is answered.
    pub(crate) stored: Value,
    /// Labels that the server sets.
    pub(crate) labels: Value,
    /// Another spec; null for kinds that never change.
    pub(crate) next: Value,
    /// A spec that the kind's schema refuses, and the field that it names.
    pub(crate) wrong: (Value, &'static str),
}

impl Sample {
    fn new(kind: &'static str, spec: Value, wrong: (Value, &'static str)) -> Sample {
        Sample { kind, stored: spec.clone(), next: spec.clone(), spec, labels: json!({}), wrong }
    }

    fn stored(mut self, stored: Value) -> Sample {
        self.stored = stored;
        self
    }

    fn labels(mut self, labels: Value) -> Sample {
        self.labels = labels;
        self
    }

    /// With that member of the spec otherwise.
    fn then(mut self, member: &str, value: Value) -> Sample {
        self.next[member] = value;
        self
    }

    fn frozen(mut self) -> Sample {
        self.next = Value::Null;
        self
    }
}

/// A certificate's form; nobody checks it here.
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";

fn with(mut value: Value, member: &str, to: Value) -> Value {
    value[member] = to;
    value
}

fn deployment() -> Value {
    json!({
        "id": "deployment",
        "targetPlane": "dataplane",
        "template": {
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {
                "name": "${metadata.name}", "namespace": "${metadata.namespace}",
                "annotations": {"port": "${string(parameters.port)}"},
            },
            "spec": {"replicas": "${environmentConfigs.replicas}"},
        },
    })
}

pub(crate) fn component_type() -> Value {
    json!({
        "workloadType": "deployment",
        "parameters": {"openAPIV3Schema": {"type": "object", "properties": {"port": {"type": "integer", "default": 80}}}},
        "environmentConfigs": {"openAPIV3Schema": {"type": "object", "properties": {"replicas": {"type": "integer", "default": 1}}}},
        "resources": [deployment()],
    })
}

fn project_type() -> Value {
    let namespace = json!({
        "id": "cell", "targetPlane": "dataplane",
        "template": {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "${metadata.namespace}"}},
    });
    json!({"resources": [namespace]})
}

fn resource_type() -> Value {
    let map = json!({
        "id": "config",
        "template": {
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "${metadata.name}", "namespace": "${metadata.namespace}"},
        },
    });
    json!({"retainPolicy": "Delete", "resources": [map]})
}

fn workflow() -> Value {
    let template = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
        "metadata": {"name": "${metadata.workflowRunName}", "namespace": "${metadata.namespace}"},
        "spec": {"serviceAccountName": "workflow-sa"},
    });
    json!({"workflowPlaneRef": {"kind": "ClusterWorkflowPlane", "name": "default"}, "runTemplate": template})
}

fn plane() -> Value {
    json!({"planeID": "p1", "clusterAgent": {"clientCA": {"value": CERTIFICATE}}})
}

fn path(source: &str, target: &str) -> Value {
    json!({
        "sourceEnvironmentRef": {"kind": "Environment", "name": source},
        "targetEnvironmentRefs": [{"kind": "Environment", "name": target}],
    })
}

fn project_owner() -> Value {
    json!({"projectName": "shop"})
}

fn component_owner() -> Value {
    json!({"projectName": "shop", "componentName": "web"})
}

fn project_label() -> Value {
    json!({"openchoreo.dev/project": "shop"})
}

fn component_labels() -> Value {
    json!({"openchoreo.dev/project": "shop", "openchoreo.dev/component": "web"})
}

/// One of each kind that the API offers. Project `shop` and component `web` must be there.
pub(crate) fn samples() -> Vec<Sample> {
    let new = Sample::new;
    let wrong_plane = || (json!({"planeID": "X Y", "clusterAgent": {"clientCA": {}}}), "spec.planeID");
    let mut all = Vec::new();
    for kind in ["DataPlane", "ClusterDataPlane", "WorkflowPlane", "ClusterWorkflowPlane"] {
        all.push(new(kind, plane(), wrong_plane()).then("planeID", json!("p2")));
    }
    for kind in ["ObservabilityPlane", "ClusterObservabilityPlane"] {
        let spec = with(plane(), "observerURL", json!("http://observer.example"));
        all.push(new(kind, spec, (plane(), "spec.observerURL")).then("observerURL", json!("http://other.example")));
    }
    for kind in ["ComponentType", "ClusterComponentType"] {
        let wrong = with(component_type(), "workloadType", json!("lambda"));
        all.push(new(kind, component_type(), (wrong, "spec.workloadType")).then("validations", json!([])));
    }
    for kind in ["Trait", "ClusterTrait"] {
        let spec = json!({"parameters": {"openAPIV3Schema": {"type": "object"}}});
        let wrong = json!({"patches": [{"operations": []}]});
        all.push(new(kind, spec, (wrong, "spec.patches[0].target")).then("environmentConfigs", json!({})));
    }
    for kind in ["ProjectType", "ClusterProjectType"] {
        let next = json!({"openAPIV3Schema": {"type": "object"}});
        all.push(new(kind, project_type(), (json!({"resources": []}), "spec.resources")).then("parameters", next));
    }
    for kind in ["ResourceType", "ClusterResourceType"] {
        let wrong = with(resource_type(), "retainPolicy", json!("Sometimes"));
        all.push(new(kind, resource_type(), (wrong, "spec.retainPolicy")).then("retainPolicy", json!("Retain")));
    }
    for kind in ["Workflow", "ClusterWorkflow"] {
        let wrong = with(workflow(), "ttlAfterCompletion", json!("2 days"));
        all.push(new(kind, workflow(), (wrong, "spec.ttlAfterCompletion")).then("ttlAfterCompletion", json!("1d")));
    }
    for (kind, role) in [("AuthzRoleBinding", "AuthzRole"), ("ClusterAuthzRoleBinding", "ClusterAuthzRole")] {
        let spec = json!({
            "effect": "allow",
            "entitlement": {"claim": "groups", "value": "devs"},
            "roleMappings": [{"roleRef": {"kind": role, "name": "viewer"}}],
        });
        let wrong = with(spec.clone(), "effect", json!("maybe"));
        all.push(new(kind, spec, (wrong, "spec.effect")).then("effect", json!("deny")));
        let spec = json!({"actions": ["component:view"]});
        all.push(new(role, spec, (json!({"actions": []}), "spec.actions")).then("actions", json!(["component:*"])));
    }
    all.extend(developers());
    all.extend(releases());
    all
}

fn developers() -> Vec<Sample> {
    let new = Sample::new;
    let channel = json!({
        "environment": "development", "isEnvDefault": false, "type": "webhook", "webhookConfig": {"url": "http://hook.example"},
    });
    let secret = json!({
        "template": {"type": "Opaque"}, "data": [{"secretKey": "k", "remoteRef": {"key": "db/password"}}],
        "refreshInterval": "1h",
    });
    vec![
        new(
            "Project",
            json!({}),
            (json!({"type": {"kind": "Nope", "name": "x"}}), "spec.type.kind"),
        )
        .stored(json!({
            "deploymentPipelineRef": {"kind": "DeploymentPipeline", "name": "default"},
            "type": {"kind": "ClusterProjectType", "name": "default"},
        }))
        .then("deploymentPipelineRef", json!({"kind": "DeploymentPipeline", "name": "other"}))
        .then("type", json!({"kind": "ClusterProjectType", "name": "default"})),
        new(
            "Environment",
            json!({"dataPlaneRef": {"kind": "ClusterDataPlane", "name": "default"}, "isProduction": true}),
            (json!({"dataPlaneRef": {"kind": "Nope", "name": "x"}}), "spec.dataPlaneRef.kind"),
        )
        .then("isProduction", json!(false)),
        new(
            "DeploymentPipeline",
            json!({"promotionPaths": [path("development", "staging")]}),
            (json!({"promotionPaths": [{"targetEnvironmentRefs": []}]}), "spec.promotionPaths[0].sourceEnvironmentRef"),
        )
        .then("promotionPaths", json!([path("development", "production")])),
        new(
            "Component",
            json!({
                "owner": project_owner(), "autoDeploy": false,
                "componentType": {"kind": "ClusterComponentType", "name": "deployment/service"},
            }),
            (
                json!({"owner": project_owner(), "componentType": {"name": "nope"}}),
                "spec.componentType.name",
            ),
        )
        .labels(project_label())
        .then("autoDeploy", json!(true)),
        new(
            "Workload",
            json!({"owner": component_owner(), "container": {"image": "example/app:1"}}),
            (
                json!({"owner": component_owner(), "container": {"image": "x"}, "endpoints": {"a": {"type": "HTTP", "port": 0}}}),
                "spec.endpoints.a.port",
            ),
        )
        .labels(component_labels())
        .then("container", json!({"image": "example/app:2"})),
        new(
            "Resource",
            json!({"owner": project_owner(), "type": {"kind": "ClusterResourceType", "name": "cache"}}),
            (json!({"owner": project_owner(), "type": {"kind": "Nope", "name": "x"}}), "spec.type.kind"),
        )
        .labels(project_label())
        .then("parameters", json!({"size": 1})),
        new("SecretReference", secret, (json!({"template": {"type": "Opaque"}, "data": []}), "spec.data"))
            .then("refreshInterval", json!("5m")),
        new(
            "ObservabilityAlertsNotificationChannel",
            channel,
            (json!({"environment": "development", "type": "pigeon"}), "spec.type"),
        )
        .then("isEnvDefault", json!(true)),
        new(
            "WorkflowRun",
            json!({"workflow": {"kind": "ClusterWorkflow", "name": "build"}}),
            (json!({"workflow": {"kind": "Nope", "name": "build"}}), "spec.workflow.kind"),
        )
        .then("ttlAfterCompletion", json!("1d")),
    ]
}

fn releases() -> Vec<Sample> {
    let new = Sample::new;
    let component_release = json!({
        "owner": component_owner(),
        "componentType": {"kind": "ClusterComponentType", "name": "deployment/service", "spec": component_type()},
        "workload": {"container": {"image": "example/app:1"}},
    });
    let project_release = json!({
        "owner": project_owner(),
        "projectType": {"kind": "ClusterProjectType", "name": "default", "spec": project_type()},
    });
    let resource_owner = json!({"projectName": "shop", "resourceName": "cache"});
    let resource_release = json!({
        "owner": resource_owner,
        "resourceType": {"kind": "ClusterResourceType", "name": "cache", "spec": resource_type()},
    });
    vec![
        new(
            "ComponentRelease",
            component_release.clone(),
            (with(component_release, "owner", json!({"projectName": "shop"})), "spec.owner.componentName"),
        )
        .frozen(),
        new(
            "ProjectRelease",
            project_release.clone(),
            (with(project_release, "owner", json!({"projectName": ""})), "spec.owner.projectName"),
        )
        .frozen(),
        new(
            "ResourceRelease",
            resource_release.clone(),
            (
                with(resource_release, "owner", json!({"projectName": "shop", "resourceName": ""})),
                "spec.owner.resourceName",
            ),
        )
        .frozen(),
        new(
            "ReleaseBinding",
            json!({"owner": component_owner(), "environment": "development", "releaseName": "web-1"}),
            (json!({"owner": component_owner(), "environment": "development", "state": "Maybe"}), "spec.state"),
        )
        .stored(json!({
            "owner": component_owner(), "environment": "development", "releaseName": "web-1", "state": "Active",
        }))
        .labels(component_labels())
        .then("state", json!("Undeploy")),
        new(
            "ProjectReleaseBinding",
            json!({"owner": project_owner(), "environment": "development"}),
            (json!({"owner": project_owner(), "environment": ""}), "spec.environment"),
        )
        .labels(project_label())
        .then("environmentConfigs", json!({"a": 1})),
        new(
            "ResourceReleaseBinding",
            json!({"owner": resource_owner, "environment": "development"}),
            (
                json!({"owner": resource_owner, "environment": "development", "retainPolicy": "Sometimes"}),
                "spec.retainPolicy",
            ),
        )
        .labels(json!({"openchoreo.dev/project": "shop", "openchoreo.dev/resource": "cache"}))
        .then("retainPolicy", json!("Retain")),
    ]
}
