//! `$ref` inside a schema: only `#/$defs/Name`, inlined.

use serde_json::{Map, Value};

const DEFINITIONS: &str = "$defs";
const PREFIX: &str = "#/$defs/";
/// Deeper references than these are an error.
const DEPTH: usize = 64;
/// A schema may not grow beyond so many nodes by its references.
const NODES: usize = 100_000;

/// Keywords whose value is one schema.
const ONE: [&str; 6] = ["items", "additionalProperties", "not", "if", "then", "else"];
/// Keywords whose value is a list of schemas.
const MANY: [&str; 3] = ["allOf", "oneOf", "anyOf"];
/// Keywords whose value is a map of schemas.
const NAMED: [&str; 2] = ["properties", "patternProperties"];

/// The schema with every reference replaced by what it names; what stands beside a `$ref` overrides it key by key.
pub(super) fn resolve(schema: &Value) -> Result<Value, String> {
    let definitions = schema.get(DEFINITIONS).and_then(Value::as_object);
    let mut resolver = Resolver { definitions, open: Vec::new(), nodes: 0 };
    let mut resolved = resolver.resolve(schema)?;
    if let Some(object) = resolved.as_object_mut()
        && object.get(DEFINITIONS).and_then(Value::as_object).is_some_and(|definitions| !definitions.is_empty())
    {
        object.remove(DEFINITIONS);
    }
    Ok(resolved)
}

struct Resolver<'s> {
    definitions: Option<&'s Map<String, Value>>,
    open: Vec<String>,
    nodes: usize,
}

impl Resolver<'_> {
    fn resolve(&mut self, schema: &Value) -> Result<Value, String> {
        self.nodes += 1;
        if self.nodes > NODES {
            return Err(format!("the schema has more than {NODES} nodes once its references are followed"));
        }
        let Some(object) = schema.as_object() else { return Ok(schema.clone()) };
        if let Some(reference) = object.get("$ref") {
            return self.follow(reference, object);
        }
        let mut out = Map::new();
        for (keyword, value) in object {
            out.insert(keyword.clone(), self.keyword(keyword, value)?);
        }
        Ok(Value::Object(out))
    }

    fn keyword(&mut self, keyword: &str, value: &Value) -> Result<Value, String> {
        if ONE.contains(&keyword) && value.is_object() {
            return self.resolve(value);
        }
        match value {
            Value::Array(items) if MANY.contains(&keyword) => items.iter().map(|item| self.resolve(item)).collect(),
            Value::Object(entries) if NAMED.contains(&keyword) => {
                entries.iter().map(|(name, schema)| Ok((name.clone(), self.resolve(schema)?))).collect()
            }
            _ => Ok(value.clone()),
        }
    }

    fn follow(&mut self, reference: &Value, beside: &Map<String, Value>) -> Result<Value, String> {
        let Some(text) = reference.as_str() else { return Err("$ref must be a string".to_owned()) };
        let Some(name) = text.strip_prefix(PREFIX).filter(|name| !name.is_empty() && !name.contains('/')) else {
            return Err(format!("unsupported $ref path {text:?}: expected {PREFIX}Name"));
        };
        if let Some(from) = self.open.iter().position(|open| open == name) {
            let circle: Vec<&str> = self.open[from..].iter().map(String::as_str).chain([name]).collect();
            return Err(format!("circular $ref: {}", circle.join(" → ")));
        }
        if self.open.len() >= DEPTH {
            return Err(format!("$ref {text:?} is nested deeper than {DEPTH}"));
        }
        let Some(definitions) = self.definitions.filter(|definitions| !definitions.is_empty()) else {
            return Err(format!("$ref {text:?} not found: no definitions available"));
        };
        let Some(definition) = definitions.get(name) else {
            let known: Vec<&str> = definitions.keys().map(String::as_str).collect();
            return Err(format!("$ref {text:?} not found in $defs; there are {}", known.join(", ")));
        };
        let Some(definition) = definition.as_object() else {
            return Err(format!(
                "$ref {text:?} leads to a value of type {}, not to a schema",
                schema::go_type_name(definition)
            ));
        };
        let mut merged = definition.clone();
        for (keyword, value) in beside.iter().filter(|(keyword, _)| *keyword != "$ref") {
            merged.insert(keyword.clone(), value.clone());
        }
        self.open.push(name.to_owned());
        let resolved = self.resolve(&Value::Object(merged));
        self.open.pop();
        resolved
    }
}

/// Removes `x-…` keywords other than Kubernetes' own. Property names that begin so stay.
pub(super) fn strip_vendor_extensions(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else { return };
    object.retain(|keyword, _| !keyword.starts_with("x-") || keyword.starts_with("x-kubernetes-"));
    for (keyword, value) in object.iter_mut() {
        if ONE.contains(&keyword.as_str()) {
            strip_vendor_extensions(value);
        } else if MANY.contains(&keyword.as_str()) {
            value.as_array_mut().into_iter().flatten().for_each(strip_vendor_extensions);
        } else if NAMED.contains(&keyword.as_str()) {
            value.as_object_mut().into_iter().flat_map(|named| named.values_mut()).for_each(strip_vendor_extensions);
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_stands_beside_a_reference_wins() {
        let schema = json!({"$defs": {"A": {"type": "string", "default": "x"}}, "properties": {"a": {"$ref": "#/$defs/A", "default": "y"}}});
        assert_eq!(resolve(&schema), Ok(json!({"properties": {"a": {"type": "string", "default": "y"}}})));
    }

    #[rstest]
    #[case(json!({"$ref": "#/$defs/A"}), "$ref \"#/$defs/A\" not found: no definitions available")]
    #[case(json!({"$ref": "#/definitions/A"}), "unsupported $ref path \"#/definitions/A\": expected #/$defs/Name")]
    #[case(json!({"$defs": {"A": {"items": {"$ref": "#/$defs/B"}}, "B": {"not": {"$ref": "#/$defs/A"}}}, "items": {"$ref": "#/$defs/A"}}), "circular $ref: A → B → A")]
    #[case(json!({"$defs": {"A": true}, "items": {"$ref": "#/$defs/A"}}), "$ref \"#/$defs/A\" leads to a value of type bool, not to a schema")]
    fn references_that_lead_nowhere_are_errors(#[case] schema: Value, #[case] message: &str) {
        assert_eq!(resolve(&schema), Err(message.to_owned()));
    }

    #[test]
    fn references_cannot_blow_up_a_schema() {
        let mut definitions = Map::new();
        for n in 0..40 {
            let next = json!({"$ref": format!("#/$defs/D{}", n + 1)});
            definitions.insert(format!("D{n}"), json!({"properties": {"a": next, "b": next}}));
        }
        definitions.insert("D40".to_owned(), json!({"type": "string"}));
        let schema = json!({"$defs": definitions, "properties": {"x": {"$ref": "#/$defs/D0"}}});
        assert_eq!(
            resolve(&schema).unwrap_err(),
            "the schema has more than 100000 nodes once its references are followed"
        );
    }
}
