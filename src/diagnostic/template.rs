//! Template expressions that were not rendered: `{{ … }}`, `<% … %>`, `${NAME}`, `$(NAME)`.

use std::ops::Range;

use super::{Code, Diagnostic};

/// How a template expression begins and ends, and whether a name is all that may be in it.
const FORMS: &[(&str, &str, bool)] =
    &[("{{", "}}", false), ("<%", "%>", false), ("${", "}", true), ("$(", ")", true)];

/// The place of the first template expression in a text.
pub fn template(text: &str) -> Option<Range<usize>> {
    let found = FORMS.iter().filter_map(|(open, close, name)| {
        text.match_indices(open).find_map(|(start, _)| {
            let inside = &text[start + open.len()..];
            let length = inside.find(close)?;
            let good = !*name || is_variable(&inside[..length]);
            good.then_some(start..start + open.len() + length + close.len())
        })
    });
    found.min_by_key(|range| range.start)
}

/// Whether a text is nothing but one template expression, apart from separators and quotes around it. Such a text
/// is no secret, unless it has a default in it.
pub fn is_only_template(text: &str) -> bool {
    let around = |c: char| c.is_whitespace() || "\"':=,".contains(c);
    let text = text.trim_matches(around);
    template(text).is_some_and(|range| range == (0..text.len()))
        && !text.contains(['"', '\'', '`', ':'])
}

/// The error for a template expression. It is quoted unless it has a default, which may be a secret.
pub fn unrendered(expression: &str) -> Diagnostic {
    let message = if is_only_template(expression) {
        format!("the template expression `{expression}` was not rendered")
    } else {
        "a template expression was not rendered".to_owned()
    };
    Diagnostic::error(Code::Unrendered, message)
        .help("render the file first, for example with `helm template` or `envsubst`, and pass the result")
}

/// The place in a line of an expression that cannot stand there as text: outside of quotes and comments.
pub fn bare_template(line: &str) -> Option<Range<usize>> {
    let place = template(line).filter(|place| ["{{", "<%"].contains(&&line[place.start..][..2]))?;
    let before = &line[..place.start];
    let quoted = before.matches('"').count() % 2 == 1 || before.matches('\'').count() % 2 == 1;
    let comment = before.trim_start().starts_with('#') || before.contains(" #");
    (!quoted && !comment).then_some(place)
}

/// `NAME`, or `NAME` with a default as in a shell: `NAME:-default`.
fn is_variable(text: &str) -> bool {
    let end = text.find([':', '-', '=', '?', '+']).unwrap_or(text.len());
    let name = &text[..end];
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_found() {
        for (text, expression) in [
            ("{{ .Values.role }}", "{{ .Values.role }}"),
            ("http://{{ host }}:80", "{{ host }}"),
            ("<% role %>", "<% role %>"),
            ("${ROLE}", "${ROLE}"),
            ("${ROLE:-host}", "${ROLE:-host}"),
            ("a $(ROLE) b", "$(ROLE)"),
        ] {
            assert_eq!(template(text).map(|range| &text[range]), Some(expression), "{text}");
        }
        for text in
            ["{a: {b: c}}", "$2a$10$abc", "a${", "$(date +%s)", "${1}", "100%>", "(&(uid=%s))"]
        {
            assert_eq!(template(text), None, "{text}");
        }
    }

    #[test]
    fn quotes_and_comments_may_have_expressions() {
        for line in ["a: {{ b }}", "{{- if .Values.x }}", "- <% x %>"] {
            assert!(bare_template(line).is_some(), "{line}");
        }
        for line in ["a: \"{{ b }}\"", "a: 1 # {{ b }}", "# {{ b }}", "a: ${B}", "{a: {b: {}}}"] {
            assert_eq!(bare_template(line), None, "{line}");
        }
    }

    #[test]
    fn what_has_more_than_a_template_may_have_a_secret() {
        assert!(is_only_template(": \"{{ .Values.secret }}\""));
        for text in ["{{ .a | default \"pw\" }}", "${A:-pw}", "${A} pw", "pw"] {
            assert!(!is_only_template(text), "{text}");
        }
    }
}
