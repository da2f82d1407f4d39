//! Ports of this computer for a server that is in another network namespace: a listening socket belongs to where it was
//! opened, whoever accepts on it.
//!
//! One connection for each request, of one line: `listen ADDRESS` is answered with the socket, or with the number of the
//! error; `live` is answered with `stop` when the server is to stop, and ends with the process that answers.

use anyhow::{Context, Result};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    recvmsg, sendmsg,
};
use std::io::{self, IoSlice, IoSliceMut, Read as _, Write as _};
use std::mem::MaybeUninit;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream as BlockingStream;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Interest};
use tokio::net::{TcpSocket, UnixListener, UnixStream};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

/// The variable that tells the server where to ask.
pub(super) const VARIABLE: &str = "OPENCHOREO_DOORS";
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest request.
const LONGEST: u64 = 256;
/// Connections that wait until the server accepts them.
const BACKLOG: u32 = 4096;
/// The longest path that fits a socket's address.
const SOCKET_PATH: usize = 100;

/// Where this process is to ask for ports; none where its own are this computer's.
pub(super) fn path() -> Option<PathBuf> {
    std::env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// The side of this computer.
#[derive(Debug)]
pub(super) struct Doors {
    path: PathBuf,
    stop: watch::Sender<bool>,
    _task: AbortOnDropHandle<()>,
}

impl Doors {
    /// Answers on a socket in the folder, which only its owner may open.
    pub(super) fn open(folder: &Path) -> Result<Doors> {
        let path = socket_path(folder);
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path).with_context(|| format!("cannot listen on {}", path.display()))?;
        let stop = watch::Sender::new(false);
        let told = stop.subscribe();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let told = told.clone();
                tokio::spawn(async move {
                    if let Err(error) = answer(stream, told).await {
                        tracing::debug!(%error, "the server was not answered");
                    }
                });
            }
        });
        Ok(Doors { path, stop, _task: AbortOnDropHandle::new(task) })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Tells the server to stop.
    pub(super) fn stop(&self) {
        self.stop.send_replace(true);
    }
}

impl Drop for Doors {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// A path that is short enough for a socket.
fn socket_path(folder: &Path) -> PathBuf {
    let inside = folder.join("doors.sock");
    match std::env::var_os(super::RUNTIME_DIR) {
        Some(place) if inside.as_os_str().len() > SOCKET_PATH => {
            PathBuf::from(place).join(format!("openchoreo-{}.sock", std::process::id()))
        }
        _ => inside,
    }
}

async fn answer(stream: UnixStream, mut told: watch::Receiver<bool>) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    (&mut reader).take(LONGEST).read_line(&mut line).await?;
    let mut stream = reader.into_inner();
    match line.trim().strip_prefix("listen ") {
        Some(address) => {
            let address: SocketAddr =
                address.parse().map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "no address"))?;
            match open(address) {
                Ok(listener) => hand_over(&stream, listener.as_fd()).await,
                Err(error) => {
                    let number = error.raw_os_error().unwrap_or_default();
                    stream.write_all(number.to_string().as_bytes()).await
                }
            }
        }
        None => {
            // The sender lives as long as this process.
            let _ = told.wait_for(|stop| *stop).await;
            stream.write_all(b"stop\n").await
        }
    }
}

fn open(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

/// Sends one byte, and the socket with it.
async fn hand_over(stream: &UnixStream, socket: BorrowedFd<'_>) -> io::Result<()> {
    let sockets = [socket];
    let send = || {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut beside = SendAncillaryBuffer::new(&mut space);
        beside.push(SendAncillaryMessage::ScmRights(&sockets));
        sendmsg(stream, &[IoSlice::new(b" ")], &mut beside, SendFlags::NOSIGNAL).map_err(io::Error::from)
    };
    stream.async_io(Interest::WRITABLE, send).await.map(drop)
}

/// Asks for a port of this computer. Waits in the calling thread: the answer takes no longer than opening it here would.
pub(super) fn ask(path: &Path, address: SocketAddr) -> io::Result<TcpListener> {
    let mut stream = BlockingStream::connect(path)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    writeln!(stream, "listen {address}")?;
    let mut first = [0_u8; 16];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut beside = RecvAncillaryBuffer::new(&mut space);
    let received = recvmsg(&stream, &mut [IoSliceMut::new(&mut first)], &mut beside, RecvFlags::CMSG_CLOEXEC)?;
    for message in beside.drain() {
        if let RecvAncillaryMessage::ScmRights(mut sockets) = message
            && let Some(socket) = sockets.next()
        {
            return Ok(TcpListener::from(socket));
        }
    }
    let mut words = String::from_utf8_lossy(first.get(..received.bytes).unwrap_or_default()).into_owned();
    stream.read_to_string(&mut words)?;
    match words.trim().parse() {
        Ok(number @ 1..) => Err(io::Error::from_raw_os_error(number)),
        _ => Err(io::Error::other(format!("no port was given: {words:?}"))),
    }
}

/// Returns when the server is to stop, and ends it when nobody can say so any more.
pub(super) async fn told_to_stop(path: &Path) {
    let told = async {
        let mut stream = UnixStream::connect(path).await?;
        stream.write_all(b"live\n").await?;
        stream.read_exact(&mut [0_u8; 5]).await
    };
    if let Err(error) = told.await {
        tracing::error!(%error, "the process that this server belongs to is gone");
        std::process::exit(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_port_is_handed_over_and_a_taken_one_is_told_as_such() {
        let folder = tempfile::tempdir().expect("a folder");
        let doors = Doors::open(folder.path()).expect("open");
        let path = doors.path().to_owned();
        let asked = tokio::task::spawn_blocking(move || {
            let first = ask(&path, "127.0.0.1:0".parse().expect("an address")).expect("a port");
            let taken = ask(&path, first.local_addr().expect("an address")).expect_err("taken");
            (first, taken.kind())
        });
        let (listener, taken) = asked.await.expect("asked");
        assert_eq!(taken, io::ErrorKind::AddrInUse);
        listener.set_nonblocking(true).expect("set");
        let listener = tokio::net::TcpListener::from_std(listener).expect("taken in");
        let (dialed, accepted) =
            tokio::join!(tokio::net::TcpStream::connect(listener.local_addr().expect("an address")), listener.accept());
        assert!(dialed.is_ok() && accepted.is_ok());
    }

    #[tokio::test]
    async fn the_server_is_told_to_stop() {
        let folder = tempfile::tempdir().expect("a folder");
        let doors = Doors::open(folder.path()).expect("open");
        let path = doors.path().to_owned();
        let told = tokio::spawn(async move { told_to_stop(&path).await });
        doors.stop();
        told.await.expect("told");
    }
}
