//! The types against the contract: published CRDs, manifests of users, objects recorded from v1.2.

mod contract_crds;
mod fixtures;
mod round_trip;
