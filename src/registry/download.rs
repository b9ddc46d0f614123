//! Blobs, as streams that are verified and that continue after a broken connection.

use std::pin::Pin;
use std::time::Duration;

use futures_util::Stream;
use futures_util::stream::try_unfold;
use http::header::{CONTENT_RANGE, RANGE};
use http::{HeaderValue, Method, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::{Bytes, Incoming};
use tokio::time::timeout;

use super::client::Client;
use super::digest::Hasher;
use super::error::{Error, ErrorKind};
use super::manifest::Descriptor;
use super::reference::Repository;
use super::token::Access;

/// How often a download continues without having got further.
const TRIES: u32 = 5;

/// The bytes of a blob. They are only right when the last piece has arrived: a wrong digest is an error in place of it.
pub struct Blob {
    client: Client,
    repository: Repository,
    descriptor: Descriptor,
    body: Option<Incoming>,
    /// What is left out of the body, because it has arrived before.
    skip: u64,
    received: u64,
    /// `None` once the digest is verified, or after an error.
    hasher: Option<Hasher>,
    failed: u32,
}

impl Client {
    /// Opens a blob.
    ///
    /// # Errors
    /// It cannot be had.
    pub async fn blob(
        &self,
        repository: &Repository,
        descriptor: &Descriptor,
    ) -> Result<Blob, Error> {
        let mut blob = Blob {
            client: self.clone(),
            repository: repository.clone(),
            descriptor: descriptor.clone(),
            body: None,
            skip: 0,
            received: 0,
            hasher: Some(descriptor.digest.hasher()),
            failed: 0,
        };
        blob.open().await?;
        Ok(blob)
    }
}

impl Blob {
    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// The rest cannot be had, or the digest is wrong.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        while self.hasher.is_some() {
            match self.piece().await {
                Ok(Some(piece)) => return Ok(Some(piece)),
                Ok(None) => {}
                Err(error) => {
                    self.hasher = None;
                    return Err(error);
                }
            }
        }
        Ok(None)
    }

    /// All pieces at once: for small blobs.
    ///
    /// # Errors
    /// See [`Blob::next`].
    pub async fn bytes(mut self) -> Result<Bytes, Error> {
        let mut all = Vec::new();
        while let Some(piece) = self.next().await? {
            all.extend_from_slice(&piece);
        }
        Ok(all.into())
    }

    /// The pieces as a stream.
    pub fn into_stream(self) -> Pin<Box<dyn Stream<Item = Result<Bytes, Error>> + Send>> {
        Box::pin(try_unfold(self, |mut blob| async move {
            Ok(blob.next().await?.map(|piece| (piece, blob)))
        }))
    }

    /// A piece, or `None` after a step without one.
    async fn piece(&mut self) -> Result<Option<Bytes>, Error> {
        let Some(body) = &mut self.body else {
            self.open().await?;
            return Ok(None);
        };
        let limit = self.client.sender.options.request_limit;
        match timeout(limit, body.frame()).await {
            Ok(Some(Ok(frame))) => Ok(self.accept(frame.into_data().unwrap_or_default())?),
            Ok(None) if self.received == self.descriptor.size => self.verify().map(|()| None),
            Ok(None) => self.broke("the connection ended").await,
            Ok(Some(Err(error))) => self.broke(&error.to_string()).await,
            Err(_) => self.broke(&format!("nothing arrived for {} s", limit.as_secs())).await,
        }
    }

    /// Counts what arrived, and holds the last piece back until it is known to be right.
    fn accept(&mut self, mut data: Bytes) -> Result<Option<Bytes>, Error> {
        let known = self.skip.min(data.len() as u64);
        self.skip -= known;
        // At most the length of `data`.
        let data = data.split_off(usize::try_from(known).unwrap_or(data.len()));
        if data.is_empty() {
            return Ok(None);
        }
        self.received += data.len() as u64;
        self.failed = 0;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&data);
        }
        if self.received > self.descriptor.size {
            let why =
                format!("it is longer than the {} bytes that it should have", self.descriptor.size);
            return Err(self.error(ErrorKind::Digest, why));
        }
        if self.received == self.descriptor.size {
            self.verify()?;
        }
        Ok(Some(data))
    }

    fn verify(&mut self) -> Result<(), Error> {
        let Some(hasher) = self.hasher.take() else { return Ok(()) };
        let found = hasher.finish();
        if found == self.descriptor.digest {
            return Ok(());
        }
        Err(self.error(ErrorKind::Digest, format!("the registry serves something else: {found}")))
    }

    /// Continues where the connection broke.
    async fn broke(&mut self, why: &str) -> Result<Option<Bytes>, Error> {
        self.body = None;
        self.failed += 1;
        if self.failed >= TRIES {
            let why = format!("{why} after {} of {} bytes", self.received, self.descriptor.size);
            return Err(self.error(ErrorKind::Unreachable, why));
        }
        let pause = Duration::from_millis(250) * (1 << (self.failed - 1));
        tokio::time::sleep(pause).await;
        Ok(None)
    }

    async fn open(&mut self) -> Result<(), Error> {
        let access = Access::pull(&self.repository);
        let place = self.place();
        let path = format!("/v2/{}/blobs/{}", self.repository.path(), self.descriptor.digest);
        let mut call = self.client.call(Method::GET, &path, &access, "read", &place)?;
        if self.received > 0 {
            let range = HeaderValue::from_str(&format!("bytes={}-", self.received));
            call.headers.extend(range.ok().map(|range| (RANGE, range)));
        }
        let answer = self.client.sender.send(&call).await?;
        let continues = answer.status == StatusCode::PARTIAL_CONTENT;
        let from = format!("bytes {}-", self.received);
        let range = answer.header(CONTENT_RANGE.as_str());
        if continues && !range.is_some_and(|range| range.starts_with(&from)) {
            let why = "it continues somewhere else than asked for";
            return Err(self.error(ErrorKind::Digest, why));
        }
        self.skip = if continues { 0 } else { self.received };
        self.body = Some(answer.body);
        Ok(())
    }

    fn place(&self) -> String {
        format!("{}@{}", self.repository, self.descriptor.digest)
    }

    fn error(&self, kind: ErrorKind, why: impl Into<String>) -> Error {
        Error::new(kind, "read", self.place(), why)
    }
}

impl std::fmt::Debug for Blob {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Blob")
            .field("place", &self.place())
            .field("received", &self.received)
            .finish_non_exhaustive()
    }
}
