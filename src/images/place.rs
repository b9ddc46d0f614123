//! Where images are copied from and to. The names are those of skopeo and podman.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::registry::{Reference, Repository};

const LAYOUT: &str = "oci:";
const ARCHIVE: &str = "oci-archive:";
const DOCKER_ARCHIVE: &str = "docker-archive:";
const CONTENT: &str = "containerd:";
const REGISTRY: &str = "docker://";

/// A place with images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// `registry.example.com:5000/mirror`: a registry, with an optional path before the names of the images.
    Registry {
        /// Host and port.
        host: String,
        /// The path, without slashes at its ends.
        path: Option<String>,
    },
    /// `oci:DIR`: a directory with the OCI image layout.
    Layout(PathBuf),
    /// `oci-archive:FILE`: the same in a tar file.
    Archive(PathBuf),
    /// `docker-archive:FILE`: what `docker save` writes.
    DockerArchive(PathBuf),
    /// `containerd:DIR`: the content store of containerd, which has digests but no names.
    Content(PathBuf),
}

impl Place {
    /// An image of this name in this place, if the place is a registry. As `local_registry` does, the registry
    /// replaces that of the name; Docker Hub's own images keep `library/`.
    ///
    /// # Errors
    /// The path becomes too long.
    pub fn reference(&self, name: &Reference) -> Result<Option<Reference>, String> {
        let Self::Registry { host, path } = self else { return Ok(None) };
        let own = name.repository().path();
        let path = path.as_ref().map_or_else(|| own.to_owned(), |path| format!("{path}/{own}"));
        Ok(Some(name.moved_to(Repository::new(host, &path)?)))
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let archive = text.strip_prefix(ARCHIVE).map(|path| Self::Archive(path.into()));
        let docker = text.strip_prefix(DOCKER_ARCHIVE).map(|path| Self::DockerArchive(path.into()));
        let layout = text.strip_prefix(LAYOUT).map(|path| Self::Layout(path.into()));
        let content = text.strip_prefix(CONTENT).map(|path| Self::Content(path.into()));
        if let Some(files) = archive.or(docker).or(layout).or(content) {
            return if text.ends_with(':') {
                Err(format!("`{text}` names no path"))
            } else {
                Ok(files)
            };
        }
        let registry = text.strip_prefix(REGISTRY).unwrap_or(text).trim_end_matches('/');
        let (host, path) = match registry.split_once('/') {
            Some((host, path)) => (host, Some(path.to_owned())),
            None => (registry, None),
        };
        // A probe: it has the rules for hosts and paths.
        let probe = Repository::new(host, path.as_deref().unwrap_or("probe"));
        if probe.is_err() || !(host.contains(['.', ':']) || host == "localhost") {
            return Err(format!(
                "`{text}` is neither a registry, for example registry.example.com:5000, nor oci:DIR, \
                 oci-archive:FILE or docker-archive:FILE"
            ));
        }
        Ok(Self::Registry { host: host.to_owned(), path })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry { host, path: None } => f.write_str(host),
            Self::Registry { host, path: Some(path) } => write!(f, "{host}/{path}"),
            Self::Layout(path) => write!(f, "{LAYOUT}{}", path.display()),
            Self::Archive(path) => write!(f, "{ARCHIVE}{}", path.display()),
            Self::DockerArchive(path) => write!(f, "{DOCKER_ARCHIVE}{}", path.display()),
            Self::Content(path) => write!(f, "{CONTENT}{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_places() {
        let registry = |host: &str, path: Option<&str>| Place::Registry {
            host: host.to_owned(),
            path: path.map(str::to_owned),
        };
        for (text, place) in [
            ("registry.example.com", registry("registry.example.com", None)),
            ("docker://10.0.0.5:5000/a/b/", registry("10.0.0.5:5000", Some("a/b"))),
            ("localhost/a", registry("localhost", Some("a"))),
            ("oci:images", Place::Layout("images".into())),
            ("oci-archive:/media/stick/a.tar", Place::Archive("/media/stick/a.tar".into())),
            ("containerd:/content", Place::Content("/content".into())),
            ("docker-archive:a:b.tar", Place::DockerArchive("a:b.tar".into())),
        ] {
            let parsed: Place = text.parse().unwrap();
            assert_eq!(parsed, place);
            assert_eq!(parsed.to_string().parse::<Place>(), Ok(place));
        }
        for wrong in ["", "oci:", "images", "kubesphere/tower", "dir:images", "r.example/UPPER"] {
            assert!(wrong.parse::<Place>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_registry_takes_the_place_of_another_one() {
        let place: Place = "10.0.0.5:5000/mirror".parse().unwrap();
        for (name, expected) in [
            ("kubesphere/tower:v0.2.1", "10.0.0.5:5000/mirror/kubesphere/tower:v0.2.1"),
            ("redis:5.0.14-alpine", "10.0.0.5:5000/mirror/library/redis:5.0.14-alpine"),
            ("quay.io/a/b:1", "10.0.0.5:5000/mirror/a/b:1"),
        ] {
            let moved = place.reference(&name.parse().unwrap()).unwrap().unwrap();
            assert_eq!(moved.to_string(), expected);
        }
        assert_eq!(Place::Layout("a".into()).reference(&"a".parse().unwrap()), Ok(None));
    }
}
