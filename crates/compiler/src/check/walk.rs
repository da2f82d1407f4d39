//! Walking through a program: every expression, condition, loop, template, path.

use std::fmt::Write as _;
use std::sync::Arc;

use cel::{Issue, IssueKind, Type};

use super::{Checked, hint};
use crate::patch::{Op, Path};
use crate::problem::{Code, Place, Problem};
use crate::program::{
    ComponentTypeProgram, Loop, OutputSource, PostRule, Resource, Rule, RunTemplate, Shared, SharedTypeProgram, Target,
    TraitProgram, WorkflowProgram,
};
use crate::template::{Expression, Key, Leaf, Template, write_path};

/// Kinds that are a component's main workload.
const WORKLOADS: [&str; 5] = ["Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job"];

pub(super) fn component_type(program: &ComponentTypeProgram, place: &Place, checked: &mut Checked) {
    let resources = program.resources.as_deref().unwrap_or_default();
    if resources.is_empty() {
        checked.add(Code::Spec, &place.below("spec.resources"), "a component type needs at least one resource");
    }
    each_resource(resources, place, checked);
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
        loops(create.for_each.as_ref(), &place.below("forEach"), checked);
        manifest(&create.template, &place.below("template"), checked);
    }
    for (at, patch) in program.patches.iter().enumerate() {
        let place = place.below(&format!("spec.patches[{at}]"));
        loops(patch.for_each.as_ref(), &place.below("forEach"), checked);
        target(&patch.target, &place.below("target"), checked);
        for (at, operation) in patch.operations.iter().enumerate() {
            let place = place.below(&format!("operations[{at}]"));
            if let Err(error) = Op::parse(&operation.op) {
                checked.add(Code::Patch, &place.below("op"), error.to_string());
            }
            if let Template::Literal(_) = operation.path {
                match Path::parse(&operation.path_text) {
                    Ok(path) if path.steps().is_empty() => {
                        checked.add(Code::Patch, &place.below("path"), "a patch cannot be applied to the whole object");
                    }
                    Ok(_) => {}
                    Err(error) => checked.add(Code::Patch, &place.below("path"), error.to_string()),
                }
            }
            expressions(&operation.path, &place.below("path"), checked);
            operation.value.iter().for_each(|value| expressions(value, &place.below("value"), checked));
        }
    }
    for (at, remove) in program.removes.iter().enumerate() {
        let place = place.below(&format!("spec.removes[{at}]"));
        loops(remove.for_each.as_ref(), &place.below("forEach"), checked);
        target(&remove.target, &place.below("target"), checked);
        if WORKLOADS.contains(&remove.target.kind.as_str()) && matches!(remove.target.group.as_str(), "apps" | "batch")
        {
            checked.add(
                Code::Spec,
                &place.below("target.kind"),
                format!("a trait cannot remove a {}", remove.target.kind),
            );
        }
    }
    rules(&program.rules, place, checked);
    post_rules(&program.post_rules, place, checked);
}

pub(super) fn shared_type(program: &SharedTypeProgram, kind: Shared, place: &Place, checked: &mut Checked) {
    each_resource(&program.resources, place, checked);
    rules(&program.rules, place, checked);
    if kind != Shared::Resource {
        return;
    }
    let ids: Vec<&str> = program.resources.iter().map(|resource| &*resource.id).collect();
    for (at, resource) in program.resources.iter().enumerate() {
        let place = place.below(&format!("spec.resources[{at}].readyWhen"));
        condition(resource.ready_when.as_ref(), &place, checked);
        resource.ready_when.iter().for_each(|rule| applied(rule, &ids, &place, checked));
    }
    for (at, output) in program.outputs.iter().enumerate() {
        let place = place.below(&format!("spec.outputs[{at}]"));
        let templates = match &output.source {
            OutputSource::Value(value) => vec![(value, "value")],
            OutputSource::Secret { name, key } => vec![(name, "secretKeyRef.name"), (key, "secretKeyRef.key")],
            OutputSource::ConfigMap { name, key } => vec![(name, "configMapKeyRef.name"), (key, "configMapKeyRef.key")],
            OutputSource::None => {
                let message = format!("output {:?} has no source: value, secretKeyRef or configMapKeyRef", output.name);
                checked.add(Code::Spec, &place, message);
                continue;
            }
        };
        for (template, field) in templates {
            expressions(template, &place.below(field), checked);
            applied(template, &ids, &place.below(field), checked);
        }
    }
}

pub(super) fn workflow(program: &WorkflowProgram, place: &Place, checked: &mut Checked) {
    match &program.run_template {
        Some(RunTemplate::Object(template)) => manifest(template, &place.below("spec.runTemplate"), checked),
        Some(RunTemplate::Other(found)) => {
            checked.add(
                Code::Spec,
                &place.below("spec.runTemplate"),
                format!("the run template must be an object, not {found}"),
            );
        }
        None => checked.add(Code::Spec, &place.below("spec.runTemplate"), "a workflow needs a run template"),
    }
    each_resource(&program.resources, place, checked);
    for (at, reference) in program.external_refs.iter().enumerate() {
        expressions(&reference.name, &place.below(&format!("spec.externalRefs[{at}].name")), checked);
    }
}

fn each_resource(resources: &[Resource], place: &Place, checked: &mut Checked) {
    for (at, resource) in resources.iter().enumerate() {
        let place = place.below(&format!("spec.resources[{at}]"));
        if resources[..at].iter().any(|other| other.id == resource.id) {
            checked.add(Code::Spec, &place.below("id"), format!("the id {:?} is used twice", &*resource.id));
        }
        condition(resource.include_when.as_ref(), &place.below("includeWhen"), checked);
        loops(resource.for_each.as_ref(), &place.below("forEach"), checked);
        manifest(&resource.template, &place.below("template"), checked);
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
        loops(rule.for_each.as_ref(), &place.below("forEach"), checked);
        target(&rule.target, &place.below("target"), checked);
        condition(Some(&rule.rule), &place.below("rule"), checked);
    }
}

fn target(target: &Target, place: &Place, checked: &mut Checked) {
    for (field, text) in [("version", &target.version), ("kind", &target.kind)] {
        if text.is_empty() {
            checked.add(Code::Spec, &place.below(field), format!("a target needs a {field}"));
        }
    }
    condition(target.condition.as_ref(), &place.below("where"), checked);
}

/// Something that must come out true or false.
fn condition(template: Option<&Template>, place: &Place, checked: &mut Checked) {
    let Some(template) = template else { return };
    expressions(template, place, checked);
    let Template::Whole(expression) = template else {
        checked.add(Code::Type, place, "a condition must be one expression in ${…}");
        return;
    };
    if let Ok(program) = expression.program() {
        let ty = program.output_type();
        if *ty != Type::Bool && !ty.is_dyn() {
            problem(
                Code::Type,
                place,
                expression,
                None,
                format!("a condition must be true or false, this is {ty}"),
                checked,
            );
        }
    }
}

/// Something that must have items.
fn loops(for_each: Option<&Loop>, place: &Place, checked: &mut Checked) {
    let Some(for_each) = for_each else { return };
    expressions(&for_each.items, place, checked);
    let Template::Whole(expression) = &for_each.items else {
        checked.add(Code::Type, place, "forEach must be one expression in ${…}");
        return;
    };
    if let Ok(program) = expression.program() {
        let ty = program.output_type();
        if !matches!(ty, Type::List(_) | Type::Map(_) | Type::Object(_)) && !ty.is_dyn() {
            problem(
                Code::Type,
                place,
                expression,
                None,
                format!("forEach must be a list or a map, this is {ty}"),
                checked,
            );
        }
    }
}

/// Something that must become a manifest.
fn manifest(template: &Template, place: &Place, checked: &mut Checked) {
    expressions(template, place, checked);
    for field in ["apiVersion", "kind"] {
        if literal(template, field).is_none() {
            checked.add(Code::Manifest, &place.below(field), format!("a template needs {field}, as plain text"));
        }
    }
    let named = field(template, "metadata").is_some_and(|metadata| match metadata {
        Found::Template(metadata) => field(metadata, "name").is_some() || matches!(metadata, Template::Whole(_)),
        Found::Tree(metadata) => metadata.text_at(&["name"]).is_some_and(|name| !name.is_empty()),
    });
    if !named {
        checked.add(Code::Manifest, &place.below("metadata.name"), "a template needs metadata.name");
    }
}

enum Found<'t> {
    Template(&'t Template),
    Tree(&'t crate::tree::Tree),
}

fn field<'t>(template: &'t Template, name: &str) -> Option<Found<'t>> {
    match template {
        Template::Map(entries) => entries
            .iter()
            .find(|(key, _)| matches!(key, Key::Literal(key) if **key == *name))
            .map(|(_, value)| match value {
                Template::Literal(tree) => Found::Tree(tree),
                template => Found::Template(template),
            }),
        Template::Literal(tree) => tree.get(name).map(Found::Tree),
        _ => None,
    }
}

fn literal<'t>(template: &'t Template, name: &str) -> Option<&'t str> {
    match field(template, name)? {
        Found::Tree(tree) => tree.as_text().filter(|text| !text.is_empty()),
        Found::Template(_) => None,
    }
}

/// `applied.ID` must name a manifest of the type.
fn applied(template: &Template, ids: &[&str], place: &Place, checked: &mut Checked) {
    template.each_expression(&mut |_, expression| {
        let Ok(program) = expression.program() else { return };
        let mut named = Vec::new();
        applied_ids(&program.ast().root, &mut named);
        for id in named.iter().filter(|id| !ids.contains(&id.as_str())) {
            let mut message = format!("applied.{id} names no resource of this type");
            if let Some(near) = hint::nearest(id, ids.iter().copied()) {
                let _ = write!(message, "; did you mean {near}?");
            }
            problem(Code::Spec, place, expression, None, message, checked);
        }
    });
}

fn applied_ids(expr: &cel::ast::Expr, ids: &mut Vec<String>) {
    use cel::ast::{ExprKind, Literal};
    let is_applied = |expr: &cel::ast::Expr| expr.as_ident().is_some_and(|name| **name == *"applied");
    match &expr.kind {
        ExprKind::Select { operand, field, .. } if is_applied(operand) => ids.push(field.to_string()),
        ExprKind::Call { args, .. } if args.first().is_some_and(is_applied) => {
            if let Some(ExprKind::Literal(Literal::String(id))) = args.get(1).map(|arg| &arg.kind) {
                ids.push(id.to_string());
            }
        }
        _ => expr.each_child(&mut |child| applied_ids(child, ids)),
    }
}

/// Every expression of a template compiles.
fn expressions(template: &Template, place: &Place, checked: &mut Checked) {
    template.each_leaf(&mut |path, leaf| {
        let mut below = String::new();
        write_path(&mut below, path);
        let expression = match leaf {
            Leaf::Expression(expression) => expression,
            Leaf::Broken(nested) => {
                checked.add(Code::Expression, &place.below(&below), nested.to_string());
                return;
            }
        };
        for issue in expression.issues() {
            if is_comparison_of_numbers(&issue) {
                continue;
            }
            let mut message = issue.to_string();
            if let Some(near) = suggestion(&issue, &expression.scope_names()) {
                let _ = write!(message, "\n did you mean {near}?");
            }
            problem(Code::Expression, &place.below(&below), expression, Some(&issue), message, checked);
        }
    });
}

/// Comparing numbers of different types is fine when it runs: what comes from JSON is a double, a literal an integer.
fn is_comparison_of_numbers(issue: &Issue) -> bool {
    let Some((function, types)) =
        issue.message.strip_prefix("found no matching overload for ").and_then(|rest| rest.split_once(" applied to "))
    else {
        return false;
    };
    matches!(function, "'_==_'" | "'_!=_'" | "'@in'")
        && types
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
            .all(|word| matches!(word, "double" | "int" | "uint" | "list"))
}

fn suggestion(issue: &Issue, names: &[String]) -> Option<String> {
    if issue.kind != IssueKind::Undeclared {
        return None;
    }
    let wrong = issue.message.split('\'').nth(1)?;
    hint::nearest(wrong, names.iter().map(String::as_str)).map(str::to_owned)
}

fn problem(
    code: Code,
    place: &Place,
    expression: &Arc<Expression>,
    issue: Option<&Issue>,
    message: String,
    checked: &mut Checked,
) {
    let mut problem = Problem::new(code, place, message);
    problem.place.expression = Some(expression.source().to_string());
    problem.place.position = issue.map(|issue| (issue.line as usize, issue.column as usize));
    checked.problems.push(problem);
}

/// The type of a loop's items.
pub(crate) fn item_type(items: &Template) -> Type {
    let Template::Whole(expression) = items else { return Type::Dyn };
    match expression.program().map(cel::Program::output_type) {
        Ok(Type::List(item)) => (**item).clone(),
        Ok(Type::Map(kv)) => {
            Type::object("entry", [("key".to_owned(), Type::String), ("value".to_owned(), kv.1.clone())])
        }
        Ok(Type::Object(_)) => {
            Type::object("entry", [("key".to_owned(), Type::String), ("value".to_owned(), Type::Dyn)])
        }
        _ => Type::Dyn,
    }
}
