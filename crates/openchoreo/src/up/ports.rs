//! Binds every port before anything starts, so that a taken one stops nothing half-way.

use super::without_root;
use crate::cli::UpOptions;
use anyhow::{Result, bail};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

/// The bound ports.
#[derive(Debug)]
pub(crate) struct Ports {
    pub(crate) api: TcpListener,
    pub(crate) kubernetes: TcpListener,
    pub(crate) gateway: TcpListener,
    pub(crate) gateway_tls: TcpListener,
}

impl Ports {
    /// Binds all; the error names the port, what it is for and the option that changes it.
    pub(crate) fn bind(options: &UpOptions) -> Result<Ports> {
        // The Kubernetes API is for tools on this computer only.
        let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
        Ok(Ports {
            api: bind(options.listen, options.api_port, "the REST API", "--api-port")?,
            kubernetes: bind(local, options.kubernetes_port, "the Kubernetes API", "--kubernetes-port")?,
            gateway: bind(options.listen, options.gateway_port, "the gateway", "--gateway-port")?,
            gateway_tls: bind(options.listen, options.tls_port(), "https at the gateway", "--gateway-tls-port")?,
        })
    }
}

impl Ports {
    /// The gateway's ports, for http and for https. The gateway opens them itself; until then the listeners here keep
    /// others away.
    pub(crate) fn gateway_ports(&self) -> Result<(u16, u16)> {
        Ok((self.gateway.local_addr()?.port(), self.gateway_tls.local_addr()?.port()))
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
