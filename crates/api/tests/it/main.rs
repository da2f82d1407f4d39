//! The API in process: a server in memory, our kinds and their rules, the real issuer, requests to the router.

mod bodies;
mod deploy;
mod document;
mod every_kind;
mod lists;
mod live;
mod place;
mod samples;
mod schemas;
mod tokens;
mod why;
