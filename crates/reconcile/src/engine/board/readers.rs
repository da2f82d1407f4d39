//! Who read what: from a touched thing to the keys whose last run read it.

use std::collections::BTreeMap;

use super::RunId;
use crate::engine::cache::{Facets, Thing, Touch};

/// One flat table in order of thing: many keys may read one thing, most things are read by few.
#[derive(Default)]
pub(crate) struct Readers {
    table: BTreeMap<(Thing, RunId), Facets>,
}

impl Readers {
    /// The keys that read a touched facet of a touched thing.
    pub(crate) fn of(&self, touch: Touch) -> Vec<RunId> {
        let range = (touch.thing, 0)..=(touch.thing, RunId::MAX);
        self.table.range(range).filter(|(_, facets)| facets.intersects(touch.facets)).map(|((_, id), _)| *id).collect()
    }

    /// Replaces the reads of a key; `old` becomes the new ones.
    pub(crate) fn replace(&mut self, id: RunId, old: &mut Box<[(Thing, Facets)]>, mut new: Vec<(Thing, Facets)>) {
        new.sort_unstable();
        new.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                earlier.1 |= later.1;
            }
            same
        });
        if **old == *new {
            return;
        }
        for (thing, _) in old.iter() {
            self.table.remove(&(*thing, id));
        }
        for (thing, facets) in &new {
            self.table.insert((*thing, id), *facets);
        }
        *old = new.into_boxed_slice();
    }
}
