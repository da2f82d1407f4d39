//! From a template and variables to a value.

use std::sync::Arc;

use super::{Bindings, Expression, Faults, Key, Part, Segment, Template, TemplateError, Text};
use crate::origins::{NoTrace, Trace};
use crate::tree::{Map, Tree};

impl Template {
    /// Renders the template. Where something fails, `faults` tells it and `null` stands in the result.
    ///
    /// An entry or item that comes out as `oc_omit()` is left out; at the root it is returned.
    pub fn render(&self, bindings: &Bindings, faults: &mut Faults) -> Tree {
        self.render_traced(bindings, faults, &mut NoTrace).0
    }

    /// As [`Template::render`], telling `trace` where each value comes from.
    pub(crate) fn render_traced<T: Trace>(
        &self,
        bindings: &Bindings,
        faults: &mut Faults,
        trace: &mut T,
    ) -> (Tree, T::Shadow) {
        let mut tree = Tree::Null;
        let shadow = self.render_into(&mut tree, bindings, faults, trace);
        (tree, shadow)
    }

    /// Puts the value where it belongs: handing it up from level to level takes longer than making it.
    fn render_into<T: Trace>(
        &self,
        out: &mut Tree,
        bindings: &Bindings,
        faults: &mut Faults,
        trace: &mut T,
    ) -> T::Shadow {
        match self {
            Self::Literal(tree) => {
                *out = tree.clone();
                trace.literal()
            }
            Self::Whole(expression) => {
                *out = expression.evaluate(bindings).unwrap_or_else(|error| fault(faults, error));
                trace.computed(std::iter::once(expression))
            }
            Self::Text(text) => {
                *out = text.render(bindings, faults);
                trace.computed(text.expressions())
            }
            Self::List(items) => {
                let mut list = Vec::with_capacity(items.len());
                let mut shadows = Vec::with_capacity(items.len());
                for (at, item) in items.iter().enumerate() {
                    let before = faults.len();
                    trace.enter(|| Segment::Index(at));
                    let place = list.len();
                    list.push(Tree::Null);
                    let shadow = item.render_into(&mut list[place], bindings, faults, trace);
                    if matches!(list[place], Tree::Omit) {
                        list.pop();
                    } else {
                        shadows.push(shadow);
                    }
                    trace.leave();
                    faults.below(before, || Segment::Index(at));
                }
                *out = Tree::List(list);
                trace.list(shadows)
            }
            Self::Map(entries) => {
                let mut map = Map::with_capacity(entries.len());
                let mut shadows = Vec::with_capacity(if T::KEEPS { entries.len() } else { 0 });
                // Keys as written are in order; behind a computed one nothing is known.
                let mut ordered = true;
                for (key, value) in entries {
                    ordered &= matches!(key, Key::Literal(_));
                    let Some(name) = key.render(bindings, faults) else { continue };
                    let shadow_name = T::KEEPS.then(|| name.clone());
                    let before = faults.len();
                    trace.enter(|| Segment::Key(key.source().clone()));
                    let make = |place: &mut Tree| value.render_into(place, bindings, faults, trace);
                    let (kept, shadow) = if ordered { map.push_by(name, make) } else { map.set_by(name, make) };
                    if let Some(name) = shadow_name.filter(|_| kept) {
                        shadows.push((name, shadow));
                    }
                    trace.leave();
                    faults.below(before, || Segment::Key(key.source().clone()));
                }
                *out = Tree::Map(map);
                trace.map(shadows)
            }
            Self::Broken(nested) => {
                *out = fault(faults, nested.clone().into());
                trace.literal()
            }
        }
    }

    /// Renders a template that has no place in a manifest (a condition, a path), where one error is enough.
    pub fn evaluate(&self, bindings: &Bindings) -> Result<Tree, TemplateError> {
        let mut faults = Faults::new();
        let tree = self.render(bindings, &mut faults);
        match faults.into_vec().into_iter().next() {
            Some(fault) => Err(fault.error),
            None => Ok(tree),
        }
    }
}

fn fault(faults: &mut Faults, error: TemplateError) -> Tree {
    faults.push(error);
    Tree::Null
}

impl Key {
    /// The key as written.
    pub fn source(&self) -> &Arc<str> {
        match self {
            Self::Literal(text) => text,
            Self::Dynamic { source, .. } => source,
        }
    }

    fn render(&self, bindings: &Bindings, faults: &mut Faults) -> Option<Arc<str>> {
        match self {
            Self::Literal(text) => Some(text.clone()),
            Self::Dynamic { source, template } => {
                let before = faults.len();
                let key = template.render(bindings, faults);
                match key {
                    Tree::Text(text) => return Some(text),
                    other if faults.len() == before => {
                        faults.push(TemplateError::Key {
                            key: source.clone(),
                            type_name: other.type_name(),
                            shown: other.to_shown(),
                        });
                    }
                    _ => {}
                }
                faults.below(before, || Segment::Key(source.clone()));
                None
            }
        }
    }
}

impl Text {
    fn expressions(&self) -> impl Iterator<Item = &Arc<Expression>> {
        self.parts.iter().filter_map(|part| match part {
            Part::Expression { expression, .. } => Some(expression),
            Part::Plain(_) => None,
        })
    }

    fn render(&self, bindings: &Bindings, faults: &mut Faults) -> Tree {
        let mut out = String::with_capacity(self.source.len());
        let mut collides = false;
        for part in &self.parts {
            match part {
                Part::Plain(text) => out.push_str(text),
                Part::Expression { expression, .. } => match expression.evaluate(bindings) {
                    Ok(value) => {
                        let from = out.len();
                        value.splice_into(&mut out);
                        // Together with what stands before it, too.
                        collides |= out.as_bytes()[from.saturating_sub(1)..].contains(&b'$');
                    }
                    Err(error) => {
                        faults.push(error);
                        return Tree::Null;
                    }
                },
            }
        }
        if collides {
            match self.replace_in_turn(bindings) {
                Ok(replaced) => out = replaced,
                Err(error) => {
                    faults.push(error);
                    return Tree::Null;
                }
            }
        }
        Tree::text(out)
    }

    /// The contract's way: each value replaces the first occurrence of its placeholder in the text so far, which differs
    /// from splicing by position only where a value holds the text of a later placeholder.
    fn replace_in_turn(&self, bindings: &Bindings) -> Result<String, TemplateError> {
        let mut out = self.source.to_string();
        for part in &self.parts {
            if let Part::Expression { whole, expression } = part {
                out = out.replacen(&**whole, &expression.evaluate(bindings)?.to_spliced(), 1);
            }
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::template::{Language, Scope};

    #[rstest]
    #[case::by_position("${a}-${b}", "1", "2", "1-2")]
    #[case::a_value_with_a_later_placeholder("${a} ${b}", "${b}", "x", "x ${b}")]
    #[case::one_that_is_completed_by_what_follows("${a}{b} ${b}", "$", "x", "x ${b}")]
    #[case::one_that_completes_what_stands_before("$${a} ${b}", "{b}", "x", "x ${b}")]
    fn values_replace_their_placeholders_in_turn(
        #[case] text: &str,
        #[case] a: &str,
        #[case] b: &str,
        #[case] out: &str,
    ) {
        let scope = Scope::new(Language::Plain, ["a", "b"]);
        let bindings = scope.bind([("a", cel::Value::from(a)), ("b", cel::Value::from(b))]);
        let template = Template::parse(&json!(text), &scope);
        assert_eq!(template.evaluate(&bindings), Ok(Tree::text(out)));
    }
}
