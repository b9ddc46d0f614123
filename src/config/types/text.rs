//! Optional strings for which the files of ks-installer use `""` as "not set".

use serde::{Deserialize, Deserializer};

use super::Sensitive;

/// A string, with `""` as "not set".
pub(super) fn non_empty<'de, D: Deserializer<'de>>(source: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(source)?.filter(|text| !text.is_empty()))
}

/// A secret string, with `""` as "not set".
pub(super) fn non_empty_secret<'de, D: Deserializer<'de>>(
    source: D,
) -> Result<Option<Sensitive>, D::Error> {
    Ok(non_empty(source)?.map(Sensitive::from))
}
