//! Kinds that a run brings along.

use crate::object::{Object, ObjectId, defined_kind};

/// One version of a kind that a definition brings along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKind {
    /// The `CustomResourceDefinition`.
    pub definition: ObjectId,
    /// API group.
    pub group: String,
    /// API version.
    pub version: String,
    /// Kind.
    pub kind: String,
    /// Whether objects of it are about to be written.
    pub is_used: bool,
}

impl NewKind {
    /// What a definition brings: one for each version that is to be served. `is_used` tells by group and
    /// kind.
    pub fn all_of(definition: &Object, is_used: impl Fn(&str, &str) -> bool) -> Vec<Self> {
        let Some((group, kind)) = defined_kind(&definition.body) else { return Vec::new() };
        let is_used = is_used(group, kind);
        let versions = definition.body["spec"]["versions"].as_array().into_iter().flatten();
        versions
            .filter(|version| version["served"] == true)
            .map(|version| Self {
                definition: definition.id.clone(),
                group: group.to_owned(),
                version: version["name"].as_str().unwrap_or_default().to_owned(),
                kind: kind.to_owned(),
                is_used,
            })
            .collect()
    }
}
