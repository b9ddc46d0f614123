//! The page of each check: its section of docs/check.md.

use super::{Check, checks};

const PAGE: &str = include_str!("../../docs/check.md");

/// The check of this name with its section; `None` if there is no such check.
pub fn page(id: &str) -> Option<(&'static Check, String)> {
    let check = checks().find(|check| check.id == id)?;
    Some((check, section(id)?))
}

/// The section of docs/check.md about a check.
pub fn section(id: &str) -> Option<String> {
    let (_, section) = PAGE.split_once(&format!("\n### {id}\n"))?;
    let end = section.find("\n#").unwrap_or(section.len());
    Some(section[..end].trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_has_a_page() {
        for check in checks() {
            let (_, text) = page(check.id).unwrap_or_else(|| panic!("{}", check.id));
            assert!(text.len() > 40 && !text.contains("\n#"), "{}: {text}", check.id);
        }
        assert!(page("nothing").is_none());
    }
}
