//! The errors of use cases, with the flags and commands that help.

use super::Failure;
use crate::cli::shared::risk::refusals;
use crate::install::{Error, MissingSecret, restricted};
use crate::render;

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Rejected(rejected) => Self::Rejected(rejected),
            Error::Target(error) => Self::Target(error),
            Error::Cluster(error) => Self::Cluster(error),
            Error::Engine(error) => Self::Engine(error),
            Error::Value(error) => Self::Value(error),
            Error::Unconfirmed(risks) => Self::Usage(refusals(&risks)),
            Error::Preflight(checks) => Self::Preflight(checks),
            Error::SecretRef(ref missing) => {
                Self::Usage(format!("{error}\nhelp: {}", create(missing)))
            }
            Error::SecretRefUnusable { ref secret, .. } => Self::Usage(format!(
                "{error}\nhelp: put the jwtSecret of the host into {secret}; `ksi explain KSI0057` says \
                 where to find it"
            )),
            Error::SecretRefWithoutCluster => Self::Usage(format!(
                "{error}\nhelp: set the value in `authentication.jwtSecret`, for example in a second \
                 file with -f"
            )),
            Error::UnknownComponent(_) => {
                let names: Vec<_> = render::components().iter().map(|c| c.name.as_str()).collect();
                Self::Usage(format!("{error}\nhelp: components are {}", names.join(", ")))
            }
            Error::NothingToTake { ref conflicts, .. } => {
                let help = if conflicts.is_empty() {
                    "no field is in conflict; write a field as in `--take .spec.replicas`"
                        .to_owned()
                } else {
                    format!("fields in conflict:\n  {}", conflicts.join("\n  "))
                };
                Self::Usage(format!("--take: {error}\nhelp: {help}"))
            }
            Error::NoRevision(number) => {
                let what = match number {
                    Some(number) => format!("revision {number} does not exist"),
                    None => "no earlier configuration was applied successfully".to_owned(),
                };
                Self::Usage(format!("{what}\nhelp: `ksi history` lists the revisions"))
            }
            Error::MissingSecrets { revision, keys } => {
                let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
                Self::Usage(format!(
                    "the history contains no secrets, but revision {revision} needs {}\n\
                     help: pass them in a file: `ksi rollback {revision} -f secrets.yaml`",
                    keys.join(", ")
                ))
            }
            Error::Restricted(ref fields) => {
                Self::Usage(format!("{error}\nhelp: {}", restricted::allow(fields)))
            }
            Error::ControllerRuns(ref controller) => Self::Usage(format!(
                "{error}\nhelp: delete it first: `kubectl -n {} delete deployment {}`",
                controller.namespace.as_deref().unwrap_or_default(),
                controller.name
            )),
            Error::Unreleased(errors) => Self::Unreleased(errors),
            Error::WebhooksUnread(_) | Error::ConfigurationUnread(_) => {
                Self::Unread(error.to_string())
            }
            Error::Image(_) => Self::Usage(format!(
                "{error}\nhelp: correct `local_registry`, `namespace_override` or `dev_tag` in the configuration"
            )),
            Error::Broken(problems) => {
                let list: Vec<String> =
                    problems.iter().map(|p| format!("{}: {}", p.code, p.message)).collect();
                let list = list.join("\n");
                Self::Io(format!("this is a bug in ksi: please report it\n{list}"))
            }
            Error::Version { .. } | Error::Randomness(_) => Self::Io(error.to_string()),
        }
    }
}

fn create(missing: &MissingSecret) -> String {
    let MissingSecret { secret, key, .. } = missing;
    let namespace = secret.namespace.as_deref().unwrap_or_default();
    format!(
        "create it: `kubectl -n {namespace} create secret generic {} --from-literal={key}=…`",
        secret.name
    )
}
