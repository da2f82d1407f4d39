//! What happens to the values of a rendered run on their way to the workflow engine, whose parameters are strings.

use serde_json::Value;

use crate::tree::Tree;

/// Lists and objects under a key `value` become their compact JSON, as a string; what is below one is not visited.
pub(super) fn stringify_values(tree: &mut Tree) {
    match tree {
        Tree::Map(map) => {
            for (key, value) in map.iter_mut() {
                match value {
                    Tree::Map(_) | Tree::List(_) if **key == *"value" => *value = Tree::text(value.to_json_text()),
                    value => stringify_values(value),
                }
            }
        }
        Tree::List(items) => items.iter_mut().for_each(stringify_values),
        _ => {}
    }
}

/// Every string that is the JSON of a list becomes that list (contract of v1.2).
pub(super) fn parse_lists(tree: &mut Tree) {
    match tree {
        Tree::Text(text) if text.starts_with('[') => {
            if let Ok(list @ Value::Array(_)) = serde_json::from_str(text) {
                *tree = Tree::from(&list);
            }
        }
        Tree::Map(map) => map.iter_mut().for_each(|(_, value)| parse_lists(value)),
        Tree::List(items) => items.iter_mut().for_each(parse_lists),
        _ => {}
    }
}

/// The run as it is applied: every `spec.arguments.parameters[].value` is a string, JSON for lists and objects.
pub(super) fn stringify_parameters(run: &mut Tree) {
    let parameters = ["spec", "arguments", "parameters"]
        .into_iter()
        .try_fold(run, |node, key| node.as_map_mut().and_then(|map| map.get_mut(key)))
        .and_then(Tree::as_list_mut);
    for parameter in parameters.into_iter().flatten() {
        let Some(value) = parameter.as_map_mut().and_then(|map| map.get_mut("value")) else { continue };
        match value {
            Tree::Text(_) => {}
            Tree::List(_) | Tree::Map(_) => *value = Tree::text(value.to_json_text()),
            _ => *value = Tree::text(value.to_shown()),
        }
    }
}
