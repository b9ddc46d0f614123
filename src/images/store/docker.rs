//! What `docker save` wrote before version 25: layers that are not compressed, and no manifests. ksi makes the
//! manifests, with the layers as they are: their digests are then those in the configuration of the image, and the same
//! archive always becomes the same image.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::FileExt as _;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Contents, Named, Range, Tarball, Wrong};
use crate::registry::{Bytes, Digest, Hasher, Manifest};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// What is hashed at once.
const PIECE: usize = 256 * 1024;

/// An image in `manifest.json`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Image {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    layers: Vec<String>,
}

/// An archive of Docker.
pub(super) fn open(tarball: Tarball) -> Result<(Vec<Named>, Contents), Wrong> {
    let text = tarball.text("manifest.json")?;
    let text =
        text.ok_or_else(|| "it has no manifest.json: it is no archive of Docker".to_owned())?;
    let images: Vec<Image> = serde_json::from_slice(&text)
        .map_err(|error| format!("its manifest.json is not valid: {error}"))?;
    let (mut named, mut blobs, mut made) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
    for image in images {
        let manifest = manifest(&tarball, &image, &mut blobs)?;
        let descriptor = manifest.descriptor();
        made.insert(manifest.digest, manifest.bytes);
        let tags = image.repo_tags.filter(|tags| !tags.is_empty());
        let tags = tags.map_or_else(|| vec![None], |tags| tags.into_iter().map(Some).collect());
        named.extend(tags.into_iter().map(|name| Named { name, descriptor: descriptor.clone() }));
    }
    Ok((named, Contents::Tar { tarball, blobs, made }))
}

fn manifest(
    tarball: &Tarball,
    image: &Image,
    blobs: &mut BTreeMap<Digest, Range>,
) -> Result<Manifest, Wrong> {
    let find = |path: &str| {
        let missing = || format!("its manifest.json names {path}, which is not in the archive");
        tarball.find(path).ok_or_else(missing)
    };
    let range = find(&image.config)?;
    let text = tarball.text(&image.config)?.unwrap_or_default();
    let config: Value = serde_json::from_slice(&text)
        .map_err(|error| format!("{} in it is not valid: {error}", image.config))?;
    let config_digest = Digest::of(&text);
    blobs.insert(config_digest.clone(), range);
    let differences = config["rootfs"]["diff_ids"].as_array().map_or(&[][..], Vec::as_slice);
    if differences.len() != image.layers.len() {
        let why = format!(
            "{} has {} layers, and its configuration {}",
            image.config,
            image.layers.len(),
            differences.len()
        );
        return Err(why.into());
    }
    let mut layers = Vec::new();
    for (path, difference) in image.layers.iter().zip(differences) {
        let range = find(path)?;
        let mut magic = GZIP.map(|_| 0);
        let compressed = tarball.file.read_at(&mut magic, range.start)? == 2 && magic == GZIP;
        // The digest in the configuration is that of the layer when it is not compressed.
        let known = difference.as_str().and_then(|digest| digest.parse().ok());
        let digest = match known.filter(|_| !compressed) {
            Some(digest) => digest,
            None => hash(tarball, range)?,
        };
        let kind = if compressed { format!("{LAYER}+gzip") } else { LAYER.to_owned() };
        layers.push(json!({"mediaType": kind, "digest": digest.as_str(), "size": range.size}));
        blobs.insert(digest, range);
    }
    let config = json!({"mediaType": CONFIG, "digest": config_digest.as_str(), "size": range.size});
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers,
    });
    Ok(Manifest::parse(Bytes::from(manifest.to_string()), None)?)
}

fn hash(tarball: &Tarball, range: Range) -> io::Result<Digest> {
    let (mut hasher, mut piece, mut done) = (Hasher::new(), vec![0; PIECE], 0);
    while done < range.size {
        let length = usize::try_from(range.size - done).map_or(PIECE, |left| left.min(PIECE));
        tarball.file.read_exact_at(&mut piece[..length], range.start + done)?;
        hasher.update(&piece[..length]);
        done += length as u64;
    }
    Ok(hasher.finish())
}
