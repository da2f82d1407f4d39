//! HTTPRoutes served in process.
