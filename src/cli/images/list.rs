//! `ksi images list` and `rewrite`.

use serde_json::json;

use crate::cli::args::format::TextOrJson;
use crate::cli::args::input::InputArgs;
use crate::cli::exit::Failure;
use crate::cli::shared::preparation;
use crate::install::images;
use crate::ui::Output;

pub(super) fn list(
    input: &InputArgs,
    all: bool,
    format: TextOrJson,
    output: &Output,
) -> Result<(), Failure> {
    let images = images::images(&preparation::offline(input, output)?, all)?;
    let text = match format {
        TextOrJson::Text => images.iter().map(|i| i.reference() + "\n").collect(),
        TextOrJson::Json => {
            let list: Vec<_> = images
                .iter()
                .map(|i| json!({"name": i.name, "image": i.reference(), "upstream": i.upstream}))
                .collect();
            format!("{:#}\n", json!(list))
        }
    };
    Ok(output.data(&text)?)
}

/// Source: where the image is published. Target: its name if `local_registry` is this registry.
pub(super) fn rewrite(
    input: &InputArgs,
    registry: &str,
    all: bool,
    format: TextOrJson,
    output: &Output,
) -> Result<(), Failure> {
    if !crate::config::form::is_registry(registry) {
        return Err(Failure::Usage(format!(
            "`{registry}` is not a registry, for example registry.local:5000/mirror"
        )));
    }
    let images = images::mirrored(&preparation::offline(input, output)?, registry, all)?;
    let pairs = images.iter().map(|image| (&image.upstream, image.reference()));
    let text = match format {
        TextOrJson::Text => pairs.fold(String::new(), |mut text, (source, target)| {
            text.extend([source, " ", &target, "\n"]);
            text
        }),
        TextOrJson::Json => {
            let list: Vec<_> = pairs.map(|(s, t)| json!({"source": s, "target": t})).collect();
            format!("{:#}\n", json!(list))
        }
    };
    Ok(output.data(&text)?)
}
