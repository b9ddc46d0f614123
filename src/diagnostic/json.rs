//! Diagnostics as JSON, for editors and CI.

use serde_json::{Value, json};

use super::{Diagnostics, Severity, Sources};

/// `{errors, warnings, diagnostics: [{code, severity, message, file, line, column, …}]}`.
pub fn to_json(diagnostics: &Diagnostics, sources: &Sources) -> Value {
    let list: Vec<Value> = diagnostics
        .iter()
        .map(|d| {
            let mut entry = json!({
                "code": d.code.to_string(),
                "severity": d.severity.as_str(),
                "message": d.message,
                "label": d.label,
                "help": d.help,
            });
            if let Some(span) = d.span {
                let start = sources.position(span);
                let end = sources.position(super::Span { start: span.end, ..span });
                entry["file"] = json!(sources.name(span.source));
                entry["line"] = json!(start.line);
                entry["column"] = json!(start.column);
                entry["endLine"] = json!(end.line);
                entry["endColumn"] = json!(end.column);
            }
            entry
        })
        .collect();
    json!({
        "errors": diagnostics.count(Severity::Error),
        "warnings": diagnostics.count(Severity::Warning),
        "diagnostics": list,
    })
}
