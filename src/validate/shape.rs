//! Checks the tree against the strict schema: every violation becomes a diagnostic at its line.

use std::sync::LazyLock;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::paths::LocationSegment;
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

use super::others::{self, concerns_only_others};
use super::suggest;
use crate::config::{self, subschema};
use crate::diagnostic::{self, Code, Diagnostic, Severity, redacted_text};
use crate::yaml::{self, Content, Node, Path, Step};

/// One violation of the schema.
#[derive(Debug)]
pub(super) struct Violation {
    /// The path of the offending value, below `spec`.
    pub(super) path: Path,
    /// The diagnostic.
    pub(super) diagnostic: Diagnostic,
}

/// Compiled once: compiling the schema is more expensive than a check.
static VALIDATOR: LazyLock<Option<Validator>> =
    LazyLock::new(|| Validator::new(config::plain_schema()).ok());

/// Checks a specification against the schema of specifications.
pub(super) fn check(spec: &Node, allow_unknown: bool) -> Vec<Violation> {
    // A test compiles the schema: there always is a validator.
    let Some(validator) = &*VALIDATOR else { return Vec::new() };
    let json = spec.to_json();
    let context = Context { spec, schema: config::plain_schema(), allow_unknown };
    let mut violations: Vec<Violation> =
        validator.iter_errors(&json).flat_map(|error| context.violations(&error)).collect();
    violations.extend(context.too_large());
    // A value of the wrong type violates other keywords of the schema, too.
    let wrong_type: Vec<Path> = violations
        .iter()
        .filter(|v| v.diagnostic.code == Code::WrongType)
        .map(|v| v.path.clone())
        .collect();
    violations.retain(|v| v.diagnostic.code == Code::WrongType || !wrong_type.contains(&v.path));
    violations
}

/// The number of unknown keys reported per mapping; a file of another kind may have thousands.
const MOST_UNKNOWN: usize = 50;

struct Context<'a> {
    spec: &'a Node,
    schema: &'a Value,
    allow_unknown: bool,
}

impl Context<'_> {
    fn violations(&self, error: &ValidationError<'_>) -> Vec<Violation> {
        let path = path_of(error);
        if let ValidationErrorKind::AdditionalProperties { unexpected } = error.kind() {
            let mut list: Vec<Violation> =
                unexpected.iter().take(MOST_UNKNOWN).map(|key| self.unknown(&path, key)).collect();
            if let Some(next) = unexpected.get(MOST_UNKNOWN) {
                list.push(self.more(&path, next, unexpected.len() - MOST_UNKNOWN));
            }
            return list;
        }
        let diagnostic = self.wrong_value(&path, error);
        let span = self.spec.at(&path).and_then(|n| n.span);
        let key_span = self.spec.entry_at(&path).and_then(|e| e.key_span);
        // A long block is not underlined as a whole, only its key.
        let block = self.spec.at(&path).is_some_and(|n| !matches!(n.content, Content::Scalar(_)));
        let place = if block { key_span.or(span) } else { span.or(key_span) };
        let diagnostic = diagnostic.at(place);
        let ignored = concerns_only_others(&path);
        let diagnostic = if ignored { others::ignored(diagnostic) } else { diagnostic };
        vec![Violation { path, diagnostic }]
    }

    /// Integers beyond 32 bits, which no component can hold.
    fn too_large(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        self.spec.each(&Path::default(), &mut |path, node| {
            let Content::Scalar(Value::Number(number)) = &node.content else { return };
            let whole = subschema(self.schema, path)["type"] == "integer";
            if whole
                && number.as_i64().is_none_or(|n| n > i64::from(i32::MAX))
                && number.as_f64().is_some_and(|n| n.fract() == 0.0)
            {
                let message = format!("`{path}` is too large: {number}");
                let diagnostic = Diagnostic::error(Code::OutOfRange, message).at(node.span);
                found.push(Violation { path: path.clone(), diagnostic });
            }
        });
        found
    }

    /// Stands for the unknown keys that are not reported one by one.
    fn more(&self, parent: &Path, key: &str, count: usize) -> Violation {
        let place = self.spec.at(parent).and_then(|n| n.entry(key)).and_then(|e| e.key_span);
        let message = format!("{count} more unknown fields");
        let mut diagnostic = Diagnostic::error(Code::UnknownField, message).at(place);
        if self.allow_unknown {
            diagnostic.severity = Severity::Warning;
        }
        Violation { path: parent.clone(), diagnostic }
    }

    fn unknown(&self, parent: &Path, key: &str) -> Violation {
        let path = parent.key(key);
        let siblings = subschema(self.schema, parent)["properties"].as_object();
        let siblings = siblings.into_iter().flat_map(|p| p.keys()).map(String::as_str);
        let entry = self.spec.at(parent).and_then(|n| n.entry(key));
        let value = entry.map(|e| &e.value);
        // A key that is known elsewhere is more likely misplaced than misspelt.
        let places = suggest::elsewhere(self.schema, parent, key);
        let slips = if places.is_empty() { usize::MAX } else { 1 };
        let shown = redacted_text(key);
        let unknown = Diagnostic::error(Code::UnknownField, format!("unknown field `{shown}`"));
        let (mut diagnostic, meant) =
            if let Some(known) = suggest::closest_within(key, siblings, slips) {
                let label = format!("help: did you mean `{known}`?");
                (unknown.label(label), Some(parent.key(known)))
            } else if key == "enabled" && !parent.0.is_empty() {
                (unknown.help(format!("`{parent}` has no switch: remove `enabled`")), None)
            } else if let Some(home) = Self::home(parent, &places, value, self.schema) {
                (misplaced(parent, key, home), Some(home.clone()))
            } else {
                (unknown.help(valid_keys(parent, &places)), None)
            };
        diagnostic = diagnostic.at(entry.and_then(|e| e.key_span));
        if concerns_only_others(&path) && meant.is_none_or(|meant| concerns_only_others(&meant)) {
            diagnostic = others::ignored(diagnostic);
        } else if self.allow_unknown {
            diagnostic.severity = Severity::Warning;
        }
        Violation { path, diagnostic }
    }

    /// The most likely intended place of a misplaced key: the only one, or one that is a wrong indentation away.
    /// A key of the same name in a sibling is another key.
    fn home<'p>(
        parent: &Path,
        places: &'p [Path],
        value: Option<&Node>,
        schema: &Value,
    ) -> Option<&'p Path> {
        let near = |place: &Path| {
            let common = parent.0.iter().zip(&place.0).take_while(|(a, b)| a == b).count();
            !parent.0.is_empty() && parent.0.len() - common <= 1 && place.0.len() - common <= 2
        };
        let fits = |place: &Path| value.is_none_or(|v| fits(subschema(schema, place), v));
        let only = places.len() == 1;
        places.iter().find(|place| (only || (near(place) && in_line(parent, place))) && fits(place))
    }

    fn wrong_value(&self, path: &Path, error: &ValidationError<'_>) -> Diagnostic {
        let name = path.to_string();
        let shown = shown(path, error.instance());
        match error.kind() {
            ValidationErrorKind::Type { kind } => wrong_type(&name, kind, error.instance(), &shown),
            ValidationErrorKind::Enum { options } => {
                let options: Vec<&str> =
                    options.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                let message = format!("`{name}` cannot be {shown}");
                let diagnostic = Diagnostic::error(Code::NotAllowed, message);
                let meant = error
                    .instance()
                    .as_str()
                    .and_then(|w| suggest::closest(w, options.iter().copied()));
                match meant {
                    Some(meant) => diagnostic.label(format!("help: did you mean `{meant}`?")),
                    None if error.instance().as_str().is_some_and(|text| text.contains('#')) => {
                        diagnostic.help("a comment needs a space before `#`")
                    }
                    None => diagnostic.help(format!("allowed: {}", options.join(", "))),
                }
            }
            ValidationErrorKind::Required { property } => {
                let property = property.as_str().unwrap_or_default();
                Diagnostic::error(Code::Missing, format!("`{name}` needs a `{property}`"))
            }
            ValidationErrorKind::Minimum { limit } => Diagnostic::error(
                Code::OutOfRange,
                format!("`{name}` is {shown}; the minimum is {limit}"),
            ),
            ValidationErrorKind::Maximum { limit } => Diagnostic::error(
                Code::OutOfRange,
                format!("`{name}` is {shown}; the maximum is {limit}"),
            ),
            ValidationErrorKind::Pattern { .. } | ValidationErrorKind::Format { .. } => {
                let diagnostic = Diagnostic::error(
                    Code::BadFormat,
                    format!("`{name}` has the wrong format: {shown}"),
                );
                match subschema(self.schema, path)["examples"][0].as_str() {
                    Some(example) => diagnostic.help(format!("for example `{example}`")),
                    None => diagnostic.help(format!("see `ksi explain {name}`")),
                }
            }
            _ => Diagnostic::error(Code::BadFormat, format!("`{name}` is not valid: {shown}"))
                .help(format!("see `ksi explain {name}`")),
        }
    }
}

/// Whether a place is above or below a mapping, and not beside it.
fn in_line(parent: &Path, place: &Path) -> bool {
    let above = &place.0[..place.0.len() - 1];
    parent.0.starts_with(above) || above.starts_with(&parent.0)
}

/// Where a key may stand, or which keys there are.
fn valid_keys(parent: &Path, places: &[Path]) -> String {
    let places: Vec<String> = places
        .iter()
        .filter(|place| in_line(parent, place))
        .map(|place| format!("`{place}`"))
        .collect();
    if places.is_empty() {
        return match parent.to_string() {
            top if top.is_empty() => "`ksi explain` lists the valid keys".to_owned(),
            parent => format!("`ksi explain {parent}` lists the keys of `{parent}`"),
        };
    }
    let more = if places.len() > 3 { " and others" } else { "" };
    let some = places[..places.len().min(3)].join(", ");
    format!("it is valid as {some}{more}: check the indentation")
}

/// The value as it may be shown in a message.
fn shown(path: &Path, value: &Value) -> String {
    match value {
        _ if config::is_sensitive(path) || has_secret_name(path) => "(hidden)".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
        Value::String(text) => {
            // A slip such as a missing space makes one text of a key and its secret.
            let text = redacted_text(text);
            match text.char_indices().nth(60) {
                Some((end, _)) => format!("`{}…`", &text[..end]),
                None => format!("`{text}`"),
            }
        }
        other => format!("`{other}`"),
    }
}

/// Whether the name of the key suggests that its value is secret.
fn has_secret_name(path: &Path) -> bool {
    matches!(path.0.last(), Some(Step::Key(key)) if diagnostic::is_secret_name_or_typo(key))
}

fn misplaced(parent: &Path, key: &str, home: &Path) -> Diagnostic {
    let above = Path(home.0[..home.0.len() - 1].to_vec());
    let here = if parent.0.is_empty() {
        "the top level of `spec`".to_owned()
    } else {
        format!("`{parent}`")
    };
    let message = format!("`{key}` does not belong to {here}");
    let help = if above.0.is_empty() {
        format!("move `{key}` to the top level of `spec`")
    } else if parent.0.starts_with(&above.0) {
        format!("move `{key}` up, directly under `{above}`")
    } else if above.0.starts_with(&parent.0) {
        format!("indent `{key}` under `{above}`")
    } else {
        format!("move `{key}` to `{above}`")
    };
    let diagnostic = Diagnostic::error(Code::MisplacedField, message);
    // At the top level the path equals the key, which would be no help.
    if above.0.is_empty() {
        diagnostic.label("help: it belongs to the top level of `spec`").help(help)
    } else {
        diagnostic.label(format!("help: did you mean `{home}`?")).help(help)
    }
}

fn wrong_type(name: &str, kind: &TypeKind, value: &Value, shown: &str) -> Diagnostic {
    let types: Vec<String> = match kind {
        TypeKind::Single(one) => vec![one.to_string()],
        TypeKind::Multiple(many) => many.iter().map(|t| t.to_string()).collect(),
    };
    let wants = |word: &str| types.iter().any(|t| t == word);
    let list = types.iter().map(|t| type_name(t)).collect::<Vec<_>>().join(" or ");
    let message = match value {
        Value::Array(_) | Value::Object(_) | Value::Null => {
            format!("`{name}` must be {list}, not {}", value_type(value))
        }
        _ => format!("`{name}` must be {list}, not the {} {shown}", value_type(value)),
    };
    let diagnostic = Diagnostic::error(Code::WrongType, message);
    match value {
        // Only a quoted word can be a string here.
        Value::String(text)
            if wants("boolean") && matches!(yaml::resolve_plain(text), Ok(Value::Bool(_))) =>
        {
            diagnostic.label("help: remove the quotes")
        }
        Value::String(text) if wants("boolean") => {
            match suggest::closest(text, ["true", "false"]) {
                Some(word) => diagnostic.label(format!("help: did you mean `{word}`?")),
                None => diagnostic.help("write true or false"),
            }
        }
        Value::String(text)
            if (wants("integer") || wants("number"))
                && matches!(yaml::resolve_plain(text), Ok(Value::Number(_))) =>
        {
            diagnostic.label("help: remove the quotes")
        }
        Value::Number(_) | Value::Bool(_) if wants("string") => diagnostic
            .label("help: put it in quotes")
            .help("YAML reads words like yes, on, 0123 and 1e3 as booleans and numbers"),
        Value::String(text) if text.contains('：') => {
            diagnostic.label("help: `：` is not `:`").help("use an ASCII colon")
        }
        Value::String(text) if wants("object") && text.contains(':') => {
            diagnostic.help("put a space after the colon, and each key on its own line")
        }
        Value::Object(_) if wants("array") => {
            diagnostic.help("begin each item of the list with `- `")
        }
        _ => diagnostic,
    }
}

fn type_name(name: &str) -> &'static str {
    match name {
        "string" => "text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "a mapping",
        _ => "empty",
    }
}

fn value_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "empty",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}

/// Whether a value has a type that a field accepts; enough to choose among the places of a key.
fn fits(schema: &Value, value: &Node) -> bool {
    let name = match &value.content {
        Content::Map(_) => "object",
        Content::List(_) => "array",
        Content::Scalar(Value::Bool(_)) => "boolean",
        Content::Scalar(Value::Number(n)) if n.is_f64() => "number",
        Content::Scalar(Value::Number(_)) => "integer",
        Content::Scalar(Value::String(_)) => "string",
        Content::Scalar(_) => return true,
    };
    match &schema["type"] {
        Value::String(one) => one == name || (one == "number" && name == "integer"),
        Value::Array(many) => many.iter().any(|t| t == name),
        _ => true,
    }
}

fn path_of(error: &ValidationError<'_>) -> Path {
    Path(
        error
            .instance_path()
            .into_iter()
            .map(|segment| match segment {
                LocationSegment::Property(key) => Step::Key(key.into_owned()),
                LocationSegment::Index(index) => Step::Index(index),
            })
            .collect(),
    )
}
