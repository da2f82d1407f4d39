//! Broken objects made from a good one, the same on every run.

use serde_json::{Value, json};

/// One broken object.
#[derive(Debug, Clone)]
pub struct Mutation {
    /// What was done, in words.
    pub what: String,
    /// The object.
    pub object: Value,
    /// Whether unknown fields are to be refused.
    pub strict: bool,
}

/// A generator of numbers (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

/// That many mutations of an object; the seed is its kind.
pub fn mutations(object: &Value, kind: &str, count: usize) -> Vec<Mutation> {
    let seed = kind
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let mut random = Random(seed);
    let mut places = Vec::new();
    collect(object, &mut Vec::new(), &mut places);
    (0..count).map(|number| one(object, &places, number, &mut random)).collect()
}

type Place = Vec<String>;

/// All places below the object, but for its type.
fn collect(value: &Value, at: &mut Place, places: &mut Vec<Place>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    for (key, child) in children {
        if at.is_empty() && (key == "apiVersion" || key == "kind") {
            continue;
        }
        at.push(key);
        places.push(at.clone());
        collect(child, at, places);
        at.pop();
    }
}

fn one(object: &Value, places: &[Place], number: usize, random: &mut Random) -> Mutation {
    let mut object = object.clone();
    let place = &places[random.below(places.len())];
    let at = place.join(".");
    // Unknown fields are refused, warned of or dropped; the others are said in the answer.
    let (what, strict) = match number % 8 {
        0 | 1 => {
            remove(&mut object, place);
            (format!("without {at}"), false)
        }
        2 => {
            let new = other_type(reach(&mut object, place), random);
            (format!("{at} = {new}"), false)
        }
        3 => {
            let new = beyond(reach(&mut object, place), random);
            (format!("{at} {new}"), false)
        }
        4 => {
            let place = parent_object(&object, place);
            let parent = reach(&mut object, &place);
            parent["unknownField"] = json!("x");
            (format!("{}.unknownField", place.join(".")), random.below(2) == 0)
        }
        5 => {
            let value = reach(&mut object, place);
            *value = match value {
                Value::String(_) => "".into(),
                Value::Array(_) => json!([]),
                Value::Object(_) => json!({}),
                _ => Value::Null,
            };
            (format!("{at} empty"), false)
        }
        6 => {
            let texts: Vec<&Place> = places.iter().filter(|place| reach(&mut object, place).is_string()).collect();
            let place = texts.get(random.below(texts.len())).map_or(place, |place| *place);
            let bad = ["Not Valid!", "-x-", "a..b", "UPPER", "with space", "x/y/z", "ü", "9"][random.below(8)];
            *reach(&mut object, place) = bad.into();
            (format!("{} = {bad:?}", place.join(".")), false)
        }
        _ => {
            let lists: Vec<&Place> = places.iter().filter(|place| reach(&mut object, place).is_array()).collect();
            if let Some(place) = lists.get(random.below(lists.len()))
                && let Some(items) = reach(&mut object, place).as_array_mut()
                && let Some(first) = items.first().cloned()
            {
                items.push(first);
                (format!("{} has its first twice", place.join(".")), false)
            } else {
                *reach(&mut object, place) = Value::Null;
                (format!("{at} = null"), false)
            }
        }
    };
    Mutation { what, object, strict }
}

/// The value at a place; a place that is not there is made.
fn reach<'v>(value: &'v mut Value, place: &[String]) -> &'v mut Value {
    place.iter().fold(value, |value, step| {
        if value.is_array() { &mut value[step.parse::<usize>().unwrap_or(0)] } else { &mut value[step.as_str()] }
    })
}

fn parent_object(object: &Value, place: &[String]) -> Place {
    let mut object = object.clone();
    let mut place = place.to_vec();
    while !place.is_empty() && !reach(&mut object, &place).is_object() {
        place.pop();
    }
    place
}

fn remove(object: &mut Value, place: &[String]) {
    let Some((last, parent)) = place.split_last() else { return };
    match reach(object, parent) {
        Value::Object(map) => drop(map.remove(last)),
        Value::Array(items) => drop(items.remove(last.parse::<usize>().unwrap_or(0))),
        _ => {}
    }
}

fn other_type(value: &mut Value, random: &mut Random) -> Value {
    let choices: [Value; 5] = [json!("text"), json!(7), json!(true), json!({"a": "b"}), json!(["x"])];
    let same = |new: &Value| std::mem::discriminant(new) == std::mem::discriminant(value);
    let fitting: Vec<&Value> = choices.iter().filter(|new| !same(new)).collect();
    let new = fitting[random.below(fitting.len())].clone();
    *value = new.clone();
    new
}

/// More than is allowed.
fn beyond(value: &mut Value, random: &mut Random) -> String {
    match value {
        Value::String(text) => {
            let long = if random.below(2) == 0 { 64 } else { 300 };
            *text = "x".repeat(long);
            format!("of {long} letters")
        }
        Value::Number(_) => {
            *value = [json!(-1), json!(0), json!(70000), json!(99_999_999_999_i64)][random.below(4)].clone();
            format!("= {value}")
        }
        Value::Object(map) => {
            let key = ["Not A Key!", "", "a/b/c"][random.below(3)];
            map.insert(key.into(), "x".into());
            format!("with key {key:?}")
        }
        Value::Array(items) => {
            items.push(Value::Null);
            "with a null item".into()
        }
        _ => {
            *value = Value::Null;
            "= null".into()
        }
    }
}
