//! Traits: what can be added to components of any type.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::kind;
use crate::schema::rules;
use crate::template::{PostRenderValidation, SchemaSection, TraitCreate, TraitPatch, TraitRemove, ValidationRule};

kind! {
    /// A trait for the components of its namespace.
    Trait("traits", Namespaced) { spec: TraitSpec, status: empty }
}

kind! {
    /// A trait for the components of all namespaces.
    ClusterTrait("clustertraits", Cluster) { spec: TraitSpec, status: empty }
}

/// What a trait does to a component's manifests: creates, then patches, then removes; also frozen into releases.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = rules::one_list_of_pre_render_rules)]
pub struct TraitSpec {
    /// Shape and defaults of the parameters of one use of the trait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<SchemaSection>,
    /// Shape and defaults of what a release binding may set per environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment_configs: Option<SchemaSection>,
    /// Deprecated name of `preRenderValidations`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub validations: Vec<ValidationRule>,
    /// Rules that must hold before the trait is applied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pre_render_validations: Vec<ValidationRule>,
    /// Rules about the rendered manifests, checked after all traits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub post_render_validations: Vec<PostRenderValidation>,
    /// Manifests that are added.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub creates: Vec<TraitCreate>,
    /// Changes to manifests that are there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patches: Vec<TraitPatch>,
    /// Manifests that are taken away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removes: Vec<TraitRemove>,
}

impl TraitSpec {
    /// The rules before rendering, under whichever name they were given.
    pub fn rules_before_rendering(&self) -> &[ValidationRule] {
        if self.pre_render_validations.is_empty() { &self.validations } else { &self.pre_render_validations }
    }
}
