//! Binds every port before anything starts, so that a taken one stops nothing half-way.

use super::without_root;
use crate::cli::UpOptions;
use anyhow::{Result, bail};
use node::gateway::Listen;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Mutex, PoisonError};

/// The bound ports. Whoever connects to one waits until it is served.
#[derive(Debug)]
pub(crate) struct Ports {
    pub(crate) api: TcpListener,
    pub(crate) kubernetes: TcpListener,
    pub(crate) gateway: GatewayPorts,
}

/// The gateway's ports, for http and for https.
#[derive(Debug)]
pub(crate) struct GatewayPorts {
    http: TcpListener,
    https: TcpListener,
}

impl Ports {
    /// Binds all; the error names the port, what it is for and the option that changes it.
    pub(crate) fn bind(options: &UpOptions) -> Result<Ports> {
        // The Kubernetes API is for tools on this computer only.
        let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
        Ok(Ports {
            api: bind(options.listen, options.api_port, "the REST API", "--api-port")?,
            kubernetes: bind(local, options.kubernetes_port, "the Kubernetes API", "--kubernetes-port")?,
            gateway: GatewayPorts {
                http: bind(options.listen, options.gateway_port, "the gateway", "--gateway-port")?,
                https: bind(options.listen, options.tls_port(), "https at the gateway", "--gateway-tls-port")?,
            },
        })
    }
}

impl GatewayPorts {
    pub(crate) fn http(&self) -> Result<u16> {
        Ok(self.http.local_addr()?.port())
    }

    pub(crate) fn https(&self) -> Result<u16> {
        Ok(self.https.local_addr()?.port())
    }

    /// How the gateway opens ports: it is given these when it asks for them first, with the connections that wait there.
    pub(crate) fn into_listen(self) -> Result<Listen> {
        let mut bound = HashMap::new();
        for listener in [self.http, self.https] {
            bound.insert(listener.local_addr()?, listener);
        }
        let bound = Mutex::new(bound);
        Ok(Listen::by(move |address| {
            let here = bound.lock().unwrap_or_else(PoisonError::into_inner).remove(&address);
            here.map_or_else(|| without_root::listen(address), Ok)
        }))
    }
}

fn bind(address: IpAddr, port: u16, purpose: &str, option: &str) -> Result<TcpListener> {
    let place = SocketAddr::new(address, port);
    match without_root::listen(place) {
        Ok(listener) => {
            listener.set_nonblocking(true)?;
            Ok(listener)
        }
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => bail!(
            "port {port} on {address}, meant for {purpose}, is taken by another program: stop it, or choose another port with {option} (0 takes any free one)"
        ),
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            bail!("this user may not listen on port {port}, meant for {purpose}: choose one above 1023 with {option}")
        }
        Err(error) => bail!("cannot listen on {place} for {purpose}: {error}; {option} and --listen change it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_named_with_the_option_that_changes_it() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("binds");
        let port = taken.local_addr().expect("has an address").port();
        let error = bind(IpAddr::V4(Ipv4Addr::LOCALHOST), port, "the gateway", "--gateway-port").expect_err("taken");
        assert_eq!(
            error.to_string(),
            format!(
                "port {port} on 127.0.0.1, meant for the gateway, is taken by another program: stop it, or choose another port with --gateway-port (0 takes any free one)"
            )
        );
    }
}
