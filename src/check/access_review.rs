//! What we may do, asked of the server.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use serde_json::Value;

use super::gathered::{Read, Rights, why};
use crate::cluster::{Access, Cluster, Error};
use crate::rights::{Right, Rule};

/// A namespace that nobody has: the rules that hold in it are those of the whole cluster.
const NOWHERE: &str = "ksi-asks-what-holds-everywhere";

/// Which of these rights are missing. One review of rules for each namespace answers for all; only where
/// an authorizer cannot list its rules each right is asked for by itself.
pub(super) async fn rights(cluster: &Cluster, needed: &BTreeSet<Right>) -> Read<Rights> {
    let missing = missing(cluster, needed).await.map_err(|e| why(&e))?;
    Ok(Rights { asked: needed.len(), missing: collapsed(needed, missing) })
}

async fn missing(cluster: &Cluster, needed: &BTreeSet<Right>) -> Result<BTreeSet<Right>, Error> {
    let places: BTreeSet<&str> = needed.iter().map(place).collect();
    let reviews = places.into_iter().map(|place| async move {
        Ok::<_, Error>((place, Rules::of(&cluster.rules(place).await?)))
    });
    let reviews: BTreeMap<&str, Rules> = try_join_all(reviews).await?.into_iter().collect();
    let uncovered = needed.iter().filter(|right| {
        reviews.get(place(right)).is_none_or(|r| !r.rules.iter().any(|rule| rule.allows(right)))
    });
    let uncovered: BTreeSet<Right> = uncovered.cloned().collect();
    if reviews.values().all(|review| review.complete) {
        return Ok(uncovered);
    }
    one_by_one(cluster, uncovered).await
}

fn place(right: &Right) -> &str {
    right.namespace.as_deref().unwrap_or(NOWHERE)
}

/// What a review of rules says.
struct Rules {
    rules: Vec<Rule>,
    complete: bool,
}

impl Rules {
    fn of(status: &Value) -> Self {
        let rules = status["resourceRules"].as_array().into_iter().flatten();
        Self {
            rules: rules.filter_map(|rule| serde_json::from_value(rule.clone()).ok()).collect(),
            complete: status["incomplete"] != true,
        }
    }
}

/// First whether everything is allowed, then kinds, then objects.
async fn one_by_one(
    cluster: &Cluster,
    uncovered: BTreeSet<Right>,
) -> Result<BTreeSet<Right>, Error> {
    let star = || "*".to_owned();
    let everything = Right { group: star(), resource: star(), verb: star(), ..Right::default() };
    if uncovered.is_empty() || denied(cluster, BTreeSet::from([everything])).await?.is_empty() {
        return Ok(BTreeSet::new());
    }
    let wide = uncovered.iter().map(Right::for_all_names).collect();
    let wide = denied(cluster, wide).await?;
    let rest = uncovered.into_iter().filter(|right| wide.contains(&right.for_all_names()));
    let (named, mut missing): (BTreeSet<_>, BTreeSet<_>) =
        rest.partition(|right| right.name.is_some());
    missing.extend(denied(cluster, named).await?);
    Ok(missing)
}

/// Those that the server denies.
async fn denied(cluster: &Cluster, rights: BTreeSet<Right>) -> Result<BTreeSet<Right>, Error> {
    let answers = rights.into_iter().map(|right| async move {
        let access = Access {
            verb: right.verb.clone(),
            group: right.group.clone(),
            resource: right.resource.clone(),
            namespace: right.namespace.clone(),
            name: right.name.clone(),
        };
        Ok::<_, Error>((!cluster.may(&access).await?).then_some(right))
    });
    Ok(try_join_all(answers).await?.into_iter().flatten().collect())
}

/// A verb that is missing for every object that needs it is told once.
fn collapsed(needed: &BTreeSet<Right>, missing: BTreeSet<Right>) -> Vec<Right> {
    let given: BTreeSet<Right> = needed.difference(&missing).map(Right::for_all_names).collect();
    let told = missing.into_iter().map(|right| {
        let wide = right.for_all_names();
        if given.contains(&wide) { right } else { wide }
    });
    told.collect::<BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(name: &str) -> Right {
        let (resource, verb) = ("deployments".to_owned(), "patch".to_owned());
        Right { resource, verb, name: Some(name.to_owned()), ..Right::default() }
    }

    #[test]
    fn what_is_missing_for_all_objects_is_told_without_names() {
        let needed = BTreeSet::from([patch("a"), patch("b")]);
        let all = collapsed(&needed, needed.clone());
        assert_eq!(all, [patch("a").for_all_names()]);
        assert_eq!(collapsed(&needed, BTreeSet::from([patch("b")])), [patch("b")]);
        assert_eq!(collapsed(&needed, BTreeSet::new()), []);
    }
}
