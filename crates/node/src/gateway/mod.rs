//! HTTPRoutes of the Gateway API, served by an in-process reverse proxy.
