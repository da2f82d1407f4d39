//! Which findings of a check refuse an object, and which only warn.
//!
//! A type that v1.2 accepts and that works there as long as nothing reaches its mistake must be storable here too. So
//! what v1.2 refuses before it stores an object is refused; what it would only stumble over later is a warning.

use crate::problem::{Code, Problem};

/// Whether the object is refused for the problem.
pub(super) fn refuses(kind: &str, problem: &Problem) -> bool {
    let path = problem.place.path.as_str();
    match kind {
        "ComponentType" | "ClusterComponentType" => match problem.code {
            // Resources of one id are all rendered; what is bound for embedded traits is not looked at before.
            Code::Spec => !path.ends_with("].id"),
            Code::Expression => !path.starts_with("spec.traits["),
            code => of_templates(code),
        },
        "Trait" => match problem.code {
            // Patch paths are looked at when a patch is applied.
            Code::Expression => !(path.starts_with("spec.patches[") && path.ends_with("].path")),
            code => of_templates(code),
        },
        "ResourceType" | "ClusterResourceType" => {
            matches!(problem.code, Code::Spec | Code::Schema | Code::Expression | Code::Type | Code::Output)
        }
        // The structure of workflows is looked at, their expressions are not.
        "Workflow" | "ClusterWorkflow" => matches!(problem.code, Code::Spec | Code::Schema | Code::Manifest),
        // Cluster traits and project types are stored as they come.
        _ => false,
    }
}

fn of_templates(code: Code) -> bool {
    matches!(code, Code::Spec | Code::Schema | Code::Expression | Code::Type | Code::Manifest)
}
