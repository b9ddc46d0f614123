//! Optional texts for which ks-installer's files write `""` when nothing is meant.

use serde::{Deserialize, Deserializer};

use super::Sensitive;

/// A text, with `""` as "not given".
pub(super) fn non_empty<'de, D: Deserializer<'de>>(source: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(source)?.filter(|text| !text.is_empty()))
}

/// A secret text, with `""` as "not given".
pub(super) fn non_empty_secret<'de, D: Deserializer<'de>>(
    source: D,
) -> Result<Option<Sensitive>, D::Error> {
    Ok(non_empty(source)?.map(Sensitive::from))
}
