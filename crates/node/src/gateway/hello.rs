//! The first bytes of a TLS connection: read far enough to know the name that the client asks for, and kept for a pod that
//! is to see them itself.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::server::Acceptor;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{LazyConfigAcceptor, StartHandshake};

/// How long a client may take to say hello, and then for the rest of the handshake.
const HELLO: Duration = Duration::from_secs(10);
/// A hello that is longer is none.
const LONGEST: usize = 64 * 1024;

/// A connection whose client has said which name it asks for.
pub(super) struct Hello {
    /// Lower case; empty where the client named none.
    pub(super) name: String,
    start: StartHandshake<Recorded>,
}

impl Hello {
    /// Reads until the name is known.
    pub(super) async fn read(stream: TcpStream) -> io::Result<Self> {
        let acceptor = LazyConfigAcceptor::new(Acceptor::default(), Recorded { stream, seen: Some(Vec::new()) });
        let start =
            tokio::time::timeout(HELLO, acceptor).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        let name = start.client_hello().server_name().unwrap_or_default().to_ascii_lowercase();
        Ok(Self { name, start })
    }

    /// Completes the handshake; TLS ends here.
    pub(super) async fn end_here(mut self, config: Arc<ServerConfig>) -> io::Result<TlsStream<Recorded>> {
        self.start.io.seen = None;
        let shaken = tokio::time::timeout(HELLO, self.start.into_stream(config)).await;
        shaken.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }

    /// The connection and all that was read of it, to be carried on.
    pub(super) fn carry_on(self) -> (TcpStream, Vec<u8>) {
        (self.start.io.stream, self.start.io.seen.unwrap_or_default())
    }

    /// Says that nobody here has that name (RFC 6066, alert `unrecognized_name`), as far as the client listens.
    pub(super) async fn refuse(self) {
        let mut stream = self.start.io.stream;
        let _ = stream.write_all(&[21, 3, 3, 0, 2, 2, 112]).await;
        let _ = stream.shutdown().await;
    }
}

/// A connection that remembers what was read of it as long as that is of use.
pub(super) struct Recorded {
    stream: TcpStream,
    seen: Option<Vec<u8>>,
}

impl AsyncRead for Recorded {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(cx, buffer))?;
        if let Some(seen) = &mut this.seen {
            seen.extend_from_slice(buffer.filled().get(before..).unwrap_or_default());
            if seen.len() > LONGEST {
                return Poll::Ready(Err(io::Error::other("the client's hello is too long")));
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Recorded {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
