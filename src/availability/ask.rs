//! Asks registries about images.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use tokio::time::Instant;

use super::answer::{Answer, Found, is_final};
use crate::registry::{Client, Content, Error, ErrorKind, Reference};

/// How many images are asked about at a time.
const AT_ONCE: usize = 8;

/// How much is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Depth {
    /// Whether the image is there. Registries that count pulls do not count this.
    Digest,
    /// Also for which platforms.
    Platforms,
}

/// Asks about images, all in this time. A registry that cannot be reached is asked once, not for each image.
pub async fn ask(
    client: &Client,
    images: &[Reference],
    depth: Depth,
    limit: Duration,
) -> BTreeMap<Reference, Answer> {
    let until = Instant::now() + limit;
    let registries: BTreeSet<&str> = images.iter().map(Reference::registry).collect();
    let pings = registries.into_iter().map(|registry| async move {
        let ping = within(until, registry, client.ping(registry)).await;
        // Some registries let nobody ask this without a repository.
        (registry, ping.err().filter(|error| !is_final(error)))
    });
    let pings: BTreeMap<&str, Option<Error>> =
        stream::iter(pings).buffer_unordered(AT_ONCE).collect().await;
    let pings = &pings;
    let answers = images.iter().map(|image| async move {
        if let Some(Some(error)) = pings.get(image.registry()) {
            return (image.clone(), Err(error.clone()));
        }
        (image.clone(), within(until, &image.to_string(), about(client, image, depth)).await)
    });
    stream::iter(answers).buffer_unordered(AT_ONCE).collect().await
}

async fn within<T>(
    until: Instant,
    place: &str,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let late = || Err(Error::new(ErrorKind::Timeout, "read", place, "no answer in time"));
    tokio::time::timeout_at(until, work).await.unwrap_or_else(|_| late())
}

async fn about(client: &Client, image: &Reference, depth: Depth) -> Answer {
    if depth == Depth::Digest {
        let found = client.resolve(image).await?;
        return Ok(Found { digest: found.digest, platforms: Vec::new(), is_index: false });
    }
    let manifest = client.manifest(image).await?;
    let platforms = client.platforms(image.repository(), &manifest).await?;
    let is_index = matches!(manifest.content, Content::Index(_));
    Ok(Found { digest: manifest.digest, platforms, is_index })
}
