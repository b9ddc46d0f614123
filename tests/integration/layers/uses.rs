//! Which file uses which: paths resolved through re-exports to the file that defines what they name.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Module, Source};

/// The files that each file uses, without those that contain it or that it contains: a module and
/// what is below it are one thing.
pub(super) fn uses(sources: &BTreeMap<Module, Source>) -> BTreeMap<&Module, BTreeSet<&Module>> {
    let related = |a: &Module, b: &Module| a.starts_with(b) || b.starts_with(a);
    let of = |module: &Module, source: &Source| {
        let paths = source.paths.iter();
        let files = paths.filter_map(|path| resolve(sources, module, path, 0));
        let files = files.filter_map(|file| sources.get_key_value(&file).map(|(key, _)| key));
        files.filter(|file| !related(file, module)).collect()
    };
    sources.iter().map(|(module, source)| (module, of(module, source))).collect()
}

/// The file that defines what a path names in a module.
fn resolve(
    sources: &BTreeMap<Module, Source>,
    module: &Module,
    path: &[String],
    depth: usize,
) -> Option<Module> {
    let mut at = module.clone();
    for (index, segment) in path.iter().enumerate() {
        match segment.as_str() {
            "crate" if index == 0 => at = Module::new(),
            "self" if index == 0 => {}
            "super" => at.truncate(at.len().checked_sub(1)?),
            name => {
                let below = [at.as_slice(), &[name.to_owned()]].concat();
                if sources.contains_key(&below) {
                    at = below;
                    continue;
                }
                // Another file may define it, and this one only passes it on.
                let passed = sources.get(&at)?.imports.iter().find(|import| import.name == name);
                let Some(passed) = passed.filter(|_| depth < 8) else { return Some(at) };
                let rest = &path[index + 1..];
                let whole = [passed.path.as_slice(), rest].concat();
                let first = whole.first()?;
                let child = [at.as_slice(), std::slice::from_ref(first)].concat();
                if !["crate", "self", "super"].contains(&first.as_str())
                    && !sources.contains_key(&child)
                {
                    // Of another crate.
                    return Some(at);
                }
                return resolve(sources, &at, &whole, depth + 1);
            }
        }
    }
    Some(at)
}

/// Groups of files that use each other, directly or through others.
pub(super) fn circles<'s>(
    uses: &BTreeMap<&'s Module, BTreeSet<&'s Module>>,
) -> Vec<Vec<&'s Module>> {
    let reach: BTreeMap<&Module, BTreeSet<&Module>> =
        uses.keys().map(|module| (*module, reachable(uses, module))).collect();
    let mut circles: Vec<Vec<&Module>> = Vec::new();
    for (module, reached) in &reach {
        if !reached.contains(module) || circles.iter().flatten().any(|known| known == module) {
            continue;
        }
        let circle = reached.iter().filter(|other| reach[**other].contains(module));
        circles.push(circle.copied().collect());
    }
    circles
}

fn reachable<'s>(
    uses: &BTreeMap<&'s Module, BTreeSet<&'s Module>>,
    from: &Module,
) -> BTreeSet<&'s Module> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&Module> = uses[from].iter().copied().collect();
    while let Some(module) = open.pop() {
        if reached.insert(module) {
            open.extend(&uses[module]);
        }
    }
    reached
}
