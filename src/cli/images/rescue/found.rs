//! Which images have to be rescued, and from where.

use std::collections::BTreeMap;
use std::time::Duration;

use super::RescueArgs;
use crate::availability::{Answer, Depth, ask, is_final};
use crate::cli::args::input::InputArgs;
use crate::cli::exit::Failure;
use crate::cli::shared::preparation;
use crate::cluster::Cluster;
use crate::images::rescue::{Held, Node, Wanted, nodes};
use crate::install::images;
use crate::registry::Reference;
use crate::ui::Output;

/// How long registries may take to say which images they have.
const ASKING: Duration = Duration::from_secs(30);

/// What nodes have.
pub(super) struct Found {
    /// Images on a node.
    pub(super) held: Vec<Held>,
    /// Images that cannot be rescued, and why.
    pub(super) lost: Vec<(Reference, String)>,
}

/// A search for images.
pub(super) struct Search<'s> {
    pub(super) args: &'s RescueArgs,
    pub(super) cluster: &'s Cluster,
    pub(super) output: &'s Output,
}

impl Search<'_> {
    pub(super) async fn run(&self) -> Result<Found, Failure> {
        let node = self.args.node.as_deref();
        let nodes = nodes(self.cluster, node).await?;
        if let (Some(name), true) = (node, nodes.is_empty()) {
            return Err(Failure::Usage(format!("there is no node {name}")));
        }
        let mut found = Found { held: Vec::new(), lost: Vec::new() };
        for image in self.wanted().await? {
            match best(&nodes, &image) {
                Some(Ok(held)) => found.held.push(held),
                Some(Err((node, why))) => {
                    let by_hand = node.commands(&image, &self.args.to.to_string());
                    found.lost.push((image.published, format!("{why}\n  help: {by_hand}")));
                }
                None => {
                    let why = "no node says that it has it; the kubelet names only the 50 largest images \
                               (nodeStatusMaxImages)";
                    found.lost.push((image.published, why.to_owned()));
                }
            }
        }
        Ok(found)
    }

    /// The images to look for.
    async fn wanted(&self) -> Result<Vec<Wanted>, Failure> {
        let parse = |name: &String| name.parse::<Reference>().map_err(Failure::Usage);
        if !self.args.missing {
            let named = self.args.images.iter().map(|name| Ok(Wanted::published(parse(name)?)));
            return named.collect();
        }
        let input = InputArgs::of(&self.args.filename, &[], false);
        let prepared = preparation::offline(&input, self.output)?;
        let images = images::images(&prepared, false)?;
        let wanted = images.iter().map(|image| {
            let local = parse(&image.reference())?;
            let published = parse(&image.upstream)?;
            let published = match local.digest() {
                Some(digest) => published.with_digest(digest.clone()),
                None => published,
            };
            Ok(Wanted { published, local: Some(local) })
        });
        self.missing(wanted.collect::<Result<_, Failure>>()?).await
    }

    /// Those that are not in the registry that they are copied to, nor certainly in their own. Behind a firewall nobody can
    /// ask that one.
    async fn missing(&self, wanted: Vec<Wanted>) -> Result<Vec<Wanted>, Failure> {
        let client = self.args.registry.client()?;
        let mut places = Vec::new();
        for image in &wanted {
            let target = self.args.to.reference(&image.published).map_err(Failure::Usage)?;
            places.push((image.published.clone(), target));
        }
        let all: Vec<_> = places
            .iter()
            .flat_map(|(own, target)| [Some(own), target.as_ref()])
            .flatten()
            .collect();
        let all: Vec<Reference> = all.into_iter().cloned().collect();
        let answers = ask(&client, &all, Depth::Digest, ASKING).await;
        let has = |image: &Reference| matches!(answers.get(image), Some(Ok(_)));
        let missing: Vec<_> = wanted
            .into_iter()
            .zip(&places)
            .filter(|(_, (own, target))| !has(own) && !target.as_ref().is_some_and(has))
            .map(|(image, _)| image)
            .collect();
        if missing.is_empty() {
            self.output.print("every image of the configuration is in a registry");
        }
        self.tell_unknown(&missing, &answers);
        Ok(missing)
    }

    /// One line for each registry that could not be asked.
    fn tell_unknown(&self, missing: &[Wanted], answers: &BTreeMap<Reference, Answer>) {
        let mut silent = BTreeMap::new();
        for image in missing {
            if let Some(Err(error)) = answers.get(&image.published)
                && !is_final(error)
            {
                silent.entry(image.published.registry()).or_insert(error);
            }
        }
        for (registry, error) in silent {
            self.output.message(&format!(
                "warning: cannot ask {registry}, so its images count as missing: {error}"
            ));
        }
    }
}

/// The node that tells the digest, best one where a pod can run and read it. Otherwise one that has the image, with
/// the reason why it is of no use.
fn best<'n>(nodes: &'n [Node], image: &Wanted) -> Option<Result<Held, (&'n Node, String)>> {
    let mut held: Vec<_> =
        nodes.iter().filter_map(|node| Some((node, node.holds(image)?))).collect();
    held.sort_by_key(|(node, held)| (held.is_err(), !(node.ready && node.has_content_store())));
    let (node, held) = held.into_iter().next()?;
    Some(held.map_err(|why| (node, why)))
}
