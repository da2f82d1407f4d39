//! A component type and the traits that it or a component uses: what each trait can be about, and what it is given.

use std::collections::BTreeMap;

use serde_json::Value;

use super::reach::Changed;
use super::target::{self, Candidate, Match};
use super::{Checked, bindings, parse_component_type, parse_trait, reach};
use crate::input::TraitInstance;
use crate::patch::{Op, Path, Step};
use crate::problem::{Code, Place};
use crate::program::{ComponentTypeProgram, PostRule, Target, TraitProgram};
use crate::template::Template;

/// A trait's spec as JSON, under the kind and name by which it is used.
#[derive(Debug, Clone, Copy)]
pub struct TraitSpec<'a> {
    /// `Trait` or `ClusterTrait`; empty means `Trait`.
    pub kind: &'a str,
    /// The trait's name.
    pub name: &'a str,
    /// Its spec.
    pub spec: &'a Value,
}

/// Checks a component type's spec with the traits that it embeds: each alone, then what the type gives each of them, and
/// whether what they patch, remove and judge can be there.
pub fn component_type_with_traits(name: &str, spec: &Value, traits: &[TraitSpec<'_>]) -> Checked {
    used_together(name, spec, traits, &[]).sorted()
}

/// As [`component_type_with_traits`], with a component's own traits behind the embedded ones.
pub(super) fn used_together(name: &str, spec: &Value, traits: &[TraitSpec<'_>], own: &[TraitInstance]) -> Checked {
    let (program, mut checked) = parse_component_type(name, spec);
    let mut programs = BTreeMap::new();
    for source in traits {
        let (program, found) = parse_trait(source.name, source.spec);
        checked.extend(found);
        programs.insert((kind(source.kind), source.name), program);
    }
    let Some(program) = program else { return checked };
    let type_place = Place::new(format!("ComponentType {name}"), "");
    let mut rendered = Rendered::new(&program);
    let mut used = Vec::new();
    for (at, embedded) in program.traits.iter().enumerate() {
        let place = type_place.below(&format!("spec.traits[{at}]"));
        match programs.get(&(kind(&embedded.kind), embedded.name.as_str())) {
            Some(Some(found)) => {
                bindings::embedded(embedded, found, &place, &mut checked);
                used.push((found, embedded.name.as_str()));
            }
            Some(None) => {}
            None => {
                let message = format!("there is no {} {} among the traits given", kind(&embedded.kind), embedded.name);
                checked.add(Code::Trait, &place.below("name"), message);
            }
        }
    }
    let of_component = own
        .iter()
        .filter_map(|own| Some((programs.get(&(kind(&own.kind), own.name.as_str()))?.as_ref()?, own.name.as_str())));
    used.extend(of_component);
    for (program, name) in &used {
        rendered.apply(program, &Place::new(format!("Trait {name}"), ""), &mut checked);
    }
    rendered.judge(&program.post_rules, &type_place, &mut checked);
    for (program, name) in used {
        rendered.judge(&program.post_rules, &Place::new(format!("Trait {name}"), ""), &mut checked);
    }
    checked
}

pub(super) fn kind(kind: &str) -> &str {
    if kind.is_empty() { "Trait" } else { kind }
}

/// What the type and the traits so far make, as far as their templates say.
struct Rendered<'p> {
    candidates: Vec<Candidate<'p>>,
    /// The paths that patches so far write; `None` where they are computed.
    changes: Vec<Option<Vec<Step>>>,
}

impl<'p> Rendered<'p> {
    fn new(program: &'p ComponentTypeProgram) -> Self {
        let candidates = program
            .resources
            .iter()
            .flatten()
            .map(|resource| Candidate { plane: resource.target_plane.as_str(), template: &resource.template })
            .collect();
        Self { candidates, changes: Vec::new() }
    }

    fn apply(&mut self, program: &'p TraitProgram, place: &Place, checked: &mut Checked) {
        self.candidates.extend(
            program
                .creates
                .iter()
                .map(|create| Candidate { plane: create.target_plane.as_str(), template: &create.template }),
        );
        for (at, patch) in program.patches.iter().enumerate() {
            let place = place.below(&format!("spec.patches[{at}]"));
            let matched = self.matched(&patch.target, &place.below("target"), checked);
            if matched.is_empty() {
                self.nothing(&patch.target, "this patch changes nothing", &place.below("target"), checked);
            }
            for (at, operation) in patch.operations.iter().enumerate() {
                let plain = matches!(operation.path, Template::Literal(_));
                let path = Path::parse(&operation.path_text).ok().filter(|_| plain);
                if let (Some(path), Ok(op)) = (&path, Op::parse(&operation.op)) {
                    let changed = |steps: &[Step]| self.changed(steps);
                    let failures: Option<Vec<String>> =
                        matched.iter().map(|found| reach::never(op, path, found.template, &changed)).collect();
                    if let Some(why) = failures.and_then(|failures| failures.into_iter().next()) {
                        let message = format!("this can be done to nothing that the type makes: {why}");
                        checked.add(Code::Target, &place.below(&format!("operations[{at}].path")), message);
                    }
                }
                self.changes.push(path.map(|path| path.steps().to_vec()));
            }
        }
        for (at, remove) in program.removes.iter().enumerate() {
            let place = place.below(&format!("spec.removes[{at}].target"));
            if self.matched(&remove.target, &place, checked).is_empty() {
                self.nothing(&remove.target, "this removes nothing", &place, checked);
            }
        }
    }

    /// Rules that need a resource which cannot be there fail for every component.
    fn judge(&self, rules: &[PostRule], place: &Place, checked: &mut Checked) {
        for (at, rule) in rules.iter().enumerate() {
            let place = place.below(&format!("spec.postRenderValidations[{at}].target"));
            if self.matched(&rule.target, &place, checked).is_empty() {
                if rule.must_match && rule.when.is_none() && rule.for_each.is_none() {
                    let message = format!("{}, and mustMatch makes that an error", self.unmatched(&rule.target));
                    checked.add(Code::Target, &place, message);
                } else {
                    self.nothing(&rule.target, "this rule judges nothing", &place, checked);
                }
            }
        }
    }

    /// The resources that the target may be about.
    fn matched(&self, target: &Target, place: &Place, checked: &mut Checked) -> Vec<Candidate<'p>> {
        let changed = |keys: &[String]| {
            self.changed(&keys.iter().map(|key| Step::Key(key.clone())).collect::<Vec<_>>()) != Changed::Not
        };
        let mut matched = Vec::new();
        for candidate in &self.candidates {
            match target::against(target, *candidate, &changed, place) {
                Match::No => {}
                Match::Maybe => matched.push(*candidate),
                Match::Fails(problem) => {
                    checked.problems.push(problem);
                    matched.push(*candidate);
                }
            }
        }
        matched
    }

    fn nothing(&self, target: &Target, so: &str, place: &Place, checked: &mut Checked) {
        checked.warn(Code::Target, place, format!("{}, so {so}", self.unmatched(target)));
    }

    fn unmatched(&self, target: &Target) -> String {
        let group = if target.group.is_empty() { String::new() } else { format!("{}/", target.group) };
        let mut made: Vec<&str> =
            self.candidates.iter().filter_map(|found| super::manifest::literal(found.template, "kind")).collect();
        made.sort_unstable();
        made.dedup();
        let plane = if target.plane.is_empty() { String::new() } else { format!(" for the {}", target.plane) };
        let condition = if target.condition.is_some() { " that fulfils the condition" } else { "" };
        format!(
            "no {group}{} {} is made{plane}{condition} (there are: {})",
            target.version,
            target.kind,
            made.join(", ")
        )
    }

    /// What patches so far may have done to a place.
    fn changed(&self, steps: &[Step]) -> Changed {
        let same = |(a, b): (&Step, &Step)| match (a, b) {
            (Step::Key(a), Step::Key(b)) => a == b,
            _ => true,
        };
        self.changes.iter().fold(Changed::Not, |so_far, change| match change {
            None => Changed::Written,
            Some(change) if !change.iter().zip(steps).all(same) => so_far,
            Some(change) if change.len() <= steps.len() => Changed::Written,
            Some(_) => so_far.max(Changed::Below),
        })
    }
}
