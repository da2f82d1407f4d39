//! Labels, the resource hash, structure, order.

use std::sync::Arc;

use super::Item;
use super::base::describe;
use crate::TargetPlane;
use crate::finish::{Labels, Missing, add_labels, compare, hash, missing_field};
use crate::origins::Recorder;
use crate::problem::{Code, Place, Problem, Problems, Stage};

const REQUIRED: [Missing; 4] = [Missing::Kind, Missing::ApiVersion, Missing::Metadata, Missing::Name];

/// Makes manifests of the rendered objects, in their final order.
pub(super) fn finish(
    items: &mut [Item],
    workload_type: &str,
    labels: &Labels,
    recorder: &mut Option<Recorder>,
) -> Result<(), Problems> {
    label(items, labels)?;
    let annotated = annotate(items, workload_type)?;
    if let Some(recorder) = recorder {
        record(items, labels, annotated, recorder);
    }
    check(items)?;
    items.sort_by(|a, b| compare(&a.tree, &b.tree));
    Ok(())
}

fn label(items: &mut [Item], labels: &Labels) -> Result<(), Problems> {
    let unlabelled: Vec<Problem> = items
        .iter_mut()
        .filter_map(|item| {
            (!add_labels(&mut item.tree, labels)).then(|| {
                Problem::new(
                    Code::Manifest,
                    &Place::new(describe(&item.tree), "metadata"),
                    "failed to add labels: resource missing metadata",
                )
            })
        })
        .collect();
    if unlabelled.is_empty() { Ok(()) } else { Err(post_process(unlabelled)) }
}

/// Puts the resource hash on the main workload, and tells which resource that is.
fn annotate(items: &mut [Item], workload_type: &str) -> Result<Option<usize>, Problems> {
    let Some(kind) = hash::main_kind(workload_type) else { return Ok(None) };
    let data = || items.iter().filter(|item| item.plane == TargetPlane::Data);
    let Some(main) =
        items.iter().position(|item| item.plane == TargetPlane::Data && item.tree.text_at(&["kind"]) == Some(kind))
    else {
        return Ok(None);
    };
    let Some(hash) = hash::of(data().map(|item| &item.tree), kind) else { return Ok(None) };
    if hash::annotate(&mut items[main].tree, &hash) {
        return Ok(Some(main));
    }
    let message =
        format!("failed to add dp-resource-hash annotation: failed to add annotation to {kind}: resource missing spec");
    Err(post_process(vec![Problem::new(Code::Manifest, &Place::new(describe(&items[main].tree), "spec"), message)]))
}

const LABELS: [&str; 2] = ["metadata", "labels"];
const ANNOTATIONS: [&str; 4] = ["spec", "template", "metadata", "annotations"];

fn record(items: &[Item], labels: &Labels, annotated: Option<usize>, recorder: &mut Recorder) {
    let all = items.iter().filter_map(|item| item.track);
    recorder.wrote(all, &LABELS, labels.names(), "standard labels");
    if let Some(main) = annotated.and_then(|at| items[at].track) {
        let annotation = Arc::from(hash::ANNOTATION);
        recorder.wrote(std::iter::once(main), &ANNOTATIONS, std::iter::once(&annotation), "resource hash");
    }
}

fn post_process(problems: Vec<Problem>) -> Problems {
    Problems::prefixed(Stage::Finish, "failed to post-process resources: ".to_owned(), problems)
}

fn check(items: &[Item]) -> Result<(), Problems> {
    let problems: Vec<Problem> = items
        .iter()
        .enumerate()
        .filter_map(|(at, item)| {
            let field = missing_field(&item.tree, REQUIRED)?;
            let who = match item.tree.text_at(&["kind"]) {
                Some(kind) if field != Missing::Kind => format!("resource #{at} ({kind})"),
                _ => format!("resource #{at}"),
            };
            let place = Place::new(describe(&item.tree), field.to_string());
            Some(Problem::new(Code::Manifest, &place, format!("{who} missing {field}")))
        })
        .collect();
    if problems.is_empty() {
        return Ok(());
    }
    Err(Problems::prefixed(Stage::Finish, "validation failed: ".to_owned(), problems))
}
