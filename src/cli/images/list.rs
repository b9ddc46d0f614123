//! `ksi images list` and `rewrite`.

use serde_json::{Value, json};

use crate::cli::args::format::TextOrJson;
use crate::cli::args::input::InputArgs;
use crate::cli::args::registry::RegistryArgs;
use crate::cli::exit::Failure;
use crate::cli::shared::preparation;
use crate::install::images;
use crate::registry::Digest;
use crate::render::Image;
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

/// The same with the digests that the registries say.
pub(super) fn with_digests(
    input: &InputArgs,
    all: bool,
    registries: &RegistryArgs,
    format: TextOrJson,
    output: &Output,
) -> Result<(), Failure> {
    let images = images::images(&preparation::offline(input, output)?, all)?;
    let client = registries.client()?;
    let answers = crate::cli::block_on(images::digests(&client, &images))?;
    let mut found = Vec::new();
    for (image, answer) in images.into_iter().zip(answers) {
        found.push((image, answer?.digest));
    }
    let text = match format {
        TextOrJson::Text => found.iter().fold(String::new(), |mut text, (image, digest)| {
            text.extend([&image.repository, ":", &image.tag, "@", digest.as_str(), "\n"]);
            text
        }),
        TextOrJson::Json => {
            let item = |(image, digest): &(Image, Digest)| {
                json!({"name": image.name, "image": image.reference(), "upstream": image.upstream,
                       "digest": digest.as_str()})
            };
            format!("{:#}\n", found.iter().map(item).collect::<Value>())
        }
    };
    Ok(output.data(&text)?)
}

pub(super) fn not_a_registry(text: &str) -> Failure {
    Failure::Usage(format!("`{text}` is not a registry, for example registry.local:5000/mirror"))
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
        return Err(not_a_registry(registry));
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
