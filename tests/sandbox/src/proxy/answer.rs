//! Answers that do not come from the API server, or not all of them.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};

use anyhow::Result;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as HttpBody, Bytes, Frame};
use hyper::header::{CONTENT_TYPE, HeaderValue, LOCATION, RETRY_AFTER};
use hyper::{Response, StatusCode};
use serde_json::json;

/// The body of any answer.
pub(super) type Body = UnsyncBoxBody<Bytes, Box<dyn Error + Send + Sync>>;

/// An object of kind Status, as the API server itself would send.
pub(super) fn status(code: StatusCode, retry_after: Option<u32>) -> Response<Body> {
    let mut details = json!({});
    if let Some(seconds) = retry_after {
        details["retryAfterSeconds"] = seconds.into();
    }
    let object = json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": format!("fault proxy: {code}"),
        "reason": reason(code),
        "details": details,
        "code": code.as_u16(),
    });
    let mut answer = page(code, "application/json", object.to_string());
    if let Some(seconds) = retry_after {
        answer.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    answer
}

fn reason(code: StatusCode) -> &'static str {
    match code.as_u16() {
        400 => "BadRequest",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "NotFound",
        409 => "Conflict",
        410 => "Expired",
        422 => "Invalid",
        429 => "TooManyRequests",
        500 => "InternalError",
        503 => "ServiceUnavailable",
        504 => "Timeout",
        _ => "",
    }
}

/// A page for people, as a load balancer or a login page would send.
pub(super) fn garbage(code: StatusCode) -> Response<Body> {
    let text = format!("<html><head><title>{code}</title></head><body>{code}</body></html>\n");
    page(code, "text/html", text)
}

fn page(code: StatusCode, kind: &'static str, text: String) -> Response<Body> {
    let body = Full::new(Bytes::from(text)).map_err(|never| match never {});
    let mut answer = Response::new(body.boxed_unsync());
    *answer.status_mut() = code;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}

/// Another address, as registries say it that keep their blobs elsewhere.
pub(super) fn redirect(to: &str) -> Result<Response<Body>> {
    let mut answer = page(StatusCode::TEMPORARY_REDIRECT, "text/plain", String::new());
    answer.headers_mut().insert(LOCATION, to.parse()?);
    Ok(answer)
}

/// An answer with its last byte changed.
pub(super) fn corrupt(whole: &Bytes) -> Body {
    let mut bytes = whole.to_vec();
    if let Some(last) = bytes.last_mut() {
        *last ^= 1;
    }
    Full::new(Bytes::from(bytes)).map_err(|never| match never {}).boxed_unsync()
}

/// Half of an answer; then it breaks off.
pub(super) fn half(whole: &Bytes) -> Body {
    Half { rest: Some(whole.slice(..whole.len() / 2)), flushed: false }.boxed_unsync()
}

struct Half {
    rest: Option<Bytes>,
    flushed: bool,
}

impl HttpBody for Half {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some(rest) = self.rest.take() {
            return Poll::Ready(Some(Ok(Frame::data(rest))));
        }
        // An error throws away what is not yet sent: once around the loop sends it.
        if !self.flushed {
            self.flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err("cut by the fault proxy".into())))
    }
}
