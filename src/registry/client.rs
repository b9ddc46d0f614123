//! The client: what can be asked of a registry.

use std::sync::Arc;

use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method};
use hyper::body::Bytes;

use super::address;
use super::digest::Digest;
use super::error::{Error, ErrorKind};
use super::manifest::{self, Content, Descriptor, Manifest, Platform};
use super::options::Options;
use super::reference::{Reference, Repository, is_registry};
use super::send::{Answer, Call, Sender};
use super::token::Access;

/// What registries accept as a manifest.
const MANIFEST: usize = 4 * 1024 * 1024;
/// More than the configuration of any image.
const CONFIG: u64 = 8 * 1024 * 1024;
const DIGEST: &str = "docker-content-digest";

/// A client for all registries. Clones share connections and tokens.
#[derive(Clone)]
pub struct Client {
    pub(super) sender: Arc<Sender>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("options", &self.sender.options).finish()
    }
}

impl Client {
    /// A client; connects to nothing yet.
    ///
    /// # Errors
    /// The authorities are not certificates.
    pub fn new(options: Options) -> Result<Self, Error> {
        Ok(Self { sender: Arc::new(Sender::new(options)?) })
    }

    /// Whether a registry answers at a host, with these credentials if it asks for any.
    ///
    /// # Errors
    /// It does not, or it is no registry, or the credentials are refused.
    pub async fn ping(&self, registry: &str) -> Result<(), Error> {
        if !is_registry(registry) {
            let why = "it is not the host of a registry, such as registry.example.com:5000";
            return Err(Error::new(ErrorKind::Usage, "connect to", registry, why));
        }
        let access = Access::none(registry);
        let call = self.call(Method::GET, "/v2/", &access, "connect to", registry)?;
        let answer = self.sender.send(&call).await.map_err(|error| match error.kind {
            ErrorKind::NotFound | ErrorKind::Refused => Error::new(
                ErrorKind::NotARegistry,
                error.action,
                error.place,
                "there is nothing at /v2/",
            ),
            _ => error,
        })?;
        let page = answer.header(CONTENT_TYPE.as_str());
        if page.is_some_and(|kind| kind.starts_with("text/html")) {
            return Err(call.error(ErrorKind::NotARegistry, "it answers with a web page"));
        }
        Ok(())
    }

    /// The digest, size and media type of an image, without reading it.
    ///
    /// # Errors
    /// It cannot be had.
    pub async fn resolve(&self, reference: &Reference) -> Result<Descriptor, Error> {
        let access = Access::pull(reference.repository());
        let place = reference.to_string();
        let call = self.manifest_call(Method::HEAD, reference, &access, &place)?;
        match self.sender.send(&call).await {
            Ok(answer) => {
                if let Some(found) = descriptor(&answer) {
                    let wanted = reference.digest().is_none_or(|digest| *digest == found.digest);
                    return if wanted { Ok(found) } else { Err(other(&call, &found.digest)) };
                }
            }
            // Some registries know no HEAD, or do not say why.
            Err(error) if matches!(error.kind, ErrorKind::Refused) => {}
            Err(error) => return Err(error),
        }
        Ok(self.manifest(reference).await?.descriptor())
    }

    /// A manifest or an index. Its digest is that of the reference, or what the registry calls it.
    ///
    /// # Errors
    /// It cannot be had, is not what its digest says, or is no manifest.
    pub async fn manifest(&self, reference: &Reference) -> Result<Manifest, Error> {
        let access = Access::pull(reference.repository());
        let place = reference.to_string();
        let call = self.manifest_call(Method::GET, reference, &access, &place)?;
        let answer = self.sender.send(&call).await?;
        let media_type = answer.header(CONTENT_TYPE.as_str()).map(str::to_owned);
        let said = answer.header(DIGEST).and_then(|digest| digest.parse::<Digest>().ok());
        let bytes = self.sender.read(answer, MANIFEST).await;
        let bytes = bytes.map_err(|why| call.error(ErrorKind::Unreachable, why))?;
        for digest in reference.digest().into_iter().chain(&said) {
            let mut hasher = digest.hasher();
            hasher.update(&bytes);
            let found = hasher.finish();
            if found != *digest {
                return Err(other(&call, &found));
            }
        }
        if media_type.as_deref().is_some_and(|kind| kind.starts_with("text/html")) {
            return Err(call.error(ErrorKind::NotARegistry, "the response is a web page"));
        }
        let mut manifest = Manifest::parse(bytes, media_type.as_deref())
            .map_err(|why| call.error(ErrorKind::Unsupported, why))?;
        // A reference by another algorithm keeps its name.
        if let Some(digest) = reference.digest() {
            manifest.digest = digest.clone();
        }
        Ok(manifest)
    }

    /// The platforms of an image: those of an index, or the one in the configuration of a single image.
    ///
    /// # Errors
    /// The configuration cannot be had, or names no platform.
    pub async fn platforms(
        &self,
        repository: &Repository,
        manifest: &Manifest,
    ) -> Result<Vec<Platform>, Error> {
        let Content::Image { config, .. } = &manifest.content else {
            let platforms = manifest.platforms();
            return Ok(platforms.into_iter().map(|(platform, _)| platform.clone()).collect());
        };
        let wrong = |kind, why: &str| {
            Error::new(kind, "read", format!("{repository}@{}", config.digest), why)
        };
        if config.size > CONFIG {
            return Err(wrong(ErrorKind::Unsupported, "it is too large for a configuration"));
        }
        let bytes = self.blob(repository, config).await?.bytes().await?;
        let platform = manifest::platform(&bytes);
        let platform =
            platform.ok_or_else(|| wrong(ErrorKind::Unsupported, "it names no platform"))?;
        Ok(vec![platform])
    }

    /// Writes a manifest under the tag of a reference, or under its digest if it has no tag.
    ///
    /// # Errors
    /// It is refused, for example because the registry lacks a layer.
    pub async fn put_manifest(
        &self,
        reference: &Reference,
        manifest: &Manifest,
    ) -> Result<(), Error> {
        let access = Access::push(reference.repository());
        let place = reference.to_string();
        let name = reference.tag().unwrap_or(manifest.digest.as_str());
        let path = format!("/v2/{}/manifests/{name}", reference.repository().path());
        let mut call = self.call(Method::PUT, &path, &access, "write", &place)?;
        let kind = HeaderValue::from_str(&manifest.media_type)
            .map_err(|_| call.error(ErrorKind::Unsupported, "its media type is not valid"))?;
        call.headers.push((CONTENT_TYPE, kind));
        call.body = manifest.bytes.clone();
        let answer = self.sender.send(&call).await?;
        let stored = answer.header(DIGEST).and_then(|digest| digest.parse::<Digest>().ok());
        match stored.filter(|stored| stored.algorithm() == manifest.digest.algorithm()) {
            Some(stored) if stored != manifest.digest => Err(other(&call, &stored)),
            _ => Ok(()),
        }
    }

    /// The size of a blob, if a repository has it.
    ///
    /// # Errors
    /// The registry does not say it.
    pub async fn blob_size(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<Option<u64>, Error> {
        let access = Access::pull(repository);
        let place = format!("{repository}@{digest}");
        let path = format!("/v2/{}/blobs/{digest}", repository.path());
        let call = self.call(Method::HEAD, &path, &access, "read", &place)?;
        match self.sender.send(&call).await {
            Ok(answer) => Ok(Some(length(&answer).unwrap_or_default())),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn call<'a>(
        &self,
        method: Method,
        path: &str,
        access: &'a Access,
        action: &'static str,
        place: &'a str,
    ) -> Result<Call<'a>, Error> {
        let plain = self.sender.options.plain_http.contains(&access.registry);
        let url = address::of(&access.registry, plain, path)
            .map_err(|why| Error::new(ErrorKind::Usage, action, place, why))?;
        Ok(Call { method, url, headers: Vec::new(), body: Bytes::new(), access, action, place })
    }

    fn manifest_call<'a>(
        &self,
        method: Method,
        reference: &Reference,
        access: &'a Access,
        place: &'a str,
    ) -> Result<Call<'a>, Error> {
        let path =
            format!("/v2/{}/manifests/{}", reference.repository().path(), reference.identifier());
        let mut call = self.call(method, &path, access, "read", place)?;
        call.headers.extend(accept());
        Ok(call)
    }
}

fn accept() -> Option<(HeaderName, HeaderValue)> {
    Some((ACCEPT, HeaderValue::from_str(&manifest::accepted()).ok()?))
}

/// What a response to HEAD says of a manifest; `None` if it lacks the digest.
fn descriptor(answer: &Answer) -> Option<Descriptor> {
    Some(Descriptor {
        media_type: answer.header(CONTENT_TYPE.as_str())?.to_owned(),
        digest: answer.header(DIGEST)?.parse().ok()?,
        size: length(answer)?,
        platform: None,
        urls: Vec::new(),
        annotations: std::collections::BTreeMap::new(),
    })
}

fn length(answer: &Answer) -> Option<u64> {
    answer.header(CONTENT_LENGTH.as_str())?.parse().ok()
}

fn other(call: &Call<'_>, found: &Digest) -> Error {
    call.error(ErrorKind::Digest, format!("the registry serves something else: {found}"))
}
