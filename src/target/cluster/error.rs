//! What a client reports, as an error of a target.

use super::{Class, Error};
use crate::cluster::{self, Problem};

impl From<cluster::Error> for Error {
    fn from(error: cluster::Error) -> Self {
        let class = match &error.problem {
            Problem::Usage | Problem::NoCluster | Problem::Credentials | Problem::Unauthorized => {
                Class::Unauthorized
            }
            Problem::Forbidden => Class::Forbidden,
            Problem::Owned(_) | Problem::Changed | Problem::Exists | Problem::Expired => {
                Class::Conflict
            }
            Problem::Invalid | Problem::Refused | Problem::NotFound | Problem::NotServed => {
                Class::Invalid
            }
            Problem::Terminating | Problem::Webhook => Class::Timeout,
            Problem::Full => Class::Full,
            // A run is cancelled when it loses its lock.
            Problem::Cancelled => Class::Locked,
            Problem::Unreachable
            | Problem::Timeout
            | Problem::NotKubernetes
            | Problem::Busy
            | Problem::Unavailable
            | Problem::Server => Class::Unreachable,
        };
        let cluster::Error { problem: _, action, place, cause, help } = error;
        Self { class, action, place, cause, help }
    }
}
