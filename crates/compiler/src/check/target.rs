//! Which resources a patch, a removal or a rule can be about: judged alone, and against the templates of a type.

use super::Checked;
use super::controls::condition;
use super::expressions::of_expression;
use super::manifest::{Found, field, literal};
use super::reads::{Read, reads};
use crate::problem::{Code, Place, Problem};
use crate::program::Target;
use crate::template::{Key, Template, TemplateError, to_cel};
use crate::tree::{Map, Tree};

/// Tells targets that can match no resource whatever.
pub(super) fn alone(target: &Target, place: &Place, checked: &mut Checked) {
    for (field, text) in [("version", &target.version), ("kind", &target.kind)] {
        if text.is_empty() {
            checked.add(Code::Spec, &place.below(field), format!("a target needs a {field}"));
        }
    }
    let mut never = |field: &str, why: String| checked.add(Code::Target, &place.below(field), why);
    if target.group == "core" {
        never("group", "no resource is of the group core: the group of v1 resources is empty".to_owned());
    } else if target.group.contains('/') {
        never("group", format!("{:?} is no group: the part before the / is, the rest is the version", target.group));
    }
    if target.version.contains('/') {
        never("version", format!("{:?} is no version: the part before the / is the group", target.version));
    }
    if let Some(first) = target.kind.chars().next().filter(char::is_ascii_lowercase) {
        let kind = format!("{}{}", first.to_ascii_uppercase(), &target.kind[1..]);
        never("kind", format!("no resource is of the kind {}: did you mean {kind}?", target.kind));
    }
    condition(target.condition.as_ref(), &place.below("where"), checked);
    let known = |path: &[String]| match path {
        [field] if field == "kind" && !target.kind.is_empty() => Look::Plain(Tree::text(target.kind.as_str())),
        _ => Look::Unknown,
    };
    if let Where::Never = decide(target, &known)
        && let Some(Template::Whole(expression)) = &target.condition
    {
        let message = "this is never true, so nothing is ever matched".to_owned();
        checked.problems.push(of_expression(Code::Target, &place.below("where"), expression, None, message));
    }
}

/// A resource that a type or trait makes, as far as its template says.
#[derive(Clone, Copy)]
pub(super) struct Candidate<'t> {
    pub(super) plane: &'t str,
    pub(super) template: &'t Template,
}

/// Whether a target can be about a resource.
pub(super) enum Match {
    No,
    Maybe,
    /// Its condition fails on the resource.
    Fails(Problem),
}

/// Whether `target` can be about `candidate`, of which earlier patches may have changed what `changed` says.
pub(super) fn against(
    target: &Target,
    candidate: Candidate<'_>,
    changed: &dyn Fn(&[String]) -> bool,
    place: &Place,
) -> Match {
    let fits = |wanted: &str, found: &str| wanted.is_empty() || wanted == found;
    if !fits(&target.plane, candidate.plane)
        || literal(candidate.template, "kind").is_some_and(|kind| !fits(&target.kind, kind))
    {
        return Match::No;
    }
    if let Some(api_version) = literal(candidate.template, "apiVersion") {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        if !fits(&target.group, group) || !fits(&target.version, version) {
            return Match::No;
        }
    }
    let decided = decide(target, &|path| if changed(path) { Look::Unknown } else { look(candidate.template, path) });
    match (decided, &target.condition) {
        (Where::Never, _) => Match::No,
        (Where::Fails(message), Some(Template::Whole(expression))) => {
            let message = format!("this fails on a resource of the type: {message}");
            Match::Fails(of_expression(Code::Target, &place.below("where"), expression, None, message))
        }
        _ => Match::Maybe,
    }
}

/// What is known of a field of a resource.
enum Look {
    /// It has this value.
    Plain(Tree),
    /// It is not there.
    Absent,
    /// It is known only when it is rendered.
    Unknown,
}

enum Where {
    Never,
    Maybe,
    Fails(String),
}

/// Evaluates the condition, if all that it reads is known.
fn decide(target: &Target, look: &dyn Fn(&[String]) -> Look) -> Where {
    let Some(Template::Whole(expression)) = &target.condition else { return Where::Maybe };
    let Ok(program) = expression.program() else { return Where::Maybe };
    let mut found: Vec<Read> = Vec::new();
    reads(&program.ast().root, &mut found);
    let mut resource = Tree::Map(Map::new());
    for read in &found {
        let [variable, path @ ..] = &read[..] else { continue };
        if variable != "resource" || path.is_empty() {
            return Where::Maybe;
        }
        match look(path) {
            Look::Plain(tree) => put(&mut resource, path, tree),
            Look::Absent => put_parents(&mut resource, &path[..path.len() - 1], look),
            Look::Unknown => return Where::Maybe,
        }
    }
    let bindings = target.scope.bind([("resource", to_cel(&resource))]);
    match expression.evaluate(&bindings) {
        Ok(Tree::Bool(false)) => Where::Never,
        Err(TemplateError::Evaluate { message, .. }) => Where::Fails(message),
        Ok(_) | Err(_) => Where::Maybe,
    }
}

fn put(tree: &mut Tree, path: &[String], value: Tree) {
    match path {
        [] => *tree = value,
        [first, rest @ ..] => {
            if let Some(map) = tree.as_map_mut() {
                let child = map.entry(first);
                if child.as_map().is_none() {
                    *child = Tree::Map(Map::new());
                }
                put(child, rest, value);
            }
        }
    }
}

/// Above a field that is not there: the objects that are.
fn put_parents(tree: &mut Tree, path: &[String], look: &dyn Fn(&[String]) -> Look) {
    for length in 1..=path.len() {
        match look(&path[..length]) {
            Look::Absent => return,
            Look::Plain(value) => put(tree, &path[..length], value),
            Look::Unknown => put(tree, &path[..length], Tree::Map(Map::new())),
        }
    }
}

/// The field at a path of keys of what a template renders to.
fn look(template: &Template, path: &[String]) -> Look {
    let [first, rest @ ..] = path else {
        return match template {
            Template::Literal(tree) => Look::Plain(tree.clone()),
            _ => Look::Unknown,
        };
    };
    match (template, field(template, first)) {
        (_, Some(Found::Template(template))) => look(template, rest),
        (_, Some(Found::Tree(tree))) => look_tree(tree, rest),
        (Template::Map(entries), None) if entries.iter().all(|(key, _)| matches!(key, Key::Literal(_))) => Look::Absent,
        (Template::Literal(Tree::Map(_)), None) => Look::Absent,
        _ => Look::Unknown,
    }
}

fn look_tree(tree: &Tree, path: &[String]) -> Look {
    match path.iter().try_fold(tree, |tree, key| tree.get(key)) {
        Some(tree) => Look::Plain(tree.clone()),
        None => Look::Absent,
    }
}
