//! Real Kubernetes clusters on one Linux machine, from package registries alone, for ksi's tests.
//!
//! Two tiers: [`light::Light`] is a control plane on loopback that any user can start, and the
//! clusters of the program `sandbox` have networks and nodes of their own and need root. Both run
//! the same [`control_plane::ControlPlane`]. `docs/sandbox.md` shows how it fits together.

pub mod audit;
pub mod builds;
pub mod control_plane;
pub mod light;
pub mod pki;
pub mod places;
pub mod process;
pub mod proxy;
pub mod snapshot;
