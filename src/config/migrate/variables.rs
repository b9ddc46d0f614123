//! Variables of ks-installer's playbooks. It passed every key of `spec` to Ansible, so that managed offerings and
//! users overrode images and internals with keys that no sample has.

use super::table::{Rule, To};
use crate::yaml::Node;

/// The defaults of every role from 2.1 to 3.4, sorted.
const NAMES: &str = include_str!("variables.txt");

const NO_PLAYBOOKS: &str = "it was a variable of ks-installer's playbooks, which ksi does not run";
const IMAGES: &str = "ksi chooses the images: `ksi images list` shows them; `local_registry`, `namespace_override` and `images.digests` change them";

/// A rule for the first key that is such a variable.
pub(super) fn rule(spec: &Node) -> Option<Rule> {
    let name =
        spec.entries().iter().find_map(|entry| NAMES.lines().find(|name| *name == entry.key))?;
    let image = ["_repo", "_tag", "_image"].iter().any(|end| name.ends_with(end));
    let why = if image { IMAGES } else { NO_PLAYBOOKS };
    Some(Rule { from: name, to: To::Nothing(why), when: |_| true })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::plain_schema;

    #[test]
    fn no_variable_is_a_key() {
        let keys = plain_schema()["properties"].as_object().unwrap();
        for name in NAMES.lines() {
            assert!(!keys.contains_key(name), "{name}");
        }
        assert!(NAMES.lines().is_sorted());
    }
}
