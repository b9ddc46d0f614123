//! The history as a table.

use std::fmt::Write as _;

use serde_json::Value;

use crate::target::{Revision, RunResult};

/// A row per revision, the newest last.
pub(super) fn table(revisions: &[Revision]) -> String {
    if revisions.is_empty() {
        return String::new();
    }
    let by = |revision: &Revision| match revision.about.by.as_str() {
        "" => "-".to_owned(),
        by => by.to_owned(),
    };
    let width = revisions.iter().map(|r| by(r).chars().count()).max().unwrap_or_default().max(2);
    let head = format!(
        "{:<9} {:<21} {:<8} {:<width$} {:<10} {:<10} CHANGES\n",
        "REVISION", "TIME", "RESULT", "BY", "KSI", "CONFIG"
    );
    revisions.iter().fold(head, |mut text, revision| {
        let about = &revision.about;
        let hash: String = about.spec_hash.chars().take(8).collect();
        let result = match about.result {
            RunResult::Applied => "applied",
            RunResult::Failed => "failed",
        };
        let changes = match &about.error {
            Some(error) => error.lines().next().unwrap_or_default().to_owned(),
            None => changes(&about.summary),
        };
        let _ = writeln!(
            text,
            "{:<9} {:<21} {result:<8} {:<width$} {:<10} {hash:<10} {changes}",
            revision.number,
            time(revision),
            by(revision),
            about.ksi_version
        );
        text
    })
}

/// When a run ended, to the second.
pub(super) fn time(revision: &Revision) -> String {
    format!("{}Z", revision.about.time.split(['.', 'Z']).next().unwrap_or_default())
}

/// The counts that are not zero.
fn changes(summary: &Value) -> String {
    let counts = ["create", "update", "adopt", "delete", "conflict", "keep"].map(|name| {
        let count = summary[name].as_u64().unwrap_or_default();
        (count > 0).then(|| format!("{count} {name}"))
    });
    let counts: Vec<String> = counts.into_iter().flatten().collect();
    if counts.is_empty() { "none".to_owned() } else { counts.join(", ") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::target::About;

    #[test]
    fn a_line_says_when_who_what_and_how_it_ended() {
        let about = About {
            spec_hash: "abcdefghijkl".into(),
            ksi_version: "0.1.0".into(),
            time: "2026-01-02T03:04:05.678Z".into(),
            by: "ann@laptop".into(),
            summary: json!({"create": 3, "update": 0, "unchanged": 9}),
            ..About::default()
        };
        let failed = About {
            result: RunResult::Failed,
            error: Some("the run timed out: 1 not healthy".into()),
            summary: Value::Null,
            ..about.clone()
        };
        let early = About { by: String::new(), ..about.clone() };
        let of = |number, about| Revision { number, about, configuration: String::new() };
        let text = table(&[of(6, early), of(7, about), of(8, failed)]);
        assert_eq!(
            text.lines().collect::<Vec<_>>(),
            [
                "REVISION  TIME                  RESULT   BY         KSI        CONFIG     CHANGES",
                "6         2026-01-02T03:04:05Z  applied  -          0.1.0      abcdefgh   3 create",
                "7         2026-01-02T03:04:05Z  applied  ann@laptop 0.1.0      abcdefgh   3 create",
                "8         2026-01-02T03:04:05Z  failed   ann@laptop 0.1.0      abcdefgh   \
                 the run timed out: 1 not healthy",
            ]
        );
        assert_eq!(table(&[]), "");
    }
}
