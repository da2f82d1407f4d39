//! What an expression reads, and who gave it.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;

use cel::ast::{Expr, ExprKind, Literal, SelectMode};
use serde_json::Value as Json;

use super::effect::Effect;
use crate::program::Loop;
use crate::template::{Bindings, Expression, Segment, Template, helper, write_path};

/// Something that an expression read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// What was read, as deep as it is known: `environmentConfigs.resources.limits.cpu`, or the workload's variable or
    /// file by its name: `container.env["LOG_LEVEL"]`.
    pub path: String,
    /// Who gave it.
    pub given: Given,
}

/// Who gave a value that a template read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given {
    /// The component's or trait's parameters.
    Parameter,
    /// The environment's configs in the release binding.
    EnvironmentConfig,
    /// The component type, for a trait that it brings along.
    Bound,
    /// A default of the type's schema.
    Default,
    /// Nobody: the expression asked for it, and it was not there.
    Nobody,
    /// The workload.
    Workload,
    /// The workload's configuration.
    Configuration,
    /// The environment, in place of the workload's configuration or beside it.
    Overridden,
    /// A dependency.
    Dependency,
    /// The environment, its plane or its gateways.
    Environment,
    /// The workflow plane.
    WorkflowPlane,
    /// An object that a workflow refers to.
    Reference,
    /// Names, UIDs and labels of the platform.
    Metadata,
    /// A loop's item or another name inside the template.
    Local,
}

/// The values as they were given, before defaults: what is not in them came from a default.
#[derive(Debug, Default)]
pub(crate) struct GivenValues {
    pub(crate) parameters: Json,
    pub(crate) environment_configs: Json,
    pub(crate) overridden: Arc<Overridden>,
    /// Whether the component type gave them, to a trait of its own.
    pub(crate) bound: bool,
}

/// The names of the variables and files of the workload that the environment sets.
#[derive(Debug, Default)]
pub(crate) struct Overridden {
    pub(crate) env: BTreeSet<String>,
    pub(crate) files: BTreeSet<String>,
}

/// One turn of a loop: what stands for the variable.
#[derive(Debug)]
pub(crate) struct Round {
    variable: Arc<str>,
    /// The list's item, or the map's entry.
    path: Vec<Segment>,
    /// Whether the variable is `{key, value}`.
    entry: bool,
}

/// What a template could read when it was rendered.
#[derive(Debug, Clone)]
pub(super) struct Surroundings {
    pub(super) given: Arc<GivenValues>,
    pub(super) bindings: Option<Bindings>,
    pub(super) round: Option<Arc<Round>>,
}

/// A loop's item is not looked for in longer lists.
const SEARCHED: usize = 256;

/// Cost units of the expression language that may still be spent on finding out what a field depends on. Where they are
/// used up, answers are coarser.
#[derive(Debug)]
pub(crate) struct Effort(Cell<u64>);

impl Effort {
    /// For one question, whatever it is about.
    pub(crate) const LIMIT: u64 = 20_000_000;

    pub(crate) fn new() -> Self {
        Self(Cell::new(Self::LIMIT))
    }

    /// For answers that may be as coarse as they are quick.
    pub(crate) fn none() -> Self {
        Self(Cell::new(0))
    }

    pub(super) fn left(&self) -> u64 {
        self.0.get()
    }

    pub(super) fn spend(&self, cost: u64) {
        self.0.set(self.0.get().saturating_sub(cost));
    }
}

impl Round {
    /// One turn of a loop: what its item is, where that can be known from what the loop's expression reads.
    pub(crate) fn new(round: &Loop, outside: &Bindings, inside: &Bindings) -> Option<Self> {
        let Template::Whole(expression) = &round.items else { return None };
        let item = inside.at(&[Segment::Key(round.variable.clone())])?;
        let key = item.as_map().filter(|entry| entry.len() == 2 && entry.get_str("value").is_some());
        let key = key.and_then(|entry| entry.get_str("key")).and_then(cel::Value::as_str);
        let mut sources = Vec::new();
        collect(&expression.program().ok()?.ast().root, &mut sources);
        sources.into_iter().find_map(|mut path| {
            let (last, entry) = match (outside.at(&path)?, key) {
                (cel::Value::Map(map), Some(key)) => {
                    map.get_str(key)?;
                    (Segment::Key(key.into()), true)
                }
                (cel::Value::List(items), _) if items.len() <= SEARCHED => {
                    (Segment::Index(items.iter().position(|known| known == item)?), false)
                }
                _ => return None,
            };
            path.push(last);
            Some(Self { variable: round.variable.clone(), path, entry })
        })
    }

    /// A path that begins at the loop's variable, from the variable that the loop runs over.
    fn outside(&self, path: &[Segment]) -> Option<Vec<Segment>> {
        let (root, below) = path.split_first()?;
        if *root != Segment::Key(self.variable.clone()) {
            return None;
        }
        let below = match (self.entry, below.first()) {
            (true, Some(_)) => &below[1..],
            _ => below,
        };
        Some(self.path.iter().chain(below).cloned().collect())
    }
}

impl Surroundings {
    /// What `expression` read to give the part `inside` of its value; each path once.
    pub(super) fn reads(&self, expression: &Expression, inside: &[Segment], effort: &Effort) -> Vec<Read> {
        let Ok(program) = expression.program() else { return Vec::new() };
        let root = &program.ast().root;
        if let Some(mut path) = chain(root) {
            path.extend_from_slice(inside);
            return vec![self.read(&path)];
        }
        let mut paths = Vec::new();
        collect(root, &mut paths);
        let mut seen = BTreeSet::new();
        paths.retain(|path| seen.insert(path.clone()) && self.knows(path));
        let found = match &self.bindings {
            Some(bindings) if !alone(&paths, inside, bindings) => {
                let effect = Effect::new(program, bindings, inside, effort);
                effect.map(|effect| paths.iter().flat_map(|path| effect.parts(path)).collect::<Vec<_>>())
            }
            _ => None,
        };
        let found = found.filter(|found| !found.is_empty()).unwrap_or(paths);
        let mut reads: Vec<Read> = Vec::new();
        for read in found.iter().map(|path| self.read(path)) {
            if !reads.contains(&read) {
                reads.push(read);
            }
        }
        reads
    }

    /// Whether a path begins at a variable, not at a name inside the expression.
    fn knows(&self, path: &[Segment]) -> bool {
        match (&self.bindings, path.first()) {
            (Some(bindings), Some(root)) => bindings.at(std::slice::from_ref(root)).is_some(),
            _ => true,
        }
    }

    fn read(&self, path: &[Segment]) -> Read {
        let outside = self.round.as_ref().and_then(|round| round.outside(path));
        let path = outside.as_deref().unwrap_or(path);
        let (words, given) = self.configured(path).unwrap_or_else(|| {
            let mut words = String::new();
            write_path(&mut words, path);
            (helper(&words).unwrap_or(words), self.giver(path))
        });
        Read { path: words, given }
    }

    fn giver(&self, path: &[Segment]) -> Given {
        let Some((Segment::Key(root), fields)) = path.split_first() else { return Given::Local };
        let first = match fields.first() {
            Some(Segment::Key(field)) => &**field,
            _ => "",
        };
        let given_or_default = |values: &Json, given| {
            let found = fields.iter().try_fold(values, |value, field| match field {
                Segment::Key(key) => value.get(&**key),
                Segment::Index(at) => value.get(at),
            });
            if fields.is_empty() || found.is_some() {
                return if self.given.bound { Given::Bound } else { given };
            }
            let there = self.bindings.as_ref().is_none_or(|bindings| bindings.at(path).is_some());
            if there { Given::Default } else { Given::Nobody }
        };
        match &**root {
            "parameters" => given_or_default(&self.given.parameters, Given::Parameter),
            "environmentConfigs" => given_or_default(&self.given.environment_configs, Given::EnvironmentConfig),
            "workload" => Given::Workload,
            "derived" if first.starts_with("dependency") => Given::Dependency,
            "derived" if first == "servicePorts" || first == "endpointResources" => Given::Workload,
            "configurations" | "derived" if self.given.overridden.any() => Given::Overridden,
            "configurations" | "derived" => Given::Configuration,
            "dependencies" => Given::Dependency,
            "environment" | "dataplane" | "gateway" => Given::Environment,
            "workflowplane" => Given::WorkflowPlane,
            "externalRefs" => Given::Reference,
            "metadata" | "trait" => Given::Metadata,
            _ => Given::Local,
        }
    }

    /// A variable or file of the workload's configuration by its name, where the path leads into one.
    fn configured(&self, path: &[Segment]) -> Option<(String, Given)> {
        let Some(Segment::Key(root)) = path.first() else { return None };
        if !matches!(&**root, "derived" | "configurations") {
            return None;
        }
        let bindings = self.bindings.as_ref()?;
        let item = path.iter().rposition(|segment| matches!(segment, Segment::Index(_)))?;
        let Segment::Key(list) = path.get(item.checked_sub(1)?)? else { return None };
        let (name, kind, overridden) = match &**list {
            "envs" => ("name", "env", &self.given.overridden.env),
            "files" | "configFileList" | "secretFileList" => ("name", "files", &self.given.overridden.files),
            "configVolumeMounts" => ("subPath", "files", &self.given.overridden.files),
            _ => return None,
        };
        let item = bindings.at(&path[..=item])?;
        let name = item.as_map()?.get_str(name)?.as_str()?.to_owned();
        let given = if overridden.contains(&name) { Given::Overridden } else { Given::Configuration };
        Some((format!("container.{kind}[{name:?}]"), given))
    }
}

impl Overridden {
    fn any(&self) -> bool {
        !self.env.is_empty() || !self.files.is_empty()
    }
}

/// Whether only one thing was read, and that is no list or map: then there is nothing to tell apart.
fn alone(paths: &[Vec<Segment>], inside: &[Segment], bindings: &Bindings) -> bool {
    let [only] = paths else { return paths.is_empty() };
    inside.is_empty() && !matches!(bindings.at(only), Some(cel::Value::List(_) | cel::Value::Map(_)))
}

/// The longest chains of selections that begin at a name; what is only tested (`has`) is not read.
fn collect(expr: &Expr, paths: &mut Vec<Vec<Segment>>) {
    match &expr.kind {
        ExprKind::Select { mode: SelectMode::Test, .. } => {}
        _ => match chain(expr) {
            Some(path) => paths.push(path),
            None => expr.each_child(&mut |child| collect(child, paths)),
        },
    }
}

fn chain(expr: &Expr) -> Option<Vec<Segment>> {
    let (inner, last) = match &expr.kind {
        ExprKind::Ident(name) => return Some(vec![Segment::Key(name.clone())]),
        ExprKind::Select { operand, field, .. } => (&**operand, Segment::Key(field.clone())),
        ExprKind::Call { function, target: None, args } if matches!(&**function, "_[_]" | "_[?_]") => {
            let [operand, Expr { kind: ExprKind::Literal(index), .. }] = &args[..] else { return None };
            let segment = match index {
                Literal::String(key) => Segment::Key(key.clone()),
                Literal::Int(at) => Segment::Index(usize::try_from(*at).ok()?),
                _ => return None,
            };
            (operand, segment)
        }
        _ => return None,
    };
    let mut path = chain(inner)?;
    path.push(last);
    Some(path)
}
