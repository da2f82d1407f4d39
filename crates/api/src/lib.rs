#![forbid(unsafe_code)]
//! REST, OpenAPI, authentication and live streams
