//! The catalogue of the components that ksi installs.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::embedded;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Sources};
use crate::object::Policy;
use crate::yaml;

/// A part of KubeSphere that is installed as a whole, read from its `component.yaml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Component {
    /// Its name, the same as that of its folder.
    pub name: String,
    /// Its description, one sentence.
    pub description: String,
    /// The namespace of its workloads, if it has any.
    #[serde(default)]
    pub namespace: Option<String>,
    /// The condition for its installation: an expression over `spec`, `role` and `facts`.
    pub enabled_when: String,
    /// Components that must be healthy before it.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Names of the images that it runs or hands to KubeSphere, as in the version's image list.
    #[serde(default)]
    pub images: Vec<String>,
    /// The values that its objects contain, by the names under which they are stored; all of those that are
    /// generated together. A run of other components does not store them.
    #[serde(default)]
    pub values: Vec<String>,
    /// Its webhook configurations whose backends must be ready before anything that they intercept is
    /// written: `Kind/name`.
    #[serde(default)]
    pub webhooks: Vec<String>,
    /// Templates whose objects have another policy than `apply`.
    #[serde(default)]
    pub policies: BTreeMap<String, Policy>,
    /// Its templates in the order in which they are rendered.
    #[serde(skip)]
    pub(super) templates: Vec<Template>,
}

/// One template file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Template {
    /// Path below `templates/`.
    pub(super) path: &'static str,
    /// The policy of its objects.
    pub(super) policy: Policy,
    /// The values that all rows share, available as `common`.
    pub(super) common: Option<Value>,
    /// The rows for which it is rendered; `None` renders it once.
    pub(super) rows: Option<Vec<Value>>,
}

/// All components in the order of rendering: each after its dependencies.
#[derive(Debug, Default)]
pub(super) struct Catalogue {
    pub(super) components: Vec<Component>,
    pub(super) problems: Diagnostics,
}

/// Every component that ksi can install, each after its dependencies.
pub fn components() -> &'static [Component] {
    &Catalogue::embedded().components
}

/// What KubeFed is to place on members: the specifications of all `FederatedTypeConfig`s.
pub fn federated_types() -> impl Iterator<Item = &'static Value> {
    let templates = components().iter().flat_map(|component| &component.templates);
    let configs = templates.filter(|template| template.path.contains("federatedtypeconfigs"));
    configs.flat_map(|template| template.rows.iter().flatten())
}

impl Catalogue {
    /// The catalogue of the embedded files, read once per process.
    pub(super) fn embedded() -> &'static Self {
        static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
        CATALOGUE.get_or_init(|| Self::new(embedded::FILES))
    }

    fn new(files: &'static [(&'static str, &'static str)]) -> Self {
        let mut catalogue = Self::default();
        for (path, text) in files {
            let Some(folder) = path.strip_suffix("/component.yaml") else {
                continue;
            };
            let read = document(path, text)
                .and_then(|value| serde_json::from_value(value).map_err(|e| wrong(path, &e)))
                .and_then(|component| with_templates(component, folder, files));
            match read {
                Ok(component) => catalogue.components.push(component),
                Err(problem) => catalogue.problems.push(problem),
            }
        }
        catalogue
    }
}

fn with_templates(
    mut component: Component,
    folder: &str,
    files: &'static [(&'static str, &'static str)],
) -> Result<Component, Diagnostic> {
    for (path, _) in files {
        let Some(file) = path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')) else {
            continue;
        };
        let Some(stem) = file.strip_suffix(".yaml.j2") else {
            continue;
        };
        component.templates.push(Template {
            path,
            policy: component.policies.get(file).copied().unwrap_or_default(),
            common: common(&format!("{folder}/{stem}.common.yaml"))?,
            rows: rows(&format!("{folder}/{stem}.rows.jsonl"))?,
        });
    }
    Ok(component)
}

/// The values that the rows of a table share.
fn common(path: &str) -> Result<Option<Value>, Diagnostic> {
    embedded::text(path).map(|text| document(path, text)).transpose()
}

/// The rows of a table: one JSON object a line.
fn rows(path: &str) -> Result<Option<Vec<Value>>, Diagnostic> {
    let Some(text) = embedded::text(path) else {
        return Ok(None);
    };
    let rows = text.lines().map(|line| serde_json::from_str(line).map_err(|e| wrong(path, &e)));
    rows.collect::<Result<Vec<_>, _>>().map(Some)
}

/// The only document of an embedded YAML file.
pub(super) fn document(path: &str, text: &str) -> Result<Value, Diagnostic> {
    let mut sources = Sources::default();
    let id = sources.add(path, text);
    let (documents, problems) = yaml::parse(&sources, id);
    match (documents.first(), problems.into_iter().next()) {
        (_, Some(problem)) => Err(wrong(path, &problem.message)),
        (Some(document), None) => Ok(document.to_json()),
        (None, None) => Err(wrong(path, &"it is empty")),
    }
}

fn wrong(path: &str, detail: &dyn std::fmt::Display) -> Diagnostic {
    Diagnostic::error(Code::Template, format!("embedded file {path}: {detail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_component_is_read_and_comes_after_what_it_needs() {
        let catalogue = Catalogue::embedded();
        assert!(catalogue.problems.is_empty(), "{:?}", catalogue.problems);
        let mut seen: Vec<&str> = Vec::new();
        for component in &catalogue.components {
            for need in &component.needs {
                assert!(
                    seen.contains(&need.as_str()),
                    "component {} needs {need}: list its files after those of {need} in src/render/embedded.rs",
                    component.name
                );
            }
            assert!(
                !component.templates.is_empty(),
                "component {} has no template",
                component.name
            );
            for template in component.policies.keys() {
                let path = format!("{}/{template}", component.name);
                assert!(
                    component.templates.iter().any(|t| t.path == path),
                    "{}/component.yaml has a policy for {template}, but there is no file {path}",
                    component.name
                );
            }
            seen.push(&component.name);
        }
    }

    #[test]
    fn a_component_lists_the_values_in_its_templates() {
        for component in components() {
            let listed: Vec<String> =
                component.values.iter().map(|name| name.to_ascii_lowercase()).collect();
            for template in &component.templates {
                let text = embedded::text(template.path).unwrap_or_default();
                for used in text.split("values.").skip(1) {
                    let name: String =
                        used.chars().take_while(char::is_ascii_alphanumeric).collect();
                    assert!(
                        listed.contains(&name.to_ascii_lowercase()),
                        "{}/component.yaml: add {name}, which {} uses, to `values`",
                        component.name,
                        template.path
                    );
                }
            }
        }
    }

    #[test]
    fn a_component_is_named_like_its_folder() {
        for component in components() {
            let path = component.templates[0].path;
            let folder = path.split('/').next().unwrap_or_default();
            assert_eq!(
                folder, component.name,
                "use the name of the folder in {folder}/component.yaml"
            );
        }
    }
}
