//! The webhook that the API server asks before it stores a ClusterConfiguration.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Bytes, Incoming};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

use super::connection::{self, Answer};
use crate::admission;
use crate::telemetry::Telemetry;

/// Where it answers.
pub(super) const PATH: &str = "/validate";
/// etcd stores no object above 1.5 MB, and a request holds two of them.
const LARGEST: usize = 8 << 20;
/// How long a request may take to arrive: the API server does not wait longer for the answer.
const ARRIVAL: Duration = Duration::from_secs(10);
/// Checks at a time: other work needs the processor, too.
const CHECKS: usize = 2;

/// Answers for ever.
pub(super) async fn serve(listener: TcpListener, acceptor: TlsAcceptor, telemetry: Telemetry) {
    let checks = Arc::new(Semaphore::new(CHECKS));
    connection::serve(
        listener,
        move |stream| acceptor.accept(stream),
        move |request| answer(request, Arc::clone(&checks), telemetry.clone()),
    )
    .await;
}

async fn answer(
    request: Request<Incoming>,
    checks: Arc<Semaphore>,
    telemetry: Telemetry,
) -> Answer {
    if request.uri().path() != PATH {
        return plain(StatusCode::NOT_FOUND, "/validate");
    }
    if request.method() != Method::POST {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "use POST");
    }
    let body = Limited::new(request.into_body(), LARGEST).collect();
    let body = match tokio::time::timeout(ARRIVAL, body).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(_)) => return plain(StatusCode::PAYLOAD_TOO_LARGE, "at most 8 MiB"),
        Err(_) => return plain(StatusCode::REQUEST_TIMEOUT, "the request took too long"),
    };
    let started = Instant::now();
    let _place = checks.acquire_owned().await;
    // A check takes milliseconds, in which nothing else would be answered.
    let reviewed = tokio::task::spawn_blocking(move || admission::review(&body)).await;
    match reviewed {
        Ok(Ok((review, verdict))) => {
            telemetry.admission(verdict.as_str(), started.elapsed());
            let mut response = Response::new(Bytes::from(review.to_string()).into());
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(CONTENT_TYPE, json);
            response
        }
        Ok(Err(error)) => plain(StatusCode::BAD_REQUEST, &error.to_string()),
        Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR, "the check ended early"),
    }
}

fn plain(status: StatusCode, text: &str) -> Answer {
    let mut response = Response::new(Bytes::from(format!("{text}\n")).into());
    *response.status_mut() = status;
    response
}
