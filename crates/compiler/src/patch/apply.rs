//! Writing at one concrete place.

use super::PatchError;
use super::expand::{Pointer, Segment};
use crate::tree::{Map, Tree};

/// What a patch operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// Sets a key or inserts into a list; creates what is missing on the way.
    Add,
    /// Replaces what exists.
    Replace,
    /// Takes out what exists; a key that is missing is no error.
    Remove,
    /// Overlays an object's entries, one level deep; creates what is missing on the way.
    MergeShallow,
}

impl Op {
    /// The operation by its name, whose case does not matter.
    pub fn parse(name: &str) -> Result<Self, PatchError> {
        [Self::Add, Self::Replace, Self::Remove, Self::MergeShallow]
            .into_iter()
            .find(|op| op.name().eq_ignore_ascii_case(name))
            .ok_or_else(|| PatchError::UnknownOperation(name.to_owned()))
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Replace => "replace",
            Self::Remove => "remove",
            Self::MergeShallow => "mergeShallow",
        }
    }
}

/// What operations are applied to: the rendered value, and the shadow of it that remembers where each leaf came from.
pub trait Node: Clone {
    /// A new empty object.
    fn new_map() -> Self;
    /// A new empty list.
    fn new_list() -> Self;
    /// Whether a container may take this node's place.
    fn is_vacant(&self) -> bool;
    /// The type's name for messages.
    fn type_name(&self) -> &'static str;
    /// The list's items, if it is a list.
    fn list(&mut self) -> Option<&mut Vec<Self>>;
    /// Whether this is an object.
    fn is_map(&self) -> bool;
    /// The value at a key, if this is an object that has it.
    fn child(&mut self, key: &str) -> Option<&mut Self>;
    /// The value at a key of an object, put there if it was missing.
    fn child_or_vacant(&mut self, key: &str) -> Option<&mut Self>;
    /// Sets a key of an object.
    fn set(&mut self, key: &str, value: Self);
    /// Takes a key out of an object.
    fn unset(&mut self, key: &str);
    /// Sets every entry of `other` in this object. `false` where `other` is none.
    fn overlay(&mut self, other: &Self) -> bool;
}

/// Applies one operation at one place.
pub fn apply_at<N: Node>(root: &mut N, op: Op, pointer: &Pointer, value: &N) -> Result<(), PatchError> {
    let Some((last, parents)) = pointer.split_last() else { return Err(PatchError::Root(op.name())) };
    match op {
        Op::Add => add(create_parents(root, parents, last)?, last, value),
        Op::Replace => replace(existing_parent(root, parents)?, last, value),
        Op::Remove => remove(existing_parent(root, parents)?, last),
        Op::MergeShallow => merge(create_parents(root, parents, last)?, last, value),
    }
}

fn create_parents<'n, N: Node>(root: &'n mut N, parents: &[Segment], last: &Segment) -> Result<&'n mut N, PatchError> {
    let mut node = root;
    for (at, segment) in parents.iter().enumerate() {
        let next = parents.get(at + 1).unwrap_or(last);
        node = match segment {
            Segment::Key(key) => {
                let found = node.type_name();
                let child = node.child_or_vacant(key).ok_or(PatchError::NotObject { key: key.clone(), found })?;
                if child.is_vacant() {
                    *child = match next {
                        Segment::Key(_) => N::new_map(),
                        Segment::Append => N::new_list(),
                        Segment::Index(index) => return Err(PatchError::NoList(*index)),
                    };
                }
                child
            }
            Segment::Index(index) => item(node, *index)?,
            Segment::Append => return Err(PatchError::AppendInside),
        };
    }
    Ok(node)
}

fn existing_parent<'n, N: Node>(root: &'n mut N, parents: &[Segment]) -> Result<&'n mut N, PatchError> {
    let mut node = root;
    for segment in parents {
        node = match segment {
            Segment::Key(key) => {
                if !node.is_map() && !node.is_vacant() {
                    return Err(PatchError::NotObject { key: key.clone(), found: node.type_name() });
                }
                node.child(key).filter(|child| !child.is_vacant()).ok_or_else(|| PatchError::Missing(key.clone()))?
            }
            Segment::Index(index) => item(node, *index)?,
            Segment::Append => return Err(PatchError::Missing("-".to_owned())),
        };
    }
    Ok(node)
}

fn item<N: Node>(node: &mut N, index: usize) -> Result<&mut N, PatchError> {
    let found = node.type_name();
    node.list().ok_or(PatchError::NotArray { found })?.get_mut(index).ok_or(PatchError::OutOfBounds(index))
}

fn add<N: Node>(parent: &mut N, last: &Segment, value: &N) -> Result<(), PatchError> {
    let found = parent.type_name();
    match last {
        Segment::Key(key) if parent.is_map() => parent.set(key, value.clone()),
        Segment::Key(key) => return Err(PatchError::NotObject { key: key.clone(), found }),
        Segment::Index(index) => {
            let items = parent.list().ok_or(PatchError::NotArray { found })?;
            if *index > items.len() {
                return Err(PatchError::OutOfBounds(*index));
            }
            items.insert(*index, value.clone());
        }
        Segment::Append => parent.list().ok_or(PatchError::NotArray { found })?.push(value.clone()),
    }
    Ok(())
}

fn replace<N: Node>(parent: &mut N, last: &Segment, value: &N) -> Result<(), PatchError> {
    let found = parent.type_name();
    match last {
        Segment::Key(key) => {
            if !parent.is_map() {
                return Err(PatchError::NotObject { key: key.clone(), found });
            }
            *parent.child(key).ok_or_else(|| PatchError::ReplaceMissing(key.clone()))? = value.clone();
        }
        Segment::Index(index) => *item(parent, *index)? = value.clone(),
        Segment::Append => return Err(PatchError::ReplaceAppend),
    }
    Ok(())
}

fn remove<N: Node>(parent: &mut N, last: &Segment) -> Result<(), PatchError> {
    let found = parent.type_name();
    match last {
        Segment::Key(key) if parent.is_map() => parent.unset(key),
        Segment::Key(key) => return Err(PatchError::NotObject { key: key.clone(), found }),
        Segment::Index(index) => {
            let items = parent.list().ok_or(PatchError::NotArray { found })?;
            if *index >= items.len() {
                return Err(PatchError::RemoveOutOfBounds { index: *index, length: items.len() });
            }
            items.remove(*index);
        }
        Segment::Append => return Err(PatchError::RemoveAppend),
    }
    Ok(())
}

fn merge<N: Node>(parent: &mut N, last: &Segment, value: &N) -> Result<(), PatchError> {
    if !value.is_map() {
        return Err(PatchError::MergeValue(value.type_name()));
    }
    let found = parent.type_name();
    let target = match last {
        Segment::Key(key) => parent.child_or_vacant(key).ok_or(PatchError::NotObject { key: key.clone(), found })?,
        Segment::Index(index) => item(parent, *index)?,
        Segment::Append => return Err(PatchError::MergeItem),
    };
    if !target.is_map() {
        *target = N::new_map();
    }
    target.overlay(value);
    Ok(())
}

impl Node for Tree {
    fn new_map() -> Self {
        Self::Map(Map::new())
    }

    fn new_list() -> Self {
        Self::List(Vec::new())
    }

    fn is_vacant(&self) -> bool {
        matches!(self, Self::Null)
    }

    fn type_name(&self) -> &'static str {
        Self::type_name(self)
    }

    fn list(&mut self) -> Option<&mut Vec<Self>> {
        self.as_list_mut()
    }

    fn is_map(&self) -> bool {
        self.as_map().is_some()
    }

    fn child(&mut self, key: &str) -> Option<&mut Self> {
        self.as_map_mut()?.get_mut(key)
    }

    fn child_or_vacant(&mut self, key: &str) -> Option<&mut Self> {
        Some(self.as_map_mut()?.entry(key))
    }

    fn set(&mut self, key: &str, value: Self) {
        if let Some(map) = self.as_map_mut() {
            map.insert(key, value);
        }
    }

    fn unset(&mut self, key: &str) {
        if let Some(map) = self.as_map_mut() {
            map.remove(key);
        }
    }

    fn overlay(&mut self, other: &Self) -> bool {
        let (Some(map), Some(other)) = (self.as_map_mut(), other.as_map()) else { return false };
        for (key, value) in other.iter() {
            map.insert(key.clone(), value.clone());
        }
        true
    }
}
