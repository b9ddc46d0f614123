//! Renders a configuration into manifests: pure, without clock, environment and I/O.
//!
//! A component is a folder under `templates/`: `component.yaml` says when it is installed, what it
//! needs and which images it runs; `NN-name.yaml.j2` holds its manifests. A table
//! `NN-name.rows.jsonl` beside a template renders it once per `row`; what all rows share stands in
//! `NN-name.common.yaml`.
//!
//! A template uses a value only in place of a whole YAML value, never as part of a text, so no user input
//! can become structure. Each rendered text is parsed at once: an error in a template is a diagnostic,
//! not a manifest.
//!
//! `kubesphere.yaml`, the document that KubeSphere itself reads and rewrites, is not a template but a
//! typed structure.

mod catalogue;
mod config_checksum;
mod context;
mod document;
mod embedded;
mod environment;
mod image;
mod kubesphere_config;
mod placement;
mod pod_settings;
mod restart;
mod slots;

use std::sync::Arc;

use crate::config::Configuration;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::facts::Facts;
use crate::object::{self, Object};
use crate::parallel::on_two_threads;
use crate::values::Values;

pub use catalogue::{Component, components, federated_types};
pub use image::{Alternative, Image};
pub use pod_settings::{PodSettings, pod_settings};

use catalogue::Catalogue;
use context::{Context, serialized};
use environment::Templates;
use image::Images;
use slots::Slots;

/// The version of KubeSphere that is installed by default.
pub const DEFAULT_VERSION: &str = crate::config::KUBESPHERE_VERSION;

/// The input of rendering.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The configuration.
    pub configuration: &'a Configuration,
    /// Facts about the cluster.
    pub facts: &'a Facts,
    /// Secrets and certificates.
    pub values: &'a Values,
    /// The version of KubeSphere, for instance [`DEFAULT_VERSION`].
    pub version: &'a str,
}

/// The manifests of every component that the configuration enables, in the order in which they can be
/// created.
///
/// # Errors
///
/// When the version is unknown, or a template is wrong for this input.
pub fn render(input: &Input<'_>) -> Result<Vec<Object>, Diagnostics> {
    let templates = Templates::embedded().map_err(only)?;
    let kubernetes = input.facts.kubernetes;
    let images = Images::new(input.version, input.configuration, kubernetes).map_err(only)?;
    let mut context = Context::new(input, &images);
    let enabled = enabled(input.configuration, input.facts)?;
    context.set_crds(&enabled);
    let work: Vec<_> =
        enabled.iter().flat_map(|c| c.templates.iter().map(move |t| (*c, t))).collect();
    let (mut objects, mut problems) = (Vec::new(), Diagnostics::default());
    for rendered in on_two_threads(&work, |(c, t)| render_template(templates, c, t, &context)) {
        match rendered {
            Ok(rendered) => objects.extend(rendered),
            Err(problem) => problems.push(problem),
        }
    }
    restart::annotate(&mut objects);
    object::order::sort(&mut objects);
    if problems.is_empty() { Ok(objects) } else { Err(problems) }
}

/// Loads the catalogue and the templates in advance, which the first [`render`] would do otherwise: for a
/// caller with a spare thread while it still validates the configuration.
pub fn prepare() {
    let _ = (Templates::embedded(), Catalogue::embedded());
}

/// The components that a configuration enables, each after its dependencies.
///
/// # Errors
///
/// When the catalogue itself is wrong, which is a bug in ksi.
pub fn enabled(
    configuration: &Configuration,
    facts: &Facts,
) -> Result<Vec<&'static Component>, Diagnostics> {
    let catalogue = Catalogue::embedded();
    if !catalogue.problems.is_empty() {
        return Err(catalogue.problems.clone());
    }
    let templates = Templates::embedded().map_err(only)?;
    let context = Context::plain(configuration, facts).value(&[], &Arc::default());
    let mut enabled = Vec::new();
    for component in &catalogue.components {
        if templates.holds(&component.enabled_when, &context).map_err(only)? {
            enabled.push(component);
        }
    }
    Ok(enabled)
}

/// The images of the enabled components, or all images that ksi knows, sorted by name, with the registry
/// of the configuration.
///
/// # Errors
///
/// When the image list or the catalogue is wrong, which is a bug in ksi.
pub fn images(
    configuration: &Configuration,
    facts: &Facts,
    all: bool,
) -> Result<Vec<Image>, Diagnostics> {
    let images = Images::new(DEFAULT_VERSION, configuration, facts.kubernetes).map_err(only)?;
    let mut names: Vec<&str> = if all {
        images.names().collect()
    } else {
        let enabled = enabled(configuration, facts)?;
        enabled.into_iter().flat_map(|c| c.images.iter().map(String::as_str)).collect()
    };
    names.sort_unstable();
    names.dedup();
    Ok(names.into_iter().filter_map(|name| images.get(name)).collect())
}

/// Whether Redis is installed and holds the tokens.
fn uses_redis(configuration: &Configuration) -> bool {
    configuration.common.redis.enabled || configuration.enable_ha
}

fn render_template(
    templates: &Templates,
    component: &Component,
    template: &catalogue::Template,
    context: &Context,
) -> Result<Vec<Object>, Diagnostic> {
    let slots = Arc::new(Slots::default());
    let mut text = String::new();
    match &template.rows {
        None => text = templates.render(template.path, &context.value(&[], &slots))?,
        Some(rows) => {
            let common = serialized(&template.common);
            for row in rows {
                let own = [("row", serialized(row)), ("common", common.clone())];
                text.push_str("\n---\n");
                text.push_str(&templates.render(template.path, &context.value(&own, &slots))?);
            }
        }
    }
    document::objects(template, &component.name, &text, &slots)
}

fn only(problem: Diagnostic) -> Diagnostics {
    std::iter::once(problem).collect()
}
