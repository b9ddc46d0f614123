//! The `spec` of a `ClusterConfiguration`, typed.
//!
//! One file per area. A section is declared with `section!`: users read the doc comment of a field in the
//! schema, the CRD and `ksi explain`; the default is declared with the field. To add a key, add a line
//! here and run `make golden`.

mod auditing;
mod authentication;
mod common;
mod core;
mod devops;
mod digits;
mod edge;
mod free_form;
mod images;
mod logging;
mod monitoring;
mod multicluster;
mod network;
mod placement;
mod quantity;
mod resources;
mod search;
mod section;
mod sensitive;
mod spec;
mod storage;
mod text;
mod tower;

pub use auditing::*;
pub use authentication::*;
pub use common::*;
pub use core::*;
pub use devops::*;
pub use digits::Digits;
pub use edge::*;
pub use free_form::FreeForm;
pub use images::Images;
pub use logging::*;
pub use monitoring::*;
pub use multicluster::*;
pub use network::*;
pub use placement::{Placed, Placement, Toleration, TolerationEffect, TolerationOperator};
pub use quantity::Quantity;
pub use resources::{Claim, Resources, Workload};
pub use search::*;
pub use sensitive::Sensitive;
pub use spec::Configuration;
pub use storage::*;
pub use tower::*;
