//! Objects with finalizers of controllers that are gone.

use super::{Cluster, Error};
use crate::object::{Held, ObjectId, rules};

impl Cluster {
    /// The objects with finalizers of these controllers, as far as their kinds are known.
    ///
    /// # Errors
    /// They cannot be read.
    pub async fn held(&self, controllers: &[ObjectId]) -> Result<Vec<Held>, Error> {
        let known = rules().finalizers.iter();
        let known = known.filter(|known| controllers.contains(&known.controller()));
        let puts: Vec<_> =
            known.flat_map(|known| known.puts.iter().map(move |put| (known, put))).collect();
        let found = self.instances(puts.iter().map(|(_, put)| put.resource.as_str())).await?;
        let held = puts.into_iter().flat_map(|(known, put)| {
            let objects = found.get(put.resource.as_str()).into_iter().flatten();
            objects.filter_map(move |live| Held::of(live, known, put))
        });
        Ok(held.collect())
    }

    /// Removes the finalizers of an object that was found, if nobody changed it since.
    ///
    /// # Errors
    /// It was changed or deleted, or the change is rejected.
    pub async fn remove_finalizers(&self, held: &Held) -> Result<(), Error> {
        self.merge(&held.id, &held.patch(), None).await.map(|_| ())
    }
}
