//! `ksi validate`: validate a configuration.

use clap::Args;

use super::args::format::TextOrJson;
use super::args::input::InputArgs;
use super::exit::Failure;
use crate::diagnostic::{self, Diagnostics, Severity};
use crate::install::{Error, Prepared};
use crate::ui::Output;
use crate::validate;

/// Validate a configuration and show all problems
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi validate -f samples/host.yaml
  ksi validate -f samples/config-sample.yaml --set multicluster.clusterRole=none -o json")]
pub(super) struct ValidateArgs {
    #[command(flatten)]
    input: InputArgs,
    /// Output format
    #[arg(short, long, value_enum, default_value_t)]
    output: TextOrJson,
    /// Treat warnings as errors
    #[arg(long)]
    strict: bool,
}

pub(super) fn run(args: &ValidateArgs, output: &Output) -> Result<(), Failure> {
    let ValidateArgs { input, output: format, strict } = args;
    let (found, sources, role) = match input.source().load().check() {
        Ok(Prepared { configuration, loaded, warnings, .. }) => {
            (warnings, loaded.sources, Some(configuration.role()))
        }
        Err(Error::Rejected(rejected)) => (rejected.diagnostics, rejected.sources, None),
        Err(error) => return Err(error.into()),
    };
    let found = if *strict { validate::strictly(found) } else { found };
    match format {
        TextOrJson::Text => {
            output.data(&output.diagnostics_text(&found, &sources, output.colour))?;
            let names = input.filename.join(", ");
            output.print(&match role.filter(|_| !found.has_errors()) {
                Some(role) => format!("{names}: valid, role {role}{}", count(&found)),
                None => format!("{names}: invalid{}", count(&found)),
            });
        }
        TextOrJson::Json => {
            let mut json = diagnostic::to_json(&found, &sources);
            json["valid"] = (!found.has_errors()).into();
            output.data(&format!("{json:#}\n"))?;
        }
    }
    if found.has_errors() { Err(Failure::Invalid) } else { Ok(()) }
}

fn count(found: &Diagnostics) -> String {
    let number = |severity: Severity| match found.count(severity) {
        0 => None,
        1 => Some(format!("1 {}", severity.as_str())),
        n => Some(format!("{n} {}s", severity.as_str())),
    };
    let parts: Vec<String> =
        [Severity::Error, Severity::Warning].into_iter().filter_map(number).collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}
