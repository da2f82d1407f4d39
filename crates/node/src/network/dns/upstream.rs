//! Questions about the world outside, passed on as they are to the name servers that this computer uses.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};

use super::message::Transport;

/// How long one name server may take.
const ANSWER: Duration = Duration::from_secs(2);
const LARGEST: usize = 65_535;

/// Where questions are passed on to.
#[derive(Debug)]
pub(super) enum Upstream {
    /// The `nameserver` lines of a file, read again when it changes.
    File { path: PathBuf, own: IpAddr, read: Mutex<(Option<SystemTime>, Vec<SocketAddr>)> },
    /// These servers.
    Fixed(Vec<SocketAddr>),
}

impl Upstream {
    /// The servers that the file names, but not our own.
    pub(super) fn file(path: impl Into<PathBuf>, own: IpAddr) -> Self {
        Self::File { path: path.into(), own, read: Mutex::default() }
    }

    fn servers(&self) -> Vec<SocketAddr> {
        match self {
            Self::Fixed(servers) => servers.clone(),
            Self::File { path, own, read } => {
                let changed = modified(path);
                let mut read = read.lock().unwrap_or_else(PoisonError::into_inner);
                if read.0.is_none() || read.0 != changed {
                    let text = std::fs::read_to_string(path).unwrap_or_default();
                    *read = (changed, name_servers(&text, *own));
                }
                read.1.clone()
            }
        }
    }

    /// The first answer that any of the servers gives; none if all stay silent.
    pub(super) async fn ask(&self, question: &[u8], id: u16, transport: Transport) -> Option<Vec<u8>> {
        for server in self.servers() {
            let answer = tokio::time::timeout(ANSWER, async {
                match transport {
                    Transport::Udp => over_udp(server, question, id).await,
                    Transport::Tcp => over_tcp(server, question).await,
                }
            });
            match answer.await {
                Ok(Ok(answer)) => return Some(answer),
                Ok(Err(error)) => tracing::debug!(%server, %error, "a name server cannot be asked"),
                Err(_) => tracing::debug!(%server, "a name server stays silent"),
            }
        }
        None
    }
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|found| found.modified()).ok()
}

fn name_servers(text: &str, own: IpAddr) -> Vec<SocketAddr> {
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix("nameserver"));
    let addresses = lines.filter_map(|rest| rest.split_whitespace().next()?.parse::<IpAddr>().ok());
    addresses.filter(|address| *address != own).map(|address| SocketAddr::new(address, 53)).collect()
}

async fn over_udp(server: SocketAddr, question: &[u8], id: u16) -> io::Result<Vec<u8>> {
    let any: IpAddr = if server.is_ipv4() { [0_u8; 4].into() } else { [0_u16; 8].into() };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(server).await?;
    socket.send(question).await?;
    let mut buffer = vec![0; LARGEST];
    loop {
        let length = socket.recv(&mut buffer).await?;
        let answer = buffer.get(..length).unwrap_or_default();
        if answer.get(..2) == Some(&id.to_be_bytes()) {
            return Ok(answer.to_vec());
        }
    }
}

async fn over_tcp(server: SocketAddr, question: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server).await?;
    write_framed(&mut stream, question).await?;
    read_framed(&mut stream).await?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

/// Writes one message with its length before it.
pub(super) async fn write_framed(stream: &mut TcpStream, message: &[u8]) -> io::Result<()> {
    let length = u16::try_from(message.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
    let mut framed = length.to_be_bytes().to_vec();
    framed.extend_from_slice(message);
    stream.write_all(&framed).await
}

/// Reads one message with its length before it; none at an orderly end.
pub(super) async fn read_framed(stream: &mut TcpStream) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 2];
    match stream.read_exact(&mut length).await {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut message).await?;
    Ok(Some(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_servers_are_read_as_resolvers_read_them_and_never_ourselves() {
        let text = "# nameserver 192.0.2.9\nsearch example.org\n nameserver 192.0.2.1\nnameserver\t2001:db8::1 # second\nnameserver 10.96.0.10\nnameserver nonsense\n";
        let servers: Vec<_> = name_servers(text, [10, 96, 0, 10].into()).iter().map(ToString::to_string).collect();
        assert_eq!(servers, ["192.0.2.1:53", "[2001:db8::1]:53"]);
    }
}
