#![forbid(unsafe_code)]
//! The Common Expression Language: parser, macros, checker, evaluator with a cost budget, libraries
