//! Consents: given by flags of the command line, or by approvals of a controller.

use std::collections::BTreeSet;

use crate::inventory::PruneOptions;
use crate::object::SettingNames;

/// The consent to one kind of risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Consent {
    /// An installed host or member gets another role.
    RoleChange,
    /// The members of a host lose their connection to it.
    BreakMembers,
    /// The Deployment ks-installer of KubeSphere 3 is deleted.
    ReplaceKsInstaller,
    /// CRDs are deleted, and with them every object of their kinds.
    DeleteCrds,
    /// Volume claims are deleted, and with them the data.
    DeleteData,
    /// Namespaces are deleted, and with them everything inside.
    DeleteNamespaces,
}

/// All given consents, and how the caller names what else could be set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Consents {
    given: BTreeSet<Consent>,
    names: SettingNames,
}

impl Consents {
    /// The same with the caller's names, which messages use.
    #[must_use]
    pub fn named(self, names: SettingNames) -> Self {
        Self { names, ..self }
    }

    /// Whether this consent was given.
    pub fn include(&self, consent: Consent) -> bool {
        self.given.contains(&consent)
    }

    /// The caller's names.
    pub(super) fn names(&self) -> SettingNames {
        self.names
    }

    /// What may be deleted when it is no longer wanted. Without consent it is kept, and the plan says so.
    pub(super) fn prune_options(&self) -> PruneOptions {
        PruneOptions {
            crds: self.include(Consent::DeleteCrds),
            data: self.include(Consent::DeleteData),
            namespaces: self.include(Consent::DeleteNamespaces),
            created: false,
        }
    }
}

impl FromIterator<Consent> for Consents {
    fn from_iter<I: IntoIterator<Item = Consent>>(consents: I) -> Self {
        Self { given: consents.into_iter().collect(), names: SettingNames::default() }
    }
}
