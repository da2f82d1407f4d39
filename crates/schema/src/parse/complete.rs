//! What value validations at the root speak of must stand in the structure as well.

use super::SchemaProblem;
use super::keywords::child;
use crate::node::{Arena, NodeId};

/// Fields and items that only value validations know.
pub(super) fn problems(arena: &Arena, root: NodeId, problems: &mut Vec<SchemaProblem>) {
    Complete { arena, problems }.branches(root, Some(root), "", "");
}

struct Complete<'a> {
    arena: &'a Arena,
    problems: &'a mut Vec<SchemaProblem>,
}

impl Complete<'_> {
    /// The value validations of `of`, beside the structure at `place`.
    fn branches(&mut self, of: NodeId, structure: Option<NodeId>, place: &str, path: &str) {
        let checks = &self.arena.get(of).checks;
        if let Some(not) = checks.not {
            self.nested(not, structure, place, &child(path, "not"));
        }
        for (key, branches) in [("allOf", &checks.all_of), ("anyOf", &checks.any_of), ("oneOf", &checks.one_of)] {
            for (index, branch) in branches.iter().enumerate() {
                self.nested(*branch, structure, place, &format!("{}[{index}]", child(path, key)));
            }
        }
    }

    fn nested(&mut self, id: NodeId, structure: Option<NodeId>, place: &str, path: &str) {
        let Some(declared) = structure.map(|id| self.arena.get(id)) else {
            return self.problems.push(SchemaProblem {
                within: Some(path.to_owned()),
                ..SchemaProblem::required(place, "because it is defined in ")
            });
        };
        self.branches(id, structure, place, path);
        let node = self.arena.get(id);
        if let Some(items) = node.items {
            self.nested(items, declared.items, &child(place, "items"), &child(path, "items"));
        }
        for (name, property) in &node.properties {
            let under = |path: &str| format!("{}[{name}]", child(path, "properties"));
            self.nested(*property, declared.properties.get(name).copied(), &under(place), &under(path));
        }
    }
}
