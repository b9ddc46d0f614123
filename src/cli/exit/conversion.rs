//! The errors of layers below, with the flags and commands that help.

use super::Failure;
use super::code::failed_code;
use crate::{
    bundle, cluster, controller, engine, fleet, inventory, registry, serve, status, target, values,
};

impl From<engine::Error> for Failure {
    fn from(error: engine::Error) -> Self {
        Self::Engine(error)
    }
}

impl From<values::Error> for Failure {
    fn from(error: values::Error) -> Self {
        Self::Value(error)
    }
}

impl From<cluster::Error> for Failure {
    fn from(error: cluster::Error) -> Self {
        Self::Cluster(error)
    }
}

impl From<target::Error> for Failure {
    fn from(error: target::Error) -> Self {
        Self::Target(error)
    }
}

impl From<registry::Error> for Failure {
    fn from(error: registry::Error) -> Self {
        Self::Registry(error)
    }
}

impl From<fleet::Error> for Failure {
    fn from(error: fleet::Error) -> Self {
        match error {
            fleet::Error::Cluster(error) => Self::Cluster(error),
            fleet::Error::Placed { .. } => Self::Usage(format!(
                "{error}\nhelp: pass --allow-placed to take it out of their placement"
            )),
            error => Self::Fleet(error),
        }
    }
}

impl From<status::Error> for Failure {
    fn from(error: status::Error) -> Self {
        match &error {
            status::Error::Cluster(error) => {
                let mut error = error.clone();
                if error.kind == cluster::ErrorKind::Forbidden
                    && error.place.contains(inventory::SECRET)
                {
                    "Role ksi-view of deploy/rbac-view.yaml has this right, beside ClusterRole view: see docs/rights.md"
                        .clone_into(&mut error.help);
                }
                Self::Cluster(error)
            }
            status::Error::NotInstalled { by_others: true, .. } => Self::NotInstalled(format!(
                "{error}\n\
                 help: `ksi diff -f FILE` shows what ksi would take over, `ksi apply -f FILE` takes it over"
            )),
            status::Error::NotInstalled { by_others: false, .. } => Self::NotInstalled(format!(
                "{error}\n\
                 help: `ksi check --pre -f FILE` checks the cluster, `ksi apply -f FILE` installs KubeSphere"
            )),
            status::Error::Uninstalled { .. } => Self::NotInstalled(format!(
                "{error}\n\
                 help: `ksi apply -f FILE` installs KubeSphere again and uses them; to delete them, run \
                 `ksi uninstall` with --delete-crds, --delete-data and --delete-namespaces"
            )),
            status::Error::Damaged { secret, cause } => {
                Self::Target(target::Error::inventory(secret.to_string(), cause))
            }
            status::Error::NoSuchComponent { .. } => Self::Usage(error.to_string()),
            status::Error::PartOfComponent { name, component } => Self::Usage(format!(
                "{error}\nhelp: pass `{component}`; for its logs: `ksi logs {component} -c {name}`"
            )),
        }
    }
}

impl From<status::LogError> for Failure {
    fn from(error: status::LogError) -> Self {
        use status::LogError;
        match error {
            LogError::Status(error) => error.into(),
            LogError::NotRestarted => Self::Usage(format!("{error}\nhelp: omit --previous")),
            LogError::NotStarted => {
                Self::Usage(format!("{error}\nhelp: `ksi status` shows the reason"))
            }
            LogError::NoPods
            | LogError::NoSuchContainer { .. }
            | LogError::ContainerNotRestarted { .. } => Self::Usage(error.to_string()),
        }
    }
}

impl From<serve::Error> for Failure {
    fn from(error: serve::Error) -> Self {
        Self::Io(format!(
            "{error}\nhelp: choose other addresses with --http-addr and --webhook-addr"
        ))
    }
}

impl From<controller::Error> for Failure {
    fn from(error: controller::Error) -> Self {
        use controller::Error;
        match error {
            // The log has shown every mistake.
            Error::Invalid(_) => Self::Invalid,
            Error::ApprovalRequired(_) => Self::Usage(error.to_string()),
            Error::NoConfiguration(_) => Self::Usage(format!(
                "{error}\nhelp: create it, for example with `kubectl apply -f cluster-configuration.yaml`"
            )),
            Error::NoKind => Self::Usage(format!(
                "{error}\nhelp: `ksi crd | kubectl apply --server-side -f -` creates it"
            )),
            Error::Paused | Error::StoredPaused => {
                Self::Usage(format!("{error}\nhelp: remove its annotation {}", controller::MODE))
            }
            Error::Conflicts(count) => Self::Conflicts { count, takeable: false },
            Error::Failed { ref reason, .. } => {
                Self::Controller { code: failed_code(reason), message: error.to_string() }
            }
            Error::Refused(_) => Self::Controller {
                code: 3,
                message: format!("{error}\nhelp: `ksi validate` shows the places"),
            },
            Error::OtherPlan { ref hash } => Self::Usage(format!(
                "{error}\nhelp: look at it with `kubectl -n kubesphere-system get cc ks-installer -o yaml | ksi diff -f -`, and approve it with `kubectl -n \
                 kubesphere-system annotate --overwrite cc ks-installer {}={hash}`",
                controller::APPROVE
            )),
            Error::Edited => Self::Controller {
                code: 8,
                message: format!(
                    "{error}\nhelp: `ksi status` shows what runs; run the command again"
                ),
            },
            Error::TooLong { .. } => Self::Unhealthy(format!(
                "{error}\nhelp: it goes on; `ksi status -w` shows how it is"
            )),
            Error::Install(error) => error.into(),
            Error::Cluster(error) => Self::Cluster(error),
        }
    }
}

impl From<bundle::Error> for Failure {
    fn from(error: bundle::Error) -> Self {
        match error {
            bundle::Error::Status(error) => error.into(),
            bundle::Error::Exists { .. } => {
                Self::Io(format!("{error}\nhelp: remove it, or pass another file with --output"))
            }
            bundle::Error::Write { .. } => Self::Io(error.to_string()),
        }
    }
}

impl From<std::io::Error> for Failure {
    /// Only standard output is written without a path, so that is what failed.
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            Self::ClosedPipe
        } else {
            Self::Io(format!("cannot write to standard output: {error}"))
        }
    }
}
