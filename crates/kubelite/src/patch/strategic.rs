//! Strategic merge patch: a merge patch that knows from the schema which lists merge and by what key, with directives.

use schema::{Node, Schema};
use serde_json::{Map, Value};

use super::PatchError;
use super::list_order::{Identity, arrange};

const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const SET_ORDER: &str = "$setElementOrder";
const DELETE_FROM_LIST: &str = "$deleteFromPrimitiveList";

/// Applies a strategic merge patch to an object of a built-in kind.
///
/// # Errors
/// [`PatchError::BadRequest`] for malformed directives, [`PatchError::Unprocessable`] for patches that do not fit the object
/// (list items without their merge key, other kinds of value).
pub fn strategic(original: &Value, patch: &Value, schema: &Schema) -> Result<Value, PatchError> {
    let (Value::Object(original), Value::Object(patch)) = (original, patch) else {
        return Err(PatchError::BadRequest(format!(
            "json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
            schema::go_type_name(patch)
        )));
    };
    Ok(Value::Object(merge_object(original.clone(), patch.clone(), Some(schema.root()))?))
}

fn bad(text: impl Into<String>) -> PatchError {
    PatchError::BadRequest(text.into())
}

fn failure(text: impl Into<String>) -> PatchError {
    PatchError::Failure(text.into())
}

fn unfit(text: impl Into<String>) -> PatchError {
    PatchError::Unprocessable(text.into())
}

/// The list of a directive `$NAME/FIELD`.
fn field_of<'k>(key: &'k str, directive: &str) -> Option<&'k str> {
    key.strip_prefix(directive)?.strip_prefix('/')
}

/// What the schema says about a field: how it merges and by which key.
fn merges(node: Option<Node<'_>>) -> bool {
    node.is_some_and(|node| node.patch_strategies().iter().any(|strategy| strategy == "merge"))
}

fn replaces(node: Option<Node<'_>>) -> bool {
    node.is_some_and(|node| node.patch_strategies().iter().any(|strategy| strategy == "replace"))
}

fn merge_object(
    mut original: Map<String, Value>,
    mut patch: Map<String, Value>,
    node: Option<Node<'_>>,
) -> Result<Map<String, Value>, PatchError> {
    if let Some(directive) = patch.remove(DIRECTIVE) {
        return match directive.as_str() {
            Some("replace") => Ok(plain_object(patch)),
            Some("delete") => Ok(Map::new()),
            _ => {
                let shown = super::go::print(&directive);
                patch.insert(DIRECTIVE.to_owned(), directive);
                Err(unknown_directive(&shown, patch))
            }
        };
    }
    retain_keys(&mut original, &mut patch)?;
    ordered_lists(&mut original, &mut patch, node)?;
    for (key, value) in patch {
        if key.starts_with(DELETE_FROM_LIST) {
            let field =
                field_of(&key, DELETE_FROM_LIST).ok_or_else(|| bad("invalid patch format of primitive list"))?;
            let Value::Array(unwanted) = &value else { return Err(bad("invalid patch format of primitive list")) };
            if let Some(Value::Array(items)) = original.get_mut(field) {
                items.retain(|item| !unwanted.contains(item));
            }
            continue;
        }
        let place = node.and_then(|node| node.field(&key));
        match (original.remove(&key), value) {
            (_, Value::Null) => {}
            (Some(Value::Object(old)), Value::Object(new)) => {
                let merged = if replaces(place) { plain_object(new) } else { merge_object(old, new, place)? };
                original.insert(key, Value::Object(merged));
            }
            (Some(Value::Array(old)), Value::Array(new)) => {
                let merged = if merges(place) { merge_list(old, new, place, None)? } else { plain_list(new) };
                original.insert(key, Value::Array(merged));
            }
            (_, new) => original.extend(plain(new).map(|value| (key, value))),
        }
    }
    Ok(original)
}

/// `$retainKeys`: fields of the original that it does not name go.
fn retain_keys(original: &mut Map<String, Value>, patch: &mut Map<String, Value>) -> Result<(), PatchError> {
    let Some(keys) = patch.remove(RETAIN_KEYS) else { return Ok(()) };
    let invalid = || bad("invalid patch format of retainKeys");
    let Value::Array(keys) = keys else { return Err(invalid()) };
    let named = |key: &str| keys.iter().any(|k| k.as_str() == Some(key));
    for (key, value) in patch.iter() {
        let directive = key.starts_with(DELETE_FROM_LIST) || key.starts_with(SET_ORDER);
        if !value.is_null() && !directive && !named(key) {
            return Err(invalid());
        }
    }
    original.retain(|key, _| named(key));
    Ok(())
}

/// `$setElementOrder/FIELD`: merges the list and puts it into the given order.
fn ordered_lists(
    original: &mut Map<String, Value>,
    patch: &mut Map<String, Value>,
    node: Option<Node<'_>>,
) -> Result<(), PatchError> {
    let invalid = || bad("invalid patch format of setElementOrder list");
    let directives: Vec<String> = patch.keys().filter(|key| key.starts_with(SET_ORDER)).cloned().collect();
    for directive in directives {
        let Some(Value::Array(order)) = patch.remove(&directive) else { return Err(invalid()) };
        let field = field_of(&directive, SET_ORDER).ok_or_else(invalid)?.to_owned();
        let place = node.and_then(|node| node.field(&field));
        let list = |value: Option<Value>| match value {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(_) => Err(unfit(format!("{field} is not a list"))),
        };
        let old = list(original.get(&field).cloned())?;
        let new = list(patch.remove(&field))?;
        check_order(new.as_deref().unwrap_or_default(), &order, place)?;
        let merged = match (old, new) {
            (None, None) => continue,
            (None, Some(new)) => match plain(Value::Array(new)) {
                Some(Value::Array(new)) => arrange(new, &order, &[], identity(place)),
                _ => continue,
            },
            (Some(old), new) => merge_list(old, new.unwrap_or_default(), place, Some(&order))?,
        };
        original.insert(field, Value::Array(merged));
    }
    Ok(())
}

fn identity(place: Option<Node<'_>>) -> Identity<'_> {
    Identity(place.and_then(Node::patch_merge_key))
}

/// The patch's items must come in the order that the directive gives.
fn check_order(new: &[Value], order: &[Value], place: Option<Node<'_>>) -> Result<(), PatchError> {
    if new.is_empty() || order.is_empty() {
        return Ok(());
    }
    let identity = identity(place);
    let mut wanted = new.iter().filter(|item| item.get(DIRECTIVE).is_none()).peekable();
    for item in order {
        if wanted.peek().is_some_and(|wanted| identity.same(wanted, item)) {
            wanted.next();
        }
    }
    match wanted.next() {
        None => Ok(()),
        Some(item) => {
            Err(unfit(format!("The order in patch list doesn't match {SET_ORDER} list: {item} is not where it says")))
        }
    }
}

fn merge_list(
    mut old: Vec<Value>,
    new: Vec<Value>,
    place: Option<Node<'_>>,
    order: Option<&[Value]>,
) -> Result<Vec<Value>, PatchError> {
    if old.is_empty() && new.is_empty() {
        return Ok(old);
    }
    let identity = identity(place);
    let live = old.clone();
    let sent: Vec<Value>;
    if old.iter().chain(&new).any(Value::is_object) {
        let Some(key) = identity.0 else { return Err(unfit("cannot merge lists without merge key")) };
        let mut items = Vec::with_capacity(new.len());
        let mut replace = false;
        for item in new {
            let Value::Object(object) = item else {
                return Err(unfit(format!("a list item without the merge key {key}: {item}")));
            };
            match object.get(DIRECTIVE).map(|directive| (directive, directive.as_str())) {
                None => items.push(object),
                Some((_, Some("replace"))) => replace = true,
                Some((_, Some("delete"))) => match object.get(key) {
                    Some(value) => old.retain(|item| item.get(key) != Some(value)),
                    None => return Err(no_merge_key(&object, key)),
                },
                Some((_, Some("merge"))) => return Err(unfit("merging lists cannot yet be specified in the patch")),
                Some((directive, _)) => {
                    return Err(unknown_directive(&super::go::print(directive), object));
                }
            }
        }
        if replace {
            return Ok(plain_list(items.into_iter().map(Value::Object).collect()));
        }
        sent = items.iter().cloned().map(Value::Object).collect();
        for item in items {
            let Some(value) = item.get(key) else { return Err(no_merge_key(&item, key)) };
            match old.iter().position(|candidate| candidate.get(key) == Some(value)) {
                Some(index) => {
                    let live = old[index].as_object().cloned().unwrap_or_default();
                    old[index] = Value::Object(merge_object(live, item, place.and_then(Node::items))?);
                }
                None => old.extend(plain(Value::Object(item))),
            }
        }
    } else {
        sent = new.clone();
        old.extend(new);
        let mut seen: Vec<Value> = Vec::with_capacity(old.len());
        old.retain(|item| {
            let fresh = !seen.contains(item);
            if fresh {
                seen.push(item.clone());
            }
            fresh
        });
    }
    Ok(arrange(old, order.unwrap_or(&sent), &live, identity))
}

fn no_merge_key(item: &Map<String, Value>, key: &str) -> PatchError {
    let item = super::go::print(&Value::Object(item.clone()));
    failure(format!("map: {item} does not contain declared merge key: {key}"))
}

fn unknown_directive(directive: &str, item: Map<String, Value>) -> PatchError {
    failure(format!("unknown patch type: {directive} in map: {}", super::go::print(&Value::Object(item))))
}

/// A new value without nulls and without directives; `None` when a directive takes it out as a whole.
fn plain(value: Value) -> Option<Value> {
    match value {
        Value::Object(object) if object.contains_key(DIRECTIVE) => None,
        Value::Object(object) => Some(Value::Object(plain_object(object))),
        Value::Array(items) => Some(Value::Array(plain_list(items))),
        scalar => Some(scalar),
    }
}

fn plain_object(object: Map<String, Value>) -> Map<String, Value> {
    let directive = |key: &str| key == RETAIN_KEYS || key.starts_with(SET_ORDER) || key.starts_with(DELETE_FROM_LIST);
    object
        .into_iter()
        .filter(|(key, value)| !value.is_null() && !directive(key))
        .filter_map(|(key, value)| plain(value).map(|value| (key, value)))
        .collect()
}

fn plain_list(items: Vec<Value>) -> Vec<Value> {
    items.into_iter().filter_map(plain).collect()
}
