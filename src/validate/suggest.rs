//! "Did you mean": the key or value that was probably intended.

use serde_json::Value;

use crate::yaml::{Path, Step};

/// The candidate that is closest to a word, if one is close enough: the same letters in another case or
/// with other separators, or a few typos.
pub(super) fn closest<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    closest_within(word, candidates, usize::MAX)
}

/// The same, with at most so many typos.
pub(super) fn closest_within<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
    typos: usize,
) -> Option<&'c str> {
    let letters = |text: &str| -> String {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let wanted = letters(word);
    let allowed = (wanted.chars().count() / 3).clamp(1, 3).min(typos);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&wanted, &letters(candidate)), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Every place of the schema where a key of this name is known, nearest to `from` first.
pub(super) fn elsewhere(schema: &Value, from: &Path, key: &str) -> Vec<Path> {
    let mut places = Vec::new();
    walk(schema, &Path::default(), &mut |path| {
        if matches!(path.0.last(), Some(Step::Key(last)) if last == key) {
            places.push(path.clone());
        }
    });
    places.sort_by_key(|place| (distance(from, place), place.0.len()));
    places
}

/// Steps up from one path and down to the other.
fn distance(from: &Path, to: &Path) -> usize {
    let common = from.0.iter().zip(&to.0).take_while(|(a, b)| a == b).count();
    from.0.len() + to.0.len() - 2 * common
}

fn walk(schema: &Value, path: &Path, visit: &mut impl FnMut(&Path)) {
    for (key, child) in schema["properties"].as_object().into_iter().flatten() {
        let path = path.key(key);
        visit(&path);
        walk(child, &path, visit);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn typos_are_found_and_other_words_are_not() {
        let keys = ["clusterRole", "proxyPublishAddress", "namespace_override"];
        assert_eq!(closest("clusterrole", keys), Some("clusterRole"));
        assert_eq!(closest("clutserRole", keys), Some("clusterRole"));
        assert_eq!(closest("namespaceoverride", keys), Some("namespace_override"));
        assert_eq!(closest("replicas", keys), None);
        assert_eq!(closest("fasle", ["true", "false"]), Some("false"));
    }

    #[test]
    fn the_nearest_home_of_a_key_comes_first() {
        let schema = json!({"properties": {
            "a": {"properties": {"enabled": {}}},
            "b": {"properties": {"c": {"properties": {"enabled": {}}}}},
        }});
        let places = elsewhere(&schema, &Path::keys("b"), "enabled");
        assert_eq!(places, [Path::keys("b.c.enabled"), Path::keys("a.enabled")]);
    }
}
