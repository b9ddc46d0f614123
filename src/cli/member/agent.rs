//! `ksi member agent`: print the manifests of an agent.

use clap::Args;

use super::join::read;
use crate::cli::args::facts::FactsArgs;
use crate::cli::args::input::InputArgs;
use crate::cli::exit::Failure;
use crate::fleet;
use crate::install::Source;
use crate::ui::Output;
use crate::yaml;

/// Print the manifests of the agent for a bundle
///
/// For `kubectl apply -f` or `kubectl create -f`, and for GitOps, where `ksi member join` is not used. The member
/// needs KubeSphere with the role member and the jwtSecret of the host. The output contains the agent's token.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi member agent -f member1.bundle > agent.yaml
  ksi member agent -f member1.bundle --config cluster.yaml --agent-proxy http://proxy.example.com:3128 > agent.yaml")]
pub(super) struct AgentArgs {
    /// Bundle that `ksi member add` wrote, or `-` for standard input
    #[arg(short = 'f', long = "filename", value_name = "BUNDLE")]
    bundle: String,
    /// Configuration of the member, for image and placement; can be repeated
    #[arg(long, value_name = "FILE")]
    config: Vec<String>,
    /// Proxy through which the agent reaches Tower
    #[arg(long, value_name = "URL")]
    agent_proxy: Option<String>,
    #[command(flatten)]
    facts: FactsArgs,
}

pub(super) fn run(args: &AgentArgs, output: &Output) -> Result<(), Failure> {
    let bundle = read(&args.bundle)?;
    let Some(link) = &bundle.link else {
        return Err(Failure::Usage(format!(
            "member {} is reached directly and needs no agent",
            bundle.name
        )));
    };
    let given = InputArgs::of(&args.config, &[], false).source();
    let source = Source { facts: args.facts.overrides(), ..given };
    let prepared = fleet::member_source(source, &bundle).load().check()?;
    output.diagnostics(&prepared.warnings, &prepared.loaded.sources);
    let (configuration, facts) = (&prepared.configuration, &prepared.facts);
    let agent = fleet::agent_of(&bundle, link, configuration, facts, args.agent_proxy.clone());
    let manifests = agent.map(|agent| agent.manifests()).unwrap_or_default();
    Ok(output.data(&yaml::emit_documents(&manifests))?)
}
