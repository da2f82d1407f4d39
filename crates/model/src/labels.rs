//! Label keys and values. All keys of ours start with `openchoreo.dev/`.

/// Marks a namespace as one of the control plane's; its value is [`TRUE`].
pub const CONTROL_PLANE: &str = "openchoreo.dev/control-plane";
/// The value of markers.
pub const TRUE: &str = "true";

/// Control plane namespace that an object belongs to.
pub const NAMESPACE: &str = "openchoreo.dev/namespace";
/// Project that an object belongs to.
pub const PROJECT: &str = "openchoreo.dev/project";
/// Component that an object belongs to.
pub const COMPONENT: &str = "openchoreo.dev/component";
/// Environment that an object belongs to.
pub const ENVIRONMENT: &str = "openchoreo.dev/environment";
/// Resource that an object belongs to.
pub const RESOURCE: &str = "openchoreo.dev/resource";
/// Uid of the project.
pub const PROJECT_UID: &str = "openchoreo.dev/project-uid";
/// Uid of the component.
pub const COMPONENT_UID: &str = "openchoreo.dev/component-uid";
/// Uid of the environment.
pub const ENVIRONMENT_UID: &str = "openchoreo.dev/environment-uid";
/// Uid of the resource.
pub const RESOURCE_UID: &str = "openchoreo.dev/resource-uid";
/// Logical name in manifests of older versions.
pub const NAME: &str = "openchoreo.dev/name";
/// Data plane that an object belongs to.
pub const DATA_PLANE: &str = "openchoreo.dev/dataplane";
/// Workflow plane that an object belongs to.
pub const WORKFLOW_PLANE: &str = "openchoreo.dev/workflow-plane";

/// What a workflow is for.
pub const WORKFLOW_TYPE: &str = "openchoreo.dev/workflow-type";
/// Value of [`WORKFLOW_TYPE`]: the workflow builds components.
pub const WORKFLOW_TYPE_COMPONENT: &str = "component";

/// Who created a shared object, such as a namespace.
pub const CREATED_BY: &str = "openchoreo.dev/created-by";
/// Who keeps an object as it is.
pub const MANAGED_BY: &str = "openchoreo.dev/managed-by";
/// Value of [`MANAGED_BY`] and [`CREATED_BY`] on what rendered releases apply; also their field manager.
pub const MANAGED_BY_RENDERED_RELEASE: &str = "renderedrelease-controller";
/// Value of [`MANAGED_BY`] on what workflow runs apply.
pub const MANAGED_BY_WORKFLOW_RUN: &str = "workflowrun-controller";
/// Value of [`MANAGED_BY`] on what the API made for its user.
pub const MANAGED_BY_API: &str = "openchoreo-api";
/// Value of [`MANAGED_BY`] on what notification channels apply.
pub const MANAGED_BY_NOTIFICATION_CHANNEL: &str = "observabilityalertsnotificationchannel-controller";

/// Id of the manifest inside its rendered release.
pub const RENDERED_RELEASE_RESOURCE_ID: &str = "openchoreo.dev/rendered-release-resource-id";
/// Uid of the rendered release.
pub const RENDERED_RELEASE_UID: &str = "openchoreo.dev/rendered-release-uid";
/// Name of the rendered release.
pub const RENDERED_RELEASE_NAME: &str = "openchoreo.dev/rendered-release-name";
/// Control plane namespace of the rendered release.
pub const RENDERED_RELEASE_NAMESPACE: &str = "openchoreo.dev/rendered-release-namespace";

/// Name of the workflow run that applied an object.
pub const WORKFLOW_RUN: &str = "openchoreo.dev/workflowrun";
/// Control plane namespace of that run.
pub const WORKFLOW_RUN_NAMESPACE: &str = "openchoreo.dev/workflowrun-namespace";

/// Name of the notification channel that an object was made for.
pub const NOTIFICATION_CHANNEL_NAME: &str = "openchoreo.dev/notification-channel-name";
/// Name of the workload's endpoint that a route serves.
pub const ENDPOINT_NAME: &str = "openchoreo.dev/endpoint-name";
/// Visibility that a route gives its endpoint.
pub const ENDPOINT_VISIBILITY: &str = "openchoreo.dev/endpoint-visibility";
/// Marks pods of the platform, which network policies let through.
pub const SYSTEM_COMPONENT: &str = "openchoreo.dev/system-component";

/// What a secret is used for: `generic` or `git-credentials`.
pub const SECRET_TYPE: &str = "openchoreo.dev/secret-type";
/// Control plane namespace that a secret belongs to.
pub const OWNER_NAMESPACE: &str = "openchoreo.dev/owner-namespace";
/// Kind of the workflow plane that a git secret is for.
pub const WORKFLOW_PLANE_KIND: &str = "openchoreo.dev/workflow-plane-kind";
/// Name of the workflow plane that a git secret is for.
pub const WORKFLOW_PLANE_NAME: &str = "openchoreo.dev/workflow-plane-name";

/// Marks roles and bindings that the installation made.
pub const BOOTSTRAP: &str = "openchoreo.io/bootstrap";
/// Marks roles and bindings that the platform's own services need.
pub const SYSTEM: &str = "openchoreo.io/system";
