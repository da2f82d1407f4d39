//! The command line of the server.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::IpAddr;
use std::path::PathBuf;

#[derive(Parser)]
#[command(name = "openchoreo", version, about = "An internal developer platform in one process", max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run everything on this computer: control plane, containers, gateway
    Up(UpOptions),
    /// Take away what a stopped or killed `up` left running: containers, networks, the interface; data stays
    Down(DownOptions),
    /// Let programs of this computer trust the gateway's local certificates, so that https works without a warning
    Trust(TrustOptions),
    /// Print the version
    Version,
}

/// Options of `openchoreo down`.
#[derive(Args, Clone)]
pub(crate) struct DownOptions {
    /// The data folder of `openchoreo up` [default: openchoreo under the user's data directory]
    #[arg(long, env = "OPENCHOREO_DATA_DIR", value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,

    /// Container engine that it used, for example unix:///run/podman/podman.sock [default: DOCKER_HOST, or found by itself]
    #[arg(long, value_name = "URL")]
    pub(crate) engine: Option<String>,
}

/// Options of `openchoreo trust`.
#[derive(Args, Clone)]
pub(crate) struct TrustOptions {
    /// The data folder of `openchoreo up` [default: openchoreo under the user's data directory]
    #[arg(long, env = "OPENCHOREO_DATA_DIR", value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,

    /// Take the trust back
    #[arg(long)]
    pub(crate) remove: bool,
}

/// Options of `openchoreo up`.
#[derive(Args, Clone)]
pub(crate) struct UpOptions {
    /// Folder for everything that is kept [default: openchoreo under the user's data directory]
    #[arg(long, env = "OPENCHOREO_DATA_DIR", value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,

    /// Address that the API and the gateway listen on
    #[arg(long, env = "OPENCHOREO_LISTEN", default_value = "127.0.0.1", value_name = "IP")]
    pub(crate) listen: IpAddr,

    /// Port of the REST API (0: any free one)
    #[arg(long, env = "OPENCHOREO_API_PORT", default_value_t = 18080, value_name = "PORT")]
    pub(crate) api_port: u16,

    /// Port of the Kubernetes API (0: any free one)
    #[arg(long, env = "OPENCHOREO_KUBERNETES_PORT", default_value_t = 16443, value_name = "PORT")]
    pub(crate) kubernetes_port: u16,

    /// Port of the gateway, where components answer (0: any free one)
    #[arg(long, env = "OPENCHOREO_GATEWAY_PORT", default_value_t = 19080, value_name = "PORT")]
    pub(crate) gateway_port: u16,

    /// Port of the gateway for https (0: any free one) [default: 19443 beside 19080, else any free one]
    #[arg(long, env = "OPENCHOREO_GATEWAY_TLS_PORT", value_name = "PORT")]
    pub(crate) gateway_tls_port: Option<u16>,

    /// Container engine, for example unix:///run/podman/podman.sock [default: DOCKER_HOST, or found by itself]
    #[arg(long, value_name = "URL")]
    pub(crate) engine: Option<String>,

    /// Folder of this computer that hostPath volumes may name, with all that is in it; may be given several times
    #[arg(long, value_name = "DIR")]
    pub(crate) allow_host_path: Vec<PathBuf>,

    /// How log lines look
    #[arg(long, env = "OPENCHOREO_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,

    /// What is logged, for example info or reconcile=debug
    #[arg(long, env = "OPENCHOREO_LOG", default_value = "info", value_name = "FILTER")]
    pub(crate) log: String,

    /// Leave out the default project, environments, pipeline and component types
    #[arg(long)]
    pub(crate) no_platform: bool,

    /// Remove all containers, networks and interfaces at the end instead of leaving them running
    #[arg(long)]
    pub(crate) remove_on_exit: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum LogFormat {
    /// One readable line for each event
    Text,
    /// One JSON object for each event
    Json,
}

/// The gateway's usual port, and the one for https beside it.
const GATEWAY_PORTS: (u16, u16) = (19080, 19443);

impl UpOptions {
    /// The gateway's port for https: the usual one only beside the usual one for http, so that a second server with a port
    /// of its own does not meet the first.
    pub(crate) fn tls_port(&self) -> u16 {
        let usual = if self.gateway_port == GATEWAY_PORTS.0 { GATEWAY_PORTS.1 } else { 0 };
        self.gateway_tls_port.unwrap_or(usual)
    }
}
