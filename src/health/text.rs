//! Text from a cluster, sanitized for terminals and logs.

use crate::object::scrub::visible;

/// Longer messages are cut: their beginning names the problem.
const LONGEST: usize = 300;

/// One line without anything that controls a terminal (CVE-2021-21303 of Helm), cut at about 300
/// characters. Escape sequences are removed as a whole, other control characters become spaces.
pub(super) fn clean(text: &str) -> String {
    let mut line = String::new();
    let mut length = 0;
    let mut space = false;
    for c in visible(text) {
        if c.is_control() || c.is_whitespace() {
            space = length > 0;
            continue;
        }
        if length >= LONGEST {
            line.push('…');
            return line;
        }
        if space {
            line.push(' ');
            length += 1;
            space = false;
        }
        line.push(c);
        length += 1;
    }
    line
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
    fn cuts() {
        let long = "ö".repeat(1000);
        let cut = clean(&long);
        assert_eq!(cut.chars().count(), LONGEST + 1);
        assert!(cut.ends_with('…'));
        let exact = "x".repeat(LONGEST);
        assert_eq!(clean(&exact), exact);
    }

    proptest! {
        #[test]
        fn nothing_that_steers_is_left(text in any::<String>()) {
            let cleaned = clean(&text);
            prop_assert!(!cleaned.chars().any(|c| c.is_control() || is_invisible(c)));
            prop_assert!(cleaned.chars().count() <= LONGEST + 2);
        }
    }
}
