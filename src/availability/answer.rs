//! What a registry says of an image.

use super::nodes::Holders;
use crate::registry::{Digest, Error, ErrorKind, Platform, Reference};

/// An image that a registry has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The digest of its manifest or index.
    pub digest: Digest,
    /// Its platforms; empty if they were not asked for.
    pub platforms: Vec<Platform>,
    /// Whether it is an index. containerd selects from an index by platform; a single image it takes as it is.
    pub is_index: bool,
}

/// What a registry says of an image.
pub type Answer = Result<Found, Error>;

/// An image, what its registry says, and which nodes hold it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The image.
    pub image: Reference,
    /// What its registry says.
    pub answer: Answer,
    /// The platforms of nodes on which it should run.
    pub wanted: Vec<Platform>,
    /// The nodes that hold it.
    pub holders: Holders,
}

impl Asked {
    /// The platforms of nodes that the image is not for. None if its platforms are not known.
    pub fn lacking(&self) -> Vec<&Platform> {
        let Ok(found) = &self.answer else { return Vec::new() };
        if found.platforms.is_empty() {
            return Vec::new();
        }
        let runs = |node: &&Platform| found.platforms.iter().any(|own| own.runs_on(node));
        self.wanted.iter().filter(|node| !runs(node)).collect()
    }

    /// Whether it is for no platform of the nodes.
    pub fn runs_nowhere(&self) -> bool {
        !self.wanted.is_empty() && self.lacking().len() == self.wanted.len()
    }

    /// Whether it is certain that no node can start it: its registry says that it is not there, no node holds it, and
    /// no mirror is to be expected. Also an index without any of their platforms.
    pub fn cannot_start(&self) -> bool {
        let missing = match &self.answer {
            Err(error) => error.kind == ErrorKind::NotFound,
            Ok(found) => found.is_index && self.runs_nowhere(),
        };
        missing
            && !is_public(self.image.registry())
            && self.holders.nodes.is_empty()
            && self.holders.unknown.is_empty()
    }
}

/// Whether an error is about the image. Others say that the registry could not be asked.
pub fn is_final(error: &Error) -> bool {
    matches!(
        error.kind,
        ErrorKind::NotFound
            | ErrorKind::Denied
            | ErrorKind::NoSuchPlatform
            | ErrorKind::Unsupported
            | ErrorKind::Digest
    )
}

/// Whether nodes often have a mirror for a registry, which answers in its place.
pub fn is_public(registry: &str) -> bool {
    const PUBLIC: [&str; 6] =
        ["docker.io", "gcr.io", "ghcr.io", "k8s.gcr.io", "quay.io", "registry.k8s.io"];
    PUBLIC.contains(&registry)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(image: &str, answer: Result<&[&str], ErrorKind>, holders: Holders) -> Asked {
        Asked {
            image: image.parse().unwrap(),
            answer: answer
                .map(|platforms| Found {
                    digest: Digest::of(b"a"),
                    platforms: platforms.iter().map(|text| text.parse().unwrap()).collect(),
                    is_index: true,
                })
                .map_err(|kind| Error::new(kind, "read", image, "manifest unknown")),
            wanted: vec!["linux/amd64".parse().unwrap(), "linux/arm64".parse().unwrap()],
            holders,
        }
    }

    #[test]
    fn only_what_certainly_cannot_start_is_an_error() {
        let own = "reg.example/kubesphere/tower:v0.2.1";
        let cannot = |image, kind, holders| asked(image, Err(kind), holders).cannot_start();
        assert!(cannot(own, ErrorKind::NotFound, Holders::default()));
        // Nodes may have other credentials, a mirror, or a copy.
        assert!(!cannot(own, ErrorKind::Denied, Holders::default()));
        assert!(!cannot(own, ErrorKind::Unreachable, Holders::default()));
        assert!(!cannot("kubesphere/tower:v0.2.1", ErrorKind::NotFound, Holders::default()));
        let one = || vec!["n1".to_owned()];
        let holding = Holders { nodes: one(), unknown: Vec::new() };
        assert!(!cannot(own, ErrorKind::NotFound, holding));
        let perhaps = Holders { nodes: Vec::new(), unknown: one() };
        assert!(!cannot(own, ErrorKind::NotFound, perhaps));
    }

    #[test]
    fn an_image_needs_a_platform_of_one_node() {
        let own = "reg.example/kubesphere/tower:v0.2.1";
        let of = |platforms: &[&str]| asked(own, Ok(platforms), Holders::default());
        assert!(of(&["linux/s390x"]).cannot_start());
        assert!(!of(&["linux/amd64"]).cannot_start());
        assert!(!of(&[]).cannot_start(), "they were not asked for");
        let mut single = of(&["linux/s390x"]);
        single.answer.as_mut().unwrap().is_index = false;
        assert!(single.runs_nowhere() && !single.cannot_start(), "containerd does not compare it");
        let lacking: Vec<String> =
            of(&["linux/amd64"]).lacking().iter().map(ToString::to_string).collect();
        assert_eq!(lacking, ["linux/arm64"]);
    }
}
