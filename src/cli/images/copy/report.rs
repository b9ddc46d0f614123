//! What a copy ends with.

use std::time::Duration;

use serde_json::json;

use super::CopyArgs;
use crate::cli::args::format::TextOrJson;
use crate::cli::exit::Failure;
use crate::images::Place;
use crate::images::copy::{Copied, Failed};
use crate::object::counted;
use crate::ui::{Output, bytes};

pub(super) fn show(
    args: &CopyArgs,
    copied: &[Copied],
    failed: &[Failed],
    took: Duration,
    output: &Output,
) -> Result<(), Failure> {
    for Failed { item, error } in failed {
        output.message(&format!("error: {}: {error}\n  help: {}", item.listed, error.help));
    }
    // An archive without some of its images is not written.
    let unfinished = match &args.to {
        Place::Archive(path) if !failed.is_empty() => Some(path.display()),
        _ => None,
    };
    let text = match args.output {
        TextOrJson::Text if unfinished.is_some() => String::new(),
        TextOrJson::Text => copied.iter().map(|one| one.target(&args.to) + "\n").collect(),
        TextOrJson::Json => {
            let done = copied.iter().map(|one| {
                let mut entry = json!({
                    "image": one.item.listed,
                    "source": one.item.from.to_string(),
                    "digest": one.digest.as_str(),
                    "sentBytes": one.sent,
                    "presentBytes": one.there,
                });
                if unfinished.is_none() {
                    entry["target"] = one.target(&args.to).into();
                }
                entry
            });
            let lacking = failed.iter().map(|Failed { item, error }| {
                json!({
                    "image": item.listed,
                    "source": item.from.to_string(),
                    "error": {"message": error.to_string(), "help": error.help},
                })
            });
            format!("{:#}\n", json!(done.chain(lacking).collect::<Vec<_>>()))
        }
    };
    output.data(&text)?;
    if let Some(file) = unfinished {
        output.message(&format!(
            "error: {file} is not complete: what was copied is in {file}.part\n  help: run the same command again"
        ));
        return Err(Failure::NotCopied(failed.len()));
    }
    let (sent, there): (u64, u64) =
        copied.iter().fold((0, 0), |(sent, there), one| (sent + one.sent, there + one.there));
    output.print(&format!(
        "{} at {}: {} sent, {} were there, in {:.1} s",
        counted(copied.len(), "image"),
        args.to,
        bytes(sent),
        bytes(there),
        took.as_secs_f64()
    ));
    if let Some(path) = args.lock.as_ref().filter(|_| failed.is_empty()) {
        output.print(&format!("digests written to {}", path.display()));
    }
    if failed.is_empty() { Ok(()) } else { Err(Failure::NotCopied(failed.len())) }
}
