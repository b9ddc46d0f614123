//! What the history keeps of a configuration, and how a configuration is made of that again.

use clap::Args;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::exit::Failure;
use super::input::Checked;
use crate::config::{self, Configuration, Input};
use crate::object::embedded;
use crate::plan::Summary;
use crate::target::{About, ClusterTarget, Revision};
use crate::ui::Output;
use crate::values::KeptValues;
use crate::yaml::{self, Path, Step};

/// How much is kept.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct HistoryArgs {
    /// How many configurations the history in the cluster keeps
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=100))]
    history_max: u16,
}

/// Secrets that ksi keeps itself, as pointers below `spec`, and under which names.
const KEPT: [(&str, &[&str]); 2] = [
    ("/authentication/jwtSecret", &["jwtSecret"]),
    ("/authentication/adminPassword", &["adminPassword", "adminPasswordHash"]),
];

/// Keeps a configuration that was just applied. That this fails is told and is no failure of the run.
pub(super) async fn keep(
    target: &ClusterTarget,
    checked: &Checked,
    summary: Summary,
    args: HistoryArgs,
    output: &Output,
) {
    let (text, left_out) = without_secrets(&checked.configuration);
    let about = About {
        spec_hash: checked.configuration.hash(),
        ksi_version: env!("CARGO_PKG_VERSION").to_owned(),
        time: OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default(),
        summary: serde_json::to_value(summary).unwrap_or_default(),
        left_out,
    };
    let most = usize::from(args.history_max);
    if let Err(error) = target.keep_revision(&about, &text, most).await {
        output.message(&format!("ksi: the history was not written: {error}\nhelp: {}", error.help));
    }
}

/// The whole configuration with all defaults and without secrets, and where these were.
fn without_secrets(configuration: &Configuration) -> (String, Vec<String>) {
    let mut spec = serde_json::to_value(configuration).unwrap_or_default();
    let mut left_out = Vec::new();
    strip(&mut spec, &Path::default(), &mut left_out);
    // What is so by default comes back by itself.
    let defaults = serde_json::to_value(Configuration::default()).unwrap_or_default();
    left_out.retain(|(pointer, secret)| defaults.pointer(pointer) != Some(secret));
    let left_out = left_out.into_iter().map(|(pointer, _)| pointer).collect();
    (yaml::emit(&document(&spec)), left_out)
}

fn document(spec: &Value) -> Value {
    json!({
        "apiVersion": config::API_VERSION,
        "kind": config::KIND,
        "metadata": {"name": config::NAME, "namespace": config::NAMESPACE},
        "spec": spec,
    })
}

fn strip(value: &mut Value, path: &Path, left_out: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(map) => map.retain(|key, child| {
            let path = path.key(key);
            // A switch of that name is no secret, and neither is an empty text: without it, the
            // configuration would be another one.
            let plain = matches!(child, Value::Bool(_) | Value::Null) || child.as_str() == Some("");
            if config::is_sensitive(&path) && !plain {
                left_out.push((pointer(&path), child.take()));
                return false;
            }
            strip(child, &path, left_out);
            true
        }),
        Value::Array(items) => {
            for (at, item) in items.iter_mut().enumerate() {
                strip(item, &path.index(at), left_out);
            }
        }
        _ => {}
    }
}

fn pointer(path: &Path) -> String {
    path.0.iter().fold(String::new(), |text, step| match step {
        Step::Key(key) => format!("{text}/{}", key.replace('~', "~0").replace('/', "~1")),
        Step::Index(at) => format!("{text}/{at}"),
    })
}

/// The configuration of a revision, and on top of it the secrets that ksi keeps itself.
pub(super) fn inputs(revision: &Revision, kept: &KeptValues) -> Vec<Input> {
    let name = format!("revision {}", revision.number);
    let bytes = without_defaults(&revision.configuration).into_bytes();
    let mut inputs = vec![Input { name, bytes }];
    let mut authentication = serde_json::Map::new();
    for (pointer, names) in KEPT {
        let text = names.iter().find_map(|name| kept.0.get(*name));
        let key = pointer.rsplit('/').next().unwrap_or_default();
        if let Some(text) = text.filter(|_| is_left_out(revision, pointer)) {
            authentication.insert(key.to_owned(), text.clone().into());
        }
    }
    if !authentication.is_empty() {
        let text = document(&json!({ "authentication": authentication })).to_string();
        inputs.push(Input { name: "the kept values".to_owned(), bytes: text.into_bytes() });
    }
    inputs
}

/// A configuration of the history without what is so anyway: a key that nobody wrote earns no warning.
fn without_defaults(configuration: &str) -> String {
    let Ok(mut document) = embedded::parse(configuration) else {
        return configuration.to_owned();
    };
    let defaults = serde_json::to_value(Configuration::default()).unwrap_or_default();
    retain_given(&mut document["spec"], &defaults);
    yaml::emit(&document)
}

fn retain_given(value: &mut Value, defaults: &Value) {
    let Value::Object(map) = value else { return };
    map.retain(|key, child| {
        let Some(default) = defaults.get(key) else { return true };
        if child == default {
            return false;
        }
        retain_given(child, default);
        true
    });
}

fn is_left_out(revision: &Revision, pointer: &str) -> bool {
    // A Secret that is named is read again.
    let by_reference = pointer == "/authentication/jwtSecret"
        && revision.configuration.contains("\n    jwtSecretRef:");
    !by_reference && revision.about.left_out.iter().any(|left_out| left_out == pointer)
}

/// Whether every secret of a revision is there again.
///
/// # Errors
/// Some are not: ksi does not keep them.
pub(super) fn complete(revision: &Revision, spec: Option<&Value>) -> Result<(), Failure> {
    let is_kept = |pointer: &str| KEPT.iter().any(|(kept, _)| *kept == pointer);
    let missing: Vec<String> = revision
        .about
        .left_out
        .iter()
        .filter(|pointer| !is_kept(pointer))
        .filter(|pointer| spec.and_then(|spec| spec.pointer(pointer)).is_none())
        .map(|pointer| format!("`{}`", pointer.trim_start_matches('/').replace('/', ".")))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "the history keeps no secrets, and revision {} needs {}\n\
         help: give them in a file: `ksi rollback {} -f secrets.yaml`",
        revision.number,
        missing.join(", "),
        revision.number
    )))
}

/// Which revision is meant: the one with this number, else the one before the newest.
///
/// # Errors
/// There is no such one.
pub(super) fn chosen(revisions: &[Revision], number: Option<u32>) -> Result<&Revision, Failure> {
    let found = match number {
        Some(number) => revisions.iter().find(|revision| revision.number == number),
        None => revisions.iter().rev().nth(1),
    };
    found.ok_or_else(|| {
        let what = match number {
            Some(number) => format!("there is no revision {number}"),
            None => "there is no revision before the current one".to_owned(),
        };
        Failure::Usage(format!("{what}\nhelp: `ksi history` lists those that are kept"))
    })
}

#[cfg(test)]
mod tests;
