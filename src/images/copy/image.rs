//! One image.

use futures_util::future::try_join_all;

use super::board::{OneRow, State};
use super::tree::{self, Tree};
use super::{Copied, Copier, Item};
use crate::registry::{Error, ErrorKind};

impl Copier {
    /// Copies an image: blobs first, then the manifests of its parts, and its name last, so that whoever reads the target
    /// meanwhile finds whole images only.
    pub(super) async fn image(&self, item: &Item, row: &OneRow) -> Result<Copied, Error> {
        row.state(State::Reading);
        let tree = tree::read(&self.from, item, &self.options.platforms).await?;
        row.total(tree.size());
        let mut copied = Copied {
            item: item.clone(),
            digest: tree.top.digest.clone(),
            sent: 0,
            there: tree.size(),
            manifest: tree.top.clone(),
        };
        // Some registries refuse to say anything of a repository that they do not have yet.
        let there = self.to.digest(item).await.ok().flatten();
        if there.as_ref() == Some(&tree.top.digest) && self.is_whole(item, &tree).await? {
            row.there(tree.size());
            return Ok(copied);
        }
        row.state(State::Copying);
        let sent = try_join_all(tree.blobs.iter().map(|blob| self.blob(item, blob, row))).await?;
        copied.sent = sent.iter().sum();
        copied.there -= copied.sent;
        for part in &tree.parts {
            self.to.manifest(item, part).await?;
        }
        self.to.image(item, &tree.top).await?;
        row.state(State::Verifying);
        self.verify(item, &tree).await?;
        Ok(copied)
    }

    /// Whether all manifests are there. A registry takes a manifest only when it has what it refers to; in files
    /// everything is looked at.
    async fn is_whole(&self, item: &Item, tree: &Tree) -> Result<bool, Error> {
        for manifest in tree.parts.iter().chain([&tree.top]) {
            if !self.to.has_manifest(item, manifest).await? {
                return Ok(false);
            }
        }
        if item.to.is_none() {
            for blob in &tree.blobs {
                if !self.to.has(item, blob).await? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Compares the digests of all manifests at the target, and that of the name.
    async fn verify(&self, item: &Item, tree: &Tree) -> Result<(), Error> {
        let wrong = |why: String| {
            let name = item.to.as_ref().unwrap_or(&item.name);
            Err(Error::new(ErrorKind::Digest, "verify", name.to_string(), why))
        };
        for manifest in tree.parts.iter().chain([&tree.top]) {
            if !self.to.has_manifest(item, manifest).await? {
                return wrong(format!("{} is not there, although it was written", manifest.digest));
            }
        }
        if item.to.as_ref().is_some_and(|to| to.digest().is_none()) {
            let found = self.to.digest(item).await?;
            if found.as_ref() != Some(&tree.top.digest) {
                let found = found.map_or_else(|| "nothing".to_owned(), |found| found.to_string());
                return wrong(format!("its name leads to {found} instead of {}", tree.top.digest));
            }
        }
        Ok(())
    }
}
