//! What a configuration wants: values, then manifests.

use std::time::SystemTime;

use super::exit::Failure;
use super::input::Checked;
use crate::config::{Configuration, KUBESPHERE_VERSION, Role};
use crate::engine;
use crate::facts::Facts;
use crate::object::Object;
use crate::render;
use crate::target::SystemEntropy;
use crate::values::{self, Given, KeptValues, Values};

/// What the configuration says about values.
pub(super) fn given(configuration: &Configuration) -> Given<'_> {
    let host = configuration.role() == Role::Host;
    let multicluster = &configuration.multicluster;
    Given {
        jwt_secret: configuration.authentication.jwt_secret.as_deref(),
        admin_password: configuration.authentication.admin_password.as_deref(),
        tower: host && multicluster.tower.ca.secret_name.is_none(),
        kubefed: host && multicluster.kubefed.enabled,
    }
}

/// Which component waits for which.
pub(super) fn graph() -> engine::Graph {
    render::components().iter().map(|c| (c.name.clone(), c.needs.clone())).collect()
}

/// The manifests of a configuration with these values.
///
/// # Errors
/// A template of ksi is wrong.
pub(super) fn render(
    configuration: &Configuration,
    facts: &Facts,
    values: &Values,
) -> Result<Vec<Object>, Failure> {
    let input = render::Input { configuration, facts, values, version: KUBESPHERE_VERSION };
    render::render(&input).map_err(|problems| Failure::broken(&problems))
}

/// The manifests with a placeholder for every generated value: what kinds, names and ports there are.
///
/// # Errors
/// A template of ksi is wrong.
pub(super) fn sketch(configuration: &Configuration, facts: &Facts) -> Result<Vec<Object>, Failure> {
    render(configuration, facts, &values::preview(&given(configuration)))
}

/// The manifests without any target: what only an installation makes is a placeholder.
///
/// # Errors
/// A template of ksi is wrong.
pub(super) fn offline(checked: &Checked) -> Result<Vec<Object>, Failure> {
    let values = values::preview(&given(&checked.configuration));
    render(&checked.configuration, &checked.facts, &values)
}

/// The manifests from what a target keeps; what it does not keep yet is a placeholder.
///
/// # Errors
/// A kept value is broken, or a template of ksi is wrong.
pub(super) fn foreseen(checked: &Checked, kept: &KeptValues) -> Result<engine::Desired, Failure> {
    let values = values::foresee(&given(&checked.configuration), kept, SystemTime::now())?;
    let objects = render(&checked.configuration, &checked.facts, &values)?;
    Ok(desired(checked, objects, kept.clone()))
}

/// The manifests from what a target keeps and what is made now.
///
/// # Errors
/// A kept value is broken, a value comes from a cluster that is not there, or a template of ksi is
/// wrong.
pub(super) fn resolved(checked: &Checked, kept: &KeptValues) -> Result<engine::Desired, Failure> {
    let given = given(&checked.configuration);
    let by_reference = checked.configuration.authentication.jwt_secret_ref.is_some();
    if by_reference && given.jwt_secret.is_none() {
        return Err(Failure::Usage(
            "`authentication.jwtSecretRef` names a Secret in a cluster, and a directory has none\n\
             help: give the value itself in `authentication.jwtSecret`, for instance in a second file with -f"
                .to_owned(),
        ));
    }
    let (values, keep) = values::resolve(&given, kept, &mut SystemEntropy, SystemTime::now())?;
    let objects = render(&checked.configuration, &checked.facts, &values)?;
    Ok(desired(checked, objects, keep))
}

fn desired(checked: &Checked, objects: Vec<Object>, values: KeptValues) -> engine::Desired {
    engine::Desired { objects, values, spec_hash: checked.configuration.hash() }
}
