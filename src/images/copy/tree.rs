//! What belongs to an image: its manifests, one for each platform, and their blobs.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;
use serde_json::Value;

use super::Item;
use super::ends::From;
use crate::registry::{Bytes, Content, Descriptor, Digest, Error, ErrorKind, Manifest, Platform};

/// Indexes in indexes; nobody needs more.
const DEPTH: usize = 3;
/// Layers of Windows that may not be passed on: nodes read them where they are published.
const FOREIGN: [&str; 2] = ["foreign", "nondistributable"];

/// An image with all that belongs to it.
#[derive(Debug)]
pub(super) struct Tree {
    /// What the name leads to.
    pub(super) top: Manifest,
    /// What it consists of, in the order in which a registry accepts it.
    pub(super) parts: Vec<Manifest>,
    /// Configurations and layers, each once.
    pub(super) blobs: Vec<Descriptor>,
}

impl Tree {
    /// The number of bytes of all blobs.
    pub(super) fn size(&self) -> u64 {
        self.blobs.iter().map(|blob| blob.size).sum()
    }
}

/// Reads the manifests of an image for these platforms, or for all.
pub(super) async fn read(from: &From, item: &Item, platforms: &[Platform]) -> Result<Tree, Error> {
    let whole = from.image(item).await?;
    let top =
        if platforms.is_empty() { whole } else { chosen(from, item, whole, platforms).await? };
    let mut parts = Vec::new();
    let mut level = vec![top.clone()];
    for _ in 0..DEPTH {
        let children = level.iter().flat_map(|manifest| match &manifest.content {
            Content::Index(children) => children.as_slice(),
            Content::Image { .. } => &[],
        });
        let read = children.map(|child| from.manifest(item, child));
        level = try_join_all(read).await?;
        parts.splice(0..0, level.iter().cloned());
    }
    if level.iter().any(|manifest| matches!(manifest.content, Content::Index(_))) {
        let why = "its indexes are nested too deeply";
        return Err(Error::new(ErrorKind::Unsupported, "read", item.name.to_string(), why));
    }
    let blobs = blobs(parts.iter().chain([&top]));
    Ok(Tree { top, parts, blobs })
}

fn blobs<'m>(manifests: impl Iterator<Item = &'m Manifest>) -> Vec<Descriptor> {
    let mut known: BTreeSet<Digest> = BTreeSet::new();
    let mut blobs = Vec::new();
    for manifest in manifests {
        let Content::Image { config, layers } = &manifest.content else { continue };
        for blob in layers.iter().chain([config]) {
            let foreign =
                !blob.urls.is_empty() && FOREIGN.iter().any(|word| blob.media_type.contains(word));
            if !foreign && known.insert(blob.digest.clone()) {
                blobs.push(blob.clone());
            }
        }
    }
    blobs
}

/// The image for one platform, or an index with only these.
async fn chosen(
    from: &From,
    item: &Item,
    whole: Manifest,
    platforms: &[Platform],
) -> Result<Manifest, Error> {
    let own = from.platforms(item, &whole).await?;
    for wanted in platforms {
        if !own.iter().any(|platform| platform.runs_on(wanted)) {
            let known: Vec<_> = own.iter().map(Platform::to_string).collect();
            let why = format!("it is not there for {wanted}, but for {}", known.join(", "));
            return Err(Error::new(ErrorKind::NoSuchPlatform, "read", item.name.to_string(), why));
        }
    }
    if matches!(whole.content, Content::Image { .. }) {
        return Ok(whole);
    }
    let pairs = whole.platforms();
    let kept: Vec<_> = pairs
        .into_iter()
        .filter(|(platform, _)| platforms.iter().any(|wanted| platform.runs_on(wanted)))
        .map(|(_, child)| child)
        .collect();
    if let [only] = kept.as_slice() {
        return from.manifest(item, only).await;
    }
    let digests: Vec<&str> = kept.iter().map(|child| child.digest.as_str()).collect();
    let unsupported =
        |why: String| Error::new(ErrorKind::Unsupported, "read", item.name.to_string(), why);
    let mut index: Value =
        serde_json::from_slice(&whole.bytes).map_err(|error| unsupported(error.to_string()))?;
    if let Some(manifests) = index["manifests"].as_array_mut() {
        manifests.retain(|child| child["digest"].as_str().is_some_and(|d| digests.contains(&d)));
    }
    Manifest::parse(Bytes::from(index.to_string()), Some(&whole.media_type)).map_err(unsupported)
}
