//! Connections: how many there may be, and how long one may take.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Connections of one server at a time. Others wait.
const MOST: usize = 64;
/// A connection that asks for nothing is closed after this time. The API server keeps them open.
const IDLE: Duration = Duration::from_secs(90);
/// A pause after an error of accept, such as too many open files.
const PAUSE: Duration = Duration::from_millis(100);

/// An answer.
pub(super) type Answer = Response<Full<Bytes>>;

/// Accepts connections for ever. `open` makes a stream of bytes of one, as TLS does, and `answer` answers its
/// requests.
pub(super) async fn serve<S, Opening, Answering>(
    listener: TcpListener,
    open: impl Fn(TcpStream) -> Opening,
    answer: impl Fn(Request<Incoming>) -> Answering + Clone + Send + Sync + 'static,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    Opening: Future<Output = io::Result<S>> + Send + 'static,
    Answering: Future<Output = Answer> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(MOST));
    // Dropped with this future, and all connections with it.
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        // It is never closed.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let (opening, answer) = (open(stream), answer.clone());
        connections.spawn(async move {
            let _place = place;
            // What a client does wrong concerns the client.
            if let Ok(Ok(stream)) = tokio::time::timeout(IDLE, opening).await {
                let _ = requests(stream, answer).await;
            }
        });
    }
}

async fn requests<S, Answering>(
    stream: S,
    answer: impl Fn(Request<Incoming>) -> Answering,
) -> hyper::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
    Answering: Future<Output = Answer>,
{
    let service = service_fn(|request| {
        let answering = answer(request);
        async { Ok::<_, Infallible>(answering.await) }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .serve_connection(TokioIo::new(stream), service)
        .await
}
