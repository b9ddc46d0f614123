//! The values of a target: those that ksi stored, and those that its objects contain.

use super::error::Error;
use super::prepared::Prepared;
use crate::config::{Configuration, Role};
use crate::target::{self, Target};
use crate::values::{self, Given, StoredValues};

/// The values of a target.
#[derive(Debug)]
pub(super) struct KnownValues {
    /// The stored ones.
    pub(super) stored: StoredValues,
    /// The same, completed by those of live objects. A jwtSecret in use counts more than the stored one.
    pub(super) all: StoredValues,
    /// Whether the configured password of `admin` has no effect, since the user exists.
    pub(super) ignores_password: bool,
}

impl KnownValues {
    /// Reads them, as far as a configuration needs them.
    ///
    /// # Errors
    /// The target cannot be read.
    pub(super) async fn read<T: Target>(
        target: &T,
        prepared: &Prepared,
    ) -> Result<Self, target::Error> {
        Self::for_given(target, &given(&prepared.configuration)).await
    }

    /// The same before there is a configuration.
    ///
    /// # Errors
    /// The target cannot be read.
    pub(super) async fn for_given<T: Target>(
        target: &T,
        given: &Given<'_>,
    ) -> Result<Self, target::Error> {
        let stored = target.values().await?;
        let live = target.read(&values::sources(given, &stored)).await?;
        let all = values::completed(&stored, &live);
        let ignores_password = values::ignores_password(given, &all, &live);
        Ok(Self { stored, all, ignores_password })
    }

    /// What a configuration says about values, without what has no effect.
    ///
    /// # Errors
    /// It names a Secret that was not read.
    pub(super) fn given<'p>(&self, prepared: &'p Prepared) -> Result<Given<'p>, Error> {
        let given = given(&prepared.configuration);
        let by_reference = prepared.configuration.authentication.jwt_secret_ref.is_some();
        if by_reference && given.jwt_secret.is_none() {
            return Err(Error::SecretRefWithoutCluster);
        }
        let admin_password = given.admin_password.filter(|_| !self.ignores_password);
        Ok(Given { admin_password, ..given })
    }
}

/// What a configuration says about values.
pub(super) fn given(configuration: &Configuration) -> Given<'_> {
    let host = configuration.role() == Role::Host;
    let multicluster = &configuration.multicluster;
    Given {
        jwt_secret: configuration.authentication.jwt_secret.as_deref(),
        admin_password: configuration.authentication.admin_password.as_deref(),
        tower: host && multicluster.tower.ca.secret_name.is_none(),
        kubefed: host && multicluster.kubefed.enabled,
    }
}
