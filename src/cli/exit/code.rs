//! The exit codes of errors of the layers below.

use crate::{cluster, fleet, registry, target};

pub(super) fn registry_code(error: &registry::Error) -> u8 {
    use registry::ErrorKind;
    match error.kind {
        ErrorKind::Usage | ErrorKind::Settings => 2,
        ErrorKind::Name
        | ErrorKind::Unreachable
        | ErrorKind::Tls
        | ErrorKind::Timeout
        | ErrorKind::NotARegistry
        | ErrorKind::Denied
        | ErrorKind::RateLimited(_) => 7,
        _ => 4,
    }
}

pub(super) fn fleet_code(error: &fleet::Error) -> u8 {
    use fleet::Error;
    match error {
        Error::NoKubesphere(_) => 1,
        Error::Name(_)
        | Error::NotHost { .. }
        | Error::NoMember { .. }
        | Error::IsHost(_)
        | Error::Exists { .. }
        | Error::Bundle { .. }
        | Error::Placed { .. }
        | Error::Answers { .. }
        | Error::NoWitness { .. }
        | Error::Kubeconfig { .. }
        | Error::OtherCluster { .. } => 2,
        Error::NoAddress { .. }
        | Error::NoPort
        | Error::Endpoint(_)
        | Error::Checks(_)
        | Error::Randomness(_) => 4,
        Error::Timeout { .. } => 5,
        Error::NoWay { .. } | Error::Silent { .. } | Error::Unread(_) => 7,
        Error::StillPaused { first, cause } => fleet_code(first.as_ref().unwrap_or(cause)),
        Error::Cluster(error) => cluster_code(error),
    }
}

pub(super) fn cluster_code(error: &cluster::Error) -> u8 {
    match error.kind {
        cluster::ErrorKind::Usage | cluster::ErrorKind::NoCluster => 2,
        _ => target_code(target::Error::from(error.clone()).kind),
    }
}

/// The exit code for the reason of a failed run in the status of a ClusterConfiguration.
pub(super) fn failed_code(reason: &str) -> u8 {
    match reason {
        "Preflight" => 4,
        "Restricted" | "SecretMissing" | "SecretUnusable" => 2,
        word => target::ErrorKind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == word)
            .map_or(1, target_code),
    }
}

pub(super) fn target_code(kind: target::ErrorKind) -> u8 {
    use target::ErrorKind;
    match kind {
        ErrorKind::Unhealthy | ErrorKind::Timeout | ErrorKind::Held => 5,
        ErrorKind::Conflict => 6,
        ErrorKind::Unreachable | ErrorKind::Unauthorized | ErrorKind::Forbidden => 7,
        ErrorKind::Locked => 8,
        _ => 4,
    }
}
