//! `ksi render`: the manifests of a configuration.

use clap::Args;

use super::desired;
use super::exit::Failure;
use super::format::YamlOrJson;
use super::input::InputArgs;
use crate::object::Object;
use crate::render;
use crate::ui::Output;
use crate::values::AT_INSTALL;
use crate::yaml;
use serde_json::{Value, json};

/// Print the manifests of a configuration in the order in which they are applied
///
/// Secrets that only an installation makes show as "(generated at install)"; `ksi apply --target
/// dir:PATH` makes and keeps them.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi render -f samples/host.yaml
  ksi render -f samples/member.yaml -s tower -s ks-core -o json")]
pub(super) struct RenderArgs {
    #[command(flatten)]
    input: InputArgs,
    /// How to write them
    #[arg(short, long, value_enum, default_value_t)]
    output: YamlOrJson,
    /// Only the objects of this component; may be repeated
    #[arg(short, long = "show-only", value_name = "COMPONENT")]
    show_only: Vec<String>,
}

pub(super) fn run(args: &RenderArgs, output: &Output) -> Result<(), Failure> {
    let RenderArgs { input, output: format, show_only } = args;
    let checked = input.check(output)?;
    let objects = desired::offline(&checked)?;
    known_components(show_only)?;
    let shown: Vec<&Object> = objects
        .iter()
        .filter(|o| show_only.is_empty() || show_only.contains(&o.component))
        .collect();
    if shown.is_empty() {
        let role = checked.configuration.role();
        output.say(&format!("ksi: {} is not installed in role {role}", show_only.join(", ")));
    }
    let bodies = shown.iter().map(|o| &o.body);
    let text = match format {
        YamlOrJson::Yaml => yaml::emit_documents(bodies),
        YamlOrJson::Json => {
            let items: Vec<&Value> = bodies.collect();
            format!("{:#}\n", json!({"apiVersion": "v1", "kind": "List", "items": items}))
        }
    };
    if text.contains(AT_INSTALL) {
        output.say(&format!(
            "ksi: what only an installation makes shows as \"{AT_INSTALL}\"; \
             `ksi apply --target dir:PATH` makes and keeps it"
        ));
    }
    Ok(output.data(&text)?)
}

fn known_components(names: &[String]) -> Result<(), Failure> {
    let known: Vec<&str> = render::components().iter().map(|c| c.name.as_str()).collect();
    match names.iter().find(|name| !known.contains(&name.as_str())) {
        Some(name) => {
            Err(Failure::Usage(format!("no component `{name}`; there are {}", known.join(", "))))
        }
        None => Ok(()),
    }
}
