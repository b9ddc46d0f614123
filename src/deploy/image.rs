//! The image of ksi.

use crate::config::form;

const REPOSITORY: &str = "kubesphere/ksi";

/// A reference to the image of ksi.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image(String);

impl Default for Image {
    /// The image of this version, on Docker Hub.
    fn default() -> Self {
        Self(format!("{REPOSITORY}:v{}", env!("CARGO_PKG_VERSION")))
    }
}

impl Image {
    /// The image of this version in another registry, as `ksi images rewrite` moves images.
    ///
    /// # Errors
    /// It is not a registry.
    pub fn in_registry(registry: &str) -> Result<Self, String> {
        let registry = registry.trim_end_matches('/');
        if !form::is_registry(registry) {
            return Err(format!(
                "`{registry}` is not a registry, for example registry.local:5000/mirror"
            ));
        }
        Ok(Self(format!("{registry}/{}", Self::default().0)))
    }

    /// Another image.
    ///
    /// # Errors
    /// It is not the name of an image.
    pub fn named(name: &str) -> Result<Self, String> {
        if !form::is_image(name) {
            return Err(format!(
                "`{name}` is not an image, for example registry.local:5000/mirror/ksi:v1.0.0"
            ));
        }
        Ok(Self(name.to_owned()))
    }

    /// The same, pinned to a digest.
    ///
    /// # Errors
    /// It is not a digest, or the image has one.
    pub fn at(self, digest: &str) -> Result<Self, String> {
        if !form::is_digest(digest) {
            return Err(format!("`{digest}` is not a digest: sha256: and 64 hexadecimal digits"));
        }
        match self.0.split_once('@') {
            Some((_, known)) if known != digest => {
                Err(format!("`{}` already has a digest, which is not {digest}", self.0))
            }
            Some(_) => Ok(self),
            None => Ok(Self(format!("{}@{digest}", self.0))),
        }
    }

    /// The reference for a container.
    pub fn reference(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_in_a_registry_or_has_another_name_and_a_digest() {
        let default = Image::default();
        let moved = Image::in_registry("registry.local:5000/mirror/").unwrap();
        assert_eq!(
            moved.reference(),
            format!("registry.local:5000/mirror/{}", default.reference())
        );
        let digest = format!("sha256:{}", "a".repeat(64));
        let pinned = Image::named("r.local/ksi:v1").unwrap().at(&digest).unwrap();
        assert_eq!(pinned.reference(), format!("r.local/ksi:v1@{digest}"));
        assert_eq!(pinned.clone().at(&digest), Ok(pinned.clone()));
        assert!(pinned.at(&format!("sha256:{}", "b".repeat(64))).is_err());
        for wrong in ["http://r.local", "", "r local"] {
            assert!(Image::in_registry(wrong).is_err(), "{wrong}");
            assert!(Image::named(wrong).is_err(), "{wrong}");
        }
        assert!(default.at("sha256:abc").is_err());
    }
}
