//! Freezes a component into the content of a release. Controller and API cut releases with this one function, so that
//! equal components give equal releases.

use crate::component::ComponentSpec;
use crate::component_release::{
    ComponentProfile, ComponentProfileTrait, ComponentReleaseSpec, ComponentReleaseTrait, ComponentReleaseType,
};
use crate::component_type::ComponentTypeSpec;
use crate::references::TraitKind;
use crate::traits::TraitSpec;
use crate::workload::ComponentOwner;
use crate::workload_template::WorkloadTemplateSpec;

/// The traits that a component uses: those of its type and its own, each once, sorted by kind and name.
pub fn used_traits(component: &ComponentSpec, component_type: &ComponentTypeSpec) -> Vec<(TraitKind, String)> {
    let embedded = component_type.traits.iter().map(|one| (one.kind, one.name.clone()));
    let own = component.traits.iter().map(|one| (one.kind, one.name.clone()));
    let mut used: Vec<_> = embedded.chain(own).collect();
    used.sort_by(|one, other| (one.0.as_str(), &one.1).cmp(&(other.0.as_str(), &other.1)));
    used.dedup();
    used
}

/// The content of a release. `traits` answers the spec of each of [`used_traits`].
///
/// # Errors
/// The first trait that `traits` does not know.
pub fn component_release(
    name: &str,
    component: &ComponentSpec,
    component_type: ComponentTypeSpec,
    workload: WorkloadTemplateSpec,
    mut traits: impl FnMut(TraitKind, &str) -> Option<TraitSpec>,
) -> Result<ComponentReleaseSpec, (TraitKind, String)> {
    let frozen = used_traits(component, &component_type)
        .into_iter()
        .map(|(kind, name)| match traits(kind, &name) {
            Some(spec) => Ok(ComponentReleaseTrait { kind, name, spec }),
            None => Err((kind, name)),
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(ComponentReleaseSpec {
        owner: ComponentOwner { project_name: component.owner.project_name.clone(), component_name: name.to_owned() },
        component_type: ComponentReleaseType {
            kind: component.component_type.kind,
            name: component.component_type.name.clone(),
            spec: component_type,
        },
        traits: frozen,
        component_profile: profile(component),
        workload,
    })
}

/// What the component itself says; nothing where it says neither parameters nor traits.
fn profile(component: &ComponentSpec) -> Option<ComponentProfile> {
    if component.parameters.is_none() && component.traits.is_empty() {
        return None;
    }
    let traits = component.traits.iter().map(|one| ComponentProfileTrait {
        kind: one.kind,
        name: one.name.clone(),
        instance_name: one.instance_name.clone(),
        parameters: one.parameters.clone(),
    });
    Some(ComponentProfile { parameters: component.parameters.clone(), traits: traits.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::ComponentTrait;
    use crate::component_type::ComponentTypeTrait;

    fn own(kind: TraitKind, name: &str, instance: &str) -> ComponentTrait {
        ComponentTrait { kind, name: name.into(), instance_name: instance.into(), ..ComponentTrait::default() }
    }

    #[test]
    fn traits_are_frozen_once_and_sorted() {
        let component = ComponentSpec {
            traits: vec![
                own(TraitKind::Trait, "b", "b-1"),
                own(TraitKind::ClusterTrait, "c", "c-1"),
                own(TraitKind::Trait, "b", "b-2"),
            ],
            ..ComponentSpec::default()
        };
        let embedded =
            ComponentTypeTrait { name: "a".into(), instance_name: "a-1".into(), ..ComponentTypeTrait::default() };
        let component_type = ComponentTypeSpec { traits: vec![embedded], ..ComponentTypeSpec::default() };
        let expected = [(TraitKind::ClusterTrait, "c"), (TraitKind::Trait, "a"), (TraitKind::Trait, "b")];
        assert_eq!(used_traits(&component, &component_type), expected.map(|(kind, name)| (kind, name.to_owned())));
        let frozen = component_release("web", &component, component_type, WorkloadTemplateSpec::default(), |_, _| {
            Some(TraitSpec::default())
        })
        .expect("all traits are there");
        assert_eq!(frozen.traits.len(), 3);
        let instances: Vec<_> =
            frozen.component_profile.expect("a profile").traits.into_iter().map(|one| one.instance_name).collect();
        assert_eq!(instances, ["b-1", "c-1", "b-2"]);
    }

    #[test]
    fn a_component_without_parameters_and_traits_has_no_profile() {
        let plain = ComponentSpec::default();
        let release =
            component_release("web", &plain, ComponentTypeSpec::default(), WorkloadTemplateSpec::default(), |_, _| {
                None
            });
        assert_eq!(release.expect("no traits").component_profile, None);
    }

    #[test]
    fn a_missing_trait_is_named() {
        let component = ComponentSpec { traits: vec![own(TraitKind::Trait, "ghost", "g")], ..ComponentSpec::default() };
        let release = component_release(
            "web",
            &component,
            ComponentTypeSpec::default(),
            WorkloadTemplateSpec::default(),
            |_, _| None,
        );
        assert_eq!(release, Err((TraitKind::Trait, "ghost".to_owned())));
    }
}
