//! The report, as text and as JSON.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::{Value, json as value};

use super::verdict::{Outcome, UNREAD};
use super::{About, Phase, checks};

/// A check and its outcome.
#[derive(Debug)]
pub struct Row {
    /// The check.
    pub about: About,
    /// The outcome.
    pub outcome: Outcome,
    /// The object that is checked, for hints that say NAME.
    subject: Option<String>,
}

impl Row {
    /// The outcome of a check.
    pub fn new(about: About, outcome: Outcome) -> Self {
        Self { about, outcome, subject: None }
    }

    /// The same for one of several objects, which takes the place of NAME in the hint.
    #[must_use]
    pub fn of(self, subject: &str) -> Self {
        Self { subject: Some(subject.to_owned()), ..self }
    }

    /// What to do: of what could not be read, how it can be.
    pub fn hint(&self) -> Cow<'static, str> {
        let unread = match &self.outcome {
            Outcome::Unread(why) => Some(why),
            // Before the first write it is a warning.
            Outcome::Warning(why) => Some(why).filter(|why| why.starts_with(UNREAD)),
            _ => None,
        };
        match (unread, &self.subject) {
            (Some(why), _) if why.contains("system:anonymous") => {
                "the kubeconfig has no credentials: log in, or use another context".into()
            }
            (Some(why), _) if why.contains("forbidden") => {
                "grant this user the right that the message names, or use an account with the rights of deploy/rbac.yaml".into()
            }
            (Some(_), _) => "solve the problem in the message, then run the check again".into(),
            (None, Some(subject)) => self.about.hint.replace("NAME", subject).into(),
            (None, None) => self.about.hint.into(),
        }
    }

    /// The hint, and where more is.
    pub fn help(&self) -> String {
        format!("{}; see `ksi explain {}`", self.hint(), self.about.id)
    }
}

/// All outcomes in the order of the table.
#[derive(Debug)]
pub struct Report {
    /// One per check.
    pub rows: Vec<Row>,
}

impl Report {
    /// Whether there is no error.
    pub fn success(&self) -> bool {
        !self.rows.iter().any(|row| row.outcome.is_error())
    }

    /// How many errors there are.
    pub fn errors(&self) -> usize {
        self.rows.iter().filter(|row| row.outcome.is_error()).count()
    }

    /// The id of the first check with an error.
    pub fn first_error(&self) -> &'static str {
        let mut errors = self.rows.iter().filter(|row| row.outcome.is_error());
        errors.next().map_or("none", |row| row.about.id)
    }

    /// The rows under each heading, in the order of the first check of each.
    fn categories(&self) -> Vec<(&'static str, Vec<&Row>)> {
        let mut categories: Vec<(&'static str, Vec<&Row>)> = Vec::new();
        for row in &self.rows {
            match categories.iter_mut().find(|(name, _)| *name == row.about.category) {
                Some((_, rows)) => rows.push(row),
                None => categories.push((row.about.category, vec![row])),
            }
        }
        categories
    }
}

/// How a report is shown.
#[derive(Debug, Clone, Copy, Default)]
pub struct TableStyle {
    /// With colours.
    pub colour: bool,
    /// With `√ ‼ ×`; otherwise with words.
    pub symbols: bool,
    /// Only warnings and errors.
    pub short: bool,
}

impl TableStyle {
    fn mark(self, outcome: &Outcome) -> String {
        let (symbol, word, colour) = match outcome {
            Outcome::Ok(_) => ("√", "ok     ", "32"),
            Outcome::Warning(_) => ("‼", "warning", "33"),
            Outcome::Error(_) | Outcome::Unread(_) => ("×", "error  ", "31"),
            Outcome::Skipped(_) => ("-", "skipped", "2"),
        };
        let mark = if self.symbols { symbol } else { word };
        if self.colour { format!("\u{1b}[{colour}m{mark}\u{1b}[0m") } else { mark.to_owned() }
    }
}

/// The report as text, like that of `linkerd check`.
pub fn table(report: &Report, look: TableStyle) -> String {
    let mut text = String::new();
    for (name, rows) in report.categories() {
        let shown: Vec<&Row> =
            rows.into_iter().filter(|row| row.outcome.is_problem() || !look.short).collect();
        if shown.is_empty() {
            continue;
        }
        let _ = writeln!(text, "{name}\n{}", "-".repeat(name.len()));
        for row in shown {
            line(&mut text, row, look);
        }
        text.push('\n');
    }
    if look.short && text.is_empty() {
        return text;
    }
    let overall = if report.success() { Outcome::Ok(None) } else { Outcome::Error(String::new()) };
    let _ = writeln!(text, "Status check results are {}", look.mark(&overall).trim_end());
    text
}

fn line(text: &mut String, row: &Row, look: TableStyle) {
    let Row { about: check, outcome, .. } = row;
    let detail = match outcome {
        Outcome::Ok(Some(detail)) => format!(": {detail}"),
        Outcome::Skipped(why) => format!(" (skipped: {why})"),
        _ => String::new(),
    };
    let _ = writeln!(text, "{} {}{detail}", look.mark(outcome), check.description);
    if let Outcome::Warning(found) | Outcome::Error(found) | Outcome::Unread(found) = outcome {
        for line in found.lines() {
            let _ = writeln!(text, "    {line}");
        }
        let _ = writeln!(text, "    hint: {}", row.hint());
        let _ = writeln!(text, "    see `ksi explain {}`", check.id);
    }
}

/// The report as JSON: the format of `linkerd check` plus the ids of the checks.
pub fn json(report: &Report) -> Value {
    let categories = report.categories().into_iter().map(|(name, rows)| {
        let checks = rows.into_iter().map(|row| {
            let Row { about: check, outcome, .. } = row;
            let (result, error) = match outcome {
                Outcome::Ok(_) => ("success", None),
                Outcome::Warning(text) => ("warning", Some(text)),
                Outcome::Error(text) | Outcome::Unread(text) => ("error", Some(text)),
                Outcome::Skipped(why) => ("skipped", Some(why)),
            };
            let hint = outcome.is_problem().then(|| row.help());
            value!({
                "id": check.id, "description": check.description, "hint": hint,
                "error": error, "result": result,
            })
        });
        value!({"categoryName": name, "checks": checks.collect::<Vec<_>>()})
    });
    value!({"success": report.success(), "categories": categories.collect::<Vec<_>>()})
}

/// Every check with its phase and description.
pub fn list() -> String {
    let width = checks().map(|check| check.id.len()).max().unwrap_or(0);
    checks().fold(String::new(), |mut text, check| {
        let phase = match check.phase {
            Phase::Pre => "before",
            Phase::After => "after ",
            Phase::Both => "always",
        };
        let _ = writeln!(text, "{:width$}  {phase}  {}", check.id, check.description);
        text
    })
}
