//! The prefix of each log line. Pure.

use std::collections::HashMap;

use anstyle::{AnsiColor, Style};

/// Colours that are readable on dark and on light backgrounds.
const COLOURS: [AnsiColor; 5] =
    [AnsiColor::Cyan, AnsiColor::Green, AnsiColor::Magenta, AnsiColor::Yellow, AnsiColor::Blue];

/// Gives each pod its own colour.
#[derive(Debug)]
pub(super) struct Prefixes {
    colour: bool,
    known: HashMap<String, usize>,
}

impl Prefixes {
    pub(super) fn new(colour: bool) -> Self {
        Self { colour, known: HashMap::new() }
    }

    /// `pod/container │ `
    pub(super) fn of(&mut self, pod: &str, container: &str) -> String {
        if !self.colour {
            return format!("{pod}/{container} │ ");
        }
        let next = self.known.len();
        let number = *self.known.entry(pod.to_owned()).or_insert(next);
        let style = Style::new().fg_color(Some(COLOURS[number % COLOURS.len()].into()));
        format!("{style}{pod}/{container} │{style:#} ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_keeps_its_colour() {
        assert_eq!(Prefixes::new(false).of("tower-x", "tower"), "tower-x/tower │ ");
        let mut prefixes = Prefixes::new(true);
        let first = prefixes.of("a", "c");
        assert_ne!(first, prefixes.of("b", "c").replace('b', "a"));
        assert_eq!(first, prefixes.of("a", "c"));
        assert!(first.starts_with("\u{1b}[36m") && first.ends_with("│\u{1b}[0m "), "{first:?}");
    }
}
