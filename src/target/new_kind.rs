//! Kinds that a run adds.

use crate::object::{Object, ObjectId, defined_kind};

/// One version of a kind that a CRD defines.
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
    /// Whether the run writes objects of it.
    pub is_used: bool,
}

impl NewKind {
    /// One for each served version of a CRD. `is_used` takes group and kind.
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
