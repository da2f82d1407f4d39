//! Maps in insertion order, whose keys compare as the language compares them.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::Value;

/// Up to this many entries a scan is quicker than any index.
const SCANNED: usize = 8;

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
    /// Where the entries are many: places of string keys, sorted by key.
    sorted: Vec<u32>,
    /// Where the entries are many: places of the other keys.
    others: HashMap<Key, u32>,
}

impl Map {
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
    pub fn get_str(&self, name: &str) -> Option<&Value> {
        if self.entries.len() <= SCANNED {
            return self.entries.iter().find_map(|(key, value)| match key {
                Key::String(key) if **key == *name => Some(value),
                _ => None,
            });
        }
        let found = self.sorted.binary_search_by(|place| self.text_at(*place).cmp(name)).ok()?;
        let place = *self.sorted.get(found)?;
        self.entries.get(place as usize).map(|(_, value)| value)
    }

    /// The value of a key.
    pub fn get(&self, key: &Key) -> Option<&Value> {
        if let Key::String(name) = key {
            return self.get_str(name);
        }
        if self.entries.len() <= SCANNED {
            return self.entries.iter().find(|(k, _)| k == key).map(|(_, value)| value);
        }
        let place = *self.others.get(key)?;
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
    places: HashMap<Key, usize>,
}

impl MapBuilder {
    /// Room for as many entries.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { entries: Vec::with_capacity(capacity), places: HashMap::new() }
    }

    /// Whether the key is already there.
    pub fn contains(&self, key: &Key) -> bool {
        self.place(key).is_some()
    }

    fn place(&self, key: &Key) -> Option<usize> {
        if self.entries.len() <= SCANNED {
            self.entries.iter().position(|(k, _)| k == key)
        } else {
            self.places.get(key).copied()
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
        self.entries.push((key, value));
        if self.entries.len() == SCANNED + 1 {
            self.places = self.entries.iter().enumerate().map(|(i, (k, _))| (k.clone(), i)).collect();
        } else if self.entries.len() > SCANNED
            && let Some((key, _)) = self.entries.last()
        {
            self.places.insert(key.clone(), self.entries.len() - 1);
        }
    }

    /// The finished map.
    pub fn build(self) -> Map {
        let mut map = Map { entries: self.entries, sorted: Vec::new(), others: HashMap::new() };
        if map.entries.len() > SCANNED {
            let mut sorted: Vec<u32> = Vec::with_capacity(map.entries.len());
            for (place, (key, _)) in map.entries.iter().enumerate() {
                if matches!(key, Key::String(_)) {
                    sorted.push(place as u32);
                } else {
                    map.others.insert(key.clone(), place as u32);
                }
            }
            sorted.sort_unstable_by(|a, b| map.text_at(*a).cmp(map.text_at(*b)));
            map.sorted = sorted;
        }
        map
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
