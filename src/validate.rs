//! Is the configuration right? First its shape, against the strict schema, then its meaning, rule by
//! rule. All problems are found in one pass: a value whose shape is wrong is left out and the rest
//! is still judged.

mod rules;
mod shape;
mod suggest;

use serde_json::Value;

use crate::config::{self, Configuration, Loaded};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::facts::Facts;
use crate::yaml::{Content, Node, Step};

/// How strictly to judge.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Unknown keys are warnings, and are left out.
    pub allow_unknown: bool,
}

/// A configuration that nothing refuses, and what is worth a warning.
#[derive(Debug, Clone)]
pub struct Valid {
    /// The typed specification, defaults filled in.
    pub configuration: Configuration,
    /// Warnings, sorted by place.
    pub warnings: Diagnostics,
}

/// Judges a loaded configuration.
///
/// # Errors
/// Everything that is wrong, warnings included, sorted by place.
pub fn validate(loaded: &Loaded, facts: &Facts, options: Options) -> Result<Valid, Diagnostics> {
    let mut found: Diagnostics = loaded.diagnostics.iter().cloned().collect();
    let Some(spec) = &loaded.spec else {
        return Err(found.sorted());
    };
    let schema = config::plain_schema();
    let mut sound = spec.clone();
    let mut violations = shape::check(spec, options.allow_unknown);
    found.extend(violations.iter().map(|violation| violation.diagnostic.clone()));
    while !violations.is_empty() {
        for violation in violations {
            remove(&mut sound, &violation.path.0);
        }
        // Leaving one value out may leave its parent without a required key: that was reported above.
        violations = shape::check(&sound, true);
    }
    let context = rules::Context { given: spec, sound: &sound, schema, facts, loaded };
    found.extend(rules::check(&context));
    let configuration = typed(sound.to_json(), &mut found);
    let found: Diagnostics = found.into_iter().map(|d| loaded.discreet(d)).collect();
    let found = found.sorted();
    match configuration {
        Some(configuration) if !found.has_errors() => Ok(Valid { configuration, warnings: found }),
        _ => Err(found),
    }
}

/// The typed form. The schema comes from the types, so a sound tree always has one; if the two
/// disagree after all, that is told instead of hidden. The reader's own words may quote a secret.
fn typed(json: Value, found: &mut Diagnostics) -> Option<Configuration> {
    let configuration = Configuration::from_json(json).ok();
    if configuration.is_none() {
        let message = "the configuration passes the schema and still cannot be read";
        let diagnostic = Diagnostic::error(Code::WrongType, message);
        found.push(diagnostic.help("this is a mistake in ksi: please report it"));
    }
    configuration
}

/// Takes the value at a path out of a tree; the whole of it when the path is empty.
fn remove(node: &mut Node, path: &[Step]) {
    match path {
        [] => node.content = Content::Map(Vec::new()),
        [Step::Key(key)] => {
            node.remove(key);
        }
        [Step::Key(key), rest @ ..] => {
            if let Some(child) = node.get_mut(key) {
                remove(child, rest);
            }
        }
        // An item is emptied with its list: indices behind it must not move.
        [Step::Index(_), ..] => node.content = Content::List(Vec::new()),
    }
}

/// Turns warnings into errors, for `--strict`.
#[must_use]
pub fn strictly(found: Diagnostics) -> Diagnostics {
    found.into_iter().map(|d| Diagnostic { severity: Severity::Error, ..d }).collect()
}
