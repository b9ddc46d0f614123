//! Which images have to be rescued, and from where.

use super::RescueArgs;
use crate::cli::args::input::InputArgs;
use crate::cli::exit::Failure;
use crate::cli::shared::preparation;
use crate::cluster::Cluster;
use crate::images::rescue::{Held, nodes};
use crate::install::images;
use crate::registry::{ErrorKind, Reference};
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
        for image in self.wanted(&mut found.lost).await? {
            // A node that says the digest counts, best one where a pod can run and read it.
            let mut held: Vec<_> = nodes.iter().filter_map(|node| node.holds(&image)).collect();
            held.sort_by_key(|held| match held {
                Ok(Held { node, .. }) => (false, !(node.ready && node.has_content_store())),
                Err(_) => (true, true),
            });
            match held.into_iter().next() {
                Some(Ok(held)) => found.held.push(held),
                Some(Err(why)) => {
                    let by_hand = nodes.iter().find(|node| node.holds(&image).is_some());
                    let by_hand = by_hand.map(|n| n.commands(&image, &self.args.to.to_string()));
                    let by_hand = by_hand.unwrap_or_default();
                    found.lost.push((image, format!("{why}\n  help: {by_hand}")));
                }
                None => {
                    let why = "no node says that it has it; the kubelet names only the 50 largest images \
                               (nodeStatusMaxImages)";
                    found.lost.push((image, why.to_owned()));
                }
            }
        }
        Ok(found)
    }

    /// The images to look for. One whose registry cannot be asked is lost: nobody knows whether it is missing.
    async fn wanted(&self, lost: &mut Vec<(Reference, String)>) -> Result<Vec<Reference>, Failure> {
        let parse = |name: &String| name.parse::<Reference>().map_err(Failure::Usage);
        if !self.args.missing {
            return self.args.images.iter().map(parse).collect();
        }
        let input = InputArgs::of(&self.args.filename, &[], false);
        let prepared = preparation::offline(&input, self.output)?;
        let client = self.args.registry.client()?;
        let mut missing = Vec::new();
        for image in images::images(&prepared, false)? {
            let reference = parse(&image.upstream)?;
            let digest = image.digest.as_deref().map(str::parse).transpose();
            let reference = match digest.map_err(Failure::Usage)? {
                Some(digest) => reference.with_digest(digest),
                None => reference,
            };
            match client.resolve(&reference).await {
                Ok(_) => {}
                Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Denied) => {
                    missing.push(reference);
                }
                Err(error) => lost.push((reference, format!("{error}\n  help: {}", error.help))),
            }
        }
        if missing.is_empty() && lost.is_empty() {
            self.output.print("every image of the configuration is in its registry");
        }
        Ok(missing)
    }
}
