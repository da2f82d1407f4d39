//! What an expression reads, and who gave it.

use cel::ast::{Expr, ExprKind, SelectMode};
use serde_json::Value;

/// Something that an expression read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The variable and the fields: `environmentConfigs.resources.limits.cpu`.
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
    /// A default of the type's schema.
    Default,
    /// The workload.
    Workload,
    /// The workload's configuration.
    Configuration,
    /// The workload's configuration where the environment overrides some of it.
    Overridden,
    /// A dependency.
    Dependency,
    /// The environment, its plane or its gateways.
    Environment,
    /// Names, UIDs and labels of the platform.
    Metadata,
    /// A loop's item or another name inside the template.
    Local,
}

/// The values as they were given, before defaults: what is not in them came from a default.
#[derive(Debug, Default)]
pub(crate) struct GivenValues {
    pub(crate) parameters: Value,
    pub(crate) environment_configs: Value,
    /// Whether the environment overrides configuration of the workload.
    pub(crate) overridden: bool,
}

impl GivenValues {
    /// What an expression reads, each path once.
    pub(crate) fn reads(&self, root: &Expr) -> Vec<Read> {
        let mut paths = Vec::new();
        collect(root, &mut paths);
        paths.dedup();
        paths.into_iter().map(|path| Read { given: self.giver(&path), path: path.join(".") }).collect()
    }

    fn giver(&self, path: &[String]) -> Given {
        let Some((root, fields)) = path.split_first() else { return Given::Local };
        let given_or_default = |values: &Value, given| {
            let found = fields.iter().try_fold(values, |value, field| value.get(field));
            if fields.is_empty() || found.is_some() { given } else { Given::Default }
        };
        match root.as_str() {
            "parameters" => given_or_default(&self.parameters, Given::Parameter),
            "environmentConfigs" => given_or_default(&self.environment_configs, Given::EnvironmentConfig),
            "workload" => Given::Workload,
            "derived" if fields.first().is_some_and(|field| field.starts_with("dependency")) => Given::Dependency,
            "derived"
                if fields.first().is_some_and(|field| field == "servicePorts" || field == "endpointResources") =>
            {
                Given::Workload
            }
            "configurations" | "derived" if self.overridden => Given::Overridden,
            "configurations" | "derived" => Given::Configuration,
            "dependencies" => Given::Dependency,
            "environment" | "dataplane" | "gateway" => Given::Environment,
            "metadata" | "trait" => Given::Metadata,
            _ => Given::Local,
        }
    }
}

/// The longest chains of selections that begin at a name; what is only tested (`has`) is not read.
fn collect(expr: &Expr, paths: &mut Vec<Vec<String>>) {
    match &expr.kind {
        ExprKind::Select { mode: SelectMode::Test, .. } => {}
        _ => match chain(expr) {
            Some(path) => paths.push(path),
            None => expr.each_child(&mut |child| collect(child, paths)),
        },
    }
}

fn chain(expr: &Expr) -> Option<Vec<String>> {
    match &expr.kind {
        ExprKind::Ident(name) => Some(vec![name.to_string()]),
        ExprKind::Select { operand, field, .. } => {
            let mut path = chain(operand)?;
            path.push(field.to_string());
            Some(path)
        }
        _ => None,
    }
}
