//! What loops cost: as what they are written out to would.

use super::calls::{first_step, sorted_by};
use super::estimator::{Entries, Estimator, Known, Local};
use super::{Estimate, ITEMS, KEYS, VALUES};
use crate::ast::{Comprehension, ComprehensionKind};
use crate::ty::Type;

impl Estimator<'_> {
    pub(super) fn comprehension(&mut self, c: &Comprehension) -> Known {
        let range = self.expr(&c.range);
        let range_type = self.type_of(&c.range).clone();
        let count = self.size(&range, &range_type);
        let list = range.entries.map_or(matches!(range_type, Type::List(_)), |entries| entries.list);
        let local = |step: &str, size: Option<Estimate>| {
            let mut path = range.path.clone();
            path.push(step.into());
            Local { size, path, entries: None }
        };
        let (key, value) = (range.entries.map(|entries| entries.key), range.entries.map(|entries| entries.value));
        let depth = self.locals.len();
        match (&c.var2, list) {
            (Some(_), _) => {
                self.locals.push(local(first_step(list), key));
                self.locals.push(local(if list { ITEMS } else { VALUES }, value));
            }
            (None, true) => self.locals.push(local(ITEMS, value)),
            (None, false) => self.locals.push(local(KEYS, key)),
        }
        let filter = c.filter.as_ref().map(|filter| self.expr(filter).cost);
        let body = self.expr(&c.body);
        let body_type = self.type_of(&c.body).clone();
        let made = match c.kind {
            ComprehensionKind::Filter => self.locals.get(depth).cloned().map(|item| {
                let known = Known { path: item.path, ..Known::of(Estimate::exactly(1)) };
                let item_type = match &range_type {
                    Type::List(item) => (**item).clone(),
                    Type::Map(entry) => entry.0.clone(),
                    _ => Type::Dyn,
                };
                self.known_size(&known, &item_type).or(item.size).unwrap_or(Estimate::UNKNOWN)
            }),
            _ => Some(self.size(&body, &body_type)),
        };
        self.locals.truncate(depth);

        let one = Estimate::exactly(1);
        let kept = |cost: Estimate| match filter {
            Some(filter) => filter.plus(cost.either(one)),
            None => cost,
        };
        let map = kept(body.cost.plus(Estimate::exactly(12)));
        // What begins the loop, what each turn costs, what ends it.
        let (begin, turn, end) = match c.kind {
            ComprehensionKind::All => (0, Estimate { min: 3, max: body.cost.max.saturating_add(3) }, 1),
            ComprehensionKind::Exists => (0, Estimate { min: 4, max: body.cost.max.saturating_add(4) }, 1),
            ComprehensionKind::ExistsOne => (0, body.cost.plus(Estimate { min: 1, max: 2 }), 2),
            ComprehensionKind::Filter => (10, body.cost.plus(Estimate { min: 1, max: 13 }), 1),
            ComprehensionKind::Map | ComprehensionKind::SortBy => (10, map, 1),
            ComprehensionKind::TransformMap => (30, kept(body.cost.plus(Estimate::exactly(3))), 1),
            // The body is a map of its own.
            ComprehensionKind::TransformMapEntry => (30, kept(body.cost.plus(Estimate::exactly(2))), 1),
        };
        let cost = range.cost.plus(Estimate::exactly(begin + end)).plus(count.times(turn));
        // The result has the items of what it began with, which was nothing, and of all turns.
        let entries = made.map(|made| Entries { list: true, key: one, value: Estimate { min: 0, max: made.max } });
        match c.kind {
            ComprehensionKind::All | ComprehensionKind::Exists | ComprehensionKind::ExistsOne => {
                Known::sized(cost, one)
            }
            ComprehensionKind::Filter | ComprehensionKind::Map => Known { entries, ..Known::sized(cost, count) },
            ComprehensionKind::TransformMap | ComprehensionKind::TransformMapEntry => Known::sized(cost, count),
            ComprehensionKind::SortBy => {
                // The list has a name, is read for its keys and for itself, and is sorted by them.
                let (sorting, size) = sorted_by(count, &body_type);
                Known::sized(cost.plus(Estimate::exactly(10 + 1 + 1)).plus(sorting), size)
            }
        }
    }
}
