//! Texts that try to become structure.

use ksi::object::Object;
use serde_json::json;

use super::{document, get, render};

/// What is rendered when users write this text wherever they may write one, and this key.
fn rendered(text: &str, key: &str) -> Vec<Object> {
    render(json!({
        "local_registry": text,
        "nodeSelector": {text: text},
        "persistence": {"storageClass": text},
        "common": {"redis": {"enabled": true}},
        "images": {"pullSecrets": [text]},
        "terminal": {"image": text},
        "gateway": {"namespace": text},
        "authentication": {"oauthOptions": {key: text}},
        "multicluster": {
            "clusterRole": "host", "proxyPublishAddress": text, "hostClusterName": text,
            "agentImage": text, "clusterControllerResyncPeriod": text,
            "tower": {
                "service": {"annotations": {text: text}, "loadBalancerIP": text},
                "ca": {"secretName": text},
            },
        },
    }))
}

#[test]
fn hostile_texts_stay_texts() {
    let hostile = [
        "line\nbreak: true\n---\nkind: Pod",
        "\"'quoted' and \\escaped\"",
        "a: b # not a comment",
        "--- {{ values.jwtSecret }} {% raw %}",
        "*alias &anchor !tag | > @ ` %",
        "  blanks  ",
        "yes",
        "null",
        "0o17",
        "\u{7f}\u{85}\u{2028}",
    ];
    for text in hostile {
        // Our own parser refuses unusual spaces in keys, so it could not read them back here.
        let key = text.replace(['\u{85}', '\u{2028}'], "");
        let key = key.as_str();
        let objects = rendered(text, key);
        let service = get(&objects, "Service/kubesphere-system/tower");
        assert_eq!(service["metadata"]["annotations"], json!({text: text}));
        assert_eq!(service["spec"]["loadBalancerIP"], text);
        let tower =
            &get(&objects, "Deployment/kubesphere-system/tower")["spec"]["template"]["spec"];
        assert_eq!(tower["nodeSelector"], json!({text: text}));
        assert_eq!(tower["volumes"][0]["secret"]["secretName"], text);
        assert_eq!(tower["imagePullSecrets"], json!([{"name": text}]));
        let image = tower["containers"][0]["image"].as_str().unwrap();
        assert!(image.ends_with("/kubesphere/tower:v0.2.1") && image.starts_with(text), "{image}");
        let claim = get(&objects, "PersistentVolumeClaim/kubesphere-system/redis-pvc");
        assert_eq!(claim["spec"]["storageClassName"], text);
        // And in the document inside the document, as KubeSphere will read it.
        let config = document(&objects);
        let section = &config["multicluster"];
        for key in ["proxyPublishAddress", "hostClusterName", "clusterName", "agentImage"] {
            assert_eq!(section[key], text, "{key}");
        }
        assert_eq!(config["terminal"]["image"], text);
        assert_eq!(config["authentication"]["oauthOptions"][key], text);
        // A text cannot make or hide an object either.
        let names = |objects: &[Object]| objects.iter().map(|o| o.id.clone()).collect::<Vec<_>>();
        assert_eq!(names(&objects), names(&rendered("harmless", "harmless")));
    }
}
