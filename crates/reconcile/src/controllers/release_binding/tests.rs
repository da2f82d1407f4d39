//! World in, plan out.
