//! Counts in sentences.

use std::fmt::Display;

/// `1 object`, `2 objects`.
pub fn counted<N: Copy + Display + PartialEq + From<u8>>(count: N, noun: &str) -> String {
    let ending = if count == N::from(1) { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_is_singular() {
        let texts = [0, 1, 2].map(|count| counted(count, "new object"));
        assert_eq!(texts, ["0 new objects", "1 new object", "2 new objects"]);
    }
}
