//! Text without anything that steers a terminal.

use std::iter::Peekable;
use std::str::Chars;

/// A line without escape sequences and control characters; tabs stay.
pub fn plain(line: &str) -> String {
    if !line.chars().any(|c| (c.is_control() && c != '\t') || is_invisible(c)) {
        return line.to_owned();
    }
    let mut clean = String::with_capacity(line.len());
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' | '\u{9b}' => skip_sequence(c, &mut chars),
            '\t' => clean.push(c),
            _ if c.is_control() || is_invisible(c) => {}
            _ => clean.push(c),
        }
    }
    clean
}

/// Marks that reorder or hide text: what is read is not what is there.
fn is_invisible(c: char) -> bool {
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
