//! Real Kubernetes clusters on one Linux machine, from package registries alone, for ksi's tests.
//!
//! Two tiers: [`light::Light`] is a control plane on loopback that any user can start, and the
//! clusters of the program `sandbox` have networks and nodes of their own and need root. Both run
//! the same [`control_plane::ControlPlane`]. `docs/sandbox.md` shows how it fits together.

pub mod addons;
pub mod archive;
pub mod audit;
pub mod builds;
pub mod cgroups;
pub mod clean;
pub mod cluster;
pub mod control_plane;
pub mod harness;
pub mod images;
pub mod interrupt;
pub mod light;
pub mod machine;
pub mod network;
pub mod node;
pub mod pki;
pub mod places;
pub mod process;
pub mod proxy;
pub mod registry;
pub mod requirements;
pub mod snapshot;
pub mod up;
