//! Sets of field paths: what one manager owns.

use std::collections::BTreeMap;

use super::element::PathElement;
use super::typing::Type;

/// A set of field paths, kept as a tree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldSet {
    nodes: BTreeMap<PathElement, SetNode>,
}

/// Whether the path up to here is in the set, and what is in it below.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SetNode {
    pub(crate) member: bool,
    pub(crate) below: FieldSet,
}

impl SetNode {
    fn is_empty(&self) -> bool {
        !self.member && self.below.is_empty()
    }
}

impl FieldSet {
    /// The empty set.
    pub fn new() -> FieldSet {
        FieldSet::default()
    }

    /// A set of plain field paths: `FieldSet::of_fields(&[&["status"], &["metadata", "labels"]])`.
    pub fn of_fields(paths: &[&[&str]]) -> FieldSet {
        let mut set = FieldSet::new();
        for path in paths {
            let path: Vec<PathElement> = path.iter().map(|name| PathElement::Field((*name).to_owned())).collect();
            set.insert(&path);
        }
        set
    }

    /// Whether nothing is in the set.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Adds a path. The empty path (the whole object) is never owned and is ignored.
    pub fn insert(&mut self, path: &[PathElement]) {
        let Some((first, rest)) = path.split_first() else { return };
        let node = self.nodes.entry(first.clone()).or_default();
        if rest.is_empty() {
            node.member = true;
        } else {
            node.below.insert(rest);
        }
    }

    /// Whether this very path is in the set.
    pub fn has(&self, path: &[PathElement]) -> bool {
        match path.split_first() {
            None => false,
            Some((first, [])) => self.nodes.get(first).is_some_and(|node| node.member),
            Some((first, rest)) => self.nodes.get(first).is_some_and(|node| node.below.has(rest)),
        }
    }

    /// All paths, in order.
    pub fn paths(&self) -> Vec<Vec<PathElement>> {
        let mut found = Vec::new();
        self.collect(&mut Vec::new(), &mut found);
        found
    }

    fn collect(&self, prefix: &mut Vec<PathElement>, found: &mut Vec<Vec<PathElement>>) {
        for (element, node) in &self.nodes {
            prefix.push(element.clone());
            if node.member {
                found.push(prefix.clone());
            }
            node.below.collect(prefix, found);
            prefix.pop();
        }
    }

    pub(crate) fn nodes(&self) -> impl Iterator<Item = (&PathElement, &SetNode)> {
        self.nodes.iter()
    }

    pub(crate) fn node(&self, element: &PathElement) -> Option<&SetNode> {
        self.nodes.get(element)
    }

    pub(crate) fn put(&mut self, element: PathElement, node: SetNode) {
        if !node.is_empty() {
            self.nodes.insert(element, node);
        }
    }

    /// Paths in either set.
    #[must_use]
    pub fn union(&self, other: &FieldSet) -> FieldSet {
        let mut union = self.clone();
        for (element, node) in &other.nodes {
            let entry = union.nodes.entry(element.clone()).or_default();
            entry.member |= node.member;
            entry.below = entry.below.union(&node.below);
        }
        union
    }

    /// Paths in both sets.
    #[must_use]
    pub fn intersection(&self, other: &FieldSet) -> FieldSet {
        let mut both = FieldSet::new();
        for (element, node) in &self.nodes {
            if let Some(theirs) = other.nodes.get(element) {
                let below = node.below.intersection(&theirs.below);
                both.put(element.clone(), SetNode { member: node.member && theirs.member, below });
            }
        }
        both
    }

    /// Paths of this set that are not in the other; a path of the other takes nothing below it away.
    #[must_use]
    pub fn difference(&self, other: &FieldSet) -> FieldSet {
        self.minus(other, false)
    }

    /// Paths of this set that are neither in the other nor below one of its paths.
    #[must_use]
    pub fn recursive_difference(&self, other: &FieldSet) -> FieldSet {
        self.minus(other, true)
    }

    fn minus(&self, other: &FieldSet, recursive: bool) -> FieldSet {
        let mut rest = FieldSet::new();
        for (element, node) in &self.nodes {
            match other.nodes.get(element) {
                None => rest.put(element.clone(), node.clone()),
                Some(theirs) if recursive && theirs.member => {}
                Some(theirs) => {
                    let below = node.below.minus(&theirs.below, recursive);
                    rest.put(element.clone(), SetNode { member: node.member && !theirs.member, below });
                }
            }
        }
        rest
    }

    /// The same set with every declared field on the way to a path in it too.
    pub(crate) fn with_named_fields(&self, place: Type<'_>) -> FieldSet {
        let mut named = FieldSet::new();
        for (element, node) in &self.nodes {
            let declared = match element {
                PathElement::Field(name) => !node.below.is_empty() && place.declares(name),
                _ => false,
            };
            let below = node.below.with_named_fields(place.at(element));
            named.put(element.clone(), SetNode { member: node.member || declared, below });
        }
        named
    }
}
