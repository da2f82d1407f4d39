//! `$ref` inside a schema of a type: `#/$defs/Name`, put in its place, so that clients need not follow it.

use serde_json::{Map, Value};

const DEFINITIONS: &str = "$defs";
const PREFIX: &str = "#/$defs/";
/// Deeper references than these are an error.
const DEPTH: usize = 64;
/// A schema may not grow beyond so many nodes by its references.
const NODES: usize = 100_000;

/// Keywords whose values are no schemas: what looks like a reference in them is none.
const PLAIN: [&str; 4] = ["default", "enum", "const", "example"];

/// Keywords whose members are called as the author likes; each is a schema.
const NAMED: [&str; 2] = ["properties", "patternProperties"];

/// The schema with every reference replaced by what it names. What stands beside a reference overrides it.
pub(super) fn resolve(schema: &Value) -> Result<Value, String> {
    let definitions = schema.get(DEFINITIONS).and_then(Value::as_object);
    let mut nodes = 0;
    let mut resolved = follow(schema, definitions, &mut Vec::new(), &mut nodes)?;
    if let Some(object) = resolved.as_object_mut() {
        object.remove(DEFINITIONS);
    }
    Ok(resolved)
}

fn follow<'s>(
    value: &'s Value,
    definitions: Option<&'s Map<String, Value>>,
    open: &mut Vec<&'s str>,
    nodes: &mut usize,
) -> Result<Value, String> {
    *nodes += 1;
    if *nodes > NODES {
        return Err(format!("the schema has more than {NODES} nodes once its references are followed"));
    }
    match value {
        Value::Array(items) => items.iter().map(|item| follow(item, definitions, open, nodes)).collect(),
        Value::Object(members) => {
            let mut out = match members.get("$ref").and_then(Value::as_str) {
                Some(reference) => named(reference, definitions, open, nodes)?,
                None => Map::new(),
            };
            for (member, value) in members {
                let is_reference = member == "$ref" && value.is_string();
                if is_reference || member == DEFINITIONS {
                    continue;
                }
                let plain = PLAIN.contains(&member.as_str()) || member.starts_with("x-");
                let value = match value {
                    _ if plain => value.clone(),
                    Value::Object(schemas) if NAMED.contains(&member.as_str()) => {
                        let schemas = schemas
                            .iter()
                            .map(|(name, schema)| Ok((name.clone(), follow(schema, definitions, open, nodes)?)));
                        Value::Object(schemas.collect::<Result<_, String>>()?)
                    }
                    _ => follow(value, definitions, open, nodes)?,
                };
                out.insert(member.clone(), value);
            }
            Ok(Value::Object(out))
        }
        other => Ok(other.clone()),
    }
}

/// What a reference names.
fn named<'s>(
    reference: &'s str,
    definitions: Option<&'s Map<String, Value>>,
    open: &mut Vec<&'s str>,
    nodes: &mut usize,
) -> Result<Map<String, Value>, String> {
    let name = reference.strip_prefix(PREFIX).filter(|name| !name.is_empty() && !name.contains('/'));
    let Some(name) = name else { return Err(format!("unsupported $ref path {reference:?}: expected {PREFIX}Name")) };
    if open.contains(&name) {
        return Err(format!("circular $ref: {} → {name}", open.join(" → ")));
    }
    if open.len() >= DEPTH {
        return Err(format!("$ref {reference:?} is nested deeper than {DEPTH}"));
    }
    let Some(definition) = definitions.and_then(|definitions| definitions.get(name)) else {
        return Err(format!("$ref {reference:?} not found in $defs"));
    };
    open.push(name);
    let resolved = follow(definition, definitions, open, nodes);
    open.pop();
    Ok(match resolved? {
        Value::Object(members) => members,
        _ => Map::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case::none(json!({"type": "object"}), Ok(json!({"type": "object"})))]
    #[case::what_stands_beside_it_wins(
        json!({"$defs": {"A": {"type": "string", "default": "x"}}, "properties": {"a": {"$ref": "#/$defs/A", "default": "y"}}}),
        Ok(json!({"properties": {"a": {"type": "string", "default": "y"}}}))
    )]
    #[case::a_default_is_a_value(
        json!({"default": {"$ref": "x"}}),
        Ok(json!({"default": {"$ref": "x"}}))
    )]
    #[case::a_property_may_be_called_default(
        json!({"$defs": {"A": {"type": "string"}}, "properties": {"default": {"$ref": "#/$defs/A"}}}),
        Ok(json!({"properties": {"default": {"type": "string"}}}))
    )]
    #[case::a_circle(
        json!({"$defs": {"A": {"items": {"$ref": "#/$defs/A"}}}, "$ref": "#/$defs/A"}),
        Err("circular $ref: A → A")
    )]
    #[case::nowhere(json!({"$ref": "#/$defs/B"}), Err("$ref \"#/$defs/B\" not found in $defs"))]
    #[case::elsewhere(
        json!({"$ref": "http://x"}),
        Err("unsupported $ref path \"http://x\": expected #/$defs/Name")
    )]
    fn references(#[case] schema: Value, #[case] expected: Result<Value, &str>) {
        assert_eq!(resolve(&schema), expected.map_err(str::to_owned));
    }

    #[test]
    fn references_cannot_blow_up_a_schema() {
        let mut definitions = Map::new();
        for n in 0..40 {
            let next = json!({"$ref": format!("#/$defs/D{}", n + 1)});
            definitions.insert(format!("D{n}"), json!({"properties": {"a": next, "b": next}}));
        }
        definitions.insert("D40".into(), json!({"type": "string"}));
        let problem = resolve(&json!({"$defs": definitions, "$ref": "#/$defs/D0"}));
        assert_eq!(problem, Err("the schema has more than 100000 nodes once its references are followed".into()));
    }
}
