//! What must be there before anything else.

use crate::input::ComponentInput;
use crate::problem::{Code, Place, Problem, Problems, Stage};

/// Every name and UID given, labels and annotations there, at least one pod selector.
pub(super) fn check(input: &ComponentInput<'_>) -> Result<(), Problems> {
    let m = input.metadata;
    let texts = [
        ("ComponentName", &m.component_name),
        ("ComponentUID", &m.component_uid),
        ("ProjectName", &m.project_name),
        ("ProjectUID", &m.project_uid),
        ("DataPlaneName", &m.data_plane_name),
        ("DataPlaneUID", &m.data_plane_uid),
        ("EnvironmentName", &m.environment_name),
        ("EnvironmentUID", &m.environment_uid),
        ("Name", &m.name),
        ("Namespace", &m.namespace),
        ("ComponentNamespace", &m.component_namespace),
    ];
    let missing = texts
        .into_iter()
        .filter(|(_, text)| text.is_empty())
        .map(|(field, _)| (field, "required"))
        .chain(m.labels.is_none().then_some(("Labels", "required")))
        .chain(m.annotations.is_none().then_some(("Annotations", "required")))
        .chain(m.pod_selectors.is_empty().then_some(("PodSelectors", "min")));
    let problems: Vec<Problem> = missing
        .map(|(field, tag)| {
            Problem::new(
                Code::Input,
                &Place::new("metadata", field),
                format!(
                    "Key: 'RenderInput.Metadata.{field}' Error:Field validation for '{field}' failed on the '{tag}' tag"
                ),
            )
        })
        .collect();
    if problems.is_empty() {
        return Ok(());
    }
    Err(Problems::prefixed(Stage::Input, "invalid input: validation failed: ".to_owned(), problems))
}

pub(super) fn no_resources(place: &Place) -> Problems {
    let message = "invalid input: component type has no resources";
    Problems::one(Stage::Input, Problem::new(Code::Input, &place.below("spec.resources"), message))
}
