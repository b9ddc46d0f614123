//! From a source to a checked configuration: the one place where this is done.

use serde_json::{Map, Value};

use super::error::{Error, Rejected};
use super::facts::{FactOverrides, observe_facts};
use super::secret_ref;
use crate::cluster::{self, Cluster, ErrorKind};
use crate::config::jwt_secret::unusable;
use crate::config::{self, Configuration, Loaded};
use crate::diagnostic::Diagnostics;
use crate::facts::Facts;
use crate::target::Target;
use crate::validate::{self, Valid};
use crate::yaml::{Node, Path};

/// A configuration that was read and not checked yet.
#[derive(Debug)]
pub struct Draft {
    /// The documents as they were read.
    pub loaded: Loaded,
    pub(super) facts: FactOverrides,
    pub(super) allow_unknown: bool,
    /// Whether the installation uses the configured jwtSecret already.
    pub(super) jwt_secret_in_use: bool,
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
    /// Secrets in the specification that nobody gave, because the cluster has them; keys of `authentication`.
    pub(super) from_cluster: Vec<&'static str>,
}

impl Prepared {
    /// The specification as it was given, in the form of today. It has the secrets that were given, and no others.
    pub fn spec(&self) -> Value {
        let spec = self.loaded.spec.as_ref();
        let mut spec = spec.map_or_else(|| Value::Object(Map::new()), Node::to_json);
        if let Some(authentication) = spec.get_mut("authentication").and_then(Value::as_object_mut)
        {
            authentication.retain(|key, _| !self.from_cluster.contains(&key.as_str()));
        }
        spec
    }

    /// The keys of the secrets in this specification, such as `authentication.jwtSecret`.
    pub fn secret_keys(&self) -> Vec<String> {
        let mut keys = Vec::new();
        let spec = Node::from_json(self.spec());
        spec.each(&Path::default(), &mut |path, node| {
            let is_given = node.as_str().is_some_and(|text| !text.is_empty());
            if is_given && config::is_sensitive(path) {
                keys.push(path.to_string());
            }
        });
        keys
    }

    /// Reads the Secret that `authentication.jwtSecretRef` names, which may add a warning.
    ///
    /// # Errors
    /// The Secret is missing or has no usable value, or the cluster cannot be read.
    pub async fn read_secret(&mut self, cluster: &Cluster) -> Result<(), Error> {
        let warning = secret_ref::resolve(&mut self.configuration, cluster).await?;
        self.warnings.extend(warning);
        Ok(())
    }
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
        let diagnostics = self.examine();
        if !diagnostics.has_errors() {
            return Ok(());
        }
        let sources = self.loaded.sources.clone();
        Err(Error::Rejected(Box::new(Rejected { diagnostics, sources })))
    }

    /// Everything that can be said without the cluster. The errors are errors whatever the cluster is.
    pub fn examine(&self) -> Diagnostics {
        let facts = self.facts.over(None, &self.loaded);
        // Perhaps the installation uses the jwtSecret: the cluster was not asked.
        match self.validate(&facts, true) {
            Ok(Valid { warnings, .. }) => warnings,
            Err(found) => found,
        }
    }

    /// Checks the configuration with the facts of a cluster. The Secret that it names is
    /// [read](Prepared::read_secret) after that.
    ///
    /// # Errors
    /// [`Error::Rejected`] when it is invalid; or the cluster cannot be read.
    pub async fn check_on(mut self, cluster: &Cluster) -> Result<Prepared, Error> {
        let facts = observe_facts(cluster).await?;
        self.observe(cluster).await?;
        self.check_with(Some(facts))
    }

    /// Checks the configuration for a target that is no cluster.
    ///
    /// # Errors
    /// [`Error::Rejected`] when it is invalid; the target cannot be read.
    pub async fn check_for<T: Target>(mut self, target: &T) -> Result<Prepared, Error> {
        if let Some(secret) = self.odd_jwt_secret() {
            let stored = target.values().await?;
            self.jwt_secret_in_use |= stored.0.get("jwtSecret").is_some_and(|live| *live == secret);
        }
        self.check_with(None)
    }

    /// Adds what a cluster says about it.
    ///
    /// # Errors
    /// The cluster cannot be read.
    pub(super) async fn observe(&mut self, cluster: &Cluster) -> Result<(), Error> {
        if let Some(status) = installer_status(cluster).await? {
            self.loaded.complete_from_status(&status);
        }
        if let Some(secret) = self.odd_jwt_secret() {
            let in_use = secret_ref::in_use(cluster).await?;
            self.jwt_secret_in_use |= in_use.is_some_and(|live| live == secret);
        }
        Ok(())
    }

    /// The configured jwtSecret, if it cannot be meant.
    fn odd_jwt_secret(&self) -> Option<String> {
        let spec = self.loaded.spec.as_ref()?;
        let secret = spec.at(&Path::keys("authentication.jwtSecret"))?.as_str()?;
        unusable(secret).map(|_| secret.to_owned())
    }

    /// Checks the configuration with what was observed of a cluster.
    ///
    /// # Errors
    /// [`Error::Rejected`] when it is invalid.
    pub(super) fn check_with(self, observed: Option<Facts>) -> Result<Prepared, Error> {
        let facts = self.facts.over(observed, &self.loaded);
        match self.validate(&facts, self.jwt_secret_in_use) {
            Ok(Valid { configuration, warnings }) => Ok(Prepared {
                configuration,
                facts,
                loaded: self.loaded,
                warnings,
                from_cluster: Vec::new(),
            }),
            Err(diagnostics) => Err(Error::Rejected(Box::new(Rejected {
                diagnostics,
                sources: self.loaded.sources,
            }))),
        }
    }

    fn validate(&self, facts: &Facts, jwt_secret_in_use: bool) -> Result<Valid, Diagnostics> {
        let options = validate::Options { allow_unknown: self.allow_unknown, jwt_secret_in_use };
        validate::validate(&self.loaded, facts, options)
    }
}

/// The status that ks-installer wrote. Who may not read it does without.
async fn installer_status(cluster: &Cluster) -> Result<Option<Value>, cluster::Error> {
    match cluster.get(&config::object_id()).await {
        Ok(live) => Ok(live.map(|mut live| live["status"].take()).filter(Value::is_object)),
        Err(error) if error.kind == ErrorKind::Forbidden => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::effective::document;
    use super::super::source::Source;

    #[test]
    fn a_specification_has_the_secrets_that_were_given_and_names_them() {
        let cc = document(&json!({"authentication": {
            "jwtSecret": "k3x9Qw7TzB1mN5vR8cL2pH6dJ4sF0gYa", "adminPassword": "P@ss-w0rd-of-a-user",
        }}));
        let mut prepared = Source::of_cluster(&cc).load().check().unwrap();
        let keys = ["authentication.jwtSecret", "authentication.adminPassword"];
        assert_eq!(prepared.secret_keys(), keys);
        assert_eq!(prepared.spec(), cc["spec"]);
        // As a rollback takes it from the cluster.
        prepared.from_cluster = vec!["jwtSecret"];
        assert_eq!(prepared.secret_keys(), keys[1..]);
        assert!(prepared.spec()["authentication"]["jwtSecret"].is_null());
        let bare = document(&json!({"redis": null}));
        assert_eq!(Source::of_cluster(&bare).load().check().unwrap().spec(), bare["spec"]);
    }
}
