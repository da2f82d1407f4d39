//! nginx as a reverse proxy that does what the route asks of the gateway.

use super::super::process::Process;
use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long it may take to listen.
const PATIENCE: Duration = Duration::from_secs(5);

/// A running nginx, ended when dropped.
pub(super) struct Nginx {
    child: Child,
    pub(super) port: u16,
    _folder: tempfile::TempDir,
}

impl Nginx {
    /// Starts it with two workers; the inner error says that there is none here.
    #[allow(clippy::unnecessary_wraps, reason = "what is missing is told, what is broken ends the run")]
    pub(super) fn start(backend: SocketAddr) -> Result<Result<Self>> {
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let path = folder.path().join("nginx.conf");
        let place = folder.path().display();
        std::fs::write(&path, configuration(&place.to_string(), port, backend))?;
        let started = Command::new("nginx")
            .args(["-p", &place.to_string(), "-e", "error.log", "-c"])
            .arg(&path)
            .stderr(Stdio::null())
            .spawn();
        let child = match started {
            Ok(child) => child,
            Err(error) => return Ok(Err(error).context("it does not start (apt-get install nginx-light)")),
        };
        let mut nginx = Self { child, port, _folder: folder };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Some(status) = nginx.child.try_wait()? {
                bail!("nginx ended at once: {status}");
            }
            if begun.elapsed() > PATIENCE {
                bail!("nginx does not listen on port {port}");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(Ok(nginx))
    }

    /// Its workers.
    pub(super) fn processes(&self) -> Result<Vec<Process>> {
        let id = self.child.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"))?;
        Ok(children.split_whitespace().filter_map(|id| id.parse().ok()).map(Process::new).collect())
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        if let Ok(id) = i32::try_from(self.child.id()) {
            let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
        }
        let _ = self.child.wait();
    }
}

/// A route like the gateway's: one host, one path prefix, a header set, the connections kept, and no access log.
fn configuration(folder: &str, port: u16, backend: SocketAddr) -> String {
    format!(
        "daemon off;
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 100000000;
    upstream pods {{
        server {backend};
        keepalive 64;
        keepalive_requests 100000000;
    }}
    server {{
        listen 127.0.0.1:{port};
        server_name bench.localhost;
        location /shop/ {{
            proxy_pass http://pods/;
            proxy_http_version 1.1;
            proxy_set_header Connection \"\";
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Host $http_host;
            proxy_set_header X-Forwarded-Port $server_port;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Bench yes;
        }}
    }}
}}
"
    )
}
