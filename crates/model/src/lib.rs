#![forbid(unsafe_code)]
//! Every kind of openchoreo.dev/v1alpha1, its CRD, names, hashes, labels, conditions and the kinds table
