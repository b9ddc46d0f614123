//! Sends requests with limited concurrency, time limits, and retries.

use std::time::Duration;

use http::HeaderMap;
use http_body_util::BodyExt as _;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use tokio::time::{Instant, timeout};

use super::Cluster;
use super::error::{Error, ErrorKind};
use super::limit::Permit;
use super::lock::{WriteLock, while_held};
use super::request::Call;
use super::retry::Tries;
use super::status::Status;
use crate::object::{Masker, ObjectId, Scrubber};

/// How long a server that never responded is retried: a wrong address should be reported soon.
const FIRST_CONTACT: Duration = Duration::from_secs(3);
/// How long a request may take after the deadline.
const LAST_TRY: Duration = Duration::from_secs(3);

/// How long a dry run is retried if the object, not the server, is in trouble: a webhook without a backend
/// would use up all of the time.
const DRY_RUN: Duration = Duration::from_secs(3);

/// A failed try.
struct Failed {
    error: Error,
    retry_after: Option<u64>,
}

impl Cluster {
    /// Sends a request, and retries transient errors.
    pub(super) async fn send(&self, call: &Call) -> Result<Value, Error> {
        self.send_within(call, self.patience()).await
    }

    /// The same, with another limit for retries.
    pub(super) async fn send_within(
        &self,
        call: &Call,
        patience: Duration,
    ) -> Result<Value, Error> {
        let answer = tokio::select! {
            biased;
            reason = self.session.cancelled() => Err(reason),
            // Futures of callers contain many of these.
            answer = Box::pin(self.tried(call, patience)) => answer,
        };
        answer.map_err(|error| redacted(error, &call.body))
    }

    async fn tried(&self, call: &Call, patience: Duration) -> Result<Value, Error> {
        let started = Instant::now();
        let mut reconnected = false;
        let mut tries = Tries::default();
        let mut before = None;
        let pulse = &self.session.pulse;
        let time_left = self.session.time_left().unwrap_or(patience);
        // The first contact fails soon.
        let is_known = self.connection.has_answered();
        let _waiting = is_known.then(|| pulse.begin(started + patience.min(time_left)));
        loop {
            let login = self.connection.login();
            let Failed { error, retry_after } = match self.try_once(call).await {
                Ok(answer) => {
                    pulse.answered();
                    return Ok(answer);
                }
                Err(failed) => failed,
            };
            if is_outage(&error.kind) {
                pulse.failed(&error.cause);
            } else {
                pulse.answered();
            }
            // Tokens and certificates in files are rotated while we run.
            if error.kind == ErrorKind::Unauthorized && !reconnected {
                reconnected = true;
                self.connection.reconnect(login).await?;
                continue;
            }
            let patience = match error.kind {
                _ if !self.connection.has_answered() => FIRST_CONTACT,
                ErrorKind::Webhook | ErrorKind::Terminating if call.is_dry_run => {
                    patience.min(DRY_RUN)
                }
                _ => patience,
            };
            let wait = tries.wait(&error.kind, retry_after);
            match wait.filter(|wait| started.elapsed() + *wait < patience && self.lasts(*wait)) {
                Some(wait) => {
                    tracing::debug!("again in {} ms: {error}", wait.as_millis());
                    tokio::time::sleep(wait).await;
                }
                // A try that the deadline ended says less than the one before.
                None if error.kind == ErrorKind::Timeout && !self.lasts(Duration::ZERO) => {
                    return Err(self.located(before.unwrap_or(error)));
                }
                None => return Err(self.located(error)),
            }
            before = Some(error);
        }
    }

    /// An error before the first response is about the connection, not about the request.
    fn located(&self, error: Error) -> Error {
        let is_unreachable = matches!(
            error.kind,
            ErrorKind::Unreachable | ErrorKind::Timeout | ErrorKind::NotKubernetes
        );
        if !is_unreachable || self.connection.has_answered() {
            return error;
        }
        Error { action: "connect to", place: self.place().to_owned(), ..error }
    }

    /// The lock that a request needs.
    fn lock_for(&self, call: &Call) -> Option<&dyn WriteLock> {
        self.lock.as_deref().filter(|_| call.is_write)
    }

    /// Waits for a permit, and for a write also until the lock is held. Urgent requests need no permit.
    async fn admitted(&self, call: &Call) -> Result<Option<Permit<'_>>, Error> {
        if self.urgency.is_some() {
            return Ok(None);
        }
        loop {
            let permit = self.connection.limit.acquire().await;
            match self.lock_for(call) {
                Some(lock) if !lock.is_held()? => {
                    // Others can use it meanwhile.
                    drop(permit);
                    lock.ensure().await?;
                }
                _ => return Ok(Some(permit)),
            }
        }
    }

    async fn try_once(&self, call: &Call) -> Result<Value, Failed> {
        let admitted = self.admitted(call).await;
        let _permit = admitted.map_err(|error| Failed { error, retry_after: None })?;
        let limit = self.connection.options.request_limit;
        let limit = self.urgency.map_or(limit, |urgency| limit.min(urgency));
        let limit = self.session.time_left().map_or(limit, |left| limit.min(left.max(LAST_TRY)));
        let begin = Instant::now();
        let exchange = timeout(limit, self.exchange(call));
        let answer = match self.lock_for(call) {
            Some(lock) => while_held(lock, exchange).await.and_then(Result::ok),
            None => exchange.await.ok(),
        };
        let code = answer.as_ref().and_then(|answer| answer.as_ref().ok()).map(|(code, ..)| *code);
        let Call { method, path, .. } = call;
        tracing::debug!(
            "{method} {path}: {} in {} ms",
            code.map_or_else(|| "no response".to_owned(), |code| code.to_string()),
            begin.elapsed().as_millis()
        );
        let (code, headers, body) = match answer {
            Some(Ok(answer)) => answer,
            Some(Err(error)) => return Err(Failed { error, retry_after: None }),
            None => {
                let waited = seconds(begin.elapsed().min(limit));
                let cause = format!("the server did not respond within {waited} s");
                return Err(failed(call, ErrorKind::Timeout, &cause));
            }
        };
        self.remember(&headers);
        if (200..300).contains(&code) {
            let Ok(answer) = serde_json::from_slice(&body) else {
                return Err(failed(
                    call,
                    ErrorKind::NotKubernetes,
                    "the response is not JSON or is truncated",
                ));
            };
            self.connection.note_answer();
            self.connection.limit.grow();
            return Ok(answer);
        }
        let Some(status) = Status::read(code, &body) else {
            return Err(unknown(call, code, &body));
        };
        self.connection.note_answer();
        let kind = status.kind();
        if kind == ErrorKind::Busy {
            self.connection.limit.halve();
        }
        let header = headers.get(http::header::RETRY_AFTER);
        let header = header.and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok());
        let error = Error::new(kind, call.action, call.place.clone(), status.message);
        Err(Failed { error, retry_after: header.or(status.retry_after) })
    }

    async fn exchange(&self, call: &Call) -> Result<(u16, HeaderMap, Vec<u8>), Error> {
        let Some(request) = call.request() else {
            return Err(Error::usage(format!("`{}` is not a valid path", call.path)));
        };
        let transport = |error| Error::transport(call.action, call.place.clone(), &error);
        let answer = self.connection.client().send(request).await.map_err(transport)?;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.map_err(transport)?.to_bytes();
        Ok((parts.status.as_u16(), parts.headers, body.to_vec()))
    }

    /// Records the server's time, and `Warning: 299 - "text"` for the user.
    fn remember(&self, headers: &HeaderMap) {
        let date = headers.get(http::header::DATE).and_then(|value| value.to_str().ok());
        if let Some(Ok(date)) = date.map(|date| OffsetDateTime::parse(date, &Rfc2822)) {
            self.connection.note_date(date);
        }
        for warning in headers.get_all(http::header::WARNING) {
            let text = warning.to_str().unwrap_or_default();
            let text = text.split_once('"').map_or(text, |(_, rest)| rest.trim_end_matches('"'));
            self.session.warn(text.replace("\\\"", "\""));
        }
    }
}

/// Whether the API server itself did not answer, or cannot work.
fn is_outage(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Unreachable
            | ErrorKind::Timeout
            | ErrorKind::NotKubernetes
            | ErrorKind::Unavailable
            | ErrorKind::Server
    )
}

/// Removes secrets of the manifest from an error: servers quote values that they reject.
fn redacted(mut error: Error, body: &[u8]) -> Error {
    let manifest = serde_json::from_slice::<Value>(body).ok();
    let named = manifest.and_then(|body| Some((ObjectId::of(&body)?, body)));
    if let Some((id, mut body)) = named {
        let mut masker = Masker::new();
        masker.mask(&id, &mut body);
        error.cause = Scrubber::knowing(masker.hidden()).text(&error.cause);
    }
    error
}

/// Rounded: 30, 0.5.
fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 10.0).round() / 10.0
}

fn failed(call: &Call, kind: ErrorKind, cause: &str) -> Failed {
    Failed { error: Error::new(kind, call.action, call.place.clone(), cause), retry_after: None }
}

/// A response that is not from an API server: of a proxy, a load balancer, or a server that is starting.
fn unknown(call: &Call, code: u16, body: &[u8]) -> Failed {
    let kind = match code {
        401 => ErrorKind::Unauthorized,
        403 => ErrorKind::Forbidden,
        404 => ErrorKind::NotServed,
        429 => ErrorKind::Busy,
        500 | 503 | 504 if !looks_like_html(body) => ErrorKind::Unavailable,
        _ => ErrorKind::NotKubernetes,
    };
    let text = String::from_utf8_lossy(&body[..body.len().min(200)]);
    failed(
        call,
        kind,
        &format!("the response is {code} without a Kubernetes status: {}", text.trim()),
    )
}

fn looks_like_html(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"<")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_headers_are_read() {
        let date = OffsetDateTime::parse("Sat, 21 Nov 2026 16:21:50 GMT", &Rfc2822).unwrap();
        assert_eq!(date.unix_timestamp(), 1_795_278_110);
    }
}
