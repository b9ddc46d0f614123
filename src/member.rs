//! What makes a cluster a member of a host: objects on both sides, and the file between them. Pure.
//!
//! ```text
//!          host                                   member
//!  Cluster NAME, Service mc-NAME ──Bundle──► ClusterConfiguration, Agent      (agent)
//!  Cluster NAME ◄────────kubeconfig───────── Account                          (direct)
//! ```

mod account;
mod agent;
mod bundle;
mod connection;
mod federated;
mod fingerprint;
mod given;
mod kubeconfig;
mod name;
mod ports;
mod registered;
mod removal;

pub use account::{Account, HOST_ACCOUNT};
pub use agent::{AGENT, Agent};
pub use bundle::{Bundle, BundleError, HostIdentity, Link, open, seal};
pub use connection::{Connection, Place, cluster_object, member_service};
pub use federated::{Placement, placements};
pub use fingerprint::fingerprint;
pub use given::{Unusable, flatten};
pub use kubeconfig::{Credential, expiry, kubeconfig, server, token};
pub use name::valid_name;
pub use ports::free_port;
pub use registered::{Condition, KubefedState, Mode, Registered};
pub use removal::{federation_account, namespace_leftovers};

/// The label of everything that ksi makes for a member, on both sides. Its value is the member's name.
pub const MEMBER: &str = "ksi.kubesphere.io/member";
/// The annotation with the UID of the host, on everything that ksi makes in a member.
pub const HOST_UID: &str = "ksi.kubesphere.io/host-uid";
/// The finalizer of ks-controller-manager on Clusters (v3.4.1).
pub const FINALIZER: &str = "finalizer.cluster.kubesphere.io";
/// The label of the Cluster that is the host itself.
pub const HOST_LABEL: &str = "cluster-role.kubesphere.io/host";
/// The webhook that dials the member at each update of its Cluster.
pub const WEBHOOK: &str = "cluster.kubesphere.io";
/// The label that KubeFed puts on what it placed.
pub const MANAGED: &str = "kubefed.io/managed";
