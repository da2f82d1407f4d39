//! Maps in insertion order, whose keys compare as the language compares them.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::Value;

/// Up to this many entries a scan is quicker than any index.
const SCANNED: usize = 16;

/// A map key. `1`, `1u` and (in look-ups) `1.0` are the same key.
#[derive(Clone, Debug)]
pub enum Key {
    /// `true` or `false`
    Bool(bool),
    /// A signed integer.
    Int(i64),
    /// An unsigned integer.
    Uint(u64),
    /// A string.
    String(Arc<str>),
}

impl Key {
    /// The key for a value; `None` where the type cannot be a key. An integral double is the integer it equals.
    pub fn from_value(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Bool(value) => Self::Bool(*value),
            Value::Int(value) => Self::Int(*value),
            Value::Uint(value) => Self::Uint(*value),
            Value::Double(value) => return Self::from_double(*value),
            Value::String(value) => Self::String(value.clone()),
            _ => return None,
        })
    }

    fn from_double(value: f64) -> Option<Self> {
        if value.fract() != 0.0 {
            None
        } else if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value) {
            Some(Self::Int(value as i64))
        } else if (0.0..18_446_744_073_709_551_616.0).contains(&value) {
            Some(Self::Uint(value as u64))
        } else {
            None
        }
    }

    /// The key as a value of its own type.
    pub fn to_value(&self) -> Value {
        match self {
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(value) => Value::Int(*value),
            Self::Uint(value) => Value::Uint(*value),
            Self::String(value) => Value::String(value.clone()),
        }
    }

    /// The key as text, as a JSON object would have it.
    pub fn to_text(&self) -> Arc<str> {
        match self {
            Self::Bool(value) => value.to_string().into(),
            Self::Int(value) => value.to_string().into(),
            Self::Uint(value) => value.to_string().into(),
            Self::String(value) => value.clone(),
        }
    }

    fn number(&self) -> Option<i128> {
        match self {
            Self::Int(value) => Some(i128::from(*value)),
            Self::Uint(value) => Some(i128::from(*value)),
            _ => None,
        }
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::String(a), Self::String(b)) => a == b,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            _ => matches!((self.number(), other.number()), (Some(a), Some(b)) if a == b),
        }
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::String(value) => value.hash(state),
            Self::Bool(value) => value.hash(state),
            _ => self.number().hash(state),
        }
    }
}

impl From<&str> for Key {
    fn from(value: &str) -> Self {
        Self::String(value.into())
    }
}

impl From<String> for Key {
    fn from(value: String) -> Self {
        Self::String(value.into())
    }
}

impl From<Arc<str>> for Key {
    fn from(value: Arc<str>) -> Self {
        Self::String(value)
    }
}

impl From<i64> for Key {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

/// An immutable map in insertion order.
#[derive(Clone, Debug, Default)]
pub struct Map {
    entries: Vec<(Key, Value)>,
    /// Where the entries are many.
    index: Option<Box<Index>>,
}

#[derive(Clone, Debug, Default)]
struct Index {
    /// Places of string keys, sorted by key.
    sorted: Vec<u32>,
    /// Places of the other keys.
    others: HashMap<Key, u32>,
}

impl Map {
    /// A map of entries whose keys are known to be distinct: they are not compared with each other. Of two with one key
    /// look-ups find either.
    pub fn from_distinct(entries: Vec<(Key, Value)>) -> Self {
        let mut map = Self { entries, index: None };
        if map.entries.len() > SCANNED {
            let mut index = Index { sorted: Vec::with_capacity(map.entries.len()), others: HashMap::new() };
            for (place, (key, _)) in map.entries.iter().enumerate() {
                if matches!(key, Key::String(_)) {
                    index.sorted.push(place as u32);
                } else {
                    index.others.insert(key.clone(), place as u32);
                }
            }
            // Keys often arrive in order, which this finds out in one pass.
            index.sorted.sort_by(|a, b| map.text_at(*a).cmp(map.text_at(*b)));
            map.index = Some(Box::new(index));
        }
        map
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries in insertion order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Key, &Value)> {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    /// The entry at a place in insertion order.
    pub fn entry(&self, place: usize) -> Option<(&Key, &Value)> {
        self.entries.get(place).map(|(key, value)| (key, value))
    }

    /// The value of a string key.
    #[inline]
    pub fn get_str(&self, name: &str) -> Option<&Value> {
        match &self.index {
            None => self.entries.iter().find_map(|(key, value)| match key {
                Key::String(key) if **key == *name => Some(value),
                _ => None,
            }),
            Some(index) => self.indexed(index, name),
        }
    }

    fn indexed(&self, index: &Index, name: &str) -> Option<&Value> {
        let found = index.sorted.binary_search_by(|place| self.text_at(*place).cmp(name)).ok()?;
        let place = *index.sorted.get(found)?;
        self.entries.get(place as usize).map(|(_, value)| value)
    }

    /// The value of a key.
    pub fn get(&self, key: &Key) -> Option<&Value> {
        if let Key::String(name) = key {
            return self.get_str(name);
        }
        let Some(index) = &self.index else {
            return self.entries.iter().find(|(k, _)| k == key).map(|(_, value)| value);
        };
        let place = *index.others.get(key)?;
        self.entries.get(place as usize).map(|(_, value)| value)
    }

    fn text_at(&self, place: u32) -> &str {
        match self.entries.get(place as usize) {
            Some((Key::String(key), _)) => key,
            _ => "",
        }
    }
}

/// Collects entries for a [`Map`].
#[derive(Debug, Default)]
pub struct MapBuilder {
    entries: Vec<(Key, Value)>,
    /// Where the entries are many.
    places: Option<HashMap<Key, usize>>,
}

impl MapBuilder {
    /// Room for as many entries.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { entries: Vec::with_capacity(capacity), places: None }
    }

    /// Whether the key is already there.
    pub fn contains(&self, key: &Key) -> bool {
        self.place(key).is_some()
    }

    fn place(&self, key: &Key) -> Option<usize> {
        match &self.places {
            None => self.entries.iter().position(|(k, _)| k == key),
            Some(places) => places.get(key).copied(),
        }
    }

    /// Adds an entry; a key that is already there keeps its place and takes the new value.
    pub fn insert(&mut self, key: Key, value: Value) {
        if let Some(place) = self.place(&key) {
            if let Some(entry) = self.entries.get_mut(place) {
                entry.1 = value;
            }
            return;
        }
        if let Some(places) = &mut self.places {
            places.insert(key.clone(), self.entries.len());
        }
        self.entries.push((key, value));
        // Further keys are looked up.
        if self.places.is_none() && self.entries.len() > SCANNED {
            self.places = Some(self.entries.iter().enumerate().map(|(i, (k, _))| (k.clone(), i)).collect());
        }
    }

    /// The finished map.
    pub fn build(self) -> Map {
        Map::from_distinct(self.entries)
    }
}

impl FromIterator<(Key, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (Key, Value)>>(pairs: I) -> Self {
        let mut builder = MapBuilder::default();
        for (key, value) in pairs {
            builder.insert(key, value);
        }
        builder.build()
    }
}
