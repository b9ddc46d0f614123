//! An explanation as text.

use std::fmt::Write as _;

use crate::config::{self, Explanation};

/// The key, its type, what it means, and its children.
pub(super) fn text(explanation: &Explanation) -> String {
    let Explanation {
        path,
        type_name,
        default,
        allowed,
        description,
        sensitive,
        deprecated,
        children,
    } = explanation;
    let path = if path.is_empty() { "spec" } else { path };
    let mut text = format!("{path} <{type_name}>\n");
    for line in description.lines() {
        let _ = writeln!(text, "  {line}");
    }
    if let Some(default) = default {
        let _ = writeln!(text, "  default: {default}");
    }
    if !allowed.is_empty() {
        let list: Vec<String> = allowed.iter().map(|a| a.value.clone()).collect();
        let _ = writeln!(text, "  allowed: {}", list.join(", "));
    }
    if *deprecated {
        text += "  accepted, but has no effect\n";
    }
    if *sensitive {
        text += "  secret: its value is never shown\n";
    }
    if !children.is_empty() {
        let name = |c: &config::Child| format!("{} <{}>", c.name, c.type_name);
        let width = children.iter().map(|c| name(c).len()).max().unwrap_or_default().min(44);
        text += "\n";
        for child in children {
            let _ = writeln!(text, "  {:width$}  {}", name(child), child.summary);
        }
    }
    text
}
