//! A connection through a pod of another cluster: `kubectl port-forward` as a connector of the HTTP client.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::time::{Sleep, sleep};
use tower::{BoxError, Service};

use super::Cluster;

/// A port of a pod, reached through the API server and the kubelet of its cluster. No `NetworkPolicy` applies
/// to it.
#[derive(Debug, Clone)]
pub struct PodPort {
    /// The cluster of the pod.
    pub cluster: Cluster,
    /// The namespace of the pod.
    pub namespace: String,
    /// The pod.
    pub pod: String,
    /// The port that it listens on.
    pub port: u16,
}

/// Connects to the port, whatever address is asked for.
impl Service<Uri> for PodPort {
    type Response = TokioIo<Forwarded>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let Self { cluster, namespace, pod, port } = self.clone();
        Box::pin(async move {
            let pods: Api<Pod> = Api::namespaced(cluster.connection.client(), &namespace);
            let mut ports = pods.portforward(&pod, &[port]).await?;
            let bytes = ports.take_stream(port).ok_or("the API server forwards no port")?;
            let refusal = ports.take_error(port).map(|refusal| Box::pin(refusal) as Refusal);
            Ok(TokioIo::new(Forwarded { bytes, refusal, grace: None }))
        })
    }
}

/// How long the kubelet may take to say why the bytes have ended.
const GRACE: Duration = Duration::from_secs(2);

type Refusal = Pin<Box<dyn Future<Output = Option<String>> + Send>>;

/// The bytes to and from the port.
pub struct Forwarded {
    bytes: DuplexStream,
    /// Why the kubelet ended it, if it did. The bytes alone only end.
    refusal: Option<Refusal>,
    /// The end of the wait for that, once the bytes have ended.
    grace: Option<Pin<Box<Sleep>>>,
}

impl AsyncRead for Forwarded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { bytes, refusal, grace } = &mut *self;
        let before = buffer.filled().len();
        ready!(Pin::new(bytes).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            return Poll::Ready(Ok(()));
        }
        let Some(why) = refusal else { return Poll::Ready(Ok(())) };
        match why.as_mut().poll(context) {
            Poll::Ready(answer) => {
                *refusal = None;
                Poll::Ready(answer.map_or(Ok(()), |why| Err(io::Error::other(why))))
            }
            Poll::Pending => {
                let grace = grace.get_or_insert_with(|| Box::pin(sleep(GRACE)));
                grace.as_mut().poll(context).map(Ok)
            }
        }
    }
}

impl AsyncWrite for Forwarded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.bytes).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.bytes).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.bytes).poll_shutdown(context)
    }
}

impl Connection for Forwarded {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;

    async fn read(refusal: Refusal) -> io::Result<usize> {
        let (bytes, other) = tokio::io::duplex(8);
        drop(other);
        let mut forwarded = Forwarded { bytes, refusal: Some(refusal), grace: None };
        forwarded.read(&mut [0; 8]).await
    }

    #[tokio::test(start_paused = true)]
    async fn the_kubelet_may_say_a_little_later_why_the_bytes_ended() {
        let why = || Some("connection refused".to_owned());
        let late = Box::pin(async move {
            sleep(GRACE / 2).await;
            why()
        });
        assert_eq!(read(late).await.unwrap_err().to_string(), "connection refused");
        let at_once = Box::pin(std::future::ready(why()));
        assert!(read(at_once).await.is_err());
        assert_eq!(read(Box::pin(std::future::ready(None))).await.unwrap(), 0);
        assert_eq!(read(Box::pin(std::future::pending())).await.unwrap(), 0, "nothing was wrong");
    }
}
