//! `ksi config`: write, view and migrate configurations.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path as FilePath, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::exit::Failure;
use super::format::YamlOrJson;
use super::input::InputArgs;
use crate::config::{self, Origin};
use crate::ui::Output;
use crate::yaml::{self, Path};

/// Write, view and migrate configurations
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi config init --role host
  ksi config view -f samples/host.yaml --show-origin
  ksi config migrate --from samples/legacy/3.0.yaml")]
pub(super) struct ConfigArgs {
    #[command(subcommand)]
    verb: ConfigVerb,
}

#[derive(Debug, Subcommand)]
enum ConfigVerb {
    /// Print a configuration to start from
    #[command(after_help = "Examples:
  ksi config init --role member")]
    Init {
        /// The cluster's role
        #[arg(long, value_enum, default_value_t)]
        role: InitRole,
    },
    /// Print the effective configuration, defaults filled in and secrets hidden
    #[command(after_help = "Examples:
  ksi config view -f samples/config-sample.yaml
  ksi config view -f samples/host.yaml --show-origin")]
    View {
        #[command(flatten)]
        input: InputArgs,
        /// Show where each value comes from
        #[arg(long)]
        show_origin: bool,
        /// How to write it
        #[arg(short, long, value_enum, default_value_t)]
        output: YamlOrJson,
    },
    /// Print a file in today's form; comments stay
    #[command(after_help = "Examples:
  ksi config migrate --from samples/legacy/2.1-configmap.yaml")]
    Migrate {
        /// The file in an old form
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
        /// Write the file instead of printing it; the old one is kept beside it as FILE.old
        #[arg(long)]
        write: bool,
    },
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum InitRole {
    /// Manages other clusters
    Host,
    /// Is managed by a host
    Member,
    /// A single cluster
    #[default]
    None,
    /// Every key with its default, for a host, as KubeKey's second document
    Full,
}

impl InitRole {
    /// The sample as a file of the user's: the schema is not beside it, and a secret that everybody
    /// can read is none.
    fn sample(self) -> String {
        let sample = match self {
            Self::Host => include_str!("../../samples/host.yaml"),
            Self::Member => include_str!("../../samples/member.yaml"),
            Self::None => include_str!("../../samples/none.yaml"),
            Self::Full => include_str!("../../samples/config-sample.yaml"),
        };
        let secret = |line: &str| line.trim_start().starts_with("jwtSecret: ");
        sample
            .lines()
            .filter(|line| !line.starts_with("# yaml-language-server:"))
            .map(|line| match line.split_once("jwtSecret: ") {
                Some((indent, _)) if secret(line) => format!("{indent}jwtSecret: \"\"\n"),
                _ => line.to_owned() + "\n",
            })
            .collect()
    }
}

pub(super) fn run(args: &ConfigArgs, output: &Output) -> Result<(), Failure> {
    let ConfigArgs { verb } = args;
    match verb {
        ConfigVerb::Init { role } => Ok(output.data(&role.sample())?),
        ConfigVerb::View { input, show_origin, output: format } => {
            view(input, *show_origin, *format, output)
        }
        ConfigVerb::Migrate { from, write } => migrate(from, *write, output),
    }
}

fn view(
    input: &InputArgs,
    show_origin: bool,
    format: YamlOrJson,
    output: &Output,
) -> Result<(), Failure> {
    let checked = input.check(output)?;
    let mut spec = serde_json::to_value(&checked.configuration)
        .map_err(|error| Failure::Io(format!("the configuration cannot be shown: {error}")))?;
    hide(&mut spec, &Path::default());
    let text = if show_origin {
        let origins = config::origins(&checked.loaded, &spec);
        match format {
            YamlOrJson::Yaml => with_origins(&origins),
            YamlOrJson::Json => {
                let list: Vec<Value> = origins
                    .iter()
                    .map(|o| json!({"path": o.path.to_string(), "value": o.value, "origin": o.place}))
                    .collect();
                format!("{:#}\n", json!(list))
            }
        }
    } else {
        let document = json!({
            "apiVersion": config::API_VERSION,
            "kind": config::KIND,
            "metadata": {"name": config::NAME, "namespace": config::NAMESPACE},
            "spec": spec,
        });
        match format {
            YamlOrJson::Yaml => yaml::emit(&document),
            YamlOrJson::Json => format!("{document:#}\n"),
        }
    };
    Ok(output.data(&text)?)
}

/// One line per value: what it is, and where it comes from.
fn with_origins(origins: &[Origin]) -> String {
    let pairs: Vec<String> = origins.iter().map(|o| format!("{}: {}", o.path, o.value)).collect();
    let width = pairs.iter().map(|p| p.chars().count()).max().unwrap_or_default().min(60);
    origins.iter().zip(pairs).fold(String::new(), |mut text, (origin, pair)| {
        let place = origin.place.as_deref().unwrap_or("default");
        let _ = writeln!(text, "{pair:width$}  # {place}");
        text
    })
}

/// Puts asterisks in place of every secret.
fn hide(value: &mut Value, path: &Path) {
    match value {
        Value::Object(map) => {
            for (key, child) in map {
                hide(child, &path.key(key));
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter_mut().enumerate() {
                hide(item, &path.index(at));
            }
        }
        Value::String(text) if !text.is_empty() && config::is_sensitive(path) => {
            "***".clone_into(text);
        }
        _ => {}
    }
}

fn migrate(from: &FilePath, write: bool, output: &Output) -> Result<(), Failure> {
    let shown = from.display();
    let text = if from.as_os_str() == "-" {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(from)
    };
    let text = text.map_err(|error| Failure::Io(format!("cannot read {shown}: {error}")))?;
    let Some(rewritten) = config::rewrite(&shown.to_string(), &text) else {
        output.message(&format!(
            "ksi: {shown} cannot be rewritten as it is; `ksi validate -f {shown}` says why"
        ));
        return Err(Failure::Invalid);
    };
    if !rewritten.comments_kept {
        output.message("ksi: the document had to be written anew: its comments are gone");
    }
    if !write {
        output.say(&format!("ksi: {}", old_keys(rewritten.moved)));
        return Ok(output.data(&rewritten.text)?);
    }
    if rewritten.text == text {
        output.say(&format!("ksi: nothing in {shown} is old"));
        return Ok(());
    }
    // A link stays a link: the file behind it is written.
    let from = &from.canonicalize()?;
    let shown = from.display();
    let old = PathBuf::from(format!("{shown}.old"));
    if old.exists() {
        return Err(Failure::Usage(format!("{} is there already: move it away", old.display())));
    }
    let failed = |error| Failure::Io(format!("cannot write {shown}: {error}"));
    replace(from, &old, &text).map_err(failed)?;
    replace(from, from, &rewritten.text).map_err(failed)?;
    output.say(&format!("ksi: {}; the old file is {}", old_keys(rewritten.moved), old.display()));
    Ok(())
}

fn old_keys(count: usize) -> String {
    match count {
        1 => "1 old key".to_owned(),
        count => format!("{count} old keys"),
    }
}

/// Writes a file whole or not at all, with the permissions of another one: both may hold secrets.
fn replace(like: &FilePath, path: &FilePath, text: &str) -> std::io::Result<()> {
    let permissions = std::fs::metadata(like)?.permissions();
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(FilePath::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(permissions)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
