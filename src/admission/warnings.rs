//! Warnings as short lines: kubectl prints one after the other, and the API server cuts long ones.

use crate::config::problems;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Sources, summary};

/// The object has mistakes from before.
pub(super) const NOT_APPLIED: &str =
    "ksi applies nothing until the mistakes below are corrected, which were stored before";

/// The API server may cut longer ones, and at 4,096 bytes in all it drops some.
const LONGEST: usize = 256;
/// More would hide what matters.
const MOST: usize = 12;

/// One line for each kind of warning of which there are several, then one for each other.
pub(super) fn texts(found: &Diagnostics, sources: &Sources) -> Vec<String> {
    let repeated = found.repeated_warnings();
    let mut lines: Vec<String> = repeated
        .iter()
        .map(|code| {
            let all: Vec<&Diagnostic> = found.iter().filter(|d| d.code == *code).collect();
            let first = || problems(all.iter().copied().take(1), sources).pop()?.field;
            let text = summary(*code, &all, || first().map(|field| field.to_string()));
            format!("{text} ({code}){}", advice(*code))
        })
        .collect();
    let single: Vec<&Diagnostic> = found.iter().filter(|d| !repeated.contains(&d.code)).collect();
    lines.extend(problems(single, sources).iter().map(ToString::to_string));
    if lines.len() > MOST {
        let more = lines.len() - (MOST - 1);
        lines.truncate(MOST - 1);
        lines.push(format!("{more} more kinds of warnings: `ksi validate` shows all"));
    }
    lines.into_iter().map(cut).collect()
}

fn advice(code: Code) -> &'static str {
    match code {
        Code::Migrated | Code::Obsolete => ": `ksi config migrate` writes the current format",
        _ => "",
    }
}

/// At most the bytes that the API server passes on.
fn cut(mut line: String) -> String {
    if line.len() > LONGEST {
        let end = (0..=LONGEST - '…'.len_utf8()).rev().find(|end| line.is_char_boundary(*end));
        line.truncate(end.unwrap_or_default());
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_cut_between_characters() {
        assert_eq!(cut("short".into()), "short");
        let long = cut("ä".repeat(200));
        assert!(long.len() <= LONGEST && long.ends_with("ä…"), "{long}");
    }
}
