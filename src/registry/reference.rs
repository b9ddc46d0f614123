//! References to images, read as containerd and Docker read them.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use regex::Regex;

use super::digest::Digest;

/// The registry of a reference that names none, and the organisation there.
const DOCKER_HUB: &str = "docker.io";
const LIBRARY: &str = "library";
const LATEST: &str = "latest";
/// The longest name of a repository that registries accept.
const LONGEST: usize = 255;

/// The grammar of the distribution specification.
static PATH: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let part = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
    Regex::new(&format!("^{part}(?:/{part})*$")).ok()
});
static TAG: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new("^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$").ok());
static HOST: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$").ok()
});

/// A repository of a registry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Repository {
    registry: String,
    path: String,
}

impl Repository {
    /// The repository with this path, for example `kubesphere/tower`, of a registry, for example
    /// `registry.example.com:5000`.
    ///
    /// # Errors
    /// One of them is not valid.
    pub fn new(registry: &str, path: &str) -> Result<Self, String> {
        if !is_registry(registry) {
            return Err(format!("`{registry}` is not the host of a registry"));
        }
        let registry = match registry {
            // Docker's old names.
            "index.docker.io" | "registry-1.docker.io" => DOCKER_HUB,
            other => other,
        };
        let path = if registry == DOCKER_HUB && !path.contains('/') {
            format!("{LIBRARY}/{path}")
        } else {
            path.to_owned()
        };
        if path.len() > LONGEST {
            return Err(format!("`{path}` is longer than {LONGEST} characters"));
        }
        if !matches(&PATH, &path) {
            let capitals = path.bytes().any(|c| c.is_ascii_uppercase());
            let why = if capitals { ": it has to be lower case" } else { "" };
            return Err(format!("`{path}` is not the name of a repository{why}"));
        }
        Ok(Self { registry: registry.to_owned(), path })
    }

    /// The registry: host and port.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The path below the registry, with `library/` for Docker Hub's own.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.path)
    }
}

/// A reference to an image. Displays in full: `docker.io/library/redis:5.0.14-alpine`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    repository: Repository,
    tag: Option<String>,
    digest: Option<Digest>,
}

impl Reference {
    /// An image by its tag.
    ///
    /// # Errors
    /// The tag is not valid.
    pub fn tagged(repository: Repository, tag: &str) -> Result<Self, String> {
        if !matches(&TAG, tag) {
            return Err(format!("`{tag}` is not a tag"));
        }
        Ok(Self { repository, tag: Some(tag.to_owned()), digest: None })
    }

    /// An image by its digest.
    pub fn pinned(repository: Repository, digest: Digest) -> Self {
        Self { repository, tag: None, digest: Some(digest) }
    }

    /// The repository.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// The registry: host and port.
    pub fn registry(&self) -> &str {
        &self.repository.registry
    }

    /// The tag; `latest` if the reference has neither tag nor digest.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, if the reference has one.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// What a registry is asked for: the digest, which overrides the tag, else the tag.
    pub fn identifier(&self) -> &str {
        let digest = self.digest.as_ref().map(Digest::as_str);
        digest.or(self.tag.as_deref()).unwrap_or(LATEST)
    }

    /// The same image in another repository.
    #[must_use]
    pub fn moved_to(&self, repository: Repository) -> Self {
        Self { repository, ..self.clone() }
    }

    /// The same reference with this digest beside its tag.
    #[must_use]
    pub fn with_digest(&self, digest: Digest) -> Self {
        Self { digest: Some(digest), ..self.clone() }
    }
}

impl FromStr for Reference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |why: String| format!("`{text}` is not a reference to an image: {why}");
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest.parse::<Digest>().map_err(wrong)?)),
            None => (text, None),
        };
        // A colon before the last slash is that of a port.
        let last = name.rfind('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match name[last..].split_once(':') {
            Some((end, tag)) => (&name[..last + end.len()], Some(tag)),
            None => (name, None),
        };
        let (registry, path) = match name.split_once('/') {
            Some((first, rest)) if first == "localhost" || first.contains(['.', ':']) => {
                (first, rest)
            }
            _ => (DOCKER_HUB, name),
        };
        let repository = Repository::new(registry, path).map_err(wrong)?;
        match (tag, digest) {
            (Some(tag), digest) => {
                Ok(Self { digest, ..Self::tagged(repository, tag).map_err(wrong)? })
            }
            (None, Some(digest)) => Ok(Self::pinned(repository, digest)),
            (None, None) => Self::tagged(repository, LATEST),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

/// Whether a text is a host with an optional port.
pub fn is_registry(text: &str) -> bool {
    matches(&HOST, text)
}

fn matches(pattern: &LazyLock<Option<Regex>>, text: &str) -> bool {
    pattern.as_ref().is_some_and(|pattern| pattern.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_as_containerd_reads_them() {
        let hex = "a".repeat(64);
        let pinned = format!("reg.example:5000/a/b@sha256:{hex}");
        let both = format!("kubesphere/tower:v0.2.1@sha256:{hex}");
        let both_in_full = format!("docker.io/{both}");
        for (text, full) in [
            ("redis", "docker.io/library/redis:latest"),
            ("redis:5.0.14-alpine", "docker.io/library/redis:5.0.14-alpine"),
            ("kubesphere/tower:v0.2.1", "docker.io/kubesphere/tower:v0.2.1"),
            ("index.docker.io/redis:5", "docker.io/library/redis:5"),
            ("localhost/a:1", "localhost/a:1"),
            ("localhost:5000/a", "localhost:5000/a:latest"),
            ("reg.example/a/b/c:V_1.x", "reg.example/a/b/c:V_1.x"),
            ("[::1]:5000/a:1", "[::1]:5000/a:1"),
            (pinned.as_str(), pinned.as_str()),
            (both.as_str(), both_in_full.as_str()),
        ] {
            let reference: Reference = text.parse().unwrap();
            assert_eq!(reference.to_string(), full);
            assert_eq!(full.parse::<Reference>().unwrap(), reference);
        }
        let both: Reference = both.parse().unwrap();
        assert_eq!(both.identifier(), format!("sha256:{hex}"));
        assert_eq!(both.tag(), Some("v0.2.1"));
    }

    #[test]
    fn what_no_registry_accepts_is_refused() {
        for wrong in [
            "",
            "Redis",
            "reg.example/",
            "a//b",
            "a:b:c",
            "a@sha256:1",
            "a:-x",
            "../a",
            "reg.example/../v2/x",
            "user:pass@reg.example/a",
            "http://reg.example/a",
            "a b",
        ] {
            assert!(wrong.parse::<Reference>().is_err(), "{wrong}");
        }
        assert!(Repository::new("reg.example/path", "a").is_err());
    }
}
