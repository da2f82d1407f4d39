#![forbid(unsafe_code)]
//! The reconcile engine and the controllers
