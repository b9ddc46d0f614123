//! `/livez`, `/readyz` and `/metrics`.

use std::time::SystemTime;

use http::header::CONTENT_TYPE;
use http::{Method, Response, StatusCode};
use tokio::net::TcpListener;

use super::connection::{self, Answer};
use crate::telemetry::{CONTENT, Readiness, Telemetry};

const PLAIN: &str = "text/plain; charset=utf-8";

/// Answers for ever.
pub(super) async fn serve(listener: TcpListener, telemetry: Telemetry, readiness: Readiness) {
    let open = |stream| async { Ok(stream) };
    connection::serve(listener, open, move |request: http::Request<_>| {
        let answer = answer(request.method(), request.uri().path(), &telemetry, &readiness);
        async { answer }
    })
    .await;
}

fn answer(method: &Method, path: &str, telemetry: &Telemetry, readiness: &Readiness) -> Answer {
    let (status, kind, text) = match path {
        _ if !matches!(*method, Method::GET | Method::HEAD) => {
            (StatusCode::METHOD_NOT_ALLOWED, PLAIN, "use GET\n".to_owned())
        }
        "/livez" => (StatusCode::OK, PLAIN, "ok\n".to_owned()),
        "/readyz" if readiness.is_ready() => (StatusCode::OK, PLAIN, readiness.text()),
        "/readyz" => (StatusCode::SERVICE_UNAVAILABLE, PLAIN, readiness.text()),
        "/metrics" => (StatusCode::OK, CONTENT, telemetry.text(SystemTime::now())),
        _ => (StatusCode::NOT_FOUND, PLAIN, "/livez, /readyz, /metrics\n".to_owned()),
    };
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static(kind));
    response
}
