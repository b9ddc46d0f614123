//! The message of a failure.

use std::fmt;

use super::Failure;
use crate::cli::args::flag_names;
use crate::cluster::{self, ErrorKind};
use crate::object::counted;

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Differences
            | Self::Invalid
            | Self::Rejected(_)
            | Self::Checks
            | Self::ClosedPipe => Ok(()),
            Self::Declined => f.write_str("nothing was changed"),
            Self::Usage(text)
            | Self::Controller { message: text, .. }
            | Self::NotInstalled(text)
            | Self::Unhealthy(text)
            | Self::Lost(text)
            | Self::Io(text)
            | Self::Unread(text) => f.write_str(text),
            Self::Fleet(error) => write!(f, "{error}"),
            Self::Registry(error) => write!(f, "{error}\nhelp: {}", error.help),
            Self::NotCopied(count) => write!(
                f,
                "{} not copied\nhelp: fix the problems listed above and run the same command again, which sends only what is missing",
                counted(*count, "image")
            ),
            Self::Target(error) => write!(f, "{error}\nhelp: {}", error.help),
            Self::Cluster(error) => write!(f, "{error}\nhelp: {}", cluster_help(error)),
            Self::Engine(error) => write!(f, "{error}\nhelp: {}", error.help(flag_names())),
            Self::Value(error) => write!(f, "{error}\nhelp: {}", error.help()),
            Self::Refused(count) => {
                let what = counted(*count, "new object");
                write!(
                    f,
                    "{what} would be rejected\nhelp: fix the problems listed above and try again"
                )
            }
            Self::Unreleased(errors) => {
                write!(f, "{} still have the finalizers:", counted(errors.len(), "object"))?;
                errors.iter().try_for_each(|error| write!(f, "\n  {error}\n  help: {}", error.help))
            }
            Self::Preflight(ids) => write!(
                f,
                "nothing was written, because these checks failed: {}\n\
                 help: fix the problems listed above and run again; `--skip-check ID` skips a check",
                ids.join(", ")
            ),
            Self::Conflicts { count, takeable: false } => {
                let what = counted(*count, "object");
                write!(
                    f,
                    "conflict: {what} not changed\nhelp: fix the problems listed above and run again"
                )
            }
            Self::Conflicts { count, takeable: true } => {
                let what = counted(*count, "object");
                write!(
                    f,
                    "field manager conflict: {what} not changed, because others own their fields\n\
                     help: set these values in the configuration, or take the fields over with `--take FIELD` or \
                     --force-conflicts"
                )
            }
        }
    }
}

/// What to do next, with the flags where they help.
fn cluster_help(error: &cluster::Error) -> &str {
    match error.kind {
        ErrorKind::NoCluster => {
            "set --kubeconfig FILE or KUBECONFIG; `ksi apply --target dir:PATH` needs no cluster"
        }
        _ => &error.help,
    }
}
