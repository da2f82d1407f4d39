use serde_json::Value;

/// Where an object says what it belongs to, as JSON pointers to texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnerPaths {
    /// Its project.
    pub project: Option<&'static str>,
    /// Its component.
    pub component: Option<&'static str>,
    /// Its resource.
    pub resource: Option<&'static str>,
}

/// What an object belongs to; empty where it says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Owner<'a> {
    /// The project.
    pub project: &'a str,
    /// The component.
    pub component: &'a str,
    /// The resource.
    pub resource: &'a str,
}

impl OwnerPaths {
    /// The namespace, or nothing.
    pub const NONE: Self = Self { project: None, component: None, resource: None };
    /// A project itself.
    pub const PROJECT_ITSELF: Self = Self { project: Some("/metadata/name"), ..Self::NONE };
    /// `spec.owner.projectName`.
    pub const PROJECT: Self = Self { project: Some("/spec/owner/projectName"), ..Self::NONE };
    /// A component itself.
    pub const COMPONENT_ITSELF: Self = Self { component: Some("/metadata/name"), ..Self::PROJECT };
    /// `spec.owner.projectName` and `componentName`.
    pub const COMPONENT: Self = Self { component: Some("/spec/owner/componentName"), ..Self::PROJECT };
    /// A resource itself.
    pub const RESOURCE_ITSELF: Self = Self { resource: Some("/metadata/name"), ..Self::PROJECT };
    /// `spec.owner.projectName` and `resourceName`.
    pub const RESOURCE: Self = Self { resource: Some("/spec/owner/resourceName"), ..Self::PROJECT };
    /// `spec.owner.projectName`, with one of `componentName` and `resourceName` or none.
    pub const ANY: Self = Self { resource: Self::RESOURCE.resource, ..Self::COMPONENT };
    /// The labels of project and component: of both or of none.
    pub const LABELS: Self = Self {
        project: Some("/metadata/labels/openchoreo.dev~1project"),
        component: Some("/metadata/labels/openchoreo.dev~1component"),
        resource: None,
    };

    /// What this object belongs to.
    pub fn of<'a>(&self, object: &'a Value) -> Owner<'a> {
        let text = |path: Option<&str>| path.and_then(|path| object.pointer(path)?.as_str()).unwrap_or_default();
        Owner { project: text(self.project), component: text(self.component), resource: text(self.resource) }
    }
}
