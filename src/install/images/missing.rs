//! Which images no registry has any more.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::availability::{Depth, ask, is_final};
use crate::registry::{Client, Error, Reference};

/// How long all registries have to answer.
const LIMIT: Duration = Duration::from_secs(30);

/// What registries do not have.
#[derive(Debug, Default)]
pub struct Missing {
    /// The images.
    pub images: Vec<Reference>,
    /// The registries that could not be asked. Behind a firewall that is so for public ones: their images count as missing.
    pub silent: BTreeMap<String, Error>,
}

/// Of images and their names in another registry, those that are in neither.
pub async fn missing(client: &Client, images: Vec<(Reference, Option<Reference>)>) -> Missing {
    let both = images.iter().flat_map(|(own, other)| [Some(own), other.as_ref()]);
    let all: Vec<Reference> = both.flatten().cloned().collect();
    let answers = ask(client, &all, Depth::Digest, LIMIT).await;
    let has = |image: &Reference| matches!(answers.get(image), Some(Ok(_)));
    let mut missing = Missing::default();
    for (own, other) in images {
        if has(&own) || other.as_ref().is_some_and(has) {
            continue;
        }
        for image in [Some(&own), other.as_ref()].into_iter().flatten() {
            if let Some(Err(error)) = answers.get(image)
                && !is_final(error)
            {
                let registry = image.registry().to_owned();
                missing.silent.entry(registry).or_insert_with(|| error.clone());
            }
        }
        missing.images.push(own);
    }
    missing
}
