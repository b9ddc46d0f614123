//! `ksi render`: print the manifests of a configuration.

use clap::Args;
use serde_json::{Value, json};

use super::args::connection::ConnectionArgs;
use super::args::duration::NO_TIMEOUT;
use super::args::format::YamlOrJson;
use super::args::input::InputArgs;
use super::exit::Failure;
use super::shared::preparation;
use crate::engine::Stop;
use crate::install::desired;
use crate::object::Object;
use crate::render;
use crate::ui::Output;
use crate::values::AT_INSTALL;
use crate::yaml;

/// Print the manifests of a configuration, in the order in which they are applied
///
/// Needs no cluster. Values that are generated during an installation are shown as "(generated at
/// install)"; `ksi apply --target dir:PATH` generates and stores them.
///
/// --live prints the manifests that `ksi apply` would apply to the cluster, with the values stored in
/// it. They contain its secrets. Compare them with `kubectl diff --server-side --field-manager=ksi`.
#[derive(Debug, Args)]
#[command(mut_arg("kubeconfig", |arg| arg.requires("live")))]
#[command(mut_arg("act_as", |arg| arg.requires("live")))]
#[command(after_help = "Examples:
  ksi render -f samples/host.yaml
  ksi render -f samples/member.yaml -s tower -s ks-core -o json
  ksi render -f samples/host.yaml --live -s tower")]
pub(super) struct RenderArgs {
    #[command(flatten)]
    input: InputArgs,
    /// Output format
    #[arg(short, long, value_enum, default_value_t)]
    output: YamlOrJson,
    /// Show only this component; can be repeated
    #[arg(short, long = "show-only", value_name = "COMPONENT")]
    show_only: Vec<String>,
    /// Use the facts of the cluster and its stored values, including secrets
    #[arg(long)]
    live: bool,
    #[command(flatten)]
    connection: ConnectionArgs,
}

pub(super) fn run(args: &RenderArgs, output: &Output) -> Result<(), Failure> {
    let RenderArgs { input, output: format, show_only, live, connection } = args;
    known_components(show_only)?;
    let (prepared, objects) = if *live {
        super::block_on(async {
            let stop = Stop::default();
            let (session, prepared) =
                preparation::on_cluster(input, connection, NO_TIMEOUT, &stop, output).await?;
            let objects = desired::on_target(session.target(), &prepared).await?;
            Ok::<_, Failure>((prepared, objects))
        })??
    } else {
        let prepared = preparation::offline(input, output)?;
        let objects = desired::offline(&prepared)?;
        (prepared, objects)
    };
    let shown: Vec<&Object> = objects
        .iter()
        .filter(|o| show_only.is_empty() || show_only.contains(&o.component))
        .collect();
    if shown.is_empty() {
        let role = prepared.configuration.role();
        output.print(&format!("ksi: role {role} has no component {}", show_only.join(" or ")));
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
        let apply = if *live { "ksi apply" } else { "ksi apply --target dir:PATH" };
        output.print(&format!(
            "ksi: values shown as \"{AT_INSTALL}\" do not exist yet; `{apply}` generates and stores them"
        ));
    }
    Ok(output.data(&text)?)
}

fn known_components(names: &[String]) -> Result<(), Failure> {
    let known: Vec<&str> = render::components().iter().map(|c| c.name.as_str()).collect();
    match names.iter().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(Failure::Usage(format!(
            "unknown component `{name}`\nhelp: components are {}",
            known.join(", ")
        ))),
        None => Ok(()),
    }
}
