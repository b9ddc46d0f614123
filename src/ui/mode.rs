//! How a run is shown: depends on the flag, then on `CI`, then on the terminal.

use clap::ValueEnum;

/// The values of the flag `--progress`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ProgressChoice {
    /// A table on a terminal; lines elsewhere or if `CI` is set.
    #[default]
    Auto,
    /// A table that is redrawn in place.
    Tty,
    /// One line per state change, and one every 15 seconds without a change.
    Plain,
    /// Only errors.
    None,
}

/// How a run is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A table that is redrawn in place.
    Table,
    /// Lines.
    Lines,
    /// Only errors and findings.
    Errors,
    /// Nothing: the events on standard output show the run.
    Silent,
}

/// Where a run is shown, and what it does.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Whether standard error is a terminal.
    pub terminal: bool,
    /// Whether the events go to standard output.
    pub events: bool,
    /// Whether the target runs workloads, so that there is something to wait for.
    pub runs: bool,
}

impl Mode {
    /// Chooses the mode. `lookup` reads the environment.
    pub fn of(
        choice: ProgressChoice,
        place: Place,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let set = |name| lookup(name).is_some_and(|value| !value.is_empty() && value != "false");
        let smart = place.terminal && lookup("TERM").as_deref() != Some("dumb") && !set("CI");
        match choice {
            ProgressChoice::Tty => Self::Table,
            ProgressChoice::Auto | ProgressChoice::None if place.events => Self::Silent,
            ProgressChoice::None => Self::Errors,
            ProgressChoice::Auto if smart && place.runs => Self::Table,
            ProgressChoice::Plain | ProgressChoice::Auto => Self::Lines,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_only_where_it_can_be_redrawn() {
        let terminal = Place { terminal: true, events: false, runs: true };
        let log = Place { terminal: false, ..terminal };
        let with = |choice, place, pairs: &'static [(&str, &str)]| {
            Mode::of(choice, place, |name| {
                pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            })
        };
        let auto = ProgressChoice::Auto;
        assert_eq!(with(auto, terminal, &[]), Mode::Table);
        assert_eq!(with(auto, log, &[]), Mode::Lines);
        assert_eq!(with(auto, terminal, &[("CI", "true")]), Mode::Lines);
        assert_eq!(with(auto, terminal, &[("CI", "")]), Mode::Table);
        assert_eq!(with(auto, terminal, &[("TERM", "dumb")]), Mode::Lines);
        assert_eq!(with(ProgressChoice::Tty, log, &[("CI", "true")]), Mode::Table);
        assert_eq!(with(ProgressChoice::Plain, terminal, &[]), Mode::Lines);
        assert_eq!(with(ProgressChoice::None, terminal, &[]), Mode::Errors);
        assert_eq!(with(auto, Place { runs: false, ..terminal }, &[]), Mode::Lines);
        let events = Place { events: true, ..terminal };
        assert_eq!(with(auto, events, &[]), Mode::Silent);
        assert_eq!(with(ProgressChoice::Plain, events, &[]), Mode::Lines);
    }
}
