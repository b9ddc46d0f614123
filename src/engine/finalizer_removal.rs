//! Removes finalizers that no controller removes any more.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use crate::object::{Held, ObjectId};
use crate::target::{Error, ErrorKind};

/// How often finalizers are removed again that somebody puts back or that could not be removed, since the
/// object was changed.
const ROUNDS: usize = 10;

/// Removes the finalizers of the objects that `find` returns, until it finds none or `is_ended`. Reports each
/// object once, when its finalizers are removed. Others are done also if one fails.
///
/// Returns the objects that keep their finalizers, with the reasons.
///
/// # Errors
/// The objects cannot be found, or the error is about more than one object.
pub async fn remove_finalizers(
    find: impl AsyncFn() -> Result<Vec<Held>, Error>,
    remove: impl AsyncFn(&Held) -> Result<(), Error>,
    is_ended: impl Fn() -> bool,
    mut removed: impl FnMut(&Held),
) -> Result<Vec<(ObjectId, Error)>, Error> {
    let mut reported = BTreeSet::new();
    let mut failed: BTreeMap<ObjectId, Error> = BTreeMap::new();
    let mut last: BTreeMap<ObjectId, Error> = BTreeMap::new();
    for round in 0.. {
        if is_ended() {
            break;
        }
        let mut held = find().await?;
        held.retain(|held| !failed.contains_key(&held.id));
        if held.is_empty() {
            break;
        }
        if round == ROUNDS {
            let left = held.into_iter().filter_map(|held| last.remove_entry(&held.id));
            failed.extend(left);
            break;
        }
        let remove = &remove;
        let removals: FuturesUnordered<_> =
            held.iter().map(|held| async move { (held, remove(held).await) }).collect();
        let answers: Vec<_> = removals.collect().await;
        for (held, answer) in answers {
            match answer {
                Ok(()) => {
                    if reported.insert(held.id.clone()) {
                        removed(held);
                    }
                    last.insert(held.id.clone(), put_back(held));
                }
                Err(error) if error.kind == ErrorKind::Conflict => {
                    last.insert(held.id.clone(), error);
                }
                Err(error) if error.kind.is_of_one_object() => {
                    failed.insert(held.id.clone(), error);
                }
                Err(error) => return Err(error),
            }
        }
    }
    Ok(failed.into_iter().collect())
}

/// Somebody puts the finalizers back.
fn put_back(held: &Held) -> Error {
    Error {
        kind: ErrorKind::Conflict,
        action: "remove",
        place: format!("the {} of {}", held.named(), held.id),
        cause: "it is put back each time".to_owned(),
        help: "stop the program that puts it back, and run again".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use serde_json::json;

    use super::*;
    use crate::object::rules;

    fn held(name: &str) -> Held {
        let live = json!({"apiVersion": "v1", "kind": "Namespace", "metadata":
            {"name": name, "finalizers": ["finalizers.kubesphere.io/namespaces"]}});
        let known = &rules().finalizers[0];
        Held::of(&live, known, &known.puts[0]).unwrap()
    }

    fn error(kind: ErrorKind, held: &Held) -> Error {
        Error { kind, place: held.id.to_string(), ..put_back(held) }
    }

    #[tokio::test]
    async fn others_are_done_and_all_failures_are_named() {
        // What each object answers; `None` once it has no finalizer any more.
        let left = RefCell::new(BTreeMap::from(
            ["busy", "free", "refused", "rejected", "stubborn"].map(|n| (n, 0)),
        ));
        let find = async || Ok(left.borrow().keys().map(|name| held(name)).collect());
        let remove = async |held: &Held| {
            let mut left = left.borrow_mut();
            let (name, tries) = {
                let (name, tries) = left.get_key_value(held.id.name.as_str()).unwrap();
                (*name, *tries)
            };
            left.insert(name, tries + 1);
            match name {
                "busy" if tries < 3 => return Err(error(ErrorKind::Conflict, held)),
                "refused" => return Err(error(ErrorKind::Forbidden, held)),
                "rejected" => return Err(error(ErrorKind::Invalid, held)),
                "stubborn" => return Ok(()),
                _ => left.remove(name),
            };
            Ok(())
        };
        let mut removed = Vec::new();
        let failed =
            remove_finalizers(find, remove, || false, |held| removed.push(held.id.name.clone()));
        let failed = failed.await.unwrap();
        let failed: Vec<_> = failed.iter().map(|(id, e)| (id.name.as_str(), e.kind)).collect();
        let expected = [
            ("refused", ErrorKind::Forbidden),
            ("rejected", ErrorKind::Invalid),
            ("stubborn", ErrorKind::Conflict),
        ];
        assert_eq!(failed, expected);
        assert_eq!(removed, ["free", "stubborn", "busy"]);
        assert_eq!(left.borrow()["refused"], 1, "it is not asked again");
    }

    #[tokio::test]
    async fn an_error_of_the_target_and_the_end_of_the_run_end_it() {
        let find = async || Ok(vec![held("a"), held("b")]);
        let unreachable = async |held: &Held| Err(error(ErrorKind::Unreachable, held));
        let answer = remove_finalizers(find, unreachable, || false, |_| {}).await;
        assert_eq!(answer.unwrap_err().kind, ErrorKind::Unreachable);
        let never = async |_: &Held| -> Result<(), Error> { panic!("the run has ended") };
        assert_eq!(remove_finalizers(find, never, || true, |_| {}).await, Ok(Vec::new()));
    }
}
