//! Uploads of blobs.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderValue, Method, StatusCode, Uri};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Bytes, Frame};

use super::address::{join, origin, with_query};
use super::client::Client;
use super::digest::Digest;
use super::error::{Error, ErrorKind};
use super::manifest::Descriptor;
use super::reference::Repository;
use super::send::{Answer, Call, build, silent};
use super::token::Access;

/// How often an upload is begun: a registry that starts again takes some seconds.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_secs(1);

/// The bytes of an upload.
pub type Source = Pin<Box<dyn Stream<Item = Result<Bytes, Error>> + Send>>;

impl Client {
    /// Lets a repository have a blob of another repository of the same registry, without sending it. Returns whether
    /// it has it now; many registries do not do this for everybody.
    ///
    /// # Errors
    /// The registry refuses writes.
    pub async fn mount(
        &self,
        to: &Repository,
        digest: &Digest,
        from: &Repository,
    ) -> Result<bool, Error> {
        let access = Access::mount(to, from);
        let place = format!("{to}@{digest}");
        let path = format!("/v2/{}/blobs/uploads/", to.path());
        let mut call = self.call(Method::POST, &path, &access, "write", &place)?;
        let parameters = [("mount", digest.as_str()), ("from", from.path())];
        call.url =
            with_query(&call.url, &parameters).map_err(|why| call.error(ErrorKind::Usage, why))?;
        let answer = self.sender.send(&call).await?;
        if answer.status == StatusCode::CREATED {
            return Ok(true);
        }
        // The registry has begun an upload instead. It ends by itself if this fails.
        if let Ok(url) = location(&call, &answer) {
            let end = Call { method: Method::DELETE, url, ..call };
            let _ = self.sender.send(&end).await;
        }
        Ok(false)
    }

    /// Sends a blob. `open` opens its bytes, again after a broken connection.
    ///
    /// # Errors
    /// The source fails, the registry refuses it, or the bytes are not those of the digest.
    pub async fn push_blob<F, R>(
        &self,
        to: &Repository,
        descriptor: &Descriptor,
        mut open: F,
    ) -> Result<(), Error>
    where
        F: FnMut() -> R,
        R: Future<Output = Result<Source, Error>>,
    {
        let mut failed = 0;
        loop {
            let pushed = async { self.push_once(to, descriptor, open().await?).await };
            let error = match pushed.await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            failed += 1;
            if failed == TRIES || !may_pass(&error, failed) {
                return Err(error);
            }
            tokio::time::sleep(PAUSE * (1 << (failed - 1))).await;
        }
    }

    async fn push_once(
        &self,
        to: &Repository,
        descriptor: &Descriptor,
        source: Source,
    ) -> Result<(), Error> {
        let access = Access::push(to);
        let place = format!("{to}@{}", descriptor.digest);
        let path = format!("/v2/{}/blobs/uploads/", to.path());
        let begin = self.call(Method::POST, &path, &access, "write", &place)?;
        let answer = self.sender.send(&begin).await?;
        let session = location(&begin, &answer)?;
        let after = self.send_bytes(&begin, session, source).await?;
        let url = with_query(&after, &[("digest", descriptor.digest.as_str())])
            .map_err(|why| begin.error(ErrorKind::NotARegistry, why))?;
        let foreign = origin(&url) != origin(&begin.url);
        let nobody = Access::none(after.host().unwrap_or_default());
        let end = Call {
            method: Method::PUT,
            url,
            access: if foreign { &nobody } else { &access },
            ..begin
        };
        self.sender.send(&end).await.map(drop)
    }

    /// Sends the bytes of a session; returns where it goes on.
    async fn send_bytes(
        &self,
        begin: &Call<'_>,
        session: Uri,
        source: Source,
    ) -> Result<Uri, Error> {
        // Only the registry itself sees the credentials, not where it stores uploads.
        let own = origin(&session) == origin(&begin.url);
        let grant = if own { self.sender.grants.known(begin.access).await } else { None };
        let body = Watched::new(source);
        let (failure, sent) = (Arc::clone(&body.failure), Arc::clone(&body.sent));
        let kind = (CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        let stream = StreamBody::new(body.into_frames()).boxed_unsync();
        let request = build(&Method::PATCH, &session, [kind].into_iter(), grant.as_ref(), stream)
            .map_err(|error| begin.error(ErrorKind::NotARegistry, error.to_string()))?;
        let limit = self.sender.options.request_limit;
        let answer = tokio::select! {
            answer = self.sender.exchange(begin.action, begin.place, request) => answer,
            () = stalled(&sent, limit) => Err(silent(begin.action, begin.place, limit)),
        };
        // A failed source breaks the connection: the cause is the source.
        if let Some(error) = failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(error);
        }
        let answer = Answer { foreign: !own, ..answer? };
        let answer = self.sender.accepted(begin, answer).await?;
        let call = Call {
            method: Method::PATCH,
            url: session.clone(),
            headers: Vec::new(),
            body: Bytes::new(),
            access: begin.access,
            action: begin.action,
            place: begin.place,
        };
        // Some registries name the session only once.
        if answer.headers.contains_key(LOCATION) { location(&call, &answer) } else { Ok(session) }
    }
}

/// Whether another upload may succeed after this many that failed.
fn may_pass(error: &Error, failed: u32) -> bool {
    match error.kind {
        // A token that ended meanwhile is renewed when the next upload begins.
        ErrorKind::Denied => failed == 1,
        // A registry that started again may not know the upload any more.
        ErrorKind::NotFound | ErrorKind::Refused => error.action == "write",
        _ => error.is_transient(),
    }
}

/// Where an upload goes on.
fn location(call: &Call<'_>, answer: &Answer) -> Result<Uri, Error> {
    let wrong = |why: &str| call.error(ErrorKind::NotARegistry, why);
    let location = answer.header(LOCATION.as_str());
    let location = location.ok_or_else(|| wrong("it does not say where to upload"))?;
    let url = join(&answer.url, location).map_err(|why| wrong(&why))?;
    if url.scheme_str() == Some("http") && call.url.scheme_str() != Some("http") {
        return Err(call.error(ErrorKind::Tls, "it wants the upload without TLS"));
    }
    Ok(url)
}

/// Ends when nothing was sent for this long.
async fn stalled(sent: &AtomicU64, limit: Duration) {
    let mut before = sent.load(Ordering::Relaxed);
    loop {
        tokio::time::sleep(limit).await;
        let now = sent.load(Ordering::Relaxed);
        if now == before {
            return;
        }
        before = now;
    }
}

/// A source whose progress and failure can be seen while it is sent.
struct Watched {
    source: Source,
    sent: Arc<AtomicU64>,
    failure: Arc<Mutex<Option<Error>>>,
}

impl Watched {
    fn new(source: Source) -> Self {
        Self { source, sent: Arc::default(), failure: Arc::default() }
    }

    fn into_frames(self) -> impl Stream<Item = Result<Frame<Bytes>, io::Error>> + Send {
        let Self { source, sent, failure } = self;
        source.map(move |piece| match piece {
            Ok(piece) => {
                sent.fetch_add(piece.len() as u64, Ordering::Relaxed);
                Ok(Frame::data(piece))
            }
            Err(error) => {
                let text = error.to_string();
                *failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                Err(io::Error::other(text))
            }
        })
    }
}
