//! A trait's removals: all are found first, then taken out together.

use super::Item;
use super::patches::{loop_problem, prefixed, targets};
use crate::evaluate::each;
use crate::problem::{Place, Problem};
use crate::program::Remove;
use crate::template::Bindings;

/// Takes out every resource that any of the removals is about.
pub(super) fn apply(
    removes: &[Remove],
    name: &str,
    bindings: &Bindings,
    place: &Place,
    items: &mut Vec<Item>,
) -> Result<(), Vec<Problem>> {
    let mut gone = vec![false; items.len()];
    for (at, remove) in removes.iter().enumerate() {
        let place = place.below(&format!("spec.removes[{at}]"));
        let outer = format!("failed to apply trait remove #{at} for trait {name}: ");
        let who = format!("trait {name} remove #{at}");
        let rounds = each(remove.for_each.as_deref(), bindings)
            .map_err(|error| vec![loop_problem(remove.for_each.as_deref(), &place, &outer, &who, &error)])?;
        for (round, bindings) in rounds.iter().enumerate() {
            let prefix = if remove.for_each.is_some() {
                format!("{outer}forEach iteration {round} failed: ")
            } else {
                outer.clone()
            };
            let found = targets(&remove.target, &who, bindings, &place, items)
                .map_err(|problems| prefixed(&prefix, problems))?;
            for at in found.into_iter().flatten() {
                gone[at] = true;
            }
        }
    }
    let mut gone = gone.into_iter();
    items.retain(|_| !gone.next().unwrap_or(false));
    Ok(())
}
