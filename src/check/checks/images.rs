//! Images that are about to be started.

use std::collections::BTreeMap;

use super::super::context::Context;
use super::super::gathered::Gathered;
use super::super::manifest::{clean, some_of};
use super::super::verdict::{ReadError, Verdict, error, fine, ok, warning};
use super::super::{Check, Phase};
use crate::availability::{Asked, is_final, is_public};
use crate::registry::{Error, ErrorKind};

/// The check that asks registries.
pub const AVAILABLE: &str = "images-available";

pub(super) const CHECKS: &[Check] = &[Check {
    id: AVAILABLE,
    category: "Images",
    description: "images that no node holds can be pulled",
    phase: Phase::Pre,
    hint: "`ksi images check` shows where every image can be had; copy what is missing to a registry of your own and set `local_registry`",
    evaluate: available,
}];

fn available(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let asked = gathered.images.as_ref().map_err(|why| ReadError(why.clone()))?;
    let mut lines = Vec::new();
    let mut silent: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for one in asked {
        match &one.answer {
            Err(error) if is_final(error) => lines.push(missing(one, error)),
            Err(error) => {
                let image = one.image.repository().path().to_owned();
                silent.entry((one.image.registry(), &error.cause)).or_default().push(image);
            }
            Ok(_) => lines.extend(unfit(one)),
        }
    }
    lines.extend(silent.into_iter().map(|((registry, cause), images)| {
        let images = some_of(&images);
        format!("{registry} cannot be asked from here about {images}: {}", clean(cause))
    }));
    if lines.is_empty() {
        return if asked.is_empty() { ok() } else { fine(format!("{} asked for", asked.len())) };
    }
    let text = lines.join("\n");
    if asked.iter().any(Asked::cannot_start) { error(text) } else { warning(text) }
}

/// An image that its registry does not give out.
fn missing(asked: &Asked, error: &Error) -> String {
    let (image, registry, cause) = (&asked.image, asked.image.registry(), clean(&error.cause));
    let what = match error.kind {
        ErrorKind::NotFound => format!("{registry} does not have {image} ({cause})"),
        ErrorKind::Denied => {
            format!("{registry} refuses {image}, which may not exist any more ({cause})")
        }
        _ => format!("{image} cannot be used ({cause})"),
    };
    let held = match asked.holders.unknown.as_slice() {
        [] => "and no node that would run it holds it".to_owned(),
        unknown => format!("and it is not known whether {} hold it", some_of(unknown)),
    };
    let mirror = if is_public(registry) {
        format!("; unless the nodes have a mirror for {registry}, its pods cannot start")
    } else {
        String::new()
    };
    format!("{what}, {held}{mirror}")
}

/// An image for other platforms than those of the nodes.
fn unfit(asked: &Asked) -> Option<String> {
    let lacking: Vec<String> = asked.lacking().iter().map(ToString::to_string).collect();
    (!lacking.is_empty()).then(|| format!("{} is not for {}", asked.image, lacking.join(", ")))
}
