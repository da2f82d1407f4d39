//! Documents from clients, with the duplicate fields that they contain.

use std::{cell::RefCell, fmt, rc::Rc};

use http::StatusCode;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::{
    protobuf::{self, ProtobufError},
    status::ApiError,
    wire::Media,
};

/// Parses one document. Answers the value and what is wrong with it without making it unreadable: fields that come twice.
pub(crate) fn document(media: Media, bytes: &[u8]) -> Result<(Value, Vec<String>), ApiError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(ApiError::bad_request("the request body is empty: an object is expected"));
    }
    if media == Media::Protobuf {
        let value = protobuf::decode(bytes).map_err(|error| match error {
            ProtobufError::Malformed(_) => ApiError::bad_request(error.to_string()),
            ProtobufError::Kind(_) => {
                ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", error.to_string())
            }
        })?;
        return Ok((value, Vec::new()));
    }
    if matches!(media, Media::Yaml | Media::ApplyYaml) {
        return yaml(bytes);
    }
    let found = Rc::new(RefCell::new(Vec::new()));
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let seed = Node { path: String::new(), found: found.clone() };
    let value = seed
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|error| ApiError::bad_request(format!("couldn't get version/kind; json parse error: {error}")))?;
    let duplicates = found.take();
    Ok((value, duplicates))
}

/// Keys that come twice are told with their line, the first of them; the last one wins.
fn yaml(bytes: &[u8]) -> Result<(Value, Vec<String>), ApiError> {
    let failed = |problem: &dyn fmt::Display| ApiError::bad_request(format!("error parsing YAML: {problem}"));
    let text = std::str::from_utf8(bytes).map_err(|error| failed(&error))?;
    let error = match serde_saphyr::from_str(text) {
        Ok(value) => return Ok((value, Vec::new())),
        Err(error) => error,
    };
    let Some(duplicate) = duplicate(&error) else { return Err(failed(&error)) };
    let options = serde_saphyr::options! { duplicate_keys: serde_saphyr::DuplicateKeyPolicy::LastWins };
    let value = serde_saphyr::from_str_with_options(text, options).map_err(|error| failed(&error))?;
    Ok((value, vec![duplicate]))
}

/// What Kubernetes says of a key that comes twice.
fn duplicate(error: &serde_saphyr::Error) -> Option<String> {
    match error {
        serde_saphyr::Error::DuplicateMappingKey { key, location } => {
            Some(format!("line {}: key {:?} already set in map", location.line(), key.as_deref().unwrap_or_default()))
        }
        serde_saphyr::Error::WithSnippet { error, .. } => duplicate(error),
        _ => None,
    }
}

/// A field that comes twice: Go's decoder reads the second object into the first, and any other value in its place.
fn repeated(before: &mut Value, again: Value) {
    match (before, again) {
        (Value::Object(before), Value::Object(again)) => {
            for (key, value) in again {
                match before.get_mut(&key) {
                    Some(before) => repeated(before, value),
                    None => drop(before.insert(key, value)),
                }
            }
        }
        (before, again) => *before = again,
    }
}

struct Node {
    path: String,
    found: Rc<RefCell<Vec<String>>>,
}

impl<'de> DeserializeSeed<'de> for Node {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut out = Vec::new();
        while let Some(item) = items
            .next_element_seed(Node { path: format!("{}[{}]", self.path, out.len()), found: self.found.clone() })?
        {
            out.push(item);
        }
        Ok(Value::Array(out))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut out = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let path = if self.path.is_empty() { key.clone() } else { format!("{}.{key}", self.path) };
            let value = entries.next_value_seed(Node { path: path.clone(), found: self.found.clone() })?;
            if let Some(before) = out.get_mut(&key) {
                repeated(before, value);
                let mut found = self.found.borrow_mut();
                if found.len() < 100 {
                    found.push(format!("duplicate field {path:?}"));
                }
            } else {
                out.insert(key, value);
            }
        }
        Ok(Value::Object(out))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_duplicate_key_in_yaml_is_told_with_its_line() {
        let (value, duplicates) = document(Media::ApplyYaml, b"a: 1\nb:\n  c: 1\n  c: 2\n").unwrap();
        assert_eq!(value, json!({"a": 1, "b": {"c": 2}}));
        assert_eq!(duplicates, ["line 4: key \"c\" already set in map"]);
    }

    #[test]
    fn duplicate_fields_are_named_and_the_last_one_wins() {
        let (value, duplicates) = document(Media::Json, br#"{"a":{"b":1,"b":2},"l":[{"c":1,"c":1}]}"#).unwrap();
        assert_eq!(value, json!({"a": {"b": 2}, "l": [{"c": 1}]}));
        assert_eq!(duplicates, ["duplicate field \"a.b\"", "duplicate field \"l[0].c\""]);
    }
}
