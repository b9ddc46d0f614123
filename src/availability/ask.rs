//! Asks registries about images.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use tokio::time::Instant;

use super::answer::{Answer, Found, is_final};
use crate::registry::{Client, Error, ErrorKind, Reference};

/// How many images are asked about at a time.
const AT_ONCE: usize = 8;
/// How long what a registry has counts as being there, and how long one that cannot be reached is left alone.
const FOUND: Duration = Duration::from_secs(600);
const UNREACHABLE: Duration = Duration::from_secs(60);

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
        return Ok(Found { digest: found.digest, platforms: Vec::new() });
    }
    let manifest = client.manifest(image).await?;
    let platforms = client.platforms(image.repository(), &manifest).await?;
    Ok(Found { digest: manifest.digest, platforms })
}

/// What this process knows already.
#[derive(Default)]
struct Known {
    found: HashMap<(Reference, Depth), (Instant, Found)>,
    unreachable: HashMap<String, (Instant, Error)>,
}

static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);

/// The same, but what was found some minutes ago is not asked again: a controller asks before each run.
pub async fn ask_cached(
    client: &Client,
    images: &[Reference],
    depth: Depth,
    limit: Duration,
) -> BTreeMap<Reference, Answer> {
    let known: BTreeMap<Reference, Answer> = {
        let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        images.iter().filter_map(|image| Some((image.clone(), known.get(image, depth)?))).collect()
    };
    let new: Vec<Reference> =
        images.iter().filter(|image| !known.contains_key(image)).cloned().collect();
    let answers = ask(client, &new, depth, limit).await;
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).note(&answers, depth);
    known.into_iter().chain(answers).collect()
}

impl Known {
    fn get(&self, image: &Reference, depth: Depth) -> Option<Answer> {
        let found = self.found.get(&(image.clone(), depth));
        if let Some((_, found)) = found.filter(|(at, _)| at.elapsed() < FOUND) {
            return Some(Ok(found.clone()));
        }
        let error = self.unreachable.get(image.registry());
        error.filter(|(at, _)| at.elapsed() < UNREACHABLE).map(|(_, error)| Err(error.clone()))
    }

    fn note(&mut self, answers: &BTreeMap<Reference, Answer>, depth: Depth) {
        let now = Instant::now();
        for (image, answer) in answers {
            match answer {
                Ok(found) => {
                    self.found.insert((image.clone(), depth), (now, found.clone()));
                }
                Err(error) if matches!(error.kind, ErrorKind::Name | ErrorKind::Unreachable) => {
                    self.unreachable.insert(image.registry().to_owned(), (now, error.clone()));
                }
                Err(_) => {}
            }
        }
    }
}
