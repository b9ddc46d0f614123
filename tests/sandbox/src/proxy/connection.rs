//! Connections of clients.

use std::convert::Infallible;
use std::net::TcpListener as Socket;
use std::os::fd::{AsFd as _, OwnedFd};
use std::pin::pin;
use std::sync::Arc;

use anyhow::Result;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use nix::libc::linger;
use nix::sys::socket::{setsockopt, sockopt::Linger};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use super::passage::{End, Passage};
use super::record::Book;
use super::upstream::{Link, Upstream};

/// Takes connections until it is dropped.
pub(super) async fn listen(
    socket: Socket,
    acceptor: TlsAcceptor,
    upstream: Upstream,
    book: Arc<Book>,
) {
    let Ok(listener) = TcpListener::from_std(socket) else { return };
    let upstream = Arc::new(upstream);
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let link = Link::new(upstream.clone());
        // A client that goes away in the middle is no matter for the others.
        tokio::spawn(serve(stream, acceptor.clone(), link, book.clone()));
    }
}

async fn serve(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    link: Link,
    book: Arc<Book>,
) -> Result<()> {
    stream.set_nodelay(true)?;
    // The stream itself disappears into TLS and HTTP: this second handle can still reset it.
    let handle = stream.as_fd().try_clone_to_owned()?;
    let stream = TokioIo::new(acceptor.accept(stream).await?);
    let (end, mut ends) = mpsc::unbounded_channel();
    let passage = Arc::new(Passage { link, book, end });
    let service = service_fn(move |request| {
        let passage = passage.clone();
        async move { Ok::<_, Infallible>(passage.pass(request).await) }
    });
    let builder = Builder::new(TokioExecutor::new());
    let mut connection = pin!(builder.serve_connection(stream, service));
    loop {
        tokio::select! {
            _ = connection.as_mut() => return Ok(()),
            Some(end) = ends.recv() => match end {
                End::Reset => return reset(&handle),
                End::Goaway => connection.as_mut().graceful_shutdown(),
            },
        }
    }
}

/// The socket's last close sends RST at once, instead of FIN after what is still to be sent.
fn reset(handle: &OwnedFd) -> Result<()> {
    Ok(setsockopt(handle, Linger, &linger { l_onoff: 1, l_linger: 0 })?)
}
