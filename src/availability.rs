//! Whether images can be had: what registries answer, and what nodes hold already.
//!
//! [`Nodes`] knows what the kubelets say, [`ask`] asks registries, in limited time. What a node's containerd does when
//! it pulls (mirrors, certificates, logins in its own configuration) cannot be seen from outside: an answer here is
//! that of the registry that the image names.

mod answer;
mod ask;
mod nodes;

pub use answer::{Answer, Asked, Found, is_final, is_public};
pub use ask::{Depth, ask};
pub use nodes::{Holders, Nodes};
