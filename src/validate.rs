//! Validates the configuration: first its shape against the strict schema, then its meaning, rule by
//! rule. One pass finds all problems: a value of the wrong shape is removed, and the rest is still
//! validated.

mod others;
mod rules;
mod shape;
mod suggest;

use serde_json::Value;

use crate::config::{self, Configuration, Loaded};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::facts::Facts;
use crate::yaml::{Content, Node, Step};

/// How strict the validation is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Unknown keys are warnings, and are ignored.
    pub allow_unknown: bool,
    /// The jwtSecret is the one that the installation uses already: one that cannot be meant is a warning
    /// then, since another one would log everybody out.
    pub jwt_secret_in_use: bool,
}

/// A valid configuration and its warnings.
#[derive(Debug, Clone)]
pub struct Valid {
    /// The typed specification, defaults filled in.
    pub configuration: Configuration,
    /// Warnings, sorted by place.
    pub warnings: Diagnostics,
}

/// Validates a loaded configuration.
///
/// # Errors
/// All errors and warnings, sorted by place.
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
    let context = rules::Context { given: spec, sound: &sound, schema, facts, loaded, options };
    found.extend(rules::check(&context).map(|diagnostic| others::as_warning(diagnostic, spec)));
    let configuration = typed(sound.to_json(), &mut found);
    let found = without_consequences(found);
    let found: Diagnostics = found.into_iter().map(|d| loaded.redacted(d)).collect();
    let found = found.sorted();
    match configuration {
        Some(configuration) if !found.has_errors() => Ok(Valid { configuration, warnings: found }),
        _ => Err(found),
    }
}

/// Without what else is wrong with the value where a template was not rendered: nobody wrote that value.
fn without_consequences(found: Diagnostics) -> Diagnostics {
    let is_template = |diagnostic: &Diagnostic| diagnostic.code == Code::Unrendered;
    let places: Vec<_> = found.iter().filter(|d| is_template(d)).map(|d| d.span).collect();
    found.into_iter().filter(|d| is_template(d) || !places.contains(&d.span)).collect()
}

/// The typed form. The schema is generated from the types, so a tree that passes it can always be
/// deserialized; if not, that is reported as a bug. The error of serde may quote a secret and is dropped.
fn typed(json: Value, found: &mut Diagnostics) -> Option<Configuration> {
    let configuration = Configuration::from_json(json).ok();
    if configuration.is_none() {
        let message = "the configuration passes the schema and still cannot be read";
        let diagnostic = Diagnostic::error(Code::WrongType, message);
        found.push(diagnostic.help("this is a bug in ksi: please report it"));
    }
    configuration
}

/// Removes the value at a path; an empty path empties the tree.
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
        // A list is emptied as a whole: the indices of its items must not change.
        [Step::Index(_), ..] => node.content = Content::List(Vec::new()),
    }
}

/// Turns warnings into errors, for `--strict`.
#[must_use]
pub fn strictly(found: Diagnostics) -> Diagnostics {
    found.into_iter().map(|d| Diagnostic { severity: Severity::Error, ..d }).collect()
}
