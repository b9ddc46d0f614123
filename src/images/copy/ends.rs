//! The two ends of a copy.

use super::Item;
use crate::images::sink::{ArchiveSink, LayoutSink};
use crate::images::store::Store;
use crate::registry::{
    Client, Content, Descriptor, Digest, Error, ErrorKind, Manifest, Platform, Source,
};

/// Where images come from.
#[derive(Debug, Clone)]
pub(super) enum From {
    Registry(Client),
    Files(Box<Store>),
}

impl From {
    /// The image itself.
    pub(super) async fn image(&self, item: &Item) -> Result<Manifest, Error> {
        match self {
            Self::Registry(client) => client.manifest(&item.from).await,
            Self::Files(store) => store.manifest(&store.find(&item.from)?),
        }
    }

    /// A manifest of an index.
    pub(super) async fn manifest(
        &self,
        item: &Item,
        descriptor: &Descriptor,
    ) -> Result<Manifest, Error> {
        match self {
            Self::Registry(client) => {
                client.manifest(&item.from.clone().with_digest(descriptor.digest.clone())).await
            }
            Self::Files(store) => store.manifest(descriptor),
        }
    }

    pub(super) async fn blob(&self, item: &Item, blob: &Descriptor) -> Result<Source, Error> {
        match self {
            Self::Registry(client) => {
                Ok(client.blob(item.from.repository(), blob).await?.into_stream())
            }
            Self::Files(store) => store.blob(blob),
        }
    }

    /// The platforms of an image.
    pub(super) async fn platforms(
        &self,
        item: &Item,
        manifest: &Manifest,
    ) -> Result<Vec<Platform>, Error> {
        match (self, &manifest.content) {
            (Self::Registry(client), _) => client.platforms(item.from.repository(), manifest).await,
            (_, Content::Index(_)) => {
                Ok(manifest.platforms().into_iter().map(|(platform, _)| platform.clone()).collect())
            }
            (Self::Files(store), Content::Image { config, .. }) => {
                let text = store.small(config)?;
                let platform = serde_json::from_slice(&text).map_err(|error| {
                    let why = format!("its configuration names no platform: {error}");
                    Error::new(ErrorKind::Unsupported, "read", item.name.to_string(), why)
                })?;
                Ok(vec![platform])
            }
        }
    }
}

/// Where images go.
#[derive(Debug, Clone)]
pub(super) enum To {
    Registry(Client),
    Layout(LayoutSink),
    Archive(ArchiveSink),
}

impl To {
    /// The digest that the target has under the name of an image; `None` if it has none, or does not say it.
    pub(super) async fn digest(&self, item: &Item) -> Result<Option<Digest>, Error> {
        match self {
            Self::Registry(client) => {
                let Some(to) = &item.to else { return Ok(None) };
                match client.resolve(to).await {
                    Ok(found) => Ok(Some(found.digest)),
                    Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
                    Err(error) => Err(error),
                }
            }
            Self::Layout(sink) => Ok(sink.digest(&item.name.to_string())),
            Self::Archive(_) => Ok(None),
        }
    }

    /// Whether it has a blob.
    pub(super) async fn has(&self, item: &Item, blob: &Descriptor) -> Result<bool, Error> {
        match self {
            Self::Registry(client) => {
                let size = client.blob_size(repository(item)?, &blob.digest).await?;
                Ok(size.is_some_and(|size| size == blob.size))
            }
            Self::Layout(sink) => Ok(sink.has(&blob.digest, blob.size)),
            Self::Archive(sink) => sink.has(blob).await,
        }
    }

    /// Writes a manifest below the image.
    pub(super) async fn manifest(&self, item: &Item, manifest: &Manifest) -> Result<(), Error> {
        match self {
            Self::Registry(client) => {
                let repository = repository(item)?.clone();
                let digest = manifest.digest.clone();
                let reference = crate::registry::Reference::pinned(repository, digest);
                client.put_manifest(&reference, manifest).await
            }
            Self::Layout(sink) => sink.manifest(manifest).await,
            Self::Archive(sink) => sink.manifest(manifest).await,
        }
    }

    /// Writes the manifest of the image itself.
    pub(super) async fn image(&self, item: &Item, manifest: &Manifest) -> Result<(), Error> {
        match self {
            Self::Registry(client) => client.put_manifest(target(item)?, manifest).await,
            Self::Layout(_) | Self::Archive(_) => self.manifest(item, manifest).await,
        }
    }

    /// Whether it has a manifest: what a registry serves is read and hashed again.
    pub(super) async fn has_manifest(
        &self,
        item: &Item,
        manifest: &Manifest,
    ) -> Result<bool, Error> {
        let size = manifest.bytes.len() as u64;
        match self {
            Self::Registry(client) => {
                let reference = target(item)?.clone().with_digest(manifest.digest.clone());
                match client.manifest(&reference).await {
                    Ok(found) => Ok(found.digest == manifest.digest),
                    Err(error) if error.kind == ErrorKind::NotFound => Ok(false),
                    Err(error) => Err(error),
                }
            }
            Self::Layout(sink) => Ok(sink.has(&manifest.digest, size)),
            Self::Archive(sink) => sink.has(&manifest.descriptor()).await,
        }
    }
}

/// What a registry calls an image.
pub(super) fn target(item: &Item) -> Result<&crate::registry::Reference, Error> {
    let why = "it has no name for the target registry";
    item.to
        .as_ref()
        .ok_or_else(|| Error::new(ErrorKind::Usage, "write", item.name.to_string(), why))
}

pub(super) fn repository(item: &Item) -> Result<&crate::registry::Repository, Error> {
    target(item).map(crate::registry::Reference::repository)
}
