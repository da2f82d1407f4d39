#![forbid(unsafe_code)]
//! The rules of OpenChoreo's kinds, where the embedded API server asks for them.

use async_trait::async_trait;
use compiler::admission::{self, Verdict};
use kubelite::{Admission, ApiError, Cause, Kind, Operation, Review};
use serde_json::Value;

/// The group whose kinds have rules.
const GROUP: &str = "openchoreo.dev";

/// All rules.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rules;

#[async_trait]
impl Admission for Rules {
    fn handles(&self, kind: &Kind) -> bool {
        &*kind.group == GROUP && admission::KINDS.contains(&&*kind.kind)
    }

    async fn mutate(&self, review: &Review<'_>, object: &mut Value) -> Result<(), ApiError> {
        if matches!(review.operation, Operation::Create | Operation::Update) && review.subresource.is_empty() {
            admission::complete(&review.kind.kind, review.old, object);
        }
        Ok(())
    }

    async fn validate(&self, review: &Review<'_>, object: Option<&Value>) -> Result<Vec<String>, ApiError> {
        let Some(object) = object.filter(|_| review.subresource.is_empty()) else { return Ok(Vec::new()) };
        let Verdict { errors, warnings } = admission::judge(&review.kind.kind, review.old, object);
        if errors.is_empty() {
            return Ok(warnings);
        }
        let causes = errors
            .iter()
            .map(|error| Cause {
                reason: error.kind.reason().to_owned(),
                message: error.body(),
                field: error.path.clone(),
            })
            .collect();
        Err(ApiError::invalid(review.kind, review.name, causes))
    }
}
