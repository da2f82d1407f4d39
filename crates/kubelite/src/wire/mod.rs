//! From an HTTP request to a verb and back.

mod answer;
mod body;
pub(crate) mod gzip;
mod path;
mod query;
mod route;

pub(crate) use self::{
    answer::{Format, Metadata, Shape, failure, json_answer, object_answer, status_answer},
    body::Media,
    path::Target,
    query::{Params, Validation},
    route::serve,
};

/// Body of requests and answers.
pub(crate) type Body = axum::body::Body;
