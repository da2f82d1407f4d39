//! All objects of some files, found as a control plane finds them.

use super::Object;

/// What became of an object that was added.
pub(crate) enum Added {
    /// It is the first of its kind and name.
    New,
    /// The same was there already.
    Again,
    /// It took the place of another, as it would when both are applied.
    Instead,
}

/// The objects of all files; of each kind, namespace and name the last.
#[derive(Default)]
pub(crate) struct Objects<'s>(Vec<Object<'s>>);

impl<'s> Objects<'s> {
    pub(crate) fn add(&mut self, object: Object<'s>) -> Added {
        let same = |other: &&mut Object<'_>| {
            other.is(object.manifest.noun.kind)
                && other.name() == object.name()
                && other.namespace() == object.namespace()
        };
        match self.0.iter_mut().find(same) {
            Some(other) if other.stored == object.stored => Added::Again,
            Some(other) => {
                *other = object;
                Added::Instead
            }
            None => {
                self.0.push(object);
                Added::New
            }
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Object<'s>> {
        self.0.iter()
    }

    pub(crate) fn of_kind<'k>(&self, kind: &'k str) -> impl Iterator<Item = &Object<'s>> + use<'_, 's, 'k> {
        self.0.iter().filter(move |object| object.is(kind))
    }

    /// Those of a kind in a namespace.
    pub(crate) fn here<'k>(
        &self,
        kind: &'k str,
        namespace: &'k str,
    ) -> impl Iterator<Item = &Object<'s>> + use<'_, 's, 'k> {
        self.of_kind(kind).filter(move |object| object.namespace() == namespace)
    }

    /// What something in a namespace means by kind and name: an object beside it, or one that is in no namespace.
    pub(crate) fn find(&self, kind: &str, name: &str, namespace: &str) -> Option<&Object<'s>> {
        self.of_kind(kind).find(|object| object.name() == name && [namespace, ""].contains(&object.namespace()))
    }
}
