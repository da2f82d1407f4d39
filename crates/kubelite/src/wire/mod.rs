//! From an HTTP request to a verb and back.

mod answer;
mod body;
mod path;
mod query;
mod route;

pub(crate) use self::{
    answer::{Format, Shape, failure, json_answer, object_answer, status_answer, text_answer},
    body::{Media, decode_document, media_of, read},
    path::{Target, parse as parse_path},
    query::{Params, Validation},
    route::serve,
};

/// Body of requests and answers.
pub type Body = axum::body::Body;
