//! What developers write: projects, components, resources, workloads, runs.

use super::{Action, Cli, Column, ColumnSource, KindRow, Level, OwnerPaths, PrinterColumn, Rest, Scope};
use crate::indexes;

pub(super) const PROJECT: KindRow = KindRow {
    kind: "Project",
    plural: "projects",
    singular: "project",
    short_names: &["proj", "projs"],
    scope: Scope::Namespaced,
    description: "Groups components and resources that belong together",
    printer_columns: &[],
    rest: Some(Rest::ALL),
    action: Some(Action { stem: "project", level: Level::Project, create_level: Level::Namespace }),
    cli: Some(Cli {
        aliases: &["proj", "projects"],
        columns: &[
            Column::NAME,
            Column::new("TYPE", ColumnSource::Reference("/spec/type", "ProjectType")),
            Column::AGE,
        ],
    }),
    owner: OwnerPaths::PROJECT_ITSELF,
    indexes: &[indexes::PROJECTS_BY_PIPELINE.name, indexes::PROJECTS_BY_TYPE.name],
    spec_required: false,
    schemas: crate::Project::schemas,
};

pub(super) const RESOURCE: KindRow = KindRow {
    kind: "Resource",
    plural: "resources",
    singular: "resource",
    short_names: &["res"],
    scope: Scope::Namespaced,
    description: "Something that the components of a project depend on",
    printer_columns: &[
        PrinterColumn::text("Project", ".spec.owner.projectName"),
        PrinterColumn::text("Type", ".spec.type.name"),
        PrinterColumn::AGE,
    ],
    rest: Some(Rest::filtered("project")),
    action: Some(Action { stem: "resource", level: Level::Resource, create_level: Level::Project }),
    cli: Some(Cli {
        aliases: &["resources"],
        columns: &[
            Column::NAME,
            Column::new("TYPE", ColumnSource::Reference("/spec/type", "ResourceType")),
            Column::text("PROJECT", "/spec/owner/projectName"),
            Column::AGE,
        ],
    }),
    owner: OwnerPaths::RESOURCE_ITSELF,
    indexes: &[indexes::RESOURCES_BY_PROJECT.name, indexes::RESOURCES_BY_TYPE.name],
    spec_required: false,
    schemas: crate::Resource::schemas,
};

pub(super) const COMPONENT: KindRow = KindRow {
    kind: "Component",
    plural: "components",
    singular: "component",
    short_names: &["comp", "comps"],
    scope: Scope::Namespaced,
    description: "One deployable part of a project",
    printer_columns: &[
        PrinterColumn::text("Project", ".spec.owner.projectName"),
        PrinterColumn::text("ComponentType", ".spec.componentType.name"),
        PrinterColumn::AGE,
    ],
    rest: Some(Rest { filter: Some("project"), ..Rest::WITH_SCHEMA }),
    action: Some(Action { stem: "component", level: Level::Component, create_level: Level::Project }),
    cli: Some(Cli {
        aliases: &["comp", "components"],
        columns: &[
            Column::NAME,
            Column::text("PROJECT", "/spec/owner/projectName"),
            Column::new("TYPE", ColumnSource::Text("/spec/componentType/name")),
            Column::AGE,
        ],
    }),
    owner: OwnerPaths::COMPONENT_ITSELF,
    indexes: &[
        indexes::COMPONENTS_BY_PROJECT.name,
        indexes::COMPONENTS_BY_TYPE.name,
        indexes::COMPONENTS_BY_TRAIT.name,
        indexes::COMPONENTS_BY_WORKFLOW.name,
    ],
    spec_required: false,
    schemas: crate::Component::schemas,
};

pub(super) const WORKLOAD: KindRow = KindRow {
    kind: "Workload",
    plural: "workloads",
    singular: "workload",
    short_names: &[],
    scope: Scope::Namespaced,
    description: "What a component runs",
    printer_columns: &[
        PrinterColumn::text("Project", ".spec.owner.projectName"),
        PrinterColumn::text("Component", ".spec.owner.componentName"),
        PrinterColumn::AGE,
    ],
    rest: Some(Rest::filtered("component")),
    action: Some(Action::at(Level::Component, "workload")),
    cli: Some(Cli { aliases: &["wl", "workloads"], columns: Column::NAME_AGE }),
    owner: OwnerPaths::COMPONENT,
    indexes: &[indexes::WORKLOADS_BY_COMPONENT.name],
    spec_required: false,
    schemas: crate::Workload::schemas,
};

pub(super) const WORKFLOW_RUN: KindRow = KindRow {
    kind: "WorkflowRun",
    plural: "workflowruns",
    singular: "workflowrun",
    short_names: &[],
    scope: Scope::Namespaced,
    description: "One build, or one other run to completion",
    printer_columns: &[],
    rest: Some(Rest::filtered("workflow")),
    action: Some(Action::at(Level::Component, "workflowrun")),
    cli: Some(Cli {
        aliases: &["wr", "workflowruns"],
        columns: &[
            Column::NAME,
            Column::text("WORKFLOW", "/spec/workflow/name"),
            Column::new("STATUS", ColumnSource::RunPhase),
            Column::AGE,
        ],
    }),
    owner: OwnerPaths::LABELS,
    indexes: &[indexes::RUNS_BY_COMPONENT.name],
    spec_required: true,
    schemas: crate::WorkflowRun::schemas,
};
