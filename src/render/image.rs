//! The images of containers: those of the version's image list, in the registry of the configuration.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{catalogue, embedded};
use crate::config::Configuration;
use crate::diagnostic::{Code, Diagnostic};
use crate::facts::KubernetesVersion;

/// The mirror for `zone: cn`. It has everything in one organisation.
const CHINA_REGISTRY: &str = "registry.cn-beijing.aliyuncs.com";
const CHINA_ORGANISATION: &str = "kubesphereio";

/// One image that a component runs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Image {
    /// Its name in the version's image list, for instance `ks-apiserver`.
    pub name: String,
    /// Registry and path, as in a pod, without tag.
    pub repository: String,
    /// The tag.
    pub tag: String,
    /// The digest, when the configuration pins one.
    pub digest: Option<String>,
    /// The reference without a private registry.
    pub upstream: String,
    /// Where else the same program is published.
    pub alternatives: Vec<Alternative>,
}

/// Another place of an image, as public material names it. Nobody but the user chooses it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alternative {
    /// The reference.
    pub image: String,
    /// What names it.
    pub source: String,
}

impl Image {
    /// The reference for a container. A digest overrides the tag, which is kept for readers.
    pub fn reference(&self) -> String {
        let digest = self.digest.as_ref().map_or_else(String::new, |digest| format!("@{digest}"));
        format!("{}:{}{digest}", self.repository, self.tag)
    }
}

/// The image list of a version of KubeSphere: `templates/versions/<version>.yaml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Version {
    /// Images by name.
    images: BTreeMap<String, Source>,
}

/// The upstream source of an image.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Source {
    /// The registry; absent for Docker Hub.
    registry: Option<String>,
    /// The organisation; absent for Docker Hub's library.
    organisation: Option<String>,
    /// The last part of the path, when it is not the image's name in the list.
    repository: Option<String>,
    /// The tag.
    #[serde(default)]
    tag: String,
    /// Whether `dev_tag` replaces the tag.
    #[serde(default)]
    follows_dev_tag: bool,
    /// Tags by Kubernetes minor version: the newest that is not newer than the cluster's.
    #[serde(default)]
    tag_by_minor: BTreeMap<String, String>,
    /// Other places of the image with this tag.
    #[serde(default)]
    alternatives: Vec<Alternative>,
}

/// The images for one configuration.
#[derive(Debug, Clone)]
pub(super) struct Images {
    version: Version,
    registry: Option<String>,
    organisation: Option<String>,
    dev_tag: Option<String>,
    digests: BTreeMap<String, String>,
    minor: u32,
}

impl Images {
    /// The images of a version of KubeSphere, with the registry of the configuration.
    pub(super) fn new(
        version: &str,
        configuration: &Configuration,
        kubernetes: KubernetesVersion,
    ) -> Result<Self, Diagnostic> {
        let path = format!("versions/{version}.yaml");
        let text = embedded::text(&path).ok_or_else(|| unsupported(version))?;
        let version = catalogue::document(&path, text).and_then(|value| {
            serde_json::from_value(value).map_err(|e| {
                Diagnostic::error(Code::Template, format!("embedded file {path}: {e}"))
            })
        })?;
        let local = configuration.local_registry.as_deref().map(|r| r.trim_end_matches('/'));
        let china = configuration.zone.as_deref() == Some("cn") || local == Some(CHINA_REGISTRY);
        // The organisation of the user wins, in the mirror too: anybody can have one there.
        let organisation = configuration.namespace_override.as_deref();
        let organisation = organisation.or(china.then_some(CHINA_ORGANISATION));
        Ok(Self {
            version,
            registry: if china { Some(CHINA_REGISTRY) } else { local }.map(str::to_owned),
            organisation: organisation.map(str::to_owned),
            dev_tag: configuration.dev_tag.clone(),
            digests: configuration.images.digests.clone(),
            minor: kubernetes.minor,
        })
    }

    /// One image by its name in the list.
    pub(super) fn get(&self, name: &str) -> Option<Image> {
        let source = self.version.images.get(name)?;
        let last = source.repository.as_deref().unwrap_or(name);
        let tag = match (&self.dev_tag, source.follows_dev_tag) {
            (Some(tag), true) => tag.clone(),
            _ => self.tag(source),
        };
        let repository = join(self.registry(source), self.organisation(source), last);
        let upstream = join(source.registry.as_deref(), source.organisation.as_deref(), last);
        let upstream = format!("{upstream}:{tag}");
        // A digest applies to the reference with or without the private registry.
        let listed = format!("{repository}:{tag}");
        let digest = self.digests.get(&listed).or_else(|| self.digests.get(&upstream));
        let alternatives = self.alternatives(source, last, &tag, &repository);
        let (name, digest) = (name.to_owned(), digest.cloned());
        Some(Image { name, repository, tag, digest, upstream, alternatives })
    }

    /// Those of the list, and the mirror for China, unless the image comes from there.
    fn alternatives(
        &self,
        source: &Source,
        last: &str,
        tag: &str,
        repository: &str,
    ) -> Vec<Alternative> {
        let listed = source.alternatives.iter().filter(|_| tag == self.tag(source)).cloned();
        let mirror = join(Some(CHINA_REGISTRY), Some(CHINA_ORGANISATION), last);
        let mirrored = (mirror != repository).then(|| Alternative {
            image: format!("{mirror}:{tag}"),
            source: "the mirror that `zone: cn` uses".to_owned(),
        });
        listed.chain(mirrored).collect()
    }

    /// The reference of one image.
    pub(super) fn reference(&self, name: &str) -> Option<String> {
        self.get(name).map(|image| image.reference())
    }

    /// Every name in the list.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.version.images.keys().map(String::as_str)
    }

    /// `Always` while a moving development tag is used, else `IfNotPresent`.
    pub(super) fn pull_policy(&self, name: &str) -> &'static str {
        let moves = self.version.images.get(name).is_some_and(|source| source.follows_dev_tag);
        if moves && self.dev_tag.is_some() { "Always" } else { "IfNotPresent" }
    }

    fn registry<'a>(&'a self, source: &'a Source) -> Option<&'a str> {
        self.registry.as_deref().or(source.registry.as_deref())
    }

    fn organisation<'a>(&'a self, source: &'a Source) -> Option<&'a str> {
        // As in ks-installer (roles/download/defaults): the library of Docker Hub has no organisation,
        // not even another one; a private registry has no unnamed library.
        let nameless = source.organisation.is_none() && self.registry.is_none();
        let given = self.organisation.as_deref().filter(|_| !nameless);
        given.or(source.organisation.as_deref()).or(self.registry.as_ref().map(|_| "library"))
    }

    fn tag(&self, source: &Source) -> String {
        let minors = source
            .tag_by_minor
            .iter()
            .filter_map(|(minor, tag)| Some((minor.parse::<u32>().ok()?, tag)));
        minors
            .filter(|(minor, _)| *minor <= self.minor)
            .max_by_key(|(minor, _)| *minor)
            .map_or_else(|| source.tag.clone(), |(_, tag)| tag.clone())
    }
}

fn join(registry: Option<&str>, organisation: Option<&str>, last: &str) -> String {
    registry.into_iter().chain(organisation).chain([last]).collect::<Vec<_>>().join("/")
}

fn unsupported(version: &str) -> Diagnostic {
    let known: Vec<_> = embedded::FILES
        .iter()
        .filter_map(|(name, _)| name.strip_prefix("versions/")?.strip_suffix(".yaml"))
        .collect();
    Diagnostic::error(
        Code::UnsupportedVersion,
        format!("this ksi cannot install KubeSphere {version}"),
    )
    .help(format!("supported versions: {}", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::render::DEFAULT_VERSION;

    fn images(spec: &Value, minor: u32) -> Images {
        let configuration = Configuration::from_json(spec.clone()).unwrap();
        Images::new(DEFAULT_VERSION, &configuration, KubernetesVersion { major: 1, minor }).unwrap()
    }

    fn reference(spec: &Value, name: &str) -> String {
        images(spec, 34).reference(name).unwrap()
    }

    #[test]
    fn registries_and_organisations_as_ks_installer_moves_them() {
        let cases = [
            (json!({}), "kubesphere/ks-apiserver:v3.4.1", "redis:5.0.14-alpine"),
            (
                json!({"local_registry": "reg.example:5000"}),
                "reg.example:5000/kubesphere/ks-apiserver:v3.4.1",
                "reg.example:5000/library/redis:5.0.14-alpine",
            ),
            (
                json!({"local_registry": "reg.example/", "namespace_override": "mirror"}),
                "reg.example/mirror/ks-apiserver:v3.4.1",
                "reg.example/mirror/redis:5.0.14-alpine",
            ),
            (
                json!({"namespace_override": "mirror"}),
                "mirror/ks-apiserver:v3.4.1",
                "redis:5.0.14-alpine",
            ),
            (
                json!({"local_registry": CHINA_REGISTRY, "namespace_override": "mycompany"}),
                "registry.cn-beijing.aliyuncs.com/mycompany/ks-apiserver:v3.4.1",
                "registry.cn-beijing.aliyuncs.com/mycompany/redis:5.0.14-alpine",
            ),
            (
                json!({"zone": "cn", "namespace_override": "mycompany"}),
                "registry.cn-beijing.aliyuncs.com/mycompany/ks-apiserver:v3.4.1",
                "registry.cn-beijing.aliyuncs.com/mycompany/redis:5.0.14-alpine",
            ),
            (
                json!({"zone": "cn", "local_registry": "reg.example"}),
                "registry.cn-beijing.aliyuncs.com/kubesphereio/ks-apiserver:v3.4.1",
                "registry.cn-beijing.aliyuncs.com/kubesphereio/redis:5.0.14-alpine",
            ),
            (
                json!({"local_registry": CHINA_REGISTRY}),
                "registry.cn-beijing.aliyuncs.com/kubesphereio/ks-apiserver:v3.4.1",
                "registry.cn-beijing.aliyuncs.com/kubesphereio/redis:5.0.14-alpine",
            ),
        ];
        for (spec, ours, library) in cases {
            assert_eq!(reference(&spec, "ks-apiserver"), ours, "{spec}");
            assert_eq!(reference(&spec, "redis"), library, "{spec}");
        }
    }

    #[test]
    fn other_places_are_those_of_the_same_tag() {
        let places = |spec: &Value, name: &str| -> Vec<String> {
            let image = images(spec, 34).get(name).unwrap();
            image.alternatives.into_iter().map(|place| place.image).collect()
        };
        let mirror = "registry.cn-beijing.aliyuncs.com/kubesphereio";
        let kubefed = ["quay.io/kubernetes-multicluster/kubefed:v0.8.1".to_owned()];
        let both = [&kubefed[..], &[format!("{mirror}/kubefed:v0.8.1")]].concat();
        assert_eq!(places(&json!({}), "kubefed"), both);
        assert_eq!(places(&json!({"zone": "cn"}), "kubefed"), kubefed);
        let nightly = [format!("{mirror}/ks-apiserver:nightly")];
        assert_eq!(places(&json!({"dev_tag": "nightly"}), "ks-apiserver"), nightly);
    }

    #[test]
    fn a_development_tag_moves_the_core_only() {
        let spec = json!({"dev_tag": "nightly"});
        assert_eq!(reference(&spec, "ks-apiserver"), "kubesphere/ks-apiserver:nightly");
        assert_eq!(reference(&spec, "tower"), "kubesphere/tower:v0.2.1");
        let images = images(&spec, 34);
        assert_eq!(images.pull_policy("ks-apiserver"), "Always");
        assert_eq!(images.pull_policy("tower"), "IfNotPresent");
    }

    #[test]
    fn a_digest_pins_an_image_with_or_without_its_registry() {
        for key in ["kubesphere/tower:v0.2.1", "r.example/kubesphere/tower:v0.2.1"] {
            let spec =
                json!({"local_registry": "r.example", "images": {"digests": {key: "sha256:0"}}});
            assert_eq!(reference(&spec, "tower"), "r.example/kubesphere/tower:v0.2.1@sha256:0");
        }
    }

    #[test]
    fn kubectl_follows_kubernetes_as_far_as_it_goes() {
        for (minor, tag) in [(19, "v1.19.1"), (21, "v1.21.0"), (22, "v1.22.0"), (34, "v1.22.0")] {
            assert_eq!(images(&Value::Null, minor).get("kubectl").unwrap().tag, tag);
        }
    }

    #[test]
    fn an_unknown_version_names_the_known_ones() {
        let configuration = Configuration::default();
        let problem = Images::new("v9", &configuration, KubernetesVersion::NEWEST).unwrap_err();
        assert_eq!(problem.code, Code::UnsupportedVersion);
        assert!(problem.help[0].contains(DEFAULT_VERSION));
    }
}
