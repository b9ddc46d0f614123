//! The annotations of the ClusterConfiguration by which a user steers the controller.

/// How changes are made: `enforce`, `observe`, `plan` or `paused`.
pub const MODE: &str = "ksi.kubesphere.io/mode";
/// The mode in which nothing is written.
pub const PAUSED: &str = "paused";
/// When a pause ends, RFC 3339.
pub const PAUSED_UNTIL: &str = "ksi.kubesphere.io/paused-until";
