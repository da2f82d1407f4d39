//! JSON patch (RFC 6902), with the negative indices that Kubernetes' implementation allows.

use serde_json::Value;

use super::PatchError;

/// A patch of more operations is refused, as on a Kubernetes API server.
const MAX_OPERATIONS: usize = 10_000;

/// Copies may make the object grow by this many bytes in all.
const MAX_COPIED_BYTES: usize = 3 << 20;

/// Applies a JSON patch; all operations or none.
///
/// # Errors
/// [`PatchError::BadRequest`] for a patch that is no list, [`PatchError::TooLarge`] for more than 10,000 operations,
/// [`PatchError::Unprocessable`] for an operation that is malformed or does not apply (a failed `test` too), naming it.
pub fn json(original: &Value, patch: &Value) -> Result<Value, PatchError> {
    let Value::Array(operations) = patch else {
        return Err(PatchError::BadRequest(format!(
            "error decoding patch: a JSON patch must be a list of operations, not {}",
            schema::go_type_name(patch)
        )));
    };
    if operations.len() > MAX_OPERATIONS {
        return Err(PatchError::TooLarge(format!(
            "The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {}",
            operations.len()
        )));
    }
    let mut document = original.clone();
    let mut copied = 0;
    for (index, operation) in operations.iter().enumerate() {
        let operation =
            Operation::read(operation).map_err(|why| PatchError::Unprocessable(format!("operation {index}: {why}")))?;
        operation.apply(&mut document, &mut copied).map_err(|why| {
            PatchError::Unprocessable(format!("operation {index} ({} {}): {why}", operation.op, operation.path))
        })?;
    }
    Ok(document)
}

struct Operation<'a> {
    op: &'a str,
    path: &'a str,
    from: Option<&'a str>,
    value: Option<&'a Value>,
}

impl<'a> Operation<'a> {
    fn read(operation: &'a Value) -> Result<Operation<'a>, String> {
        let Value::Object(object) = operation else { return Err("must be an object".to_owned()) };
        let text = |key: &str| object.get(key).and_then(Value::as_str);
        let (Some(op), Some(path)) = (text("op"), text("path")) else {
            return Err("op and path must be strings".to_owned());
        };
        if !matches!(op, "add" | "remove" | "replace" | "move" | "copy" | "test") {
            return Err(format!("Unexpected kind: {op}"));
        }
        Ok(Operation { op, path, from: text("from"), value: object.get("value") })
    }

    fn apply(&self, document: &mut Value, copied: &mut usize) -> Result<(), String> {
        match self.op {
            "add" => add(document, self.path, self.value()?.clone()),
            "remove" => remove(document, self.path).map(drop),
            "replace" => {
                *place(document, self.path)? = self.value()?.clone();
                Ok(())
            }
            "move" => {
                let from = self.from()?;
                if self.path.starts_with(&format!("{from}/")) {
                    return Err("a value cannot be moved into itself".to_owned());
                }
                let value = remove(document, from)?;
                add(document, self.path, value)
            }
            "copy" => {
                let value = find(document, self.from()?)?.clone();
                *copied += value.to_string().len();
                if *copied > MAX_COPIED_BYTES {
                    return Err(format!("copies make the object grow by more than {MAX_COPIED_BYTES} bytes"));
                }
                add(document, self.path, value)
            }
            _ => self.test(document),
        }
    }

    fn test(&self, document: &Value) -> Result<(), String> {
        let expected = self.value.unwrap_or(&Value::Null);
        let equal = match find(document, self.path) {
            Ok(found) => crate::apply::values_equal(found, expected),
            Err(_) => expected.is_null(),
        };
        if equal { Ok(()) } else { Err("test failed".to_owned()) }
    }

    fn value(&self) -> Result<&'a Value, String> {
        self.value.ok_or_else(|| "value is missing".to_owned())
    }

    fn from(&self) -> Result<&'a str, String> {
        self.from.ok_or_else(|| "from is missing".to_owned())
    }
}

/// The tokens of a pointer, unescaped.
fn tokens(pointer: &str) -> Result<Vec<String>, String> {
    if pointer.is_empty() {
        return Ok(Vec::new());
    }
    let Some(rest) = pointer.strip_prefix('/') else { return Err("a path must start with /".to_owned()) };
    Ok(rest.split('/').map(|token| token.replace("~1", "/").replace("~0", "~")).collect())
}

/// The index of an existing item; negative ones count from the end.
fn item_index(token: &str, length: usize) -> Result<usize, String> {
    let out = || format!("index {token} is out of bounds of a list of {length}");
    let index: i64 = token.parse().map_err(|_| format!("\"{token}\" is no index of a list"))?;
    let index = if index < 0 { index + length as i64 } else { index };
    usize::try_from(index).ok().filter(|index| *index < length).ok_or_else(out)
}

fn step<'v>(value: &'v mut Value, token: &str) -> Result<&'v mut Value, String> {
    match value {
        Value::Object(object) => object.get_mut(token).ok_or_else(|| format!("there is no \"{token}\"")),
        Value::Array(items) => {
            let index = item_index(token, items.len())?;
            items.get_mut(index).ok_or_else(|| format!("there is no item {token}"))
        }
        _ => Err(format!("\"{token}\" lies below a value that is neither object nor list")),
    }
}

/// What is to be replaced. As in Kubernetes, a field that is absent is there to be filled.
fn place<'v>(document: &'v mut Value, pointer: &str) -> Result<&'v mut Value, String> {
    let mut tokens = tokens(pointer)?;
    let last = tokens.pop();
    let mut at = document;
    for token in tokens {
        at = step(at, &token)?;
    }
    match (last, at) {
        (None, at) => Ok(at),
        (Some(last), Value::Object(object)) => Ok(object.entry(last).or_insert(Value::Null)),
        (Some(last), at) => step(at, &last),
    }
}

fn find<'v>(document: &'v Value, pointer: &str) -> Result<&'v Value, String> {
    let mut at = document;
    for token in tokens(pointer)? {
        at = match at {
            Value::Object(object) => object.get(&token).ok_or_else(|| format!("there is no \"{token}\""))?,
            Value::Array(items) => &items[item_index(&token, items.len())?],
            _ => return Err(format!("\"{token}\" lies below a value that is neither object nor list")),
        };
    }
    Ok(at)
}

fn add(document: &mut Value, pointer: &str, value: Value) -> Result<(), String> {
    let mut tokens = tokens(pointer)?;
    let Some(last) = tokens.pop() else {
        *document = value;
        return Ok(());
    };
    let mut at = document;
    for token in tokens {
        at = step(at, &token)?;
    }
    match at {
        Value::Object(object) => {
            object.insert(last, value);
        }
        Value::Array(items) if last == "-" => items.push(value),
        Value::Array(items) => {
            let index = item_index(&last, items.len() + 1)?;
            items.insert(index, value);
        }
        _ => return Err(format!("\"{last}\" lies below a value that is neither object nor list")),
    }
    Ok(())
}

fn remove(document: &mut Value, pointer: &str) -> Result<Value, String> {
    let mut tokens = tokens(pointer)?;
    let Some(last) = tokens.pop() else { return Err("the whole object cannot be removed".to_owned()) };
    let mut at = document;
    for token in tokens {
        at = step(at, &token)?;
    }
    match at {
        Value::Object(object) => object.remove(&last).ok_or_else(|| format!("there is no \"{last}\"")),
        Value::Array(items) => {
            let index = item_index(&last, items.len())?;
            Ok(items.remove(index))
        }
        _ => Err(format!("\"{last}\" lies below a value that is neither object nor list")),
    }
}
