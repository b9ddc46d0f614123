//! The configuration beside what is installed: what cannot be changed any more.

use super::error::{Error, Rejected};
use super::known_values::KnownValues;
use super::prepared::Prepared;
use super::safeguards;
use super::session::Session;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use crate::engine::Planned;
use crate::target::Target;
use crate::yaml::Path;

/// What has no effect.
///
/// # Errors
/// What cannot be changed, as an invalid configuration; or the cluster cannot be read.
pub(super) async fn check<T: Target>(
    session: &Session<T>,
    planned: &Planned,
    prepared: &Prepared,
    known: &KnownValues,
) -> Result<Diagnostics, Error> {
    let password = known.ignores_password.then(|| existing_admin(prepared));
    let mut found: Diagnostics = password.into_iter().collect();
    if let Some(name) = safeguards::renamed_host(session, planned, prepared).await? {
        found.push(host_renamed(prepared, &name));
    }
    if found.has_errors() {
        let sources = prepared.loaded.sources.clone();
        let diagnostics = found.sorted();
        return Err(Error::Rejected(Box::new(Rejected { diagnostics, sources })));
    }
    Ok(found)
}

fn existing_admin(prepared: &Prepared) -> Diagnostic {
    let message = "`authentication.adminPassword` has no effect: User `admin` has another password";
    Diagnostic::warning(Code::ExistingAdmin, message)
        .at(place(prepared, "authentication.adminPassword"))
        .help("change the password in the console, and remove the key")
}

fn host_renamed(prepared: &Prepared, name: &str) -> Diagnostic {
    let message = format!("the name of this host is `{name}` and cannot be changed");
    Diagnostic::error(Code::HostRenamed, message)
        .at(place(prepared, "multicluster.hostClusterName"))
        .help(format!("set `multicluster.hostClusterName: {name}`"))
}

/// The place of a value; if it is not set, that of the key above it.
fn place(prepared: &Prepared, path: &str) -> Option<Span> {
    let spec = prepared.loaded.spec.as_ref()?;
    let Path(steps) = Path::keys(path);
    (1..=steps.len()).rev().find_map(|depth| {
        let entry = spec.entry_at(&Path(steps[..depth].to_vec()))?;
        if depth == steps.len() { entry.value.span.or(entry.key_span) } else { entry.key_span }
    })
}
