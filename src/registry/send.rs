//! Requests: logged in, redirected, retried.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::address::{Origin, join, origin};
use super::connect::{self, Body, Dialer, Http};
use super::error::{Error, ErrorKind, printable};
use super::options::Options;
use super::retry::retry_after;
use super::token::{Access, Grants};

const REDIRECTS: usize = 10;
/// More of an error is not read.
const ERROR_TEXT: usize = 16 * 1024;
const AGENT: &str = concat!("ksi/", env!("CARGO_PKG_VERSION"));

/// One request, which can be sent again.
pub(super) struct Call<'a> {
    pub(super) method: Method,
    pub(super) url: Uri,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Bytes,
    pub(super) access: &'a Access,
    /// For errors.
    pub(super) action: &'static str,
    pub(super) place: &'a str,
}

impl Call<'_> {
    pub(super) fn error(&self, kind: ErrorKind, cause: impl Into<String>) -> Error {
        Error::new(kind, self.action, self.place, cause)
    }

    fn request(&self, url: &Uri, grant: Option<&HeaderValue>) -> Result<Request<Body>, Error> {
        let body = Full::new(self.body.clone()).map_err(|never| match never {}).boxed_unsync();
        let headers = self.headers.iter().cloned();
        build(&self.method, url, headers, grant, body)
            .map_err(|error| self.error(ErrorKind::Usage, error.to_string()))
    }
}

/// A request with what all requests have.
pub(super) fn build(
    method: &Method,
    url: &Uri,
    headers: impl Iterator<Item = (HeaderName, HeaderValue)>,
    grant: Option<&HeaderValue>,
    body: Body,
) -> Result<Request<Body>, http::Error> {
    let mut request =
        Request::builder().method(method).uri(url).header(USER_AGENT, AGENT).body(body)?;
    request.headers_mut().extend(headers);
    if let Some(grant) = grant {
        request.headers_mut().insert(AUTHORIZATION, grant.clone());
    }
    Ok(request)
}

/// A response.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Incoming,
    /// Where it came from after redirects.
    pub(super) url: Uri,
    /// Whether that is another server than the registry.
    pub(super) foreign: bool,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// The connections to one server, and how many requests may wait for it.
type Server = (Http, Arc<Semaphore>);

/// Connections, grants and limits, for all registries.
pub(super) struct Sender {
    pub(super) options: Options,
    pub(super) grants: Grants,
    dialer: Dialer,
    servers: Mutex<HashMap<Origin, Server>>,
}

impl Sender {
    pub(super) fn new(options: Options) -> Result<Self, Error> {
        let dialer = Dialer::new(&options.authorities, options.connect_limit)?;
        Ok(Self { options, grants: Grants::default(), dialer, servers: Mutex::default() })
    }

    /// Sends it, and follows redirects. Only the first server ever sees credentials.
    pub(super) async fn follow(
        &self,
        call: &Call<'_>,
        grant: Option<&HeaderValue>,
    ) -> Result<Answer, Error> {
        let first = origin(&call.url);
        let mut url = call.url.clone();
        let mut foreign = false;
        for _ in 0..REDIRECTS {
            foreign |= origin(&url) != first;
            let request = call.request(&url, grant.filter(|_| !foreign))?;
            let answer = self.once(call, request).await?;
            let repeats = matches!(answer.status.as_u16(), 307 | 308);
            let reads = call.method == Method::GET || call.method == Method::HEAD;
            let moved = repeats || reads && matches!(answer.status.as_u16(), 301..=303);
            let location = answer.headers.get(LOCATION).and_then(|to| to.to_str().ok());
            let Some(location) = location.filter(|_| moved) else {
                return Ok(Answer { url, foreign, ..answer });
            };
            let next =
                join(&url, location).map_err(|why| call.error(ErrorKind::NotARegistry, why))?;
            if next.scheme_str() == Some("http") && url.scheme_str() != Some("http") {
                let host = next.host().unwrap_or_default();
                let why = format!("it redirects to {host} without TLS");
                return Err(call.error(ErrorKind::Tls, why));
            }
            // The form of a login has a token for tokens in it.
            let is_form = call.method == Method::POST && !call.body.is_empty();
            if is_form && origin(&next) != first {
                let why = "its token server redirects a login to another host";
                return Err(call.error(ErrorKind::NotARegistry, why));
            }
            url = next;
        }
        Err(call.error(ErrorKind::NotARegistry, format!("more than {REDIRECTS} redirects")))
    }

    /// Sends one request to one server, in limited time.
    async fn once(&self, call: &Call<'_>, request: Request<Body>) -> Result<Answer, Error> {
        let limit = self.options.request_limit;
        let (_, permits) = self.server(request.uri())?;
        // Never closed.
        let _permit = permits.acquire().await.ok();
        let sent = timeout(limit, self.exchange(call.action, call.place, request)).await;
        sent.unwrap_or_else(|_| Err(silent(call.action, call.place, limit)))
    }

    /// Sends one request to one server, however many are under way and however long it takes: an upload, whose source
    /// may be the same server.
    pub(super) async fn exchange(
        &self,
        action: &'static str,
        place: &str,
        request: Request<Body>,
    ) -> Result<Answer, Error> {
        let url = request.uri().clone();
        let (http, _) = self.server(&url)?;
        let response = connect::send(http, request).await;
        let response = response.map_err(|error| Error::transport(action, place, &error))?;
        let (head, body) = response.into_parts();
        Ok(Answer { status: head.status, headers: head.headers, body, url, foreign: false })
    }

    fn server(&self, url: &Uri) -> Result<Server, Error> {
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        let key = origin(url);
        if let Some((http, permits)) = servers.get(&key) {
            return Ok((http.clone(), Arc::clone(permits)));
        }
        let new = (self.dialer.client(url)?, Arc::new(Semaphore::new(self.options.concurrency)));
        servers.insert(key, new.clone());
        Ok(new)
    }

    /// The answer if it is a success; otherwise what is wrong.
    pub(super) async fn accepted(&self, call: &Call<'_>, answer: Answer) -> Result<Answer, Error> {
        if answer.status.is_success() {
            return Ok(answer);
        }
        let (status, headers, foreign) = (answer.status, answer.headers.clone(), answer.foreign);
        let text = self.read(answer, ERROR_TEXT).await.unwrap_or_default();
        let said = message(&text);
        let page = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_page = said.is_none() && page.is_some_and(|kind| kind.starts_with("text/html"));
        let cause = said.unwrap_or_else(|| format!("the response is {status}"));
        let mut error = match status {
            StatusCode::TOO_MANY_REQUESTS => {
                call.error(ErrorKind::RateLimited(retry_after(&headers)), cause)
            }
            _ if status.is_server_error() => call.error(ErrorKind::Server, cause),
            _ if is_page || status.is_redirection() => call.error(ErrorKind::NotARegistry, cause),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                call.error(ErrorKind::Denied, cause)
            }
            StatusCode::NOT_FOUND => call.error(ErrorKind::NotFound, cause),
            _ => call.error(ErrorKind::Refused, cause),
        };
        if error.kind == ErrorKind::Denied && !foreign {
            let (registry, path) = (&call.access.registry, &call.access.path);
            error.cause.push_str(&self.options.credentials.told(registry, path));
        }
        Err(error)
    }

    /// Reads a body of limited size in limited time.
    pub(super) async fn read(&self, answer: Answer, most: usize) -> Result<Bytes, String> {
        let limit = self.options.request_limit;
        let body = http_body_util::Limited::new(answer.body, most);
        match timeout(limit, body.collect()).await {
            Ok(Ok(collected)) => Ok(collected.to_bytes()),
            Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
                Err(format!("it is longer than {most} bytes"))
            }
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("it did not arrive in {} s", limit.as_secs())),
        }
    }
}

/// A server that does not answer.
pub(super) fn silent(action: &'static str, place: &str, limit: Duration) -> Error {
    Error::new(ErrorKind::Timeout, action, place, format!("no answer in {} s", limit.as_secs()))
}

/// What a registry says in its format of errors.
fn message(text: &[u8]) -> Option<String> {
    let parsed: serde_json::Value = serde_json::from_slice(text).ok()?;
    let errors = parsed["errors"].as_array()?;
    let said = errors.iter().filter_map(|error| {
        let code = error["code"].as_str().map(str::to_owned);
        let text = error["message"].as_str().filter(|text| !text.is_empty()).map(printable);
        text.or(code)
    });
    let said: Vec<String> = said.collect();
    (!said.is_empty()).then(|| said.join(", "))
}
