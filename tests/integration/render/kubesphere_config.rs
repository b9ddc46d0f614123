//! The document `kubesphere.yaml`, as KubeSphere reads it.

use serde_json::{Value, json};

use super::{ROLES, document, everything, kubesphere_yaml, render};

#[test]
fn the_guides_find_the_secret_with_grep() {
    for role in ROLES {
        let objects = everything(role);
        let text = kubesphere_yaml(&objects);
        let lines: Vec<_> = text.lines().filter(|line| line.contains("jwtSecret")).collect();
        assert_eq!(lines, ["  jwtSecret: jwt-secret"]);
        // A tab or a trailing blank makes kubectl print the whole text as one line.
        assert!(text.lines().all(|line| line == line.trim_end() && !line.contains('\t')));
    }
}

#[test]
fn kubesphere_has_no_reason_to_rewrite_its_configuration() {
    let config = |spec: Value| document(&render(spec));
    let host = config(json!({"multicluster": {"clusterRole": "host"}}));
    assert_eq!(host["multicluster"]["clusterName"], "host");
    assert_eq!(host["multicluster"]["enable"], true);
    assert_eq!(host["authentication"]["oauthOptions"]["accessTokenMaxAge"], "2h0m0s");
    let named = config(json!({"multicluster": {"clusterRole": "host", "hostClusterName": "hq"}}));
    assert_eq!(named["multicluster"]["clusterName"], "hq");
    assert_eq!(named["multicluster"]["hostClusterName"], "hq");
    let member =
        config(json!({"multicluster": {"clusterRole": "member", "clusterName": "member1"}}));
    assert_eq!(
        member["multicluster"],
        json!({"clusterRole": "member", "enable": false, "clusterName": "member1"})
    );
    for key in ["accessTokenMaxAge", "accessTokenInactivityTimeout"] {
        assert_eq!(member["authentication"]["oauthOptions"][key], "0s");
    }
    let none = config(json!({}));
    assert_eq!(none["multicluster"], json!({"clusterRole": "none"}));
}

#[test]
fn oauth_options_of_the_user_come_first_and_no_key_twice() {
    let config = document(&render(json!({"authentication": {"oauthOptions": {
        "accessTokenMaxAge": 0,
        "identityProviders": [{"name": "ldap"}],
        "clients": [{"name": "grafana"}],
    }}})));
    let options = &config["authentication"]["oauthOptions"];
    assert_eq!(options["accessTokenMaxAge"], "0s");
    assert_eq!(options["accessTokenInactivityTimeout"], "2h0m0s");
    let clients = options["clients"].as_array().unwrap();
    let names: Vec<_> = clients.iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["grafana", "kubesphere"]);
}

#[test]
fn sections_of_unmanaged_components_are_written() {
    let config = document(&render(json!({
        "devops": {"enabled": true},
        "openpitrix": {"store": {"enabled": true}},
        "servicemesh": {"enabled": true},
        "logging": {"enabled": true},
        "events": {"enabled": true},
        "auditing": {"enabled": true},
        "alerting": {"enabled": true},
        "edgeruntime": {"enabled": true},
        "network": {
            "networkpolicy": {"enabled": true},
            "ippool": {"type": "calico"},
            "topology": {"type": "weave-scope"},
        },
        "common": {"opensearch": {
            "externalOpensearchHost": "search.example", "externalOpensearchPort": "9201",
        }},
    })));
    let keys: Vec<_> = config.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "authentication",
            "ldap",
            "cache",
            "s3",
            "network",
            "devops",
            "servicemesh",
            "openpitrix",
            "multicluster",
            "monitoring",
            "gpu",
            "notification",
            "logging",
            "events",
            "auditing",
            "alerting",
            "edgeruntime",
            "terminal",
            "gateway",
        ]
    );
    assert_eq!(config["logging"]["host"], "https://search.example:9201");
    assert_eq!(config["logging"]["indexPrefix"], "ks-whizard-logging");
    assert_eq!(config["auditing"]["enable"], true);
    assert_eq!(config["devops"]["password"], "static-token");
    assert_eq!(config["network"]["enableNetworkPolicy"], true);
    assert_eq!(config["network"]["weaveScopeHost"], "weave-scope-app.weave");
}

#[test]
fn elasticsearch_serves_where_opensearch_is_off() {
    let config = document(&render(json!({
        "logging": {"enabled": true},
        "events": {"enabled": true},
        "common": {
            "opensearch": {"enabled": false},
            "es": {"enabled": true, "externalElasticsearchHost": "es.example",
                   "externalElasticsearchPort": 9200},
        },
    })));
    assert_eq!(config["logging"]["host"], "http://es.example:9200");
    assert_eq!(config["logging"]["indexPrefix"], "ks-logstash-log");
    assert_eq!(config["events"]["indexPrefix"], "ks-logstash-events");
    assert!(config["logging"].get("password").is_none());
}
