//! What a configuration says about a pod that no component renders.

use serde_json::{Value, json};

use super::DEFAULT_VERSION;
use super::image::Images;
use super::placement::{Spec, placement};
use crate::config::Configuration;
use crate::facts::Facts;

/// Image and placement of a pod.
#[derive(Debug, Clone, PartialEq)]
pub struct PodSettings {
    /// The image.
    pub image: String,
    /// `imagePullPolicy`.
    pub pull_policy: String,
    /// `imagePullSecrets`; null if there are none.
    pub pull_secrets: Value,
    /// `nodeSelector`, `tolerations` and `affinity`; null if nothing is to be written.
    pub placement: Value,
}

/// The settings of a pod with this image. Its placement is that of the first of `sections` that has one.
/// `None` if no version of `KubeSphere` has the image.
pub fn pod_settings(
    configuration: &Configuration,
    facts: &Facts,
    image: &str,
    sections: &[&str],
    labels: &Value,
) -> Option<PodSettings> {
    let images = Images::new(DEFAULT_VERSION, configuration, facts.kubernetes).ok()?;
    let spec = serde_json::to_value(configuration).ok()?;
    let sections: Vec<String> = sections.iter().map(|section| (*section).to_owned()).collect();
    let secrets: Vec<Value> =
        configuration.images.pull_secrets.iter().map(|name| json!({"name": name})).collect();
    Some(PodSettings {
        image: images.reference(image)?,
        pull_policy: images.pull_policy(image).to_owned(),
        pull_secrets: if secrets.is_empty() { Value::Null } else { secrets.into() },
        placement: placement(Spec(&spec), facts.kubernetes, &sections, labels),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_and_the_nodes_of_the_configuration() {
        let configuration: Configuration = serde_json::from_value(json!({
            "local_registry": "r.example", "multicluster": {"nodeSelector": {"pool": "edge"}},
        }))
        .unwrap();
        let settings =
            pod_settings(&configuration, &Facts::default(), "tower", &["multicluster"], &json!({}))
                .unwrap();
        assert!(settings.image.starts_with("r.example/kubesphere/tower:"), "{}", settings.image);
        assert_eq!(settings.placement["nodeSelector"], json!({"pool": "edge"}));
        let none = pod_settings(&configuration, &Facts::default(), "nothing", &[], &json!({}));
        assert_eq!(none, None);
    }
}
