//! Text from a cluster, sanitized for terminals and logs.

use crate::object::scrub::visible;

/// Longer messages are cut in the middle: the beginning names what was tried, the end the cause.
const LONGEST: usize = 480;
/// How much of the beginning stays.
const BEGINNING: usize = 160;

/// One line without anything that controls a terminal (CVE-2021-21303 of Helm), cut in the middle. Escape
/// sequences are removed as a whole, other control characters become spaces.
pub(super) fn clean(text: &str) -> String {
    cut(&line(text))
}

/// The same, not cut: what is classified by its words must be whole.
pub(super) fn line(text: &str) -> String {
    let visible: String = visible(text).map(|c| if c.is_control() { ' ' } else { c }).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Cuts a long line in the middle.
pub(super) fn cut(line: &str) -> String {
    let length = line.chars().count();
    if length <= LONGEST {
        return line.to_owned();
    }
    let beginning: String = line.chars().take(BEGINNING).collect();
    let end: String = line.chars().skip(length - (LONGEST - BEGINNING)).collect();
    format!("{} … {}", beginning.trim_end(), end.trim_start())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::object::scrub::is_invisible;

    #[test]
    fn cleans() {
        let cases = [
            ("a plain message", "a plain message"),
            ("two\nlines\t and  spaces ", "two lines and spaces"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]0;title\u{7}text", "text"),
            ("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("\u{9b}2Jgone", "gone"),
            ("\u{1b}cx", "x"),
            ("a\u{202e}b\u{200b}c", "abc"),
            ("\u{1b}", ""),
            ("\u{1b}[", ""),
            ("Größe 容器", "Größe 容器"),
        ];
        for (text, expected) in cases {
            assert_eq!(clean(text), expected, "{text:?}");
        }
    }

    #[test]
    fn long_lines_lose_their_middle() {
        let long = format!("begin {} the cause", "ö".repeat(1000));
        let cut = clean(&long);
        assert!(cut.starts_with("begin ö") && cut.ends_with("ö the cause"), "{cut}");
        assert_eq!(cut.chars().count(), LONGEST + 3);
        let exact = "x".repeat(LONGEST);
        assert_eq!(clean(&exact), exact);
    }

    proptest! {
        #[test]
        fn nothing_that_steers_is_left(text in any::<String>()) {
            let cleaned = clean(&text);
            prop_assert!(!cleaned.chars().any(|c| c.is_control() || is_invisible(c)));
            prop_assert!(cleaned.chars().count() <= LONGEST + 3);
        }
    }
}
