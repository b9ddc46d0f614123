//! `ksi config view`: print the effective configuration.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::cli::args::format::YamlOrJson;
use crate::cli::args::input::InputArgs;
use crate::cli::exit::Failure;
use crate::cli::shared::preparation;
use crate::config::{self, Origin};
use crate::install::effective;
use crate::ui::Output;
use crate::yaml;

pub(super) fn view(
    input: &InputArgs,
    show_origin: bool,
    format: YamlOrJson,
    output: &Output,
) -> Result<(), Failure> {
    let prepared = preparation::offline(input, output)?;
    let spec = effective::redacted_spec(&prepared.configuration)
        .map_err(|error| Failure::Io(format!("cannot print the configuration: {error}")))?;
    let text = if show_origin {
        let origins = config::origins(&prepared.loaded, &spec);
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
        let document = effective::document(&spec);
        match format {
            YamlOrJson::Yaml => yaml::emit(&document),
            YamlOrJson::Json => format!("{document:#}\n"),
        }
    };
    Ok(output.data(&text)?)
}

/// One line per value, with its origin.
fn with_origins(origins: &[Origin]) -> String {
    let pairs: Vec<String> = origins.iter().map(|o| format!("{}: {}", o.path, o.value)).collect();
    let width = pairs.iter().map(|p| p.chars().count()).max().unwrap_or_default().min(60);
    origins.iter().zip(pairs).fold(String::new(), |mut text, (origin, pair)| {
        let place = origin.place.as_deref().unwrap_or("default");
        let _ = writeln!(text, "{pair:width$}  # {place}");
        text
    })
}
