//! Manifests and indexes, of OCI and of Docker.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use hyper::body::Bytes;
use serde::{Deserialize, Serialize};

use super::digest::Digest;

/// A manifest of one image for one platform.
const IMAGES: [&str; 2] = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];
/// A list of manifests, one for each platform.
const INDEXES: [&str; 2] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];
/// What attestations have in place of a platform.
const UNKNOWN: &str = "unknown";

/// The header that asks for all of these.
pub(super) fn accepted() -> String {
    INDEXES.iter().chain(&IMAGES).copied().collect::<Vec<_>>().join(", ")
}

/// The platform that an image runs on. Displays as `linux/arm64/v8`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Platform {
    /// The operating system: `linux`.
    pub os: String,
    /// The architecture as Go names it: `amd64`, `arm64`.
    pub architecture: String,
    /// The variant of the architecture: `v7`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

impl Platform {
    /// Whether an image for this platform runs on a node of that one: arm64 is v8 if nothing else is said.
    pub fn runs_on(&self, node: &Self) -> bool {
        let variant = |platform: &Self| match (platform.architecture.as_str(), &platform.variant) {
            ("arm64", None) => Some("v8".to_owned()),
            (_, variant) => variant.clone(),
        };
        let (own, theirs) = (variant(self), variant(node));
        self.os == node.os
            && self.architecture == node.architecture
            // The kubelet does not say which variant a node has.
            && (own == theirs || own.is_none() || node.variant.is_none())
    }

    fn is_known(&self) -> bool {
        self.os != UNKNOWN && !self.os.is_empty() && !self.architecture.is_empty()
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.as_ref().map_or(Ok(()), |variant| write!(f, "/{variant}"))
    }
}

impl FromStr for Platform {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('/').collect();
        let (os, architecture, variant) = match parts.as_slice() {
            [os, architecture] => (os, architecture, None),
            [os, architecture, variant] => (os, architecture, Some((*variant).to_owned())),
            _ => return Err(format!("`{text}` is not a platform, for example linux/amd64")),
        };
        if parts.iter().any(|part| part.is_empty()) {
            return Err(format!("`{text}` is not a platform, for example linux/amd64"));
        }
        Ok(Self { os: (*os).to_owned(), architecture: (*architecture).to_owned(), variant })
    }
}

/// What a manifest or an index refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptor {
    /// The media type.
    pub media_type: String,
    /// The digest.
    pub digest: Digest,
    /// The size in bytes.
    pub size: u64,
    /// The platform, in an index.
    pub platform: Option<Platform>,
    /// Where the blob is instead of in the registry: layers of Windows that may not be passed on.
    pub urls: Vec<String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
}

/// What a manifest contains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// An index: manifests for several platforms, and attestations.
    Index(Vec<Descriptor>),
    /// One image.
    Image {
        /// The configuration of containers.
        config: Descriptor,
        /// The layers, the lowest first.
        layers: Vec<Descriptor>,
    },
}

/// A manifest or an index, with the bytes that its digest is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The media type.
    pub media_type: String,
    /// The digest of the bytes.
    pub digest: Digest,
    /// The text as the registry serves it.
    pub bytes: Bytes,
    /// The parsed text.
    pub content: Content,
}

impl Manifest {
    /// Parses a manifest. Its own `mediaType` counts, else what the registry says.
    ///
    /// # Errors
    /// It is no manifest of an image, or one of Docker's first format, which has no digests of layers.
    pub fn parse(bytes: Bytes, media_type: Option<&str>) -> Result<Self, String> {
        let parsed: Text = serde_json::from_slice(&bytes)
            .map_err(|error| format!("it is not a manifest: {error}"))?;
        if parsed.schema_version == Some(1) {
            return Err("it has Docker's schema 1, which nobody pulls any more".to_owned());
        }
        let known = |name: &&str| IMAGES.contains(name) || INDEXES.contains(name);
        let given = media_type.map(|given| given.split(';').next().unwrap_or_default().trim());
        let given = given.filter(known);
        let media_type = match (parsed.media_type.as_deref().or(given), &parsed) {
            (Some(name), _) => name.to_owned(),
            (None, Text { manifests: Some(_), .. }) => INDEXES[0].to_owned(),
            (None, _) => IMAGES[0].to_owned(),
        };
        let content = match parsed {
            Text { manifests: Some(manifests), .. } if INDEXES.contains(&media_type.as_str()) => {
                Content::Index(descriptors(manifests)?)
            }
            Text { config: Some(config), layers: Some(layers), .. }
                if IMAGES.contains(&media_type.as_str()) =>
            {
                Content::Image { config: config.try_into()?, layers: descriptors(layers)? }
            }
            _ => return Err(format!("it is not a manifest of an image, but `{media_type}`")),
        };
        Ok(Self { digest: Digest::of(&bytes), media_type, bytes, content })
    }

    /// The manifests of an index that are for a platform, without attestations. Empty for a single image, which
    /// does not say its platform itself.
    pub fn platforms(&self) -> Vec<(&Platform, &Descriptor)> {
        let Content::Index(manifests) = &self.content else { return Vec::new() };
        let pairs = manifests.iter().filter_map(|one| Some((one.platform.as_ref()?, one)));
        pairs.filter(|(platform, _)| platform.is_known()).collect()
    }

    /// What refers to this manifest.
    pub fn descriptor(&self) -> Descriptor {
        Descriptor {
            media_type: self.media_type.clone(),
            digest: self.digest.clone(),
            size: self.bytes.len() as u64,
            platform: None,
            urls: Vec::new(),
            annotations: BTreeMap::new(),
        }
    }
}

/// The platform in the configuration of an image.
pub(super) fn platform(config: &[u8]) -> Option<Platform> {
    let platform: Platform = serde_json::from_slice(config).ok()?;
    Some(platform).filter(Platform::is_known)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Text {
    schema_version: Option<u64>,
    media_type: Option<String>,
    manifests: Option<Vec<RawDescriptor>>,
    config: Option<RawDescriptor>,
    layers: Option<Vec<RawDescriptor>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDescriptor {
    #[serde(default)]
    media_type: String,
    digest: String,
    size: u64,
    platform: Option<Platform>,
    urls: Option<Vec<String>>,
    annotations: Option<BTreeMap<String, String>>,
}

impl TryFrom<RawDescriptor> for Descriptor {
    type Error = String;

    fn try_from(raw: RawDescriptor) -> Result<Self, String> {
        Ok(Self {
            media_type: raw.media_type,
            digest: raw.digest.parse()?,
            size: raw.size,
            platform: raw.platform,
            urls: raw.urls.unwrap_or_default(),
            annotations: raw.annotations.unwrap_or_default(),
        })
    }
}

fn descriptors(raw: Vec<RawDescriptor>) -> Result<Vec<Descriptor>, String> {
    raw.into_iter().map(TryInto::try_into).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn parse(manifest: &Value, media_type: Option<&str>) -> Result<Manifest, String> {
        Manifest::parse(Bytes::from(manifest.to_string()), media_type)
    }

    fn descriptor(platform: &Value) -> Value {
        json!({"mediaType": IMAGES[0], "digest": format!("sha256:{}", "a".repeat(64)),
               "size": 3, "platform": platform})
    }

    #[test]
    fn an_index_has_platforms_and_no_attestations() {
        let manifests = [
            descriptor(&json!({"os": "linux", "architecture": "amd64"})),
            descriptor(&json!({"os": "linux", "architecture": "arm", "variant": "v7"})),
            descriptor(&json!({"os": "unknown", "architecture": "unknown"})),
        ];
        let index = json!({"schemaVersion": 2, "manifests": manifests});
        for media_type in [None, Some(INDEXES[1]), Some("application/json; charset=utf-8")] {
            let index = parse(&index, media_type).unwrap();
            let platforms: Vec<String> =
                index.platforms().iter().map(|(platform, _)| platform.to_string()).collect();
            assert_eq!(platforms, ["linux/amd64", "linux/arm/v7"]);
        }
    }

    #[test]
    fn what_is_no_image_is_refused() {
        let layer = descriptor(&json!(null));
        let image = json!({"schemaVersion": 2, "config": layer, "layers": [layer]});
        let parsed = parse(&image, Some(IMAGES[1])).unwrap();
        assert_eq!(parsed.media_type, IMAGES[1]);
        assert_eq!(parsed.digest, Digest::of(image.to_string().as_bytes()));
        let wrong = |manifest: Value| parse(&manifest, None).unwrap_err();
        assert!(wrong(json!({"schemaVersion": 1, "fsLayers": []})).contains("schema 1"));
        assert!(wrong(json!({"schemaVersion": 2})).contains("not a manifest"));
        assert!(wrong(json!([])).contains("not a manifest"));
        // The text decides, not the header: a list may not pass for an image.
        let index =
            json!({"schemaVersion": 2, "mediaType": INDEXES[0], "config": layer, "layers": []});
        assert!(parse(&index, Some(IMAGES[0])).is_err());
    }

    #[test]
    fn an_image_runs_on_nodes_whose_variant_is_not_known() {
        let runs = |image: &str, node: &str| {
            image.parse::<Platform>().unwrap().runs_on(&node.parse().unwrap())
        };
        assert!(runs("linux/arm64/v8", "linux/arm64"));
        assert!(runs("linux/arm/v7", "linux/arm"));
        assert!(!runs("linux/arm/v7", "linux/arm/v6"));
        assert!(!runs("linux/amd64", "linux/arm64"));
        assert!("linux".parse::<Platform>().is_err());
    }
}
