//! `ksi explain`: explain a key or a code.

mod text;

use clap::Args;
use serde_json::json;

use self::text::text;
use super::args::format::TextOrJson;
use super::exit::Failure;
use crate::check;
use crate::config::{self, Explanation};
use crate::diagnostic::Code;
use crate::fleet;
use crate::ui::Output;

/// Explain a key of the configuration, a code such as KSI0012, or a check
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi explain
  ksi explain multicluster.clusterRole
  ksi explain jwtSecret
  ksi explain common.redis --recursive
  ksi explain KSI0012
  ksi explain storage-class-default")]
pub(super) struct ExplainArgs {
    /// Path below `spec`, the end of one, a code such as KSI0012, or a check of `ksi check --list`
    /// [default: all keys directly below `spec`]
    #[arg(default_value = "", hide_default_value = true)]
    subject: String,
    /// Show all keys below it as well
    #[arg(short, long)]
    recursive: bool,
    /// Output format
    #[arg(short, long, value_enum, default_value_t)]
    output: TextOrJson,
}

pub(super) fn run(args: &ExplainArgs, output: &Output) -> Result<(), Failure> {
    let ExplainArgs { subject, recursive, output: format } = args;
    if let Ok(code) = subject.parse::<Code>() {
        let page = code.page();
        let text = match format {
            TextOrJson::Text => page.to_owned(),
            TextOrJson::Json => {
                let json = json!({"code": code.to_string(), "title": code.title(), "page": page});
                format!("{json:#}\n")
            }
        };
        return Ok(output.data(&text)?);
    }
    let page = check::page(subject).map(|(check, page)| (check.about(), page));
    if let Some((check, page)) = page.or_else(|| fleet::page(subject)) {
        let text = match format {
            TextOrJson::Text => format!("{subject}: {}\n\n{page}\n", check.description),
            TextOrJson::Json => {
                let json = json!({"check": subject, "title": check.description, "page": page});
                format!("{json:#}\n")
            }
        };
        return Ok(output.data(&text)?);
    }
    let path = subject.strip_prefix("spec.").unwrap_or(subject);
    let path = if path == "spec" { "" } else { path };
    let explanation = match config::explain(path) {
        Some(explanation) => explanation,
        None => by_name(path)?,
    };
    let mut all = vec![explanation];
    if *recursive {
        descend(&mut all);
    }
    let text = match format {
        TextOrJson::Text => all.iter().map(text).collect::<Vec<_>>().join("\n"),
        TextOrJson::Json if *recursive => format!("{:#}\n", json!(all)),
        TextOrJson::Json => format!("{:#}\n", json!(all[0])),
    };
    Ok(output.data(&text)?)
}

/// The only key whose path ends like this.
fn by_name(path: &str) -> Result<Explanation, Failure> {
    let paths = config::paths_ending_in(path);
    let several =
        || format!("several keys end in `{path}`\nhelp: give one of {}", paths.join(", "));
    match &paths[..] {
        [only] => config::explain(only).ok_or_else(|| Failure::Usage(unknown(path))),
        [] => Err(Failure::Usage(unknown(path))),
        _ => Err(Failure::Usage(several())),
    }
}

/// The message for an unknown subject, with the most similar key.
fn unknown(path: &str) -> String {
    if path.to_ascii_uppercase().starts_with("KSI") {
        return format!("unknown code `{path}`\nhelp: docs/errors/README.md lists all codes");
    }
    let (parent, last) = path.rsplit_once('.').unwrap_or(("", path));
    let known = config::explain(parent).map(|e| e.children).unwrap_or_default();
    let meant = known
        .iter()
        .map(|child| {
            (strsim::damerau_levenshtein(&child.name.to_lowercase(), &last.to_lowercase()), child)
        })
        .filter(|(distance, _)| *distance <= 2)
        .min_by_key(|(distance, _)| *distance);
    match (meant, parent) {
        (Some((_, child)), "") => format!("no key `{path}`\nhelp: did you mean `{}`?", child.name),
        (Some((_, child)), _) => {
            format!("no key `{path}`\nhelp: did you mean `{parent}.{}`?", child.name)
        }
        (None, _) => format!("no key `{path}`\nhelp: `ksi explain` lists the keys at the top"),
    }
}

/// Appends the explanations of everything below the first, depth first.
fn descend(all: &mut Vec<Explanation>) {
    let mut stack: Vec<String> = children(&all[0]);
    while let Some(path) = stack.pop() {
        if let Some(explanation) = config::explain(&path) {
            stack.extend(children(&explanation));
            all.push(explanation);
        }
    }
}

/// Paths of the direct children, the first last.
fn children(explanation: &Explanation) -> Vec<String> {
    let prefix =
        if explanation.path.is_empty() { String::new() } else { format!("{}.", explanation.path) };
    explanation.children.iter().rev().map(|child| format!("{prefix}{}", child.name)).collect()
}
