#![forbid(unsafe_code)]
//! Types, traits, components, workloads and environments to Kubernetes manifests
