//! Kinds and their resources.

use crate::object::ObjectId;

/// A kind in one version of its group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind {
    /// API group, empty for the core group.
    pub group: String,
    /// API version.
    pub version: String,
    /// Kind.
    pub kind: String,
}

impl Kind {
    /// A kind from group, version and kind.
    pub fn new(group: &str, version: &str, kind: &str) -> Self {
        Self { group: group.to_owned(), version: version.to_owned(), kind: kind.to_owned() }
    }

    /// The kind of an object.
    pub fn of(id: &ObjectId) -> Self {
        Self::new(&id.group, &id.version, &id.kind)
    }

    /// The identity of an object of this kind.
    pub fn named(&self, namespace: Option<&str>, name: &str) -> ObjectId {
        ObjectId {
            group: self.group.clone(),
            version: self.version.clone(),
            kind: self.kind.clone(),
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        }
    }
}

impl Kind {
    /// Several objects of this kind, in words: `Secrets`, `NetworkPolicies`, `Ingresses`.
    pub(super) fn plural(&self) -> String {
        let kind = &self.kind;
        match kind.strip_suffix('y') {
            Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
            _ if kind.ends_with(['s', 'x']) => format!("{kind}es"),
            _ => format!("{kind}s"),
        }
    }
}

/// `Deployment.apps/v1`
impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { group, version, kind } = self;
        if group.is_empty() { write!(f, "{kind}") } else { write!(f, "{kind}.{group}/{version}") }
    }
}

/// A served kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// The kind.
    pub kind: Kind,
    /// Its name in paths.
    pub plural: String,
    /// Whether its objects are in namespaces.
    pub namespaced: bool,
    /// Whether its objects can be listed and deleted: not what is only computed, such as metrics.
    pub deletable: bool,
}
