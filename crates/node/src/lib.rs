#![forbid(unsafe_code)]
//! Runs Kubernetes workloads, Services and HTTPRoutes on one computer with a Docker-compatible engine
