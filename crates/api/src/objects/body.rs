//! Request bodies: JSON objects of limited size, with errors that say where.

use crate::problem::Problem;
use axum::extract::{FromRequest, Request};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::Value;

/// The largest body, in bytes: what the store takes for one object, and a little more.
pub(crate) const LARGEST_BODY: usize = 2 * 1024 * 1024;

/// A JSON object.
pub(crate) struct JsonBody(pub(crate) serde_json::Map<String, Value>);

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<JsonBody, Problem> {
        let body = match Limited::new(request.into_body(), LARGEST_BODY).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => {
                return Err(Problem::too_large(format!("the body is larger than {LARGEST_BODY} bytes")));
            }
            Err(error) => return Err(Problem::bad_request(format!("can't read the body: {error}"))),
        };
        if body.is_empty() {
            return Err(Problem::bad_request("can't decode JSON body: EOF: Request body is required"));
        }
        match serde_json::from_slice(&body) {
            Ok(Value::Object(members)) => Ok(JsonBody(members)),
            Ok(other) => Err(Problem::bad_request(format!(
                "can't decode JSON body: expected an object, got {}",
                type_name(&other)
            ))),
            Err(error) => Err(Problem::bad_request(format!("can't decode JSON body: {error}"))),
        }
    }
}

/// The JSON word for a value's type.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
