//! Where requests to components come in: opened before anything else is looked at, so that what runs on over a restart of
//! this process is reached again as soon as the store is read.

use super::ports::GatewayPorts;
use crate::cli::UpOptions;
use crate::data_dir::DataDir;
use crate::trust;
use anyhow::Result;
use kube::Client;
use node::gateway::{Gateway, GatewayHandle, GatewayOptions, LocalAuthority};
use node::network::services::Services;
use std::sync::Arc;

/// The gateway, and the Services that it sends requests to.
pub(super) struct Entrance {
    pub(super) services: Arc<Services>,
    pub(super) gateway: GatewayHandle,
}

impl Entrance {
    /// Opens it over what the store knows: the containers of an earlier process have run on.
    pub(super) async fn open(
        options: &UpOptions,
        data: &DataDir,
        ports: GatewayPorts,
        client: &Client,
    ) -> Result<Entrance> {
        let services = Services::start(client);
        let options = GatewayOptions {
            services: Some(services.clone()),
            address: options.listen,
            http_port: ports.http()?,
            listen: ports.into_listen()?,
            authority: Some(LocalAuthority::open(&data.path().join(trust::FOLDER))?),
            ..GatewayOptions::new(client.clone())
        };
        Ok(Entrance { services, gateway: Gateway::start(options).await? })
    }
}
