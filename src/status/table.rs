//! The state of an installation as text: one screen.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use time::OffsetDateTime;

use super::last_run::Run;
use super::report::{Component, Count, Report, State, Unhealthy};
use crate::object::age::{age, duration_text};

/// How a table is written.
#[derive(Debug, Clone, Copy)]
pub struct TableOptions {
    /// Whether with colours.
    pub colour: bool,
    /// Columns.
    pub width: usize,
}

/// More than this of one component is a list, not a line.
const MOST: usize = 4;

/// The state of an installation as text, one screen.
pub fn table(report: &Report, now: OffsetDateTime, options: TableOptions) -> String {
    let mut text = head(report, now, options);
    text.push('\n');
    components(&mut text, &report.components, options);
    if !report.troubles.is_empty() {
        text.push_str("\nFailing pods\n");
    }
    for found in &report.troubles {
        let trouble = &found.trouble;
        let container = trouble
            .container
            .as_ref()
            .map_or_else(String::new, |name| format!(", container {name}"));
        let restarts = match trouble.restarts {
            0 => String::new(),
            1 => ", 1 restart".to_owned(),
            many => format!(", {many} restarts"),
        };
        let line = format!(
            "{} ({}{container}): {}{restarts}",
            trouble.object.name, found.component, trouble.reason
        );
        wrapped(&mut text, "  ", &line, options.width);
        if !trouble.message.is_empty() {
            wrapped(&mut text, "    ", &trouble.message, options.width);
        }
        wrapped(&mut text, "    next: ", &trouble.next_step, options.width);
    }
    if let Some(tower) = &report.tower {
        text.push_str("\nTower\n");
        wrapped(&mut text, "  ", &tower.message, options.width);
        if let Some(next) = &tower.next_step {
            wrapped(&mut text, "    next: ", next, options.width);
        }
    }
    drift(&mut text, report, options);
    if !report.unreadable.is_empty() {
        text.push_str("\nNot checked, for lack of the right to list them\n");
        wrapped(&mut text, "  ", &report.unreadable.join(", "), options.width);
    }
    if !report.kept.is_empty() {
        text.push_str("\nKept, though no longer configured\n");
        let names: Vec<String> = report.kept.iter().map(ToString::to_string).collect();
        wrapped(&mut text, "  ", &names.join(", "), options.width);
    }
    text
}

fn head(report: &Report, now: OffsetDateTime, options: TableOptions) -> String {
    let mut text = format!("Cluster     {}\n", report.about.cluster);
    let version = report.kubesphere.as_deref().unwrap_or("version unknown");
    let role = report.about.role.as_deref().unwrap_or("unknown");
    let _ = writeln!(text, "KubeSphere  {version}, role {role}");
    let when = report.written.as_deref().map_or_else(String::new, |written| {
        let age = age(written, now)
            .map_or_else(String::new, |age| format!(" ({} ago)", duration_text(age)));
        format!(", last applied {written}{age}")
    });
    let _ = writeln!(text, "ksi         {}{when}", report.ksi);
    let total = report.components.len();
    let healthy = report.components.iter().filter(|c| c.state == State::Healthy).count();
    // What is missing or failed is one component, not everything.
    let word = match report.state {
        State::Missing | State::Failed => "degraded",
        state => state.as_str(),
    };
    let state = painted(report.state, word, options);
    let _ = writeln!(text, "State       {state} ({healthy} of {total} components healthy)");
    if let Some(message) = report.last_run.as_ref().and_then(Run::message) {
        wrapped(&mut text, "Last run    ", &message, options.width);
    }
    text
}

fn components(text: &mut String, components: &[Component], options: TableOptions) {
    let name = components.iter().map(|c| c.name.len()).max().unwrap_or_default().max(9);
    let _ = writeln!(
        text,
        "{:name$}  {:11}  {:>9}  {:>7}  {:>6}",
        "COMPONENT", "STATE", "WORKLOADS", "OBJECTS", "AGE"
    );
    for component in components {
        let state = painted(component.state, &format!("{:11}", component.state.as_str()), options);
        let age = component.age_seconds.map_or_else(|| "-".to_owned(), duration_text);
        let _ = writeln!(
            text,
            "{:name$}  {state}  {:>9}  {:>7}  {age:>6}",
            component.name,
            count(component.workloads),
            count(component.objects),
        );
        for Unhealthy { object, reason, .. } in component.unhealthy.iter().take(MOST) {
            wrapped(text, "    ", &format!("{object}: {reason}"), options.width);
        }
        if component.unhealthy.len() > MOST {
            let _ = writeln!(text, "    and {} more", component.unhealthy.len() - MOST);
        }
    }
}

fn drift(text: &mut String, report: &Report, options: TableOptions) {
    if report.drift.is_empty() {
        return;
    }
    text.push_str("\nChanged by others\n");
    for drift in report.drift.iter().take(MOST * 2) {
        let line = format!("{} ({}): {}", drift.object, drift.component, drift.reason);
        wrapped(text, "  ", &line, options.width);
    }
    if report.drift.len() > MOST * 2 {
        let _ = writeln!(text, "  and {} more", report.drift.len() - MOST * 2);
    }
    wrapped(
        text,
        "    next: ",
        "`ksi diff -f FILE` shows conflicts; `ksi apply --take FIELD` takes a field back",
        options.width,
    );
}

fn count(count: Count) -> String {
    if count.total == 0 { "-".to_owned() } else { format!("{}/{}", count.ready, count.total) }
}

/// Colour beside the word, never in its place.
fn painted(state: State, word: &str, options: TableOptions) -> String {
    if !options.colour {
        return word.to_owned();
    }
    let colour = match state {
        State::Healthy => AnsiColor::Green,
        State::Progressing => AnsiColor::Yellow,
        State::Missing | State::Failed => AnsiColor::Red,
    };
    let style = Style::new().fg_color(Some(colour.into()));
    format!("{style}{word}{style:#}")
}

/// Writes a sentence behind a prefix; the next lines begin below its first word.
fn wrapped(text: &mut String, prefix: &str, sentence: &str, width: usize) {
    let indent = " ".repeat(prefix.len());
    let mut line = prefix.to_owned();
    let mut empty = true;
    for word in sentence.split_whitespace() {
        if !empty && line.chars().count() + 1 + word.chars().count() > width {
            let _ = writeln!(text, "{line}");
            line.clone_from(&indent);
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    let _ = writeln!(text, "{line}");
}
