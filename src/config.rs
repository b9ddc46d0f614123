//! The configuration: its types, the schemas generated from them, and the documentation of each key.
//!
//! The types in [`types`] are the only definition of the keys. The strict JSON Schema ([`schema`]:
//! diagnostics, editors), the lenient CRD ([`crd`]), the documentation ([`explain`]) and the list of
//! secret values ([`is_sensitive`]) are derived from them.

pub mod annotation;
mod crd;
mod derived;
mod document;
mod envelope;
mod explain;
pub mod form;
pub mod jwt_secret;
mod kubekey;
mod load;
mod migrate;
mod origin;
mod overlay;
mod problem;
mod schema;
mod sensitive;
mod shape;
mod status;
mod text;
pub mod types;

pub use crd::{crd, crd_of};
pub use derived::derived as derived_schema;
pub use explain::{Child, Explanation, explain, paths_ending_in};
pub use kubekey::KubeKey;
pub use load::{Loaded, Request, load};
pub use migrate::{Rewritten, rewrite};
pub use origin::{Origin, origins};
pub use problem::{Problem, problems};
pub use schema::{schema, schema_of, spec_schema};
pub use sensitive::{is_sensitive, sensitive_paths};
pub use shape::{spec as plain_schema, subschema};
pub use text::{Input, LARGEST_INPUT};
pub use types::{
    Configuration, Digits, FreeForm, Placed, Placement, Quantity, Resources, Role, Sensitive,
    ServiceType, Toleration,
};

use crate::object::{ObjectId, kubesphere};

/// The API group of a `ClusterConfiguration`.
pub const GROUP: &str = "installer.kubesphere.io";
/// Its version.
pub const VERSION: &str = "v1alpha1";
/// Both.
pub const API_VERSION: &str = "installer.kubesphere.io/v1alpha1";
/// Its kind.
pub const KIND: &str = "ClusterConfiguration";
/// The name of the only object that KubeSphere's tools read.
pub const NAME: &str = kubesphere::INSTALLER;
/// Its namespace, and that of every object that it refers to by name.
pub const NAMESPACE: &str = kubesphere::SYSTEM;
/// The version of KubeSphere that is installed.
pub const KUBESPHERE_VERSION: &str = "v3.4.1";

/// The `ClusterConfiguration` of a cluster.
pub fn object_id() -> ObjectId {
    ObjectId {
        group: GROUP.to_owned(),
        version: VERSION.to_owned(),
        kind: KIND.to_owned(),
        namespace: Some(NAMESPACE.to_owned()),
        name: NAME.to_owned(),
    }
}
