//! From a configuration to the manifests of a cluster: pure, without clock, environment and I/O.
//!
//! A component is a folder under `templates/`: `component.yaml` says when it is installed, what it
//! needs and which images it runs; `NN-name.yaml.j2` holds its manifests, and a table
//! `NN-name.rows.jsonl` beside it renders them once per row. What the user wrote reaches a manifest
//! only as a JSON value in the place of a whole YAML value, so no text can become structure. Each
//! rendered text is parsed back at once: a mistake in a template is a diagnostic, not a manifest.
//!
//! `kubesphere.yaml`, the one document that KubeSphere itself reads and rewrites, is no template
//! but a typed structure.

mod catalogue;
mod context;
mod document;
mod embedded;
mod environment;
mod image;
mod kubesphere_config;
mod placement;
mod spec;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::facts::Facts;
use crate::object::Object;
use crate::values::Values;

pub use catalogue::{Component, components};
pub use image::Image;


use catalogue::Catalogue;
use context::Context;
use environment::Templates;
use spec::Spec;

/// The version of KubeSphere that is installed unless another one is asked for.
pub const DEFAULT_VERSION: &str = "v3.4.1";

/// All that rendering depends on.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The configuration with its defaults.
    pub configuration: &'a serde_json::Value,
    /// What the cluster is.
    pub facts: &'a Facts,
    /// Secrets and certificates.
    pub values: &'a Values,
    /// The version of KubeSphere, for instance [`DEFAULT_VERSION`].
    pub version: &'a str,
}

/// The manifests of every component that the configuration enables, each component after those that
/// it needs.
///
/// # Errors
///
/// When the version is unknown, or a template is wrong for this input.
pub fn render(input: &Input<'_>) -> Result<Vec<Object>, Diagnostics> {
    let spec = input.configuration;
    let spec = Spec(spec);
    let catalogue = Catalogue::embedded();
    if !catalogue.problems.is_empty() {
        return Err(catalogue.problems.clone());
    }
    let templates = Templates::embedded().map_err(only)?;
    let images = image::Images::new(input.version, spec, input.facts.kubernetes).map_err(only)?;
    let mut context = Context::new(spec, input.facts, input.values, &images, input.version);
    let enabled = enabled(spec, input.facts, templates, catalogue)?;
    context.set_crds(&enabled);
    let (mut objects, mut problems) = (Vec::new(), Diagnostics::default());
    for component in enabled {
        for template in &component.templates {
            match render_template(templates, component, template, &context) {
                Ok(rendered) => objects.extend(rendered),
                Err(problem) => problems.push(problem),
            }
        }
    }
    if problems.is_empty() { Ok(objects) } else { Err(problems) }
}

/// The components that the configuration enables, in the order of the catalogue.
fn enabled<'c>(
    spec: Spec<'_>,
    facts: &Facts,
    templates: &Templates,
    catalogue: &'c Catalogue,
) -> Result<Vec<&'c Component>, Diagnostics> {
    let context = Context::plain(spec, facts).value(None);
    let mut enabled = Vec::new();
    for component in &catalogue.components {
        if templates.holds(&component.enabled_when, &context).map_err(only)? {
            enabled.push(component);
        }
    }
    Ok(enabled)
}

fn render_template(
    templates: &Templates,
    component: &Component,
    template: &catalogue::Template,
    context: &Context,
) -> Result<Vec<Object>, Diagnostic> {
    let mut text = String::new();
    match &template.rows {
        None => text = templates.render(template.path, &context.value(None))?,
        Some(rows) => {
            for row in rows {
                text.push_str("---\n");
                text.push_str(&templates.render(template.path, &context.value(Some(row)))?);
            }
        }
    }
    document::objects(template.path, &component.name, template.policy, &text)
}

fn only(problem: Diagnostic) -> Diagnostics {
    std::iter::once(problem).collect()
}
