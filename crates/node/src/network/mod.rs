//! Addresses, service proxy, DNS and container networks.
