//! Role bindings: conditions are about attributes that the actions in question have.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use cel::ast::{Expr, ExprKind};
use cel::{Env, Type};
use schema::FieldError;
use serde_json::Value;

use super::{items, text};

/// The one variable of a condition.
const RESOURCE: &str = "resource";

/// Families of actions that can carry attributes: all their verbs, the verbs that carry one, and the attribute.
const CARRIERS: &[(&str, &[&str], &[&str], &str)] = &[
    ("component", &["create", "view", "update", "delete", "exec"], &["create", "update", "delete"], "componentType"),
    ("component", &["create", "view", "update", "delete", "exec"], &["exec"], "environment"),
    ("resource", &["create", "view", "update", "delete"], &["create", "update", "delete"], "resourceType"),
    ("workflowrun", &["create", "view", "update", "delete"], &["create", "update", "delete"], "workflow"),
    ("releasebinding", CRUD, CRUD, "environment"),
    ("resourcereleasebinding", CRUD, CRUD, "environment"),
    ("projectreleasebinding", CRUD, CRUD, "environment"),
    ("logs", &["view"], &["view"], "environment"),
    ("wirelogs", &["view"], &["view"], "environment"),
    ("metrics", &["view"], &["view"], "environment"),
    ("traces", &["view"], &["view"], "environment"),
];
const CRUD: &[&str] = &["create", "view", "update", "delete"];

static ENV: LazyLock<Env> =
    LazyLock::new(|| Env::builder().variable(RESOURCE, Type::map(Type::String, Type::Dyn)).build());

/// Checks every condition of every mapping.
pub(super) fn check(spec: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (at, mapping) in items(spec, "/roleMappings").iter().enumerate() {
        for (of, one) in items(mapping, "/conditions").iter().enumerate() {
            condition(one, &format!("spec.roleMappings[{at}].conditions[{of}]"), &mut errors);
        }
    }
    errors
}

fn condition(condition: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let actions: Vec<&str> = items(condition, "/actions").iter().filter_map(Value::as_str).collect();
    let expression = text(condition, "expression");
    let mut refuse = |field: &str, value: Value, detail: String| {
        errors.push(FieldError::invalid(format!("{path}.{field}"), value, detail));
    };
    if actions.is_empty() || expression.is_empty() {
        let field = if actions.is_empty() { "actions" } else { "expression" };
        errors.push(FieldError::required(format!("{path}.{field}"), "a condition has actions and an expression"));
        return;
    }
    let used = match ENV.compile(expression) {
        Ok(program) if *program.output_type() != Type::Bool => {
            let detail = format!("a condition must be true or false, this is {}", program.output_type());
            return refuse("expression", expression.into(), detail);
        }
        Ok(program) => attributes(&program.ast().root),
        Err(issues) => return refuse("expression", expression.into(), cel::render(&issues)),
    };
    let allowed = common(&actions);
    if allowed.is_empty() {
        let detail = "conditions are not supported for the action set: no attribute is known for all of its actions";
        return refuse("actions", actions.join(", ").into(), detail.to_owned());
    }
    let names: Vec<&str> = allowed.iter().copied().collect();
    let names = names.join(", ");
    if used.is_empty() {
        let detail = format!("a condition must read an attribute of {RESOURCE}; allowed: {names}");
        return refuse("expression", expression.into(), detail);
    }
    for attribute in used.iter().filter(|attribute| !allowed.contains(attribute.as_str())) {
        let detail = format!(
            "attribute {RESOURCE}.{attribute} is not supported for actions {}; allowed: {names}",
            actions.join(", ")
        );
        refuse("expression", expression.into(), detail);
    }
}

/// The attributes that all of the actions carry; none where an action is not known.
fn common(actions: &[&str]) -> BTreeSet<&'static str> {
    let mut common: Option<BTreeSet<&'static str>> = None;
    for action in actions {
        let (family, verb) = action.split_once(':').unwrap_or((action, ""));
        let rows = || CARRIERS.iter().filter(move |row| row.0 == family);
        let carried: BTreeSet<&str> = match verb {
            // Everything that the pattern means must carry it.
            "*" => rows().filter(|row| row.1 == row.2).map(|row| row.3).collect(),
            verb => rows().filter(|row| row.2.contains(&verb)).map(|row| row.3).collect(),
        };
        common = Some(match common {
            None => carried,
            Some(before) => before.intersection(&carried).copied().collect(),
        });
    }
    common.unwrap_or_default()
}

/// The fields that are read of the variable by name.
fn attributes(expr: &Expr) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    walk(expr, &mut found);
    found
}

fn walk(expr: &Expr, found: &mut BTreeSet<String>) {
    if let ExprKind::Select { operand, field, .. } = &expr.kind
        && matches!(&operand.kind, ExprKind::Ident(name) if &**name == RESOURCE)
    {
        found.insert(field.to_string());
    }
    expr.each_child(&mut |child| walk(child, found));
}
