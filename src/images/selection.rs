//! Which images are copied, and what they are called at both ends.

use super::copy::Item;
use super::place::Place;
use crate::registry::{Error, ErrorKind, Reference};

/// An image that somebody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its name as it is published.
    pub name: String,
    /// The digest that it shall have.
    pub digest: Option<String>,
    /// Its name in the source, if that is a registry with names of its own.
    pub from: Option<String>,
    /// The same of the target.
    pub to: Option<String>,
}

impl Wanted {
    /// An image by its published name alone.
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), digest: None, from: None, to: None }
    }
}

/// What is copied where.
///
/// # Errors
/// A name is not valid.
pub fn items(wanted: &[Wanted], from: Option<&Place>, to: &Place) -> Result<Vec<Item>, Error> {
    let mut items: Vec<Item> = Vec::new();
    for one in wanted {
        let item = item(one, from, to)
            .map_err(|why| Error::new(ErrorKind::Usage, "copy", one.name.clone(), why))?;
        if !items.contains(&item) {
            items.push(item);
        }
    }
    Ok(items)
}

fn item(wanted: &Wanted, from: Option<&Place>, to: &Place) -> Result<Item, String> {
    let whole: Reference = wanted.name.parse()?;
    // A tag names the copy; the digest says what is read.
    let name = match whole.tag() {
        Some(tag) => Reference::tagged(whole.repository().clone(), tag)?,
        None => whole.clone(),
    };
    let at = |place: &Place, given: Option<&String>| match given.filter(|_| is_registry(place)) {
        Some(given) => given.parse().map(Some),
        None => place.reference(&name),
    };
    let source = match from {
        Some(place) => at(place, wanted.from.as_ref())?,
        None => None,
    };
    let source = source.unwrap_or_else(|| name.clone());
    let digest = wanted.digest.as_ref().map(|digest| digest.parse()).transpose()?;
    let source = match digest.or_else(|| whole.digest().cloned()) {
        Some(digest) => source.with_digest(digest),
        None => source,
    };
    let target = at(to, wanted.to.as_ref())?;
    Ok(Item { listed: listed(&name), name, from: source, to: target })
}

fn is_registry(place: &Place) -> bool {
    matches!(place, Place::Registry { .. })
}

/// A name as configurations have it: without Docker Hub's.
fn listed(name: &Reference) -> String {
    let text = name.to_string();
    let text = text.split('@').next().unwrap_or_default();
    let short = text.strip_prefix("docker.io/").unwrap_or(text);
    short.strip_prefix("library/").unwrap_or(short).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> Place {
        text.parse().unwrap()
    }

    #[test]
    fn names_at_both_ends() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let tower = Wanted {
            digest: Some(digest.clone()),
            to: Some("r.example/one/tower:v0.2.1".to_owned()),
            ..Wanted::named("kubesphere/tower:v0.2.1")
        };
        let redis = Wanted::named("redis:5");
        let wanted = [tower, redis.clone(), redis];
        let found = items(&wanted, None, &place("r.example/one")).unwrap();
        let names = |item: &Item| {
            let to = item.to.as_ref().map(ToString::to_string);
            (item.listed.clone(), item.from.to_string(), to)
        };
        let expected = [
            (
                "kubesphere/tower:v0.2.1".to_owned(),
                format!("docker.io/kubesphere/tower:v0.2.1@{digest}"),
                Some("r.example/one/tower:v0.2.1".to_owned()),
            ),
            (
                "redis:5".to_owned(),
                "docker.io/library/redis:5".to_owned(),
                Some("r.example/one/library/redis:5".to_owned()),
            ),
        ];
        assert_eq!(found.iter().map(names).collect::<Vec<_>>(), expected);
        // Files keep the published names.
        let files = items(&wanted, Some(&place("m.example/x")), &place("oci:a")).unwrap();
        assert_eq!(files[1].from.to_string(), "m.example/x/library/redis:5");
        assert_eq!(files[1].to, None);
        let error = items(&[Wanted::named("a:b:c")], None, &place("oci:a")).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Usage);
    }
}
