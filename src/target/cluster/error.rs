//! Errors of the client as errors of the target.

use super::{Error, ErrorKind};
use crate::cluster::{self};

impl From<cluster::Error> for Error {
    fn from(error: cluster::Error) -> Self {
        let kind = match &error.kind {
            cluster::ErrorKind::Usage
            | cluster::ErrorKind::NoCluster
            | cluster::ErrorKind::Credentials
            | cluster::ErrorKind::Unauthorized => ErrorKind::Unauthorized,
            cluster::ErrorKind::Forbidden => ErrorKind::Forbidden,
            cluster::ErrorKind::Owned(_)
            | cluster::ErrorKind::Changed
            | cluster::ErrorKind::Exists
            | cluster::ErrorKind::Expired => ErrorKind::Conflict,
            cluster::ErrorKind::Invalid | cluster::ErrorKind::Refused => ErrorKind::Invalid,
            // Others may be about to make it, or have just deleted it.
            cluster::ErrorKind::NotFound | cluster::ErrorKind::NotServed => ErrorKind::Missing,
            cluster::ErrorKind::Terminating | cluster::ErrorKind::Webhook => ErrorKind::Timeout,
            cluster::ErrorKind::Full => ErrorKind::Full,
            // A run is cancelled when it loses its lock.
            cluster::ErrorKind::Cancelled => ErrorKind::Locked,
            cluster::ErrorKind::Unreachable
            | cluster::ErrorKind::Timeout
            | cluster::ErrorKind::NotKubernetes
            | cluster::ErrorKind::Busy
            | cluster::ErrorKind::Unavailable
            | cluster::ErrorKind::Server => ErrorKind::Unreachable,
        };
        let cluster::Error { kind: _, action, place, cause, help } = error;
        Self { kind, action, place, cause, help }
    }
}
