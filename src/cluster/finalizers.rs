//! Objects with finalizers of controllers that are gone.

use super::{Cluster, Error, Selection};
use crate::object::{Held, ObjectId};

impl Cluster {
    /// The objects with finalizers of these controllers, as far as their kinds are known.
    ///
    /// # Errors
    /// They cannot be read.
    pub async fn held(&self, controllers: &[ObjectId]) -> Result<Vec<Held>, Error> {
        let whole: Vec<&str> = Held::configurations(controllers).collect();
        let selection = |resource: &str| {
            let all = Selection::default();
            if whole.contains(&resource) { all } else { all.metadata() }
        };
        let resources = Held::resources(controllers).chain(whole.iter().copied());
        let found = self.selected(resources, selection).await?;
        let listed = |resource: &str| found.get(resource).into_iter().flatten().collect();
        Ok(Held::among(controllers, listed))
    }

    /// Removes the finalizers of an object that was found, if nobody changed it since.
    ///
    /// # Errors
    /// It was changed or deleted, or the change is rejected.
    pub async fn remove_finalizers(&self, held: &Held) -> Result<(), Error> {
        self.merge(&held.id, &held.patch(), None).await.map(|_| ())
    }
}
