//! Somebody's text inside a shell script: whoever sets it can run commands.

use std::sync::Arc;

use cel::Type;
use cel::ast::{Expr, ExprKind};
use serde_json::Value;

use super::Checked;
use super::expressions::of_expression;
use super::reads::{Read, reads};
use crate::problem::{Code, Place};
use crate::template::{Expression, Key, Part, Segment, Template, write_path};
use crate::tree::Tree;

const SHELLS: [&str; 6] = ["sh", "bash", "ash", "dash", "zsh", "ksh"];
/// Functions whose result has no character that a shell reads as anything but itself.
const HARMLESS: [&str; 5] = ["oc_generate_name", "oc_dns_label", "oc_hash", "size", "base64.encode"];
/// Variables that the platform fills with names of its own making.
const OF_PLATFORM: [&str; 6] = ["metadata", "dataplane", "environment", "gateway", "workflowplane", "trait"];

/// Warns of text that becomes part of a shell script inside the template. `spec` has the schemas.
pub(super) fn scripts(template: &Template, spec: &Value, place: &Place, checked: &mut Checked) {
    let mut walk = Walk { spec, place, path: Vec::new(), checked };
    walk.any(template);
}

struct Walk<'w> {
    spec: &'w Value,
    place: &'w Place,
    path: Vec<Segment>,
    checked: &'w mut Checked,
}

impl Walk<'_> {
    fn any(&mut self, template: &Template) {
        match template {
            Template::Text(text) => {
                if matches!(text.parts.first(), Some(Part::Plain(start)) if is_script(start)) {
                    self.script(template);
                }
            }
            Template::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.below(Segment::Index(at), |walk| walk.any(item));
                }
            }
            Template::Map(entries) => self.map(entries),
            _ => {}
        }
    }

    fn map(&mut self, entries: &[(Key, Template)]) {
        let by_key = |wanted: &str| entries.iter().find(|(key, _)| key_text(key) == wanted).map(|(_, value)| value);
        let shell = shell_script(by_key("command"), by_key("args"));
        for (key, value) in entries {
            let name = key_text(key);
            let inside_script = matches!(self.path.last(), Some(Segment::Key(parent)) if **parent == *"script");
            self.below(Segment::Key(Arc::from(name)), |walk| match (name, value) {
                // A step's inline script, and that of an Argo template, which says where it is run, too.
                ("script", Template::Text(_) | Template::Whole(_)) => walk.script(value),
                ("source", Template::Text(_) | Template::Whole(_)) if inside_script => walk.script(value),
                (_, Template::List(items)) => {
                    for (at, item) in items.iter().enumerate() {
                        let is_script = shell == Some((name, at));
                        walk.below(
                            Segment::Index(at),
                            |walk| {
                                if is_script { walk.script(item) } else { walk.any(item) }
                            },
                        );
                    }
                }
                _ => walk.any(value),
            });
        }
    }

    fn below(&mut self, segment: Segment, visit: impl FnOnce(&mut Self)) {
        self.path.push(segment);
        visit(self);
        self.path.pop();
    }

    /// A script: every part that is not the template's own words.
    fn script(&mut self, template: &Template) {
        match template {
            Template::Text(text) => {
                for part in &text.parts {
                    if let Part::Expression { expression, .. } = part {
                        self.part(expression);
                    }
                }
            }
            // The whole script is somebody else's on purpose, unless it is put together here.
            Template::Whole(expression) if is_composed(expression) => self.part(expression),
            _ => {}
        }
    }

    fn part(&mut self, expression: &Arc<Expression>) {
        let Some(read) = self.foreign(expression) else { return };
        let mut path = String::new();
        write_path(&mut path, &self.path);
        let name = read.last().map_or("VALUE", String::as_str).to_uppercase().replace('-', "_");
        let message = format!(
            "the text of {} becomes part of a shell script, so whoever sets it can run commands; pass it as an environment variable and write \"${name}\"",
            read.join(".")
        );
        let place = self.place.below(&path);
        self.checked.warnings.push(of_expression(Code::Injection, &place, expression, None, message));
    }

    /// What the expression reads whose text somebody else chooses.
    fn foreign(&self, expression: &Expression) -> Option<Read> {
        let program = expression.program().ok()?;
        if matches!(program.output_type(), Type::Bool | Type::Int | Type::Uint | Type::Double | Type::Duration) {
            return None;
        }
        let mut found = Vec::new();
        unguarded(&program.ast().root, &mut found);
        found.into_iter().find(|read| !self.is_harmless(read))
    }

    fn is_harmless(&self, read: &Read) -> bool {
        let [variable, path @ ..] = &read[..] else { return true };
        match variable.as_str() {
            variable if OF_PLATFORM.contains(&variable) => !path.iter().any(|field| field == "annotations"),
            "parameters" | "environmentConfigs" => {
                let schema = &self.spec[variable.as_str()]["openAPIV3Schema"];
                let schema = path.iter().fold(schema, |schema, field| &schema["properties"][field]);
                schema["enum"].is_array() || matches!(schema["type"].as_str(), Some("boolean" | "integer" | "number"))
            }
            _ => false,
        }
    }
}

/// What is read and may become part of the result: not what only decides, nor what a function makes harmless.
fn unguarded(expr: &Expr, found: &mut Vec<Read>) {
    match &expr.kind {
        ExprKind::Call { function, target, args } => {
            let qualified = match target.as_deref().and_then(Expr::qualified_name) {
                Some(target) => format!("{target}.{function}"),
                None => function.to_string(),
            };
            if HARMLESS.contains(&qualified.as_str()) {
                return;
            }
            match (&*qualified, &args[..]) {
                ("_?_:_", [_, yes, no]) => {
                    unguarded(yes, found);
                    unguarded(no, found);
                }
                ("_[_]" | "_[?_]", _) => reads(expr, found),
                _ => target.as_deref().into_iter().chain(args).for_each(|expr| unguarded(expr, found)),
            }
        }
        ExprKind::Ident(_) | ExprKind::Select { .. } => reads(expr, found),
        _ => expr.each_child(&mut |child| unguarded(child, found)),
    }
}

fn is_composed(expression: &Expression) -> bool {
    let root = expression.program().ok().map(|program| &program.ast().root.kind);
    matches!(root, Some(ExprKind::Call { function, .. }) if matches!(&**function, "_+_" | "format" | "join" | "replace"))
}

fn key_text(key: &Key) -> &str {
    match key {
        Key::Literal(name) => name,
        Key::Dynamic { source, .. } => source,
    }
}

/// Whether a text says by its first line that a shell runs it.
fn is_script(start: &str) -> bool {
    let first = start.lines().next().unwrap_or_default();
    first.strip_prefix("#!").is_some_and(|line| line.split(['/', ' ']).any(|word| SHELLS.contains(&word)))
}

/// Which item of `command` or `args` is a script, where they call a shell with `-c`.
fn shell_script(command: Option<&Template>, args: Option<&Template>) -> Option<(&'static str, usize)> {
    let words = |list: Option<&Template>, name: &'static str| -> Vec<((&'static str, usize), Option<String>)> {
        let plain = |tree: &Tree| tree.as_text().map(str::to_owned);
        match list {
            Some(Template::List(items)) => items
                .iter()
                .enumerate()
                .map(|(at, item)| match item {
                    Template::Literal(tree) => ((name, at), plain(tree)),
                    _ => ((name, at), None),
                })
                .collect(),
            Some(Template::Literal(tree)) => {
                let items = tree.as_list().unwrap_or_default();
                items.iter().enumerate().map(|(at, item)| ((name, at), plain(item))).collect()
            }
            _ => Vec::new(),
        }
    };
    let mut all = words(command, "command").into_iter().chain(words(args, "args"));
    let shell = all.next()?.1?;
    if !shell.rsplit('/').next().is_some_and(|name| SHELLS.contains(&name)) {
        return None;
    }
    all.find(|(_, word)| word.as_deref().is_some_and(|word| word.starts_with('-') && word.ends_with('c')))?;
    all.next().map(|(at, _)| at)
}
