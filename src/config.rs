//! The configuration: its types, the schemas made of them, and what can be said about each key.
//!
//! The types in [`types`] are the only place where a key is written down. From them come the strict
//! JSON Schema ([`schema`]: diagnostics, editors), the lenient CRD ([`crd`]: what an API server
//! keeps), the explanations ([`explain`]) and the knowledge which values are secret
//! ([`is_sensitive`]).

mod crd;
mod derived;
mod document;
mod explain;
pub mod form;
mod kubekey;
mod load;
mod migrate;
mod origin;
mod overlay;
mod schema;
mod sensitive;
mod shape;
mod text;
pub mod types;

pub use crd::{crd, crd_of};
pub use derived::derived as derived_schema;
pub use explain::{Child, Explanation, explain};
pub use kubekey::KubeKey;
pub use load::{Loaded, Request, load};
pub use migrate::{Rewritten, rewrite};
pub use origin::{Origin, origins};
pub use schema::{schema, schema_of, spec_schema};
pub use sensitive::{is_sensitive, sensitive_paths};
pub use shape::{spec as plain_schema, subschema};
pub use text::{Input, LARGEST_INPUT};
pub use types::{
    Configuration, Digits, FreeForm, Placed, Placement, Quantity, Resources, Role, Sensitive,
    ServiceType, Toleration,
};

/// API group and version of a `ClusterConfiguration`.
pub const API_VERSION: &str = "installer.kubesphere.io/v1alpha1";
/// Its kind.
pub const KIND: &str = "ClusterConfiguration";
/// The name of the one object that KubeSphere's tools look at.
pub const NAME: &str = "ks-installer";
/// Its namespace, and that of everything that it refers to by name.
pub const NAMESPACE: &str = "kubesphere-system";
/// The version of KubeSphere that is installed.
pub const KUBESPHERE_VERSION: &str = "v3.4.1";
