//! The reasons that conditions give, by kind. They are part of the contract: programs compare them.

macro_rules! reasons {
    ($($(#[$meta:meta])* pub mod $module:ident { $($name:ident = $word:literal, $doc:literal;)+ })+) => {
        $(
            $(#[$meta])*
            pub mod $module {
                $(
                    #[doc = concat!("`", $word, "`: ", $doc)]
                    pub const $name: &str = $word;
                )+

                /// All of them.
                pub const ALL: &[&str] = &[$($name),+];
            }
        )+
    };
}

reasons! {
    /// On projects.
    pub mod project {
        PROJECT_CREATED = "ProjectCreated", "the controller has seen it.";
        RECONCILED = "Reconciled", "its release is cut.";
        PROJECT_TYPE_NOT_FOUND = "ProjectTypeNotFound", "its type is missing.";
        PROJECT_FINALIZING = "ProjectFinalizing", "what belongs to it is being deleted.";
    }

    /// On components.
    pub mod component {
        RECONCILED = "Reconciled", "it is valid; releases are cut on demand.";
        COMPONENT_RELEASE_READY = "ComponentReleaseReady", "it is valid and its release is cut.";
        INVALID_CONFIGURATION = "InvalidConfiguration", "what it says does not fit together.";
        COMPONENT_TYPE_NOT_FOUND = "ComponentTypeNotFound", "its type is missing.";
        WORKFLOW_NOT_ALLOWED = "WorkflowNotAllowed", "its type does not allow its workflow.";
        WORKFLOW_NOT_FOUND = "WorkflowNotFound", "its workflow is missing.";
        WORKLOAD_NOT_FOUND = "WorkloadNotFound", "it has no workload yet.";
        TRAIT_NOT_FOUND = "TraitNotFound", "a trait is missing.";
        PROJECT_NOT_FOUND = "ProjectNotFound", "its project is missing.";
        DEPLOYMENT_PIPELINE_NOT_FOUND = "DeploymentPipelineNotFound", "its project's pipeline is missing.";
        AUTO_DEPLOY_FAILED = "AutoDeployFailed", "its release could not be cut or bound.";
        FINALIZING = "Finalizing", "what belongs to it is being deleted.";
    }

    /// On resources.
    pub mod resource {
        RECONCILED = "Reconciled", "its release is cut.";
        RESOURCE_TYPE_NOT_FOUND = "ResourceTypeNotFound", "its type is missing.";
        FINALIZING = "Finalizing", "what belongs to it is being deleted.";
    }

    /// On environments.
    pub mod environment {
        ENVIRONMENT_READY = "EnvironmentReady", "it can be used.";
        ENVIRONMENT_FINALIZING = "EnvironmentFinalizing", "what is in it is being deleted.";
        DELETION_BLOCKED = "DeletionBlocked", "a pipeline still mentions it.";
        RELEASE_BINDINGS_PENDING = "ReleaseBindingsPending", "bindings in it are being deleted.";
    }

    /// On deployment pipelines.
    pub mod deployment_pipeline {
        DEPLOYMENT_PIPELINE_AVAILABLE = "DeploymentPipelineAvailable", "it can be used.";
        DELETION_BLOCKED = "DeletionBlocked", "a project still uses it.";
    }

    /// On the six kinds of plane.
    pub mod plane {
        DATA_PLANE_CREATED = "DataPlaneCreated", "the controller has seen it.";
        CLUSTER_DATA_PLANE_CREATED = "ClusterDataPlaneCreated", "the controller has seen it.";
        WORKFLOW_PLANE_CREATED = "WorkflowPlaneCreated", "the controller has seen it.";
        CLUSTER_WORKFLOW_PLANE_CREATED = "ClusterWorkflowPlaneCreated", "the controller has seen it.";
        OBSERVABILITY_PLANE_CREATED = "ObservabilityPlaneCreated", "the controller has seen it.";
        CLUSTER_OBSERVABILITY_PLANE_CREATED = "ClusterObservabilityPlaneCreated", "the controller has seen it.";
        DATA_PLANE_FINALIZING = "DataplaneFinalizing", "a data plane is being deleted.";
        DELETION_BLOCKED = "DeletionBlocked", "an environment still refers to it.";
    }

    /// On release bindings.
    pub mod release_binding {
        READY = "Ready", "everything is as wanted.";
        RELEASE_CREATED = "ReleaseCreated", "the manifests were written just now.";
        RELEASE_SYNCED = "ReleaseSynced", "the manifests are as they should be.";
        COMPONENT_RELEASE_NOT_FOUND = "ComponentReleaseNotFound", "no release is named, or it is missing.";
        INVALID_RELEASE_CONFIGURATION = "InvalidReleaseConfiguration", "the release does not fit the binding.";
        ENVIRONMENT_NOT_FOUND = "EnvironmentNotFound", "the environment is missing.";
        DATA_PLANE_NOT_FOUND = "DataPlaneNotFound", "the environment's data plane is missing.";
        DATA_PLANE_NOT_CONFIGURED = "DataPlaneNotConfigured", "the environment names no data plane.";
        COMPONENT_NOT_FOUND = "ComponentNotFound", "the component is missing.";
        PROJECT_NOT_FOUND = "ProjectNotFound", "the project is missing.";
        RENDERING_FAILED = "RenderingFailed", "the release cannot be rendered for this environment.";
        RELEASE_OWNERSHIP_CONFLICT = "ReleaseOwnershipConflict", "another binding owns the rendered release.";
        RELEASE_UPDATE_FAILED = "ReleaseUpdateFailed", "the rendered release could not be written.";
        RELEASE_DELETION_FAILED = "ReleaseDeletionFailed", "the rendered release could not be deleted.";
        RESOURCES_UNDEPLOYED = "ResourcesUndeployed", "the binding says that it is not to be deployed.";
        RESOURCE_APPLY_FAILED = "ResourceApplyFailed", "the plane refused a manifest.";
        RESOURCES_PROGRESSING = "ResourcesProgressing", "the objects are on their way.";
        RESOURCES_DEGRADED = "ResourcesDegraded", "an object is not healthy.";
        RESOURCES_UNKNOWN = "ResourcesUnknown", "it is not known whether the objects are healthy.";
        READY_WITH_SUSPENDED_RESOURCES = "ReadyWithSuspendedResources", "it is healthy, and a part of it is suspended.";
        CRON_JOB_SCHEDULED = "CronJobScheduled", "the job runs at its times.";
        CRON_JOB_SUSPENDED = "CronJobSuspended", "the job is suspended.";
        JOB_COMPLETED = "JobCompleted", "the job has ended well.";
        JOB_RUNNING = "JobRunning", "the job is running.";
        JOB_FAILED = "JobFailed", "the job has ended badly.";
        NO_CONNECTIONS = "NoConnections", "it connects to no endpoint.";
        ALL_CONNECTIONS_RESOLVED = "AllConnectionsResolved", "all endpoints that it connects to are known.";
        CONNECTIONS_PENDING = "ConnectionsPending", "an endpoint that it connects to is not known yet.";
        NO_RESOURCE_DEPENDENCIES = "NoResourceDependencies", "it depends on no resource.";
        ALL_RESOURCE_DEPENDENCIES_READY = "AllResourceDependenciesReady", "all resources that it depends on are ready.";
        RESOURCE_DEPENDENCIES_PENDING = "ResourceDependenciesPending", "a resource that it depends on is not ready yet.";
        FINALIZING = "Finalizing", "it is being taken off the plane.";
        NOT_ENFORCED = "NotEnforced", "the plane does not enforce a NetworkPolicy as it is written.";
    }

    /// On project release bindings.
    pub mod project_release_binding {
        READY = "Ready", "everything is as wanted.";
        RELEASE_CREATED = "ReleaseCreated", "the manifests were written just now.";
        RELEASE_SYNCED = "ReleaseSynced", "the manifests are as they should be.";
        PROJECT_RELEASE_NOT_SET = "ProjectReleaseNotSet", "no release is named yet.";
        PROJECT_RELEASE_NOT_FOUND = "ProjectReleaseNotFound", "the release is missing.";
        INVALID_RELEASE_CONFIGURATION = "InvalidReleaseConfiguration", "the release does not fit the binding.";
        ENVIRONMENT_NOT_FOUND = "EnvironmentNotFound", "the environment is missing.";
        DATA_PLANE_NOT_FOUND = "DataPlaneNotFound", "the environment's data plane is missing.";
        PROJECT_NOT_FOUND = "ProjectNotFound", "the project is missing.";
        RENDERING_FAILED = "RenderingFailed", "the release cannot be rendered for this environment.";
        NAMESPACE_MISSING = "NamespaceMissing", "the project type does not make the runtime namespace.";
        RELEASE_OWNERSHIP_CONFLICT = "ReleaseOwnershipConflict", "another binding owns the rendered release.";
        RELEASE_UPDATE_FAILED = "ReleaseUpdateFailed", "the rendered release could not be written.";
        SYNCED_NOT_READY = "SyncedNotReady", "nothing is known while the manifests are not handed over.";
        NAMESPACE_READY = "NamespaceReady", "the runtime namespace is there.";
        NAMESPACE_PROGRESSING = "NamespaceProgressing", "the runtime namespace is on its way.";
        NAMESPACE_DEGRADED = "NamespaceDegraded", "the runtime namespace is not healthy.";
        RESOURCES_READY = "ResourcesReady", "the other objects are healthy.";
        RESOURCES_PROGRESSING = "ResourcesProgressing", "the other objects are on their way.";
        RESOURCES_DEGRADED = "ResourcesDegraded", "another object is not healthy.";
        RESOURCE_APPLY_FAILED = "ResourceApplyFailed", "the plane refused a manifest.";
        FINALIZING = "Finalizing", "it is being taken off the plane.";
        NOT_ENFORCED = "NotEnforced", "the plane does not enforce a NetworkPolicy as it is written.";
    }

    /// On resource release bindings.
    pub mod resource_release_binding {
        READY = "Ready", "everything is as wanted.";
        RELEASE_CREATED = "ReleaseCreated", "the manifests were written just now.";
        RELEASE_SYNCED = "ReleaseSynced", "the manifests are as they should be.";
        RESOURCE_RELEASE_NOT_SET = "ResourceReleaseNotSet", "no release is named yet.";
        RESOURCE_RELEASE_NOT_FOUND = "ResourceReleaseNotFound", "the release is missing.";
        INVALID_RELEASE_CONFIGURATION = "InvalidReleaseConfiguration", "the release does not fit the binding.";
        ENVIRONMENT_NOT_FOUND = "EnvironmentNotFound", "the environment is missing.";
        DATA_PLANE_NOT_FOUND = "DataPlaneNotFound", "the environment's data plane is missing.";
        RESOURCE_NOT_FOUND = "ResourceNotFound", "the resource is missing.";
        PROJECT_NOT_FOUND = "ProjectNotFound", "the project is missing.";
        RENDERING_FAILED = "RenderingFailed", "the release cannot be rendered for this environment.";
        RELEASE_OWNERSHIP_CONFLICT = "ReleaseOwnershipConflict", "another binding owns the rendered release.";
        RELEASE_UPDATE_FAILED = "ReleaseUpdateFailed", "the rendered release could not be written.";
        SYNCED_NOT_READY = "SyncedNotReady", "nothing is known while the manifests are not handed over.";
        OUTPUTS_RESOLVED = "OutputsResolved", "all outputs are known.";
        OUTPUT_RESOLUTION_FAILED = "OutputResolutionFailed", "an output is not known.";
        RESOURCES_READY = "ResourcesReady", "the objects are ready.";
        RESOURCES_PROGRESSING = "ResourcesProgressing", "the objects are on their way.";
        RESOURCES_DEGRADED = "ResourcesDegraded", "an object is not healthy.";
        RESOURCE_APPLY_FAILED = "ResourceApplyFailed", "the plane refused a manifest.";
        FINALIZING = "Finalizing", "it is being taken off the plane.";
        RETAIN_HOLD = "RetainHold", "its objects are to be kept: it stays until somebody removes its finalizer.";
        NOT_ENFORCED = "NotEnforced", "the plane does not enforce a NetworkPolicy as it is written.";
    }

    /// On rendered releases.
    pub mod rendered_release {
        APPLY_SUCCEEDED = "ApplySucceeded", "all manifests are on the plane.";
        APPLY_FAILED = "ApplyFailed", "a manifest could not be applied.";
        CLEANUP_IN_PROGRESS = "CleanupInProgress", "its objects are being deleted.";
        CLEANUP_FAILED = "CleanupFailed", "its objects could not be deleted.";
        NOT_ENFORCED = "NotEnforced", "the plane does not enforce a NetworkPolicy as it is written.";
    }

    /// On workflow runs.
    pub mod workflow_run {
        WORKFLOW_PENDING = "WorkflowPending", "it has not begun.";
        WORKFLOW_RUNNING = "WorkflowRunning", "it is running.";
        WORKFLOW_SUCCEEDED = "WorkflowSucceeded", "it has ended well.";
        WORKFLOW_FAILED = "WorkflowFailed", "it has ended badly.";
        COMPONENT_VALIDATION_FAILED = "ComponentValidationFailed", "its component does not allow it.";
        WORKFLOW_PLANE_NOT_FOUND = "WorkflowPlaneNotFound", "there is no plane to run it on.";
        WORKFLOW_PLANE_RESOLUTION_FAILED = "WorkflowPlaneResolutionFailed", "the plane could not be looked up.";
        WORKFLOW_RESOLUTION_FAILED = "WorkflowResolutionFailed", "the workflow could not be looked up.";
    }

    /// On alert rules.
    pub mod alert_rule {
        SYNC_SUCCEEDED = "SyncSucceeded", "the observer has it.";
        SYNC_NOT_SYNCED = "SyncNotSynced", "the observer has not taken it.";
        SYNC_FAILED = "SyncFailed", "the observer could not be told.";
    }
}
