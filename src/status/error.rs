//! Why the state of an installation cannot be determined.

use crate::object::ObjectId;
use crate::{cluster, inventory};

/// Why the state of an installation cannot be determined.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// ksi has installed nothing in the cluster.
    #[error("{}", not_installed(place, *by_others))]
    NotInstalled {
        /// The cluster.
        place: String,
        /// `KubeSphere` is there, but ksi did not install it.
        by_others: bool,
    },
    /// ksi uninstalled it, and kept some objects.
    #[error("KubeSphere is not installed in {place}: ksi uninstalled it and kept {}", kept.join(", "))]
    Uninstalled {
        /// The cluster.
        place: String,
        /// How many objects of each kind were kept.
        kept: Vec<String>,
    },
    /// The stored inventory cannot be used.
    #[error("cannot use {secret}: {cause}")]
    Damaged {
        /// The Secret that holds it.
        secret: Box<ObjectId>,
        /// What is wrong with it.
        cause: inventory::Error,
    },
    /// A component was asked for that is not installed.
    #[error("component `{name}` is not installed; these are: {}", installed.join(", "))]
    NoSuchComponent {
        /// Its name.
        name: String,
        /// The components that are installed.
        installed: Vec<String>,
    },
    /// A workload was asked for where a component is expected.
    #[error("`{name}` is no component, but a part of component `{component}`")]
    PartOfComponent {
        /// Its name.
        name: String,
        /// The component that it belongs to.
        component: String,
    },
    /// The cluster cannot be read.
    #[error(transparent)]
    Cluster(#[from] cluster::Error),
}

fn not_installed(place: &str, by_others: bool) -> String {
    if by_others {
        format!("KubeSphere is installed in {place}, but not by ksi")
    } else {
        format!("nothing is installed in {place}")
    }
}
