//! Text without anything that steers a terminal.

use std::iter::Peekable;
use std::str::Chars;

/// A line without escape sequences and control characters; tabs stay.
pub fn plain(line: &str) -> String {
    if !line.chars().any(|c| (c.is_control() && c != '\t') || is_invisible(c)) {
        return line.to_owned();
    }
    visible(line).filter(|c| !c.is_control() || *c == '\t').collect()
}

/// The characters of a text without escape sequences, which go as a whole, and without marks that hide
/// or reorder; other control characters stay.
pub fn visible(text: &str) -> impl Iterator<Item = char> {
    let mut chars = text.chars().peekable();
    std::iter::from_fn(move || {
        loop {
            match chars.next()? {
                c @ ('\u{1b}' | '\u{9b}') => skip_sequence(c, &mut chars),
                c if is_invisible(c) => {}
                c => return Some(c),
            }
        }
    })
}

/// Marks that reorder or hide text: what is read is not what is there.
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Skips what belongs to an escape character (ECMA-48): a control sequence up to its final byte, a
/// string up to its terminator, one character otherwise.
fn skip_sequence(introducer: char, chars: &mut Peekable<Chars<'_>>) {
    let opener = if introducer == '\u{9b}' { Some('[') } else { chars.peek().copied() };
    match opener {
        Some('[') => {
            if introducer == '\u{1b}' {
                chars.next();
            }
            while chars.next_if(|c| matches!(c, ' '..='?')).is_some() {}
            chars.next_if(|c| matches!(c, '@'..='~'));
        }
        Some(']' | 'P' | 'X' | '^' | '_') => {
            while let Some(c) = chars.next() {
                if c == '\u{7}' || c == '\u{9c}' {
                    break;
                }
                if c == '\u{1b}' {
                    chars.next_if_eq(&'\\');
                    break;
                }
            }
        }
        _ => {
            chars.next_if(|c| matches!(c, ' '..='~'));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_text_is_left() {
        for (text, expected) in [
            ("a plain\tline", "a plain\tline"),
            ("\u{1b}[1;31mred\u{1b}[0m", "red"),
            ("\u{1b}]0;title\u{7}text", "text"),
            ("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("\u{9b}2Jgone\r", "gone"),
            ("a\u{202e}b\u{200b}c\0", "abc"),
            ("\u{1b}", ""),
            ("容器", "容器"),
        ] {
            assert_eq!(plain(text), expected, "{text:?}");
        }
    }
}
