//! The order of a merged list: what the patch names stands in the patch's order, the rest where it stood.

use serde_json::Value;

/// How items of a list are told apart: by a key of objects, or by value.
#[derive(Clone, Copy)]
pub(crate) struct Identity<'a>(pub(crate) Option<&'a str>);

impl Identity<'_> {
    pub(crate) fn of<'v>(&self, item: &'v Value) -> Option<&'v Value> {
        match self.0 {
            Some(key) => item.get(key),
            None => Some(item),
        }
    }

    pub(crate) fn same(&self, a: &Value, b: &Value) -> bool {
        match (self.of(a), self.of(b)) {
            (Some(a), Some(b)) => a == b,
            _ => false,
        }
    }

    pub(crate) fn position(&self, items: &[Value], item: &Value) -> Option<usize> {
        items.iter().position(|candidate| self.same(candidate, item))
    }
}

/// Orders `merged`: items of `order` (the patch's) in its order, others as in `live`, woven together so that both stay in the
/// live order where they have one.
pub(crate) fn arrange(merged: Vec<Value>, order: &[Value], live: &[Value], identity: Identity<'_>) -> Vec<Value> {
    let by = |items: &mut Vec<Value>, order: &[Value]| {
        items.sort_by_key(|item| identity.position(order, item).unwrap_or(usize::MAX));
    };
    let (mut named, mut rest): (Vec<Value>, Vec<Value>) =
        merged.into_iter().partition(|item| identity.position(order, item).is_some());
    by(&mut named, order);
    by(&mut rest, live);
    let mut arranged = Vec::with_capacity(named.len() + rest.len());
    let (mut named, mut rest) = (named.into_iter().peekable(), rest.into_iter().peekable());
    loop {
        let rest_first = match (rest.peek(), named.peek()) {
            (None, None) => return arranged,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some(rest), Some(named)) => match (identity.position(live, rest), identity.position(live, named)) {
                (Some(rest), Some(named)) => rest < named,
                _ => false,
            },
        };
        arranged.extend(if rest_first { rest.next() } else { named.next() });
    }
}
