//! The template language: minijinja, restricted so that a value can only become a whole value.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};

use super::embedded;
use super::slots;
use crate::diagnostic::{Code, Diagnostic};
use crate::values::AT_INSTALL;

/// The fuel of one rendering; the largest template needs less than a tenth of it.
const FUEL: u64 = 200_000;

/// Filters that turn values into text, which the formatter would then treat as a string.
const REMOVED_FILTERS: &[&str] = &["safe", "escape", "e", "tojson", "urlencode", "pprint"];

/// Every template, compiled.
pub(super) struct Templates {
    environment: Environment<'static>,
}

impl Templates {
    /// The embedded templates, compiled once per process.
    pub(super) fn embedded() -> Result<&'static Self, Diagnostic> {
        static TEMPLATES: OnceLock<Result<Templates, Diagnostic>> = OnceLock::new();
        TEMPLATES.get_or_init(|| Self::new(embedded::FILES)).as_ref().map_err(Clone::clone)
    }

    fn new(files: &'static [(&'static str, &'static str)]) -> Result<Self, Diagnostic> {
        let mut environment = environment();
        for (name, text) in files.iter().filter(|(name, _)| embedded::is_template(name)) {
            environment.add_template(name, text).map_err(|error| problem(name, &error))?;
        }
        Ok(Self { environment })
    }

    /// The text of one template.
    pub(super) fn render(&self, name: &str, context: &Value) -> Result<String, Diagnostic> {
        self.environment
            .get_template(name)
            .and_then(|template| template.render(context.clone()))
            .map_err(|error| problem(name, &error))
    }

    /// Evaluates a boolean expression over the context.
    pub(super) fn holds(&self, expression: &str, context: &Value) -> Result<bool, Diagnostic> {
        self.environment
            .compile_expression(expression)
            .and_then(|compiled| compiled.eval(context.clone()))
            .and_then(|value| match value.kind() {
                ValueKind::Bool => Ok(value.is_true()),
                kind => Err(Error::new(ErrorKind::InvalidOperation, format!("{kind}, not a bool"))),
            })
            .map_err(|error| problem(&format!("enabledWhen: {expression}"), &error))
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
        environment.set_syntax(syntax);
    }
    environment.set_formatter(slots::write);
    for filter in REMOVED_FILTERS {
        environment.remove_filter(filter);
    }
    environment.add_filter("b64", |text: &str| {
        // A placeholder stays readable: it is shown to users, never applied.
        if text == AT_INSTALL { text.to_owned() } else { STANDARD.encode(text) }
    });
    environment
}

/// An error in a template, with its line.
fn problem(name: &str, error: &Error) -> Diagnostic {
    let line = error.line().map_or_else(String::new, |line| format!(":{line}"));
    let detail = error.detail().map_or_else(String::new, |detail| format!(": {detail}"));
    Diagnostic::error(Code::Template, format!("template {name}{line}: {}{detail}", error.kind()))
        .help("this is a bug in ksi, not an error in your configuration: please report it")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::slots::Slots;
    use super::*;

    fn render(template: &'static str, value: &str) -> Result<String, Diagnostic> {
        let mut templates = Templates { environment: environment() };
        templates.environment.add_template("t.yaml.j2", template).unwrap();
        let slots = Arc::new(Slots::default());
        let variables = [("value", Value::from(value)), (Slots::NAME, Slots::variable(&slots))];
        templates.render("t.yaml.j2", &Value::from_pairs(variables))
    }

    #[test]
    fn what_would_make_text_of_values_is_gone() {
        for template in ["{{ value | safe }}", "{{ value | e }}", "{{ value | tojson }}"] {
            assert!(render(template, "x").is_err(), "{template}");
        }
    }

    #[test]
    fn undefined_is_a_mistake_with_template_and_line() {
        let problem = render("a: 1\nb: {{ valeu }}", "x").unwrap_err();
        assert!(problem.message.starts_with("template t.yaml.j2:2: "), "{}", problem.message);
        assert!(render("{% if value.x %}{% endif %}", "x").is_err());
    }

    #[test]
    fn a_loop_without_end_runs_out_of_fuel() {
        let problem = render(
            "{% for a in range(99999) %}{{ value }}{% for b in range(999) %}{{ b }}{% endfor %}{% endfor %}",
            "x",
        );
        assert!(problem.is_err());
    }
}
