//! The CEL rules of the CRDs. Rule texts are part of the contract; messages are ours.

use schemars::Schema;
use serde_json::{Value, json};

/// The CRD keyword that carries rules.
pub(super) const KEYWORD: &str = "x-kubernetes-validations";

/// A rule that is appended to those a schema has.
fn rule(rule: &'static str, message: String) -> impl FnMut(&mut Schema) {
    move |schema| {
        let rules = schema.ensure_object().entry(KEYWORD).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(rules) = rules {
            rules.push(json!({ "rule": rule, "message": message }));
        }
    }
}

/// The value may not change between two versions of an object.
pub(crate) fn immutable(path: &str) -> impl FnMut(&mut Schema) + use<> {
    rule("self == oldSelf", format!("{path} is immutable"))
}

/// A loop needs the name of its variable.
pub(crate) fn loop_has_variable(schema: &mut Schema) {
    rule(
        "!has(self.forEach) || has(self.var)",
        "var is required where forEach is set: it names the item in the loop".into(),
    )(schema);
}

/// A component type's resources contain the workload that it is named after.
pub(crate) fn has_primary_resource(schema: &mut Schema) {
    rule(
        "self.workloadType == 'proxy' || self.resources.exists(r, r.id == self.workloadType)",
        "resources must contain one whose id is the workloadType: the primary resource".into(),
    )(schema);
}

/// Rules before rendering are given under one name only.
pub(crate) fn one_list_of_pre_render_rules(schema: &mut Schema) {
    rule(
        "!(has(self.validations) && size(self.validations) > 0 && has(self.preRenderValidations) && size(self.preRenderValidations) > 0)",
        "set preRenderValidations only: validations is its deprecated name and cannot be set beside it".into(),
    )(schema);
}

/// A cluster plane reports to a cluster observability plane.
pub(crate) fn cluster_observability_plane_only(schema: &mut Schema) {
    rule(
        "!has(self.kind) || self.kind == 'ClusterObservabilityPlane'",
        "a cluster-scoped plane can refer only to a ClusterObservabilityPlane".into(),
    )(schema);
}

/// An environment's data plane can be set later, but not changed.
pub(crate) fn data_plane_set_once(schema: &mut Schema) {
    rule(
        "!has(oldSelf.dataPlaneRef) || oldSelf.dataPlaneRef == self.dataPlaneRef",
        "dataPlaneRef is immutable once it is set; create another environment for another data plane".into(),
    )(schema);
}

/// A literal or a reference, not both; neither is an empty literal.
pub(crate) fn value_or_reference(schema: &mut Schema) {
    rule("!(has(self.value) && has(self.valueFrom))", "value and valueFrom exclude each other: set one".into())(schema);
}

/// Neither an output nor what it is bound to has an empty name.
pub(crate) fn no_empty_names(schema: &mut Schema) {
    rule("self.all(k, k.size() > 0 && self[k].size() > 0)", "keys and values must not be empty".into())(schema);
}

/// An output has one source.
pub(crate) fn one_source(schema: &mut Schema) {
    rule(
        "(has(self.value)?1:0) + (has(self.secretKeyRef)?1:0) + (has(self.configMapKeyRef)?1:0) == 1",
        "exactly one of value, secretKeyRef and configMapKeyRef must be set".into(),
    )(schema);
}

/// A rendered release belongs to a component or a resource, or to the project itself.
pub(crate) fn component_or_resource(schema: &mut Schema) {
    rule(
        "!(has(self.componentName) && has(self.resourceName))",
        "componentName and resourceName exclude each other".into(),
    )(schema);
}

/// A component's scope says its project.
pub(crate) fn component_scope_has_project(schema: &mut Schema) {
    rule(
        "!has(self.scope) || !has(self.scope.component) || has(self.scope.project)",
        "scope.component requires scope.project".into(),
    )(schema);
}

/// A resource's scope says its project.
pub(crate) fn resource_scope_has_project(schema: &mut Schema) {
    rule(
        "!has(self.scope) || !has(self.scope.resource) || has(self.scope.project)",
        "scope.resource requires scope.project".into(),
    )(schema);
}

/// A scope ends at a component or at a resource.
pub(crate) fn scope_component_or_resource(schema: &mut Schema) {
    rule(
        "!has(self.scope) || !has(self.scope.component) || !has(self.scope.resource)",
        "scope.component and scope.resource exclude each other".into(),
    )(schema);
}

/// A cluster-wide mapping's scope has no gap between its levels.
pub(crate) fn cluster_scope_has_no_gap(schema: &mut Schema) {
    rule(
        "!has(self.scope) || (!has(self.scope.project) || has(self.scope.namespace)) && (!has(self.scope.component) || has(self.scope.project))",
        "scope.project requires scope.namespace, and scope.component requires scope.project".into(),
    )(schema);
}

/// A cluster binding grants cluster roles.
pub(crate) fn cluster_roles_only(schema: &mut Schema) {
    rule(
        "self.roleMappings.all(m, m.roleRef.kind == 'ClusterAuthzRole')",
        "a ClusterAuthzRoleBinding can refer only to a ClusterAuthzRole".into(),
    )(schema);
}

/// An e-mail channel says how to send.
pub(crate) fn email_has_config(schema: &mut Schema) {
    rule("self.type == 'email' ? has(self.emailConfig) : true", "emailConfig is required for type email".into())(
        schema,
    );
}

/// A webhook channel says where to post.
pub(crate) fn webhook_has_config(schema: &mut Schema) {
    rule(
        "self.type == 'webhook' ? has(self.webhookConfig) : true",
        "webhookConfig is required for type webhook".into(),
    )(schema);
}

/// A header has one source.
pub(crate) fn header_has_one_source(schema: &mut Schema) {
    rule("has(self.value) != has(self.valueFrom)", "exactly one of value and valueFrom must be set".into())(schema);
}

/// The cost analysis looks at budgets.
pub(crate) fn cost_analysis_needs_budget(schema: &mut Schema) {
    rule(
        "has(self.actions.incident) && self.actions.incident.triggerAiCostAnalysis == true ? self.source.type == 'budget' : true",
        "triggerAiCostAnalysis is possible only for alerts whose source.type is budget".into(),
    )(schema);
}

/// The root cause analysis starts from an incident.
pub(crate) fn root_cause_analysis_needs_incident(schema: &mut Schema) {
    rule("self.triggerAiRca == true ? self.enabled == true : true", "triggerAiRca requires incident.enabled".into())(
        schema,
    );
}

/// The cost analysis starts from an incident.
pub(crate) fn cost_analysis_needs_incident(schema: &mut Schema) {
    rule(
        "self.triggerAiCostAnalysis == true ? self.enabled == true : true",
        "triggerAiCostAnalysis requires incident.enabled".into(),
    )(schema);
}
