//! Which images have to be rescued, and from where.

use super::RescueArgs;
use crate::cli::args::input::InputArgs;
use crate::cli::exit::Failure;
use crate::cli::shared::preparation;
use crate::cluster::Cluster;
use crate::images::rescue::{Held, Node, Wanted, nodes};
use crate::install::images;
use crate::registry::Reference;
use crate::ui::Output;

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

    /// Those that are neither in the registry that they are copied to nor in their own.
    async fn missing(&self, mut wanted: Vec<Wanted>) -> Result<Vec<Wanted>, Failure> {
        let client = self.args.registry.client()?;
        let mut places = Vec::new();
        for image in &wanted {
            let target = self.args.to.reference(&image.published).map_err(Failure::Usage)?;
            places.push((image.published.clone(), target));
        }
        let missing = images::missing(&client, places).await;
        if missing.images.is_empty() {
            self.output.print("every image of the configuration is in a registry");
        }
        for (registry, error) in &missing.silent {
            self.output.message(&format!(
                "warning: cannot ask {registry}, so its images count as missing: {error}"
            ));
        }
        wanted.retain(|image| missing.images.contains(&image.published));
        Ok(wanted)
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
