//! The way of one request through the proxy.

use std::future::pending;
use std::sync::Arc;

use anyhow::Result;
use http_body_util::BodyExt as _;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_LENGTH, UPGRADE};
use hyper::{Request, Response, StatusCode};
use tokio::sync::mpsc::UnboundedSender;

use super::answer::{self, Body};
use super::fault::Fault;
use super::record::{Book, Number};
use super::upstream::Link;

/// How a connection ends.
pub(super) enum End {
    /// At once.
    Reset,
    /// When what is under way is answered.
    Goaway,
}

/// What the requests of one connection share.
pub(super) struct Passage {
    pub(super) link: Link,
    pub(super) book: Arc<Book>,
    pub(super) end: UnboundedSender<End>,
}

impl Passage {
    /// Answers a request, as the API server does or as a rule wants it.
    pub(super) async fn pass(&self, request: Request<Incoming>) -> Response<Body> {
        let (head, body) = request.into_parts();
        let (number, fault) = self.book.enter(&head);
        let request = Request::from_parts(head, body);
        let answer = match self.apply(fault, number, request).await {
            Ok(answer) => answer,
            // The API server is gone, and the client sees what it would see without the proxy.
            Err(_) => self.reset().await,
        };
        self.book.answered(number, answer.status().as_u16());
        answer
    }

    async fn apply(
        &self,
        fault: Option<Fault>,
        number: Number,
        request: Request<Incoming>,
    ) -> Result<Response<Body>> {
        match fault {
            None => return self.forward(request).await,
            Some(Fault::Status { code, retry_after }) => {
                return Ok(answer::status(StatusCode::from_u16(code)?, retry_after));
            }
            Some(Fault::Garbage { code }) => {
                return Ok(answer::garbage(StatusCode::from_u16(code)?));
            }
            Some(Fault::Delay(time)) => {
                tokio::time::sleep(time).await;
                return self.forward(request).await;
            }
            Some(Fault::Hold(gate)) => {
                gate.opened().await;
                return self.forward(request).await;
            }
            Some(Fault::Goaway) => {
                let answer = self.forward(request).await;
                let _ = self.end.send(End::Goaway);
                return answer;
            }
            Some(Fault::Truncate) => {
                let (head, whole) = self.whole(number, request).await?;
                return Ok(head.map(|()| answer::half(&whole)));
            }
            Some(Fault::Corrupt) => {
                let (head, whole) = self.whole(number, request).await?;
                return Ok(head.map(|()| answer::corrupt(&whole)));
            }
            Some(Fault::Redirect(to)) => return answer::redirect(&to),
            Some(Fault::Hang) => pending().await,
            Some(Fault::ResetBefore) => {}
            Some(Fault::ResetAfter) => drop(self.whole(number, request).await?),
            Some(Fault::Kill(victim)) => victim.kill().await,
            Some(Fault::KillAfter(victim)) => {
                drop(self.whole(number, request).await?);
                victim.kill().await;
            }
        }
        self.reset().await
    }

    async fn forward(&self, request: Request<Incoming>) -> Result<Response<Body>> {
        if request.headers().contains_key(UPGRADE) {
            return Ok(answer::status(StatusCode::NOT_IMPLEMENTED, None));
        }
        let answer = self.link.send(request).await?;
        Ok(answer.map(|body| body.map_err(Into::into).boxed_unsync()))
    }

    /// Passes a request on and reads the whole answer: what was asked is done then.
    async fn whole(
        &self,
        number: Number,
        request: Request<Incoming>,
    ) -> Result<(Response<()>, Bytes)> {
        let (mut head, body) = self.link.send(request).await?.into_parts();
        self.book.answered(number, head.status.as_u16());
        head.headers.remove(CONTENT_LENGTH);
        let whole = body.collect().await?.to_bytes();
        Ok((Response::from_parts(head, ()), whole))
    }

    /// Breaks the connection. Never returns: the connection's end takes it along.
    async fn reset<T>(&self) -> T {
        let _ = self.end.send(End::Reset);
        pending().await
    }
}
