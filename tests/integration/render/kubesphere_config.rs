//! The document `kubesphere.yaml`, as KubeSphere reads it.

use ksi::config::{self, Input, Request};
use ksi::facts::Facts;
use ksi::validate::{self, Options};
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
        "edgeruntime": {"enabled": true, "kubeedge": {"enabled": true}},
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

/// As ks-installer 3.4 chooses: what is external wins over what is enabled, Elasticsearch over OpenSearch.
#[test]
fn the_search_engine_is_the_one_that_ks_installer_takes() {
    let elastic_host =
        json!({"externalElasticsearchHost": "es.example", "externalElasticsearchPort": "9200"});
    let open_host = json!({"externalOpensearchHost": "os.example", "externalOpensearchPort": 9201});
    let (es, open) = ("http://es.example:9200", "https://os.example:9201");
    let old_es = "http://elasticsearch-logging-data.kubesphere-logging-system.svc:9200";
    let new_os = "https://opensearch-cluster-data.kubesphere-logging-system.svc:9200";
    let (es_indices, opensearch_indices) =
        (["log", "events", "auditing"], ["logging", "events", "auditing"]);
    let with = |mut section: Value, key: &str, value: Value| {
        section[key] = value;
        section
    };
    let off = || json!(false);
    let on = || json!(true);
    let auth = json!({"enabled": true, "username": "elastic", "password": "p"});
    let cases = [
        // 3.3 and older have no es.enabled.
        (elastic_host.clone(), json!({}), es, "logstash", es_indices, None),
        (
            with(elastic_host.clone(), "enabled", off()),
            json!({"enabled": true}),
            es,
            "logstash",
            es_indices,
            None,
        ),
        (
            with(elastic_host.clone(), "basicAuth", auth.clone()),
            json!({}),
            es,
            "logstash",
            es_indices,
            Some("elastic"),
        ),
        (
            with(elastic_host.clone(), "elkPrefix", json!("acme")),
            open_host.clone(),
            es,
            "acme",
            es_indices,
            None,
        ),
        (json!({}), open_host.clone(), open, "whizard", opensearch_indices, Some("admin")),
        (
            json!({"enabled": true}),
            open_host.clone(),
            open,
            "whizard",
            opensearch_indices,
            Some("admin"),
        ),
        // A host without a port is none, as in ks-installer.
        (
            json!({"enabled": true, "externalElasticsearchHost": "es.example"}),
            json!({}),
            old_es,
            "logstash",
            es_indices,
            None,
        ),
        (json!({"enabled": true}), json!({}), old_es, "logstash", es_indices, None),
        (json!({"enabled": true}), json!({"enabled": true}), old_es, "logstash", es_indices, None),
        (
            json!({"enabled": true, "externalElasticsearchProtocol": "https"}),
            json!({}),
            old_es,
            "logstash",
            es_indices,
            None,
        ),
        (json!({}), json!({}), new_os, "whizard", opensearch_indices, Some("admin")),
        (
            json!({}),
            with(json!({}), "enabled", off()),
            new_os,
            "whizard",
            opensearch_indices,
            Some("admin"),
        ),
    ];
    for (given_elastic, given_open, host, prefix, indices, user) in cases {
        let config = document(&render(json!({
            "logging": {"enabled": on()}, "events": {"enabled": on()}, "auditing": {"enabled": on()},
            "common": {"es": given_elastic.clone(), "opensearch": given_open.clone()},
        })));
        for (component, index) in ["logging", "events", "auditing"].into_iter().zip(indices) {
            let section = &config[component];
            let case = format!("{component} of es {given_elastic}, opensearch {given_open}");
            assert_eq!(section["host"], host, "{case}");
            assert_eq!(section["indexPrefix"], format!("ks-{prefix}-{index}"), "{case}");
            assert_eq!(section["username"].as_str(), user, "{case}");
            assert_eq!(section["basicAuth"].as_bool(), user.map(|_| true), "{case}");
        }
    }
}

#[test]
fn an_edge_runtime_without_kubeedge_has_no_address() {
    let config = document(&render(json!({"edgeruntime": {"enabled": true}})));
    assert_eq!(config.get("edgeruntime"), None);
}

#[test]
fn an_external_elasticsearch_is_found_in_every_old_form() {
    let frame = "apiVersion: installer.kubesphere.io/v1alpha1\nkind: ClusterConfiguration\nspec:\n";
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ks-installer, namespace: kubesphere-system}\ndata:\n  ks-config.yaml: |\n    ---\n";
    let forms = [
        // 2.1
        (
            map,
            "    logging: {enabled: True, externalElasticsearchUrl: es.example, externalElasticsearchPort: 9200, elkPrefix: acme}\n    events: {enabled: True}\n    auditing: {enabled: True}\n",
        ),
        // 3.0-alpha
        (
            frame,
            "  logging: {enabled: true, externalElasticsearchUrl: es.example, externalElasticsearchPort: \"9200\", elkPrefix: acme, elasticsearchMasterReplicas: 1}\n",
        ),
        // 3.0 to 3.2.0
        (
            frame,
            "  common: {es: {externalElasticsearchUrl: es.example, externalElasticsearchPort: \"9200\", elkPrefix: acme, elasticsearchMasterReplicas: 1}}\n  logging: {enabled: true}\n",
        ),
        // 3.2.1 and 3.3
        (
            frame,
            "  common: {es: {externalElasticsearchHost: es.example, externalElasticsearchPort: 9200, elkPrefix: acme}}\n  logging: {enabled: true}\n",
        ),
        // As ks-installer leaves it after an upgrade, and as the sample of 3.4 has it.
        (
            frame,
            "  common:\n    es: {enabled: false, externalElasticsearchUrl: es.example, externalElasticsearchHost: es.example, externalElasticsearchPort: 9200, elkPrefix: acme}\n    opensearch: {enabled: true, opensearchPrefix: whizard, externalOpensearchHost: \"\", externalOpensearchPort: \"\"}\n  logging: {enabled: true}\n",
        ),
    ];
    for (frame, form) in forms {
        let input = Input { name: "old.yaml".into(), bytes: format!("{frame}{form}").into() };
        let loaded = config::load(Request { inputs: vec![input], sets: Vec::new() });
        let valid = validate::validate(&loaded, &Facts::default(), Options::default())
            .unwrap_or_else(|found| panic!("{form}\n{found:?}"));
        let mut spec = serde_json::to_value(valid.configuration).unwrap();
        for component in ["events", "auditing"] {
            spec[component]["enabled"] = json!(true);
        }
        let config = document(&render(spec));
        for (component, index) in
            [("logging", "log"), ("events", "events"), ("auditing", "auditing")]
        {
            assert_eq!(config[component]["host"], "http://es.example:9200", "{component}: {form}");
            assert_eq!(config[component]["indexPrefix"], format!("ks-acme-{index}"), "{form}");
        }
    }
}
