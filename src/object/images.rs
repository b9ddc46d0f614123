//! The images of an object's pods.

use serde_json::Value;

/// The fields of a pod template that hold containers, in the order in which they start.
const CONTAINERS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// Image references in every pod template of an object, each once, in order of appearance.
pub fn of(body: &Value) -> Vec<String> {
    let mut images = Vec::new();
    // A CustomResourceDefinition describes pod templates, but has none.
    if body["kind"] != "CustomResourceDefinition" {
        collect(body, &mut images);
    }
    images
}

fn collect(value: &Value, images: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            let containers = CONTAINERS.iter().filter_map(|field| map.get(*field)?.as_array());
            for image in containers.flatten().filter_map(|container| container["image"].as_str()) {
                if !images.iter().any(|known| known == image) {
                    images.push(image.to_owned());
                }
            }
            map.values().for_each(|child| collect(child, images));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, images)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn finds_images_in_any_pod_template() {
        let pod = json!({
            "containers": [{"name": "a", "image": "r/a:1"}, {"name": "b", "image": "r/b:1"}],
            "initContainers": [{"name": "i", "image": "r/i:1"}, {"name": "x", "image": "r/a:1"}],
        });
        let expected = ["r/i:1", "r/a:1", "r/b:1"];
        let template = json!({"spec": pod});
        assert_eq!(of(&json!({"kind": "Pod", "spec": pod})), expected);
        assert_eq!(of(&json!({"kind": "Deployment", "spec": {"template": template}})), expected);
        let job = json!({"spec": {"template": template}});
        assert_eq!(of(&json!({"kind": "CronJob", "spec": {"jobTemplate": job}})), expected);
        assert_eq!(of(&json!({"kind": "ConfigMap", "data": {"image": "r/no"}})), [] as [&str; 0]);
    }
}
