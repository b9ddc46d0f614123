//! Which images are copied.

use super::CopyArgs;
use crate::cli::args::input::InputArgs;
use crate::cli::exit::Failure;
use crate::cli::shared::preparation;
use crate::images::{Place, Wanted};
use crate::install::images;
use crate::render::Image;
use crate::ui::Output;

/// Those of the configuration or of the command line; `None` if neither names any.
pub(super) fn of_configuration(
    args: &CopyArgs,
    output: &Output,
) -> Result<Option<Vec<Wanted>>, Failure> {
    if !args.images.is_empty() {
        return Ok(Some(args.images.iter().map(|name| Wanted::named(name)).collect()));
    }
    if args.filename.is_empty() {
        return Ok(None);
    }
    let input = InputArgs::with_facts(&args.filename, &args.set, args.facts.clone());
    let prepared = preparation::offline(&input, output)?;
    let images = images::images(&prepared, args.all)?;
    let mirrored = |place: Option<&Place>| -> Result<Vec<Option<String>>, Failure> {
        let Some(place @ Place::Registry { .. }) = place else {
            return Ok(vec![None; images.len()]);
        };
        let registry = place.to_string();
        let mirrored = images::mirrored(&prepared, &registry, args.all)?;
        // With `zone: cn` the configuration has another registry whatever is said here.
        let own = |image: &Image| {
            let inside = image.repository.strip_prefix(&registry);
            let inside = inside.is_some_and(|rest| rest.starts_with('/'));
            inside.then(|| format!("{}:{}", image.repository, image.tag))
        };
        Ok(mirrored.iter().map(own).collect())
    };
    let ends = mirrored(args.from.as_ref())?.into_iter().zip(mirrored(Some(&args.to))?);
    let wanted = images.iter().zip(ends).map(|(image, (from, to))| Wanted {
        name: image.upstream.clone(),
        digest: image.digest.clone(),
        from,
        to,
    });
    Ok(Some(wanted.collect()))
}

/// All in the files that are copied from.
pub(super) fn of_files(names: &[Option<String>], output: &Output) -> Result<Vec<Wanted>, Failure> {
    let whole = |name: &&String| name.contains(['/', ':']);
    let known: Vec<_> = names.iter().flatten().filter(whole).map(|n| Wanted::named(n)).collect();
    if names.is_empty() || known.is_empty() {
        let why = if names.is_empty() { "no images" } else { "only images without a whole name" };
        return Err(Failure::Usage(format!(
            "--from has {why}\nhelp: pass the names of the images, or -f with a configuration"
        )));
    }
    let unnamed = names.len() - known.len();
    if unnamed > 0 {
        output.print(&format!("warning: {unnamed} images without a whole name are not copied"));
    }
    Ok(known)
}
