//! The types against the contract: published CRDs, manifests of users, objects recorded from v1.2.

mod contract_crds;
mod fixtures;
mod kinds_table;
mod recorded_names;
mod round_trip;
mod rules_hold;
mod schemas_hold;
