//! What happens to the values of a rendered run on their way to the workflow engine, whose parameters are strings.

use serde_json::Value;

use crate::origins::{Recorder, Track};
use crate::template::Segment;
use crate::tree::Tree;

/// What became of a value, as origins call it.
const TEXT: &str = "one text";
const LIST: &str = "the list that its text spells";

/// The values that were made into something else, by their paths; only kept where somebody asks for origins.
#[derive(Debug, Default)]
pub(super) struct Made {
    kept: bool,
    path: Vec<Segment>,
    values: Vec<(Vec<Segment>, &'static str)>,
}

impl Made {
    pub(super) fn new(kept: bool) -> Self {
        Self { kept, ..Self::default() }
    }

    fn below<T>(&mut self, segment: impl FnOnce() -> Segment, run: impl FnOnce(&mut Self) -> T) {
        if self.kept {
            self.path.push(segment());
        }
        run(self);
        self.path.pop();
    }

    fn into(&mut self, what: &'static str) {
        if self.kept {
            self.values.push((self.path.clone(), what));
        }
    }

    /// Tells a recorder. A list that became a text and a list again is what it was.
    pub(super) fn tell(self, recorder: &mut Recorder, track: Track, rendered: &Tree) {
        for (path, what) in &self.values {
            let is_list = at(rendered, path).is_some_and(|value| value.as_list().is_some());
            let again = is_list && self.values.iter().filter(|(other, _)| other == path).count() > 1;
            if !again {
                recorder.made(track, path.clone(), what);
            }
        }
    }
}

fn at<'t>(tree: &'t Tree, path: &[Segment]) -> Option<&'t Tree> {
    path.iter().try_fold(tree, |tree, segment| match segment {
        Segment::Key(key) => tree.get(key),
        Segment::Index(at) => tree.as_list()?.get(*at),
    })
}

/// Lists and objects under a key `value` become their compact JSON, as a string; what is below one is not visited.
pub(super) fn stringify_values(tree: &mut Tree, made: &mut Made) {
    match tree {
        Tree::Map(map) => {
            for (key, value) in map.iter_mut() {
                made.below(
                    || Segment::Key(key.clone()),
                    |made| match value {
                        Tree::Map(_) | Tree::List(_) if **key == *"value" => {
                            *value = Tree::text(value.to_json_text());
                            made.into(TEXT);
                        }
                        value => stringify_values(value, made),
                    },
                );
            }
        }
        Tree::List(items) => {
            for (at, item) in items.iter_mut().enumerate() {
                made.below(|| Segment::Index(at), |made| stringify_values(item, made));
            }
        }
        _ => {}
    }
}

/// Every string that is the JSON of a list becomes that list (contract of v1.2).
pub(super) fn parse_lists(tree: &mut Tree, made: &mut Made) {
    match tree {
        Tree::Text(text) if text.starts_with('[') => {
            if let Ok(list @ Value::Array(_)) = serde_json::from_str(text) {
                *tree = Tree::from(&list);
                made.into(LIST);
            }
        }
        Tree::Map(map) => {
            for (key, value) in map.iter_mut() {
                made.below(|| Segment::Key(key.clone()), |made| parse_lists(value, made));
            }
        }
        Tree::List(items) => {
            for (at, item) in items.iter_mut().enumerate() {
                made.below(|| Segment::Index(at), |made| parse_lists(item, made));
            }
        }
        _ => {}
    }
}

/// The run as it is applied: every `spec.arguments.parameters[].value` is a string, JSON for lists and objects.
pub(super) fn stringify_parameters(run: &mut Tree, made: &mut Made) {
    let above = ["spec", "arguments", "parameters"];
    let parameters = above
        .into_iter()
        .try_fold(run, |node, key| node.as_map_mut().and_then(|map| map.get_mut(key)))
        .and_then(Tree::as_list_mut);
    for (at, parameter) in parameters.into_iter().flatten().enumerate() {
        let Some(value) = parameter.as_map_mut().and_then(|map| map.get_mut("value")) else { continue };
        match value {
            Tree::Text(_) => continue,
            Tree::List(_) | Tree::Map(_) => *value = Tree::text(value.to_json_text()),
            _ => *value = Tree::text(value.to_shown()),
        }
        if made.kept {
            made.path = above.iter().map(|key| Segment::Key((*key).into())).collect();
            made.path.extend([Segment::Index(at), Segment::Key("value".into())]);
            made.into(TEXT);
            made.path.clear();
        }
    }
}
