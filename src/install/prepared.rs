//! From a source to a checked configuration: the one place where this is done.

use super::error::{Error, Rejected};
use super::facts::{FactOverrides, observe_facts};
use super::secret_ref;
use crate::cluster::Cluster;
use crate::config::{Configuration, Loaded};
use crate::diagnostic::Diagnostics;
use crate::facts::Facts;
use crate::validate::{self, Valid};

/// A configuration that was read and not checked yet.
#[derive(Debug)]
pub struct Draft {
    /// The documents as they were read.
    pub loaded: Loaded,
    pub(super) facts: FactOverrides,
    pub(super) allow_unknown: bool,
}

/// A configuration that was checked.
#[derive(Debug)]
pub struct Prepared {
    /// The typed specification.
    pub configuration: Configuration,
    /// What is known of the cluster.
    pub facts: Facts,
    /// The documents as they were read.
    pub loaded: Loaded,
    /// What is worth a warning.
    pub warnings: Diagnostics,
}

impl Draft {
    /// Checks the configuration without a cluster.
    ///
    /// # Errors
    /// [`Error::Rejected`] when it is invalid.
    pub fn check(self) -> Result<Prepared, Error> {
        self.check_with(None)
    }

    /// Whether the configuration is invalid whatever the cluster is, so that no request is worth it.
    ///
    /// # Errors
    /// [`Error::Rejected`] when it is invalid.
    pub fn precheck(&self) -> Result<(), Error> {
        let facts = self.facts.over(None, &self.loaded);
        self.validate(&facts).map(|_| ()).map_err(|diagnostics| {
            let sources = self.loaded.sources.clone();
            Error::Rejected(Box::new(Rejected { diagnostics, sources }))
        })
    }

    /// Checks the configuration with the facts of a cluster, and reads the Secret that it names.
    ///
    /// # Errors
    /// [`Error::Rejected`] when it is invalid; the cluster cannot be read; or the Secret is missing.
    pub async fn check_on(self, cluster: &Cluster) -> Result<Prepared, Error> {
        let facts = observe_facts(cluster).await?;
        let mut prepared = self.check_with(Some(facts))?;
        secret_ref::resolve(&mut prepared.configuration, cluster).await?;
        Ok(prepared)
    }

    /// Checks the configuration with what was observed of a cluster.
    ///
    /// # Errors
    /// [`Error::Rejected`] when it is invalid.
    pub(super) fn check_with(self, observed: Option<Facts>) -> Result<Prepared, Error> {
        let facts = self.facts.over(observed, &self.loaded);
        match self.validate(&facts) {
            Ok(Valid { configuration, warnings }) => {
                Ok(Prepared { configuration, facts, loaded: self.loaded, warnings })
            }
            Err(diagnostics) => Err(Error::Rejected(Box::new(Rejected {
                diagnostics,
                sources: self.loaded.sources,
            }))),
        }
    }

    fn validate(&self, facts: &Facts) -> Result<Valid, Diagnostics> {
        let options = validate::Options { allow_unknown: self.allow_unknown };
        validate::validate(&self.loaded, facts, options)
    }
}
