//! Turns go round the namespaces, so that a thousand keys of one do not delay the one key of another.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::RunId;

type Namespace = Option<Arc<str>>;

/// First come, first served within a namespace; one turn per namespace.
#[derive(Default)]
pub(crate) struct FairQueue {
    turns: VecDeque<Namespace>,
    waiting: HashMap<Namespace, VecDeque<RunId>>,
}

impl FairQueue {
    /// The caller sees to it that a key is queued once.
    pub(crate) fn push(&mut self, namespace: Namespace, id: RunId) {
        let queue = self.waiting.entry(namespace.clone()).or_default();
        if queue.is_empty() {
            self.turns.push_back(namespace);
        }
        queue.push_back(id);
    }

    pub(crate) fn pop(&mut self) -> Option<RunId> {
        let namespace = self.turns.pop_front()?;
        let queue = self.waiting.get_mut(&namespace)?;
        let id = queue.pop_front();
        if queue.is_empty() {
            self.waiting.remove(&namespace);
        } else {
            self.turns.push_back(namespace);
        }
        id
    }
}

#[cfg(test)]
mod tests {
    use super::FairQueue;

    #[test]
    fn a_crowded_namespace_does_not_delay_another() {
        let mut queue = FairQueue::default();
        for id in 0..3 {
            queue.push(Some("crowded".into()), id);
        }
        queue.push(Some("quiet".into()), 10);
        queue.push(None, 20);
        let order: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(order, [0, 10, 20, 1, 2]);
    }
}
