//! One template rendered by itself, with any variables: alert notifications, and replays of recorded cases.

use cel::{Numbers, Value};
use serde_json::Value as Json;

use super::{Fault, Faults, Language, Scope, Template};
use crate::tree::Tree;

/// Renders a template with `variables` as its variables; `oc_omit()` at the root is returned as such. The errors are
/// those of all its expressions.
///
/// ```
/// use serde_json::json;
/// let tree = compiler::template::render(
///     &json!({"text": "hello ${name}", "gone": "${oc_omit()}"}),
///     json!({"name": "world"}).as_object().unwrap(),
/// );
/// assert_eq!(tree.unwrap().to_json().unwrap(), json!({"text": "hello world"}));
/// ```
pub fn render(template: &Json, variables: &serde_json::Map<String, Json>) -> Result<Tree, Vec<Fault>> {
    let scope = Scope::new(Language::Component, variables.keys().map(String::as_str));
    let values = variables.iter().map(|(name, value)| (name, Value::from_json(value, Numbers::AsDouble)));
    let bindings = scope.bind(values);
    let mut faults = Faults::new();
    let tree = Template::parse(template, &scope).render(&bindings, &mut faults);
    if faults.is_empty() { Ok(tree) } else { Err(faults.into_vec()) }
}
