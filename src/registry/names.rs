//! Addresses of hosts.

use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper_util::client::legacy::connect::dns::Name;
use tower::Service;

/// Addresses of names, in limited time.
#[derive(Clone)]
pub(super) struct Names(pub(super) Duration);

impl Service<Name> for Names {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = NameError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, NameError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), NameError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let limit = self.0;
        Box::pin(async move {
            let lookup = tokio::net::lookup_host((name.as_str(), 0));
            let found = match tokio::time::timeout(limit, lookup).await {
                Ok(found) => found.map_err(|error| error.to_string()),
                Err(_) => Err(format!("the DNS server did not answer in {} s", limit.as_secs())),
            };
            let found = found.map_err(|why| NameError(format!("{name}: {why}")))?;
            Ok(found.collect::<Vec<_>>().into_iter())
        })
    }
}

/// No address is known for a name.
#[derive(Debug)]
pub(super) struct NameError(String);

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NameError {}
