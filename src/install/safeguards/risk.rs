//! Something that a plan would break.

use crate::config::Role;
use crate::install::consent::Consent;
use crate::object::ObjectId;

/// Something that a plan would break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Risk {
    /// An installed host or member gets another role.
    RoleChange {
        /// The role that is installed.
        before: Role,
        /// The role that the configuration asks for.
        after: Role,
        /// The clusters that a host manages; they lose it.
        members: Vec<String>,
    },
    /// A host gets another jwtSecret. Its members refuse every token until they get it too.
    JwtSecretChange {
        /// The clusters that the host manages; none where they are not known, as in a directory.
        members: Vec<String>,
    },
    /// Values of a host are lost, and its members would not accept new ones.
    LostValues {
        /// Their names in Secret ksi-values.
        values: Vec<&'static str>,
        /// The clusters that the host manages.
        members: Vec<String>,
    },
    /// The installer of KubeSphere 3 runs and would undo what ksi writes.
    KsInstaller {
        /// Its Deployment, which is deleted with consent.
        deployment: ObjectId,
        /// The uid of the Deployment that was found.
        uid: String,
    },
    /// A host is uninstalled that clusters have joined.
    MembersLoseHost {
        /// The clusters that the host manages.
        members: Vec<String>,
    },
    /// What is deleted takes objects with it that may not be ours, or data.
    Deletion {
        /// The consent without which these objects are kept.
        consent: Consent,
        /// The CRDs, volume claims or namespaces.
        objects: Vec<ObjectId>,
        /// How many objects of others go with them, as far as that is known.
        cascading: usize,
    },
}

impl Risk {
    /// The consent that confirms it.
    pub fn consent(&self) -> Consent {
        match self {
            Self::RoleChange { .. } => Consent::RoleChange,
            Self::JwtSecretChange { .. }
            | Self::LostValues { .. }
            | Self::MembersLoseHost { .. } => Consent::BreakMembers,
            Self::KsInstaller { .. } => Consent::ReplaceKsInstaller,
            Self::Deletion { consent, .. } => *consent,
        }
    }
}
