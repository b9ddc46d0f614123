//! Whether to use colours: depends on the flag, then on `NO_COLOR`, then on `CLICOLOR_FORCE`, then on the
//! terminal.

use clap::ValueEnum;

/// The values of the flag `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ColourChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Also for pipes and files.
    Always,
    /// Never.
    Never,
}

/// Decides for one stream. `lookup` reads the environment: an empty variable counts as unset.
pub fn wants_colour(
    choice: ColourChoice,
    terminal: bool,
    lookup: impl Fn(&str) -> Option<String>,
) -> bool {
    let set = |name| lookup(name).is_some_and(|value| !value.is_empty());
    let forced = ["CLICOLOR_FORCE", "FORCE_COLOR"]
        .iter()
        .any(|name| lookup(name).is_some_and(|value| !value.is_empty() && value != "0"));
    match choice {
        ColourChoice::Always => true,
        ColourChoice::Never => false,
        ColourChoice::Auto if set("NO_COLOR") => false,
        ColourChoice::Auto => forced || (terminal && lookup("TERM").as_deref() != Some("dumb")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_wins_then_the_environment_then_the_terminal() {
        let environment = |pairs: &'static [(&str, &str)]| {
            move |name: &str| {
                pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            }
        };
        let none = environment(&[]);
        assert!(wants_colour(ColourChoice::Auto, true, none));
        assert!(!wants_colour(ColourChoice::Auto, false, none));
        assert!(!wants_colour(ColourChoice::Auto, true, environment(&[("NO_COLOR", "1")])));
        assert!(wants_colour(ColourChoice::Auto, true, environment(&[("NO_COLOR", "")])));
        assert!(wants_colour(ColourChoice::Auto, false, environment(&[("CLICOLOR_FORCE", "1")])));
        let both = environment(&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]);
        assert!(!wants_colour(ColourChoice::Auto, true, both));
        assert!(wants_colour(ColourChoice::Always, false, environment(&[("NO_COLOR", "1")])));
        assert!(!wants_colour(ColourChoice::Auto, true, environment(&[("TERM", "dumb")])));
    }
}
