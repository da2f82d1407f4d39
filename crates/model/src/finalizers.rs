//! Finalizers, by the kind that carries them.

/// On projects.
pub const PROJECT: &str = "openchoreo.dev/project-cleanup";
/// On components.
pub const COMPONENT: &str = "openchoreo.dev/component-cleanup";
/// On resources.
pub const RESOURCE: &str = "openchoreo.dev/resource-cleanup";
/// On environments.
pub const ENVIRONMENT: &str = "openchoreo.dev/environment-cleanup";
/// On deployment pipelines.
pub const DEPLOYMENT_PIPELINE: &str = "openchoreo.dev/deployment-pipeline-cleanup";
/// On data planes.
pub const DATA_PLANE: &str = "openchoreo.dev/dataplane-cleanup";
/// On rendered releases for a data plane: the same word as on data planes.
pub const RENDERED_RELEASE_DATA_PLANE: &str = DATA_PLANE;
/// On rendered releases for an observability plane; older ones may carry [`RENDERED_RELEASE_DATA_PLANE`].
pub const RENDERED_RELEASE_OBSERVABILITY_PLANE: &str = "openchoreo.dev/obsplane-cleanup";
/// On cluster data planes.
pub const CLUSTER_DATA_PLANE: &str = "openchoreo.dev/clusterdataplane-cleanup";
/// On workflow planes.
pub const WORKFLOW_PLANE: &str = "openchoreo.dev/workflowplane-cleanup";
/// On cluster workflow planes.
pub const CLUSTER_WORKFLOW_PLANE: &str = "openchoreo.dev/clusterworkflowplane-cleanup";
/// On observability planes.
pub const OBSERVABILITY_PLANE: &str = "openchoreo.dev/observabilityplane-cleanup";
/// On cluster observability planes.
pub const CLUSTER_OBSERVABILITY_PLANE: &str = "openchoreo.dev/clusterobservabilityplane-cleanup";
/// On release bindings.
pub const RELEASE_BINDING: &str = "openchoreo.dev/releasebinding-cleanup";
/// On project release bindings.
pub const PROJECT_RELEASE_BINDING: &str = "openchoreo.dev/projectreleasebinding-cleanup";
/// On resource release bindings.
pub const RESOURCE_RELEASE_BINDING: &str = "openchoreo.dev/resourcereleasebinding-cleanup";
/// On workflow runs.
pub const WORKFLOW_RUN: &str = "openchoreo.dev/workflowrun-cleanup";
/// On alert rules.
pub const ALERT_RULE: &str = "openchoreo.dev/alertrule-cleanup";
/// On notification channels.
pub const NOTIFICATION_CHANNEL: &str = "openchoreo.dev/notification-channel-cleanup";
