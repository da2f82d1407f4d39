//! What is frozen, bound to environments and rendered.

use super::{Action, Cli, Column, ColumnSource, KindRow, Level, OwnerPaths, PrinterColumn, Rest, Scope};
use crate::indexes;

pub(super) const PROJECT_RELEASE: KindRow = KindRow {
    kind: "ProjectRelease",
    plural: "projectreleases",
    singular: "projectrelease",
    short_names: &[],
    scope: Scope::Namespaced,
    description: "A project at one moment",
    printer_columns: &[PrinterColumn::text("Project", ".spec.owner.projectName"), PrinterColumn::AGE],
    rest: Some(Rest::frozen("project")),
    action: Some(Action::at(Level::Project, "projectrelease")),
    cli: Some(Cli {
        aliases: &[],
        columns: &[Column::NAME, Column::text("PROJECT", "/spec/owner/projectName"), Column::AGE],
    }),
    owner: OwnerPaths::PROJECT,
    indexes: &[indexes::PROJECT_RELEASES_BY_PROJECT.name],
    spec_required: false,
    schemas: crate::ProjectRelease::schemas,
};

pub(super) const PROJECT_RELEASE_BINDING: KindRow = KindRow {
    kind: "ProjectReleaseBinding",
    plural: "projectreleasebindings",
    singular: "projectreleasebinding",
    short_names: &["prb", "prbs"],
    scope: Scope::Namespaced,
    description: "Keeps a project in an environment",
    printer_columns: &[
        PrinterColumn::text("Project", ".spec.owner.projectName"),
        PrinterColumn::text("Environment", ".spec.environment"),
        PrinterColumn::text("Release", ".spec.projectRelease"),
        PrinterColumn::text("Ready", ".status.conditions[?(@.type==\"Ready\")].status"),
        PrinterColumn::AGE,
    ],
    rest: Some(Rest::filtered("project")),
    action: Some(Action::at(Level::Project, "projectreleasebinding")),
    cli: Some(Cli {
        aliases: &["prb"],
        columns: &[
            Column::NAME,
            Column::text("PROJECT", "/spec/owner/projectName"),
            Column::text("ENVIRONMENT", "/spec/environment"),
            Column::text("RELEASE", "/spec/projectRelease"),
            Column::new("STATUS", ColumnSource::Reason("Ready")),
            Column::AGE,
        ],
    }),
    owner: OwnerPaths::PROJECT,
    indexes: &[
        indexes::PROJECT_BINDINGS_BY_PROJECT.name,
        indexes::PROJECT_BINDINGS_BY_ENVIRONMENT.name,
        indexes::PROJECT_BINDINGS_BY_PROJECT_AND_ENVIRONMENT.name,
    ],
    spec_required: false,
    schemas: crate::ProjectReleaseBinding::schemas,
};

pub(super) const RESOURCE_RELEASE: KindRow = KindRow {
    kind: "ResourceRelease",
    plural: "resourcereleases",
    singular: "resourcerelease",
    short_names: &[],
    scope: Scope::Namespaced,
    description: "A resource at one moment",
    printer_columns: &[
        PrinterColumn::text("Project", ".spec.owner.projectName"),
        PrinterColumn::text("Resource", ".spec.owner.resourceName"),
        PrinterColumn::AGE,
    ],
    rest: Some(Rest::frozen("resource")),
    action: Some(Action::at(Level::Resource, "resourcerelease")),
    cli: Some(Cli {
        aliases: &[],
        columns: &[Column::NAME, Column::text("RESOURCE", "/spec/owner/resourceName"), Column::AGE],
    }),
    owner: OwnerPaths::RESOURCE,
    indexes: &[indexes::RESOURCE_RELEASES_BY_RESOURCE.name],
    spec_required: false,
    schemas: crate::ResourceRelease::schemas,
};

pub(super) const RESOURCE_RELEASE_BINDING: KindRow = KindRow {
    kind: "ResourceReleaseBinding",
    plural: "resourcereleasebindings",
    singular: "resourcereleasebinding",
    short_names: &["rrb", "rrbs"],
    scope: Scope::Namespaced,
    description: "Keeps a resource in an environment",
    printer_columns: &[
        PrinterColumn::text("Project", ".spec.owner.projectName"),
        PrinterColumn::text("Resource", ".spec.owner.resourceName"),
        PrinterColumn::text("Environment", ".spec.environment"),
        PrinterColumn::text("Release", ".spec.resourceRelease"),
        PrinterColumn::text("Ready", ".status.conditions[?(@.type==\"Ready\")].status"),
        PrinterColumn::AGE,
    ],
    rest: Some(Rest::filtered("resource")),
    action: Some(Action::at(Level::Resource, "resourcereleasebinding")),
    cli: Some(Cli {
        aliases: &["rrb"],
        columns: &[
            Column::NAME,
            Column::text("RESOURCE", "/spec/owner/resourceName"),
            Column::text("ENVIRONMENT", "/spec/environment"),
            Column::text("RELEASE", "/spec/resourceRelease"),
            Column::new("STATUS", ColumnSource::Reason("Ready")),
            Column::AGE,
        ],
    }),
    owner: OwnerPaths::RESOURCE,
    indexes: &[
        indexes::RESOURCE_BINDINGS_BY_RESOURCE.name,
        indexes::RESOURCE_BINDINGS_BY_ENVIRONMENT.name,
        indexes::RESOURCE_BINDINGS_BY_RESOURCE_AND_ENVIRONMENT.name,
        indexes::RESOURCE_BINDINGS_BY_RELEASE.name,
    ],
    spec_required: false,
    schemas: crate::ResourceReleaseBinding::schemas,
};

pub(super) const COMPONENT_RELEASE: KindRow = KindRow {
    kind: "ComponentRelease",
    plural: "componentreleases",
    singular: "componentrelease",
    short_names: &[],
    scope: Scope::Namespaced,
    description: "A component at one moment",
    printer_columns: &[
        PrinterColumn::text("Project", ".spec.owner.projectName"),
        PrinterColumn::text("Component", ".spec.owner.componentName"),
        PrinterColumn::AGE,
    ],
    rest: Some(Rest::frozen("component")),
    action: Some(Action::at(Level::Component, "componentrelease")),
    cli: Some(Cli {
        aliases: &["cr", "componentreleases"],
        columns: &[Column::NAME, Column::text("COMPONENT", "/spec/owner/componentName"), Column::AGE],
    }),
    owner: OwnerPaths::COMPONENT,
    indexes: &[indexes::COMPONENT_RELEASES_BY_COMPONENT.name],
    spec_required: false,
    schemas: crate::ComponentRelease::schemas,
};

pub(super) const RELEASE_BINDING: KindRow = KindRow {
    kind: "ReleaseBinding",
    plural: "releasebindings",
    singular: "releasebinding",
    short_names: &[],
    scope: Scope::Namespaced,
    description: "Keeps a component in an environment",
    printer_columns: &[
        PrinterColumn::text("Project", ".spec.owner.projectName"),
        PrinterColumn::text("Component", ".spec.owner.componentName"),
        PrinterColumn::text("Environment", ".spec.environment"),
        PrinterColumn::AGE,
    ],
    rest: Some(Rest::filtered("component")),
    action: Some(Action::at(Level::Component, "releasebinding")),
    cli: Some(Cli {
        aliases: &["rb"],
        columns: &[
            Column::NAME,
            Column::text("ENVIRONMENT", "/spec/environment"),
            Column::text("RELEASE", "/spec/releaseName"),
            Column::new("STATUS", ColumnSource::Reason("Ready")),
            Column::AGE,
        ],
    }),
    owner: OwnerPaths::COMPONENT,
    indexes: &[
        indexes::BINDINGS_BY_COMPONENT.name,
        indexes::BINDINGS_BY_ENVIRONMENT.name,
        indexes::BINDINGS_BY_COMPONENT_AND_ENVIRONMENT.name,
        indexes::BINDINGS_BY_SECRET_REFERENCE.name,
        indexes::BINDINGS_BY_CONNECTION_TARGET.name,
        indexes::BINDINGS_BY_RESOURCE_TARGET.name,
    ],
    spec_required: false,
    schemas: crate::ReleaseBinding::schemas,
};

pub(super) const RENDERED_RELEASE: KindRow = KindRow {
    kind: "RenderedRelease",
    plural: "renderedreleases",
    singular: "renderedrelease",
    short_names: &[],
    scope: Scope::Namespaced,
    description: "The manifests of one binding for one plane",
    printer_columns: &[],
    rest: None,
    action: None,
    cli: None,
    owner: OwnerPaths::ANY,
    indexes: &[indexes::RENDERED_RELEASES_BY_ENVIRONMENT.name],
    spec_required: false,
    schemas: crate::RenderedRelease::schemas,
};
