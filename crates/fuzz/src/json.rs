//! Changing JSON as a tree, so that most of it stays what it was.

use serde_json::{Map, Value, json};

use crate::mutate;
use crate::random::Random;

/// Changes one to three places.
pub(crate) fn tree(value: &mut Value, other: &Value, words: &[&str], random: &mut Random) {
    for _ in 0..=random.below(2) {
        let place = somewhere(value, random);
        change(place, other, words, random);
    }
}

/// A place in the tree, deeper ones more often.
fn somewhere<'v>(value: &'v mut Value, random: &mut Random) -> &'v mut Value {
    let count = value.as_array().map(Vec::len).or(value.as_object().map(Map::len)).unwrap_or_default();
    if count == 0 || random.once_in(6) {
        return value;
    }
    let at = random.below(count);
    match value {
        Value::Array(items) => somewhere(&mut items[at], random),
        Value::Object(entries) => {
            let key = entries.keys().nth(at).cloned().unwrap_or_default();
            somewhere(entries.entry(key).or_insert(Value::Null), random)
        }
        other => other,
    }
}

fn change(place: &mut Value, other: &Value, words: &[&str], random: &mut Random) {
    match random.below(8) {
        0 => *place = odd(random),
        1 => *place = part(other, random),
        2 => *place = Value::from(random.pick(words).copied().unwrap_or_default()),
        3 => {
            let depth = 1 + random.below(90);
            let inner = std::mem::take(place);
            *place = (0..depth).fold(inner, |inner, at| if at % 2 == 0 { json!([inner]) } else { json!({"a": inner}) });
        }
        _ => match place {
            Value::String(text) => *text = mutate::text(text, words, random),
            Value::Array(items) if !items.is_empty() => {
                let at = random.below(items.len());
                if random.once_in(2) {
                    items.remove(at);
                } else {
                    let copies = vec![items[at].clone(); 1 + random.below(40)];
                    items.extend(copies);
                }
            }
            Value::Object(entries) if !entries.is_empty() => object(entries, other, words, random),
            other => *other = odd(random),
        },
    }
}

fn object(entries: &mut Map<String, Value>, other: &Value, words: &[&str], random: &mut Random) {
    let at = random.below(entries.len());
    let Some(key) = entries.keys().nth(at).cloned() else { return };
    match random.below(3) {
        0 => {
            entries.remove(&key);
        }
        1 => {
            if let Some(value) = entries.remove(&key) {
                entries.insert(mutate::text(&key, words, random), value);
            }
        }
        _ => {
            entries.insert(random.pick(words).copied().unwrap_or_default().to_owned(), part(other, random));
        }
    }
}

fn odd(random: &mut Random) -> Value {
    let all = [
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(1.5),
        json!(1e308),
        json!(-0.0),
        json!(""),
        json!("a"),
        json!([]),
        json!({}),
        json!([[]]),
    ];
    random.pick(&all).cloned().unwrap_or_default()
}

fn part(value: &Value, random: &mut Random) -> Value {
    let mut value = value.clone();
    somewhere(&mut value, random).clone()
}
