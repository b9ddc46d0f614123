//! The OCI image layout: `oci-layout`, `index.json`, and blobs by their digests.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Contents, Named, Wrong};
use crate::images::tarball::Tarball;
use crate::registry::{self, Digest};

/// The file that marks a layout, and its text.
pub(in crate::images) const LAYOUT: &str = "oci-layout";
pub(in crate::images) const LAYOUT_TEXT: &str = r#"{"imageLayoutVersion":"1.0.0"}"#;
/// The file with the images.
pub(in crate::images) const INDEX: &str = "index.json";
/// containerd imports an image under this name, skopeo finds it by the other one.
const CONTAINERD: &str = "io.containerd.image.name";
const OCI: &str = "org.opencontainers.image.ref.name";
const MEDIA_TYPE: &str = "application/vnd.oci.image.index.v1+json";

/// Where a blob is.
pub(in crate::images) fn blob_path(digest: &Digest) -> String {
    format!("blobs/{}/{}", digest.algorithm(), digest.hex())
}

/// `index.json`. What ksi does not know of it stays.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::images) struct Index {
    schema_version: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
    #[serde(default)]
    manifests: Vec<Descriptor>,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

/// An image in `index.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::images) struct Descriptor {
    media_type: String,
    digest: String,
    size: u64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<String, String>,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

impl Descriptor {
    /// An image under its whole name.
    pub(in crate::images) fn of(name: &str, manifest: &registry::Manifest) -> Self {
        let name = |key: &str| (key.to_owned(), name.to_owned());
        Self {
            media_type: manifest.media_type.clone(),
            digest: manifest.digest.to_string(),
            size: manifest.bytes.len() as u64,
            annotations: BTreeMap::from([name(CONTAINERD), name(OCI)]),
            rest: BTreeMap::new(),
        }
    }

    fn name(&self) -> Option<&String> {
        self.annotations.get(CONTAINERD).or_else(|| self.annotations.get(OCI))
    }
}

impl Index {
    /// One without images.
    pub(in crate::images) fn empty() -> Self {
        Self {
            schema_version: 2,
            media_type: Some(MEDIA_TYPE.to_owned()),
            manifests: Vec::new(),
            rest: BTreeMap::new(),
        }
    }

    /// Parses the text.
    pub(in crate::images) fn parse(text: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(text)
            .map_err(|error| format!("its index.json is not valid: {error}"))
    }

    /// The digest of the image of a name.
    pub(in crate::images) fn digest(&self, name: &str) -> Option<Digest> {
        let named = |entry: &&Descriptor| entry.name().is_some_and(|own| own == name);
        self.manifests.iter().find(named)?.digest.parse().ok()
    }

    /// The names of the images.
    pub(in crate::images) fn names(&self) -> impl Iterator<Item = &String> {
        self.manifests.iter().filter_map(Descriptor::name)
    }

    /// Adds an image, in place of another one of the same name.
    pub(in crate::images) fn set(&mut self, image: Descriptor) {
        self.manifests.retain(|other| other.name().is_none() || other.name() != image.name());
        self.manifests.push(image);
    }

    /// The text: the same for the same images, whenever they were copied.
    pub(in crate::images) fn text(&self) -> String {
        let mut sorted = self.clone();
        sorted.manifests.sort_by(|a, b| (a.name(), &a.digest).cmp(&(b.name(), &b.digest)));
        serde_json::to_string_pretty(&sorted).unwrap_or_default() + "\n"
    }

    /// The images.
    pub(super) fn images(&self) -> Result<Vec<Named>, String> {
        let image = |entry: &Descriptor| {
            let digest = entry.digest.parse().map_err(|why| format!("its index.json: {why}"))?;
            let descriptor = registry::Descriptor {
                media_type: entry.media_type.clone(),
                digest,
                size: entry.size,
                platform: None,
                urls: Vec::new(),
                annotations: BTreeMap::new(),
            };
            Ok(Named { name: entry.name().cloned(), descriptor })
        };
        self.manifests.iter().map(image).collect()
    }
}

/// A layout in a tar file.
pub(super) fn open(tarball: Tarball) -> Result<(Vec<Named>, Contents), Wrong> {
    let index = tarball.text(INDEX)?;
    let index = index.ok_or_else(|| "it has no index.json: it is no OCI archive".to_owned())?;
    let images = Index::parse(&index)?.images()?;
    let blobs = blobs(&tarball);
    Ok((images, Contents::Tar { tarball, blobs, made: BTreeMap::new() }))
}

/// The blobs in a tar file.
pub(in crate::images) fn blobs(tarball: &Tarball) -> BTreeMap<Digest, super::Range> {
    let blob = |path: &std::path::Path| {
        let (algorithm, hex) = path.to_str()?.strip_prefix("blobs/")?.split_once('/')?;
        format!("{algorithm}:{hex}").parse().ok()
    };
    tarball.entries().filter_map(|(path, range)| Some((blob(path)?, range))).collect()
}
