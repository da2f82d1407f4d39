//! An object's labels in one piece of memory: they are kept for every object, and looked at one after the other.

use std::collections::BTreeMap;

use crate::object::label_selector::LabelMap;

/// `key NUL value NUL …`, in order of the keys. Labels contain no NUL: those that do are refused before they are stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Labels(Box<str>);

impl Labels {
    pub(super) fn new(labels: &BTreeMap<String, String>) -> Self {
        let mut text = String::with_capacity(labels.iter().map(|(key, value)| key.len() + value.len() + 2).sum());
        for (key, value) in labels {
            text.push_str(key);
            text.push('\0');
            text.push_str(value);
            text.push('\0');
        }
        Self(text.into())
    }
}

impl LabelMap for Labels {
    fn label(&self, key: &str) -> Option<&str> {
        let mut words = self.0.split_terminator('\0');
        while let (Some(known), Some(value)) = (words.next(), words.next()) {
            if known == key {
                return Some(value);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_found_by_its_whole_key() {
        let labels: BTreeMap<String, String> =
            [("a", "b"), ("b", ""), ("c", "a")].map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let labels = Labels::new(&labels);
        assert_eq!(["a", "b", "c", "", "d"].map(|key| labels.label(key)), [Some("b"), Some(""), Some("a"), None, None]);
        assert_eq!(Labels::new(&BTreeMap::new()).label(""), None);
    }
}
