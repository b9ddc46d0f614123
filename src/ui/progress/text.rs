//! Text in columns.

use std::time::Duration;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// One line of at most this many columns; longer text ends in an ellipsis.
pub(in crate::ui) fn cut(text: &str, columns: usize, symbols: bool) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.width() <= columns {
        return text;
    }
    let ellipsis = if symbols { "…" } else { "..." };
    let available = columns.saturating_sub(ellipsis.width());
    let mut used = 0;
    let start = text.chars().take_while(|c| {
        used += c.width().unwrap_or(0);
        used <= available
    });
    let start: String = start.collect();
    let all = format!("{}{ellipsis}", start.trim_end());
    // Not even the ellipsis may fit.
    all.chars().take(columns).collect()
}

/// Pads with spaces on the right.
pub(super) fn left(text: &str, columns: usize, symbols: bool) -> String {
    let text = cut(text, columns, symbols);
    let missing = columns.saturating_sub(text.width());
    text + &" ".repeat(missing)
}

/// `9s`, `1m05s`, `1h02m`.
pub(in crate::ui) fn span(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds}s"),
        seconds @ 60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        seconds => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_by_columns_and_stays_one_line() {
        assert_eq!(cut("abc", 3, true), "abc");
        assert_eq!(cut("abcd", 3, true), "ab…");
        assert_eq!(cut("ab  cd", 5, true), "ab…");
        assert_eq!(cut("abcdef", 5, false), "ab...");
        assert_eq!(cut("abcdef", 2, false), "..");
        assert_eq!(cut("a\nb\x1b[0m", 9, true), "a b [0m");
        assert_eq!(cut("等待中的服务", 7, true), "等待中…");
        assert_eq!(left("等", 4, true), "等  ");
        assert_eq!(cut("abc", 0, true), "");
    }

    #[test]
    fn times_are_short() {
        let shown = [0, 59, 60, 65, 3599, 3600, 36_000].map(|s| span(Duration::from_secs(s)));
        assert_eq!(shown, ["0s", "59s", "1m00s", "1m05s", "59m59s", "1h00m", "10h00m"]);
    }
}
