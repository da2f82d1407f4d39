//! Walking through a program: every expression, condition, loop, template, path.

use super::controls::{condition, loops};
use super::expressions::expressions;
use super::manifest::{Namespace, literal, manifest};
use super::{Checked, operations, outputs, target};
use crate::problem::{Code, Place};
use crate::program::{
    ComponentTypeProgram, PostRule, Resource, Rule, RunTemplate, Shared, SharedTypeProgram, TraitProgram,
    WorkflowProgram,
};

/// Kinds that are a component's main workload.
pub(super) const WORKLOADS: [&str; 5] = ["Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job"];

pub(super) fn component_type(program: &ComponentTypeProgram, place: &Place, checked: &mut Checked) {
    let resources = program.resources.as_deref().unwrap_or_default();
    if resources.is_empty() {
        checked.add(Code::Spec, &place.below("spec.resources"), "a component type needs at least one resource");
    }
    each_resource(resources, Namespace::Own, place, checked);
    main_workload(program, resources, place, checked);
    for (at, embedded) in program.traits.iter().enumerate() {
        let place = place.below(&format!("spec.traits[{at}]"));
        for (field, values) in
            [("parameters", &embedded.parameters), ("environmentConfigs", &embedded.environment_configs)]
        {
            if let Some(template) = values {
                expressions(template, &place.below(field), checked);
            }
        }
        if program.traits[..at].iter().any(|other| other.instance_name == embedded.instance_name) {
            let message = format!("the instance name {:?} is used twice", embedded.instance_name);
            checked.add(Code::Spec, &place.below("instanceName"), message);
        }
    }
    rules(&program.rules, place, checked);
    post_rules(&program.post_rules, place, checked);
}

fn main_workload(program: &ComponentTypeProgram, resources: &[Resource], place: &Place, checked: &mut Checked) {
    let place = place.below("spec.resources");
    let kinds: Vec<&str> = resources
        .iter()
        .filter_map(|resource| literal(&resource.template, "kind"))
        .filter(|kind| WORKLOADS.contains(kind))
        .collect();
    let wanted = &program.workload_type;
    let matching = kinds.iter().filter(|kind| kind.eq_ignore_ascii_case(wanted)).count();
    if wanted != "proxy" && matching != 1 {
        let message = format!("exactly one resource must be of the workload type {wanted}; there are {matching}");
        checked.add(Code::Spec, &place, message);
    }
    for kind in kinds.iter().filter(|kind| !kind.eq_ignore_ascii_case(wanted)) {
        checked.add(Code::Spec, &place, format!("a {kind} is a workload of another type than {wanted}"));
    }
}

pub(super) fn trait_(program: &TraitProgram, place: &Place, checked: &mut Checked) {
    for (at, create) in program.creates.iter().enumerate() {
        let place = place.below(&format!("spec.creates[{at}]"));
        condition(create.include_when.as_ref(), &place.below("includeWhen"), checked);
        loops(create.for_each.as_deref(), &place.below("forEach"), checked);
        manifest(&create.template, Namespace::Own, &place.below("template"), checked);
        if let Some(kind) = literal(&create.template, "kind").filter(|kind| WORKLOADS.contains(kind)) {
            let message = format!("a trait cannot create a {kind}: the workload is the component type's");
            checked.add(Code::Spec, &place.below("template.kind"), message);
        }
    }
    for (at, patch) in program.patches.iter().enumerate() {
        let place = place.below(&format!("spec.patches[{at}]"));
        loops(patch.for_each.as_deref(), &place.below("forEach"), checked);
        target::alone(&patch.target, &place.below("target"), checked);
        operations::alone(&patch.operations, &place, checked);
    }
    for (at, remove) in program.removes.iter().enumerate() {
        let place = place.below(&format!("spec.removes[{at}]"));
        loops(remove.for_each.as_deref(), &place.below("forEach"), checked);
        target::alone(&remove.target, &place.below("target"), checked);
        if WORKLOADS.contains(&remove.target.kind.as_str()) && matches!(remove.target.group.as_str(), "apps" | "batch")
        {
            let message = format!("a trait cannot remove a {}", remove.target.kind);
            checked.add(Code::Spec, &place.below("target.kind"), message);
        }
    }
    rules(&program.rules, place, checked);
    post_rules(&program.post_rules, place, checked);
}

pub(super) fn shared_type(program: &SharedTypeProgram, kind: Shared, place: &Place, checked: &mut Checked) {
    each_resource(&program.resources, Namespace::Any, place, checked);
    rules(&program.rules, place, checked);
    if kind == Shared::Resource {
        outputs::outputs(program, place, checked);
    }
}

pub(super) fn workflow(program: &WorkflowProgram, place: &Place, checked: &mut Checked) {
    let run = place.below("spec.runTemplate");
    match &program.run_template {
        Some(RunTemplate::Object(template)) => manifest(template, Namespace::Required, &run, checked),
        Some(RunTemplate::Other(found)) => {
            checked.add(Code::Spec, &run, format!("the run template must be an object, not {found}"));
        }
        None => checked.add(Code::Spec, &run, "a workflow needs a run template"),
    }
    each_resource(&program.resources, Namespace::Required, place, checked);
    for (at, reference) in program.external_refs.iter().enumerate() {
        let place = place.below(&format!("spec.externalRefs[{at}]"));
        expressions(&reference.name, &place.below("name"), checked);
        if program.external_refs[..at].iter().any(|other| other.id == reference.id) {
            checked.add(Code::Spec, &place.below("id"), format!("the id {:?} is used twice", reference.id));
        }
    }
}

fn each_resource(resources: &[Resource], namespace: Namespace, place: &Place, checked: &mut Checked) {
    for (at, resource) in resources.iter().enumerate() {
        let place = place.below(&format!("spec.resources[{at}]"));
        if resources[..at].iter().any(|other| other.id == resource.id) {
            checked.add(Code::Spec, &place.below("id"), format!("the id {:?} is used twice", &*resource.id));
        }
        condition(resource.include_when.as_ref(), &place.below("includeWhen"), checked);
        loops(resource.for_each.as_deref(), &place.below("forEach"), checked);
        manifest(&resource.template, namespace, &place.below("template"), checked);
    }
}

fn rules(rules: &[Rule], place: &Place, checked: &mut Checked) {
    for rule in rules {
        condition(Some(&rule.condition), &place.below(&rule.path), checked);
    }
}

fn post_rules(rules: &[PostRule], place: &Place, checked: &mut Checked) {
    for (at, rule) in rules.iter().enumerate() {
        let place = place.below(&format!("spec.postRenderValidations[{at}]"));
        condition(rule.when.as_ref(), &place.below("when"), checked);
        loops(rule.for_each.as_deref(), &place.below("forEach"), checked);
        target::alone(&rule.target, &place.below("target"), checked);
        condition(Some(&rule.rule), &place.below("rule"), checked);
    }
}
