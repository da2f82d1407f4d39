//! The shadow of a rendered object: the same shape, with the number of an origin at each node.

use std::sync::Arc;

use super::table::OriginId;
use crate::patch::Node;
use crate::template::Segment;

/// A node of the shadow.
#[derive(Debug, Clone)]
pub(super) struct Shadow {
    /// Who wrote the value at this node; `None` where it was made on the way to a field below.
    pub(super) origin: Option<OriginId>,
    pub(super) inside: Inside,
}

/// The origin of a field.
#[derive(Debug)]
pub(super) struct Found<'p> {
    pub(super) origin: OriginId,
    /// How much of the path lies below the value that has this origin.
    pub(super) inside: &'p [Segment],
    /// The origins of the values around it, outermost first, each with the path that lies below it.
    pub(super) around: Vec<(OriginId, &'p [Segment])>,
}

#[derive(Debug, Clone)]
pub(super) enum Inside {
    /// The value and all that is in it have this one origin.
    Whole,
    List(Vec<Shadow>),
    Map(Vec<(Arc<str>, Shadow)>),
    /// Nothing is there yet.
    Vacant,
}

impl Inside {
    /// The item or entry at a step, if it is told apart.
    pub(super) fn entry_mut(&mut self, segment: &Segment) -> Option<&mut Shadow> {
        match (self, segment) {
            (Self::List(items), Segment::Index(at)) => items.get_mut(*at),
            (Self::Map(entries), Segment::Key(key)) => {
                entries.iter_mut().rfind(|(known, _)| known == key).map(|(_, value)| value)
            }
            _ => None,
        }
    }
}

impl Shadow {
    pub(super) fn whole(origin: OriginId) -> Self {
        Self { origin: Some(origin), inside: Inside::Whole }
    }

    /// The origin of the field at `path`, or of the nearest value around it that has one.
    pub(super) fn at<'p>(&self, path: &'p [Segment]) -> Option<Found<'p>> {
        self.walk(path).0
    }

    /// As [`Shadow::at`], where the field is known to be there.
    pub(super) fn existing<'p>(&self, path: &'p [Segment]) -> Option<Found<'p>> {
        let (found, unknown) = self.walk(path);
        found.filter(|_| unknown.is_empty())
    }

    /// What is found, and how much of the path is not told apart.
    fn walk<'p>(&self, path: &'p [Segment]) -> (Option<Found<'p>>, &'p [Segment]) {
        let mut around = Vec::new();
        let mut found = self.origin.map(|origin| (origin, path));
        around.extend(found);
        let (mut node, mut rest) = (self, path);
        while let Some((first, below)) = rest.split_first() {
            let next = match (&node.inside, first) {
                (Inside::List(items), Segment::Index(at)) => items.get(*at),
                (Inside::Map(entries), Segment::Key(key)) => {
                    entries.iter().rfind(|(known, _)| known == key).map(|(_, value)| value)
                }
                _ => None,
            };
            let Some(next) = next else { break };
            (node, rest) = (next, below);
            if let Some(origin) = node.origin {
                // What has the origin of the value around it was opened, not written: the path counts from there.
                if found.is_none_or(|(known, _)| known != origin) {
                    found = Some((origin, rest));
                }
                around.push((origin, rest));
            }
        }
        (found.map(|(origin, inside)| Found { origin, inside, around }), rest)
    }

    /// The origins of all that is inside.
    pub(super) fn each_inside(&self, visit: &mut dyn FnMut(OriginId)) {
        let mut one = |node: &Self| {
            node.origin.into_iter().for_each(&mut *visit);
            node.each_inside(visit);
        };
        match &self.inside {
            Inside::List(items) => items.iter().for_each(&mut one),
            Inside::Map(entries) => entries.iter().for_each(|(_, node)| one(node)),
            Inside::Whole | Inside::Vacant => {}
        }
    }

    /// The node at a pointer, if it is there.
    pub(super) fn find(&self, pointer: &[crate::patch::Segment]) -> Option<&Shadow> {
        pointer.iter().try_fold(self, |node, segment| match (&node.inside, segment) {
            (Inside::List(items), crate::patch::Segment::Index(at)) => items.get(*at),
            (Inside::Map(entries), crate::patch::Segment::Key(key)) => {
                entries.iter().rfind(|(known, _)| **known == **key).map(|(_, value)| value)
            }
            _ => None,
        })
    }

    /// The entry at a key, if it is told apart.
    pub(super) fn entry_at(&self, key: &str) -> Option<&Self> {
        match &self.inside {
            Inside::Map(entries) => entries.iter().rfind(|(known, _)| **known == *key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Whether there is something here that somebody wrote.
    pub(super) fn is_told(&self) -> bool {
        self.origin.is_some() && !matches!(self.inside, Inside::Vacant)
    }

    /// The entry at a key; what is no object becomes one.
    pub(super) fn entry(&mut self, key: &Arc<str>) -> Option<&mut Self> {
        self.entry_or(key, || key.clone())
    }

    /// Of two entries with one key the last is the one.
    fn entry_or(&mut self, key: &str, make: impl FnOnce() -> Arc<str>) -> Option<&mut Self> {
        let origin = self.origin;
        if !matches!(self.inside, Inside::Map(_)) {
            self.inside = Inside::Map(Vec::new());
        }
        let Inside::Map(entries) = &mut self.inside else { return None };
        let at = entries.iter().rposition(|(known, _)| **known == *key).unwrap_or_else(|| {
            entries.push((make(), Self { origin, inside: Inside::Vacant }));
            entries.len() - 1
        });
        entries.get_mut(at).map(|(_, value)| value)
    }

    /// Makes room for entries in a value that had one origin as a whole.
    fn open(&mut self, make: Inside) {
        if matches!(self.inside, Inside::Whole | Inside::Vacant) {
            self.inside = make;
        }
    }
}

impl Node for Shadow {
    fn new_map() -> Self {
        Self { origin: None, inside: Inside::Map(Vec::new()) }
    }

    fn new_list() -> Self {
        Self { origin: None, inside: Inside::List(Vec::new()) }
    }

    fn is_vacant(&self) -> bool {
        matches!(self.inside, Inside::Vacant)
    }

    fn type_name(&self) -> &'static str {
        "shadow"
    }

    /// A value that was written as a whole is told apart item by item from here on; `crate::patch::apply` has checked on the
    /// object itself that it is a list.
    fn list(&mut self) -> Option<&mut Vec<Self>> {
        self.open(Inside::List(Vec::new()));
        match &mut self.inside {
            Inside::List(items) => Some(items),
            _ => None,
        }
    }

    fn is_map(&self) -> bool {
        matches!(self.inside, Inside::Map(_) | Inside::Whole)
    }

    fn child(&mut self, key: &str) -> Option<&mut Self> {
        self.child_or_vacant(key)
    }

    fn child_or_vacant(&mut self, key: &str) -> Option<&mut Self> {
        self.entry_or(key, || Arc::from(key))
    }

    fn set(&mut self, key: &str, value: Self) {
        if let Some(child) = self.child_or_vacant(key) {
            *child = value;
        }
    }

    fn unset(&mut self, key: &str) {
        self.open(Inside::Map(Vec::new()));
        if let Inside::Map(entries) = &mut self.inside {
            entries.retain(|(known, _)| **known != *key);
        }
    }

    fn overlay(&mut self, other: &Self) -> bool {
        let Inside::Map(entries) = &other.inside else { return false };
        for (key, value) in entries {
            self.set(key, value.clone());
        }
        true
    }
}
