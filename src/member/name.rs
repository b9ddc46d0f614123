//! The names that a member can have.

/// The longest name: Service `mc-NAME` has at most 63 characters.
const LONGEST: usize = 60;

/// Checks the name of a member: it becomes a part of names of a Service, a ServiceAccount and a `KubeFedCluster`.
///
/// # Errors
/// It cannot be one: why.
pub fn valid_name(name: &str) -> Result<(), String> {
    let is_inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_end = |c: char| is_inner(c) && c != '-';
    if name.is_empty() || name.len() > LONGEST {
        return Err(format!("a name has 1 to {LONGEST} characters, {name:?} has {}", name.len()));
    }
    if !name.chars().all(is_inner) || !name.starts_with(is_end) || !name.ends_with(is_end) {
        return Err(format!(
            "{name:?} is not a valid name: use lower case letters, digits and `-`, which is neither the first nor the last character"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_services_are_names_of_members() {
        for name in ["m", "member-1", "1a", &"a".repeat(60)] {
            assert_eq!(valid_name(name), Ok(()), "{name}");
        }
        for name in ["", "-a", "a-", "A", "a.b", "a_b", "ä", "a b", &"a".repeat(61)] {
            assert!(valid_name(name).is_err(), "{name}");
        }
    }
}
