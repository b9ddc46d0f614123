//! The rewrites that real components and real people make, and every row of the table.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::inventory::{Inventory, Key};
use crate::object::embedded;

struct Rendered(Inventory, BTreeMap<String, String>);

fn rendered(document: &Value) -> Rendered {
    let inventory = Inventory::new(Key::new([3; 32]), "0.1.0");
    let hashes = inventory.base_of(document);
    Rendered(inventory, hashes)
}

impl Rendered {
    fn base(&self) -> Base<'_> {
        Base::new(&self.0.key, &self.1)
    }
}

fn yaml(text: &str) -> Value {
    embedded::parse(text).unwrap()
}

fn shown(paths: &[Path]) -> Vec<String> {
    paths.iter().map(ToString::to_string).collect()
}

/// What ksi renders for a host.
const RENDERED: &str = "
authentication:
  authenticateRateLimiterMaxTries: 10
  loginHistoryRetentionPeriod: 168h
  maximumClockSkew: 10s
  multipleLogin: true
  jwtSecret: a-secret-of-the-host
  oauthOptions:
    accessTokenMaxAge: 2h0m0s
    clients:
    - name: kubesphere
      secret: kubesphere
      redirectURIs: ['*']
multicluster:
  clusterRole: host
  enable: true
  proxyPublishService: tower.kubesphere-system.svc
  proxyPublishAddress: ''
  clusterControllerResyncPeriod: 120s
  clusterName: host
monitoring:
  endpoint: http://prometheus:9090
  enableGPUMonitoring: false
";

/// The same after ks-controller-manager took it through its Go struct.
const REWRITTEN: &str = "
monitoring:
  endpoint: http://prometheus:9090
multicluster:
  enable: true
  proxyPublishService: tower.kubesphere-system.svc
  clusterControllerResyncPeriod: 2m0s
  clusterName: host
  clusterRole: host
authentication:
  authenticateRateLimiterMaxTries: 10
  loginHistoryRetentionPeriod: 168h0m0s
  maximumClockSkew: 10s
  multipleLogin: true
  jwtSecret: a-secret-of-the-host
  oauthOptions:
    clients:
    - name: kubesphere
      secret: kubesphere
      redirectURIs: ['*']
    accessTokenMaxAge: 2h0m0s
    accessTokenInactivityTimeout: 0s
";

#[test]
fn a_rewrite_through_a_go_struct_is_no_change() {
    let (desired, live) = (yaml(RENDERED), yaml(REWRITTEN));
    let last = rendered(&desired);
    for base in [None, Some(last.base())] {
        let merge = merge(base.as_ref(), &desired, &live);
        assert!(semantic::same(&merge.merged, &live), "{:#}", merge.merged);
        assert_eq!(merge.conflicts, []);
        assert_eq!(
            shown(&merge.foreign),
            ["authentication.oauthOptions.accessTokenInactivityTimeout"]
        );
    }
}

#[test]
fn the_result_has_the_order_of_the_configuration_then_foreign_keys() {
    let mut live = yaml(REWRITTEN);
    live["alerting"] = json!({"endpoint": "x"});
    let merged = merge(None, &yaml(RENDERED), &live).merged;
    let keys: Vec<_> = merged.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["authentication", "multicluster", "monitoring", "alerting"]);
    let oauth: Vec<_> =
        merged["authentication"]["oauthOptions"].as_object().unwrap().keys().collect();
    assert_eq!(oauth, ["accessTokenMaxAge", "clients", "accessTokenInactivityTimeout"]);
    // Live's spelling stays where the meaning is the same.
    assert_eq!(merged["authentication"]["loginHistoryRetentionPeriod"], "168h0m0s");
}

/// Without a rendered value KubeSphere's rewrite would make tokens that never expire: a value that
/// the configuration has from now on takes the place of the one that was added.
#[test]
fn a_token_age_added_by_the_rewrite_gives_way_to_a_configured_one() {
    let last = rendered(&json!({"oauthOptions": {"x": 1}}));
    let live = json!({"oauthOptions": {"x": 1, "accessTokenMaxAge": "0s"}});
    let desired = json!({"oauthOptions": {"x": 1, "accessTokenMaxAge": "2h0m0s"}});
    let merge = merge(Some(&last.base()), &desired, &live);
    assert_eq!(merge.merged, desired);
    assert_eq!(merge.conflicts, []);
}

#[test]
fn a_hand_edit_of_an_address_that_nobody_configured_stays() {
    let desired = yaml(RENDERED);
    let mut live = yaml(REWRITTEN);
    live["multicluster"]["proxyPublishAddress"] = json!("http://10.0.0.1:30880");
    let last = rendered(&desired);
    let result = merge(Some(&last.base()), &desired, &live);
    assert!(semantic::same(&result.merged, &live));
    assert_eq!(result.conflicts, []);
    assert!(shown(&result.foreign).contains(&"multicluster.proxyPublishAddress".to_owned()));
    // Configured now, it is the configuration's.
    let mut configured = desired;
    configured["multicluster"]["proxyPublishAddress"] = json!("http://10.0.0.2:30880");
    let result = merge(Some(&last.base()), &configured, &live);
    assert_eq!(result.merged["multicluster"]["proxyPublishAddress"], "http://10.0.0.2:30880");
    assert_eq!(result.conflicts, []);
}

#[test]
fn a_hand_edit_of_what_we_wrote_is_a_conflict_and_stays() {
    let desired = yaml(RENDERED);
    let mut live = yaml(REWRITTEN);
    live["authentication"]["oauthOptions"]["accessTokenMaxAge"] = json!("0s");
    let last = rendered(&desired);
    let result = merge(Some(&last.base()), &desired, &live);
    assert_eq!(result.merged["authentication"]["oauthOptions"]["accessTokenMaxAge"], "0s");
    let [conflict] = &result.conflicts[..] else { panic!("{:?}", result.conflicts) };
    assert_eq!(conflict.path.to_string(), "authentication.oauthOptions.accessTokenMaxAge");
    assert_eq!((&conflict.desired, &conflict.live), (&json!("2h0m0s"), &json!("0s")));
    let forced = merge_with(Some(&last.base()), &desired, &live, Winner::Desired);
    assert_eq!(forced.merged["authentication"]["oauthOptions"]["accessTokenMaxAge"], "2h0m0s");
    assert_eq!(forced.conflicts, []);
}

/// base, desired, live, merged, conflicts
#[test]
#[allow(clippy::too_many_lines)] // A table.
fn every_row_of_the_table() {
    let cases = [
        (
            "only the configuration changed",
            Some(json!({"a": 1})),
            json!({"a": 2}),
            json!({"a": 1}),
            json!({"a": 2}),
            0,
        ),
        (
            "only live changed",
            Some(json!({"a": 1})),
            json!({"a": 1}),
            json!({"a": 2}),
            json!({"a": 2}),
            1,
        ),
        (
            "both changed alike",
            Some(json!({"a": 1})),
            json!({"a": 2}),
            json!({"a": 2}),
            json!({"a": 2}),
            0,
        ),
        (
            "both changed differently",
            Some(json!({"a": 1})),
            json!({"a": 2}),
            json!({"a": 3}),
            json!({"a": 3}),
            1,
        ),
        ("taken away live", Some(json!({"a": 1})), json!({"a": 1}), json!({}), json!({"a": 1}), 0),
        (
            "emptied live",
            Some(json!({"a": 1})),
            json!({"a": 1}),
            json!({"a": null}),
            json!({"a": 1}),
            0,
        ),
        (
            "switched off live",
            Some(json!({"a": true})),
            json!({"a": true}),
            json!({"a": false}),
            json!({"a": false}),
            1,
        ),
        ("no more configured", Some(json!({"a": 1})), json!({}), json!({"a": 1}), json!({}), 0),
        (
            "no more configured, changed live",
            Some(json!({"a": 1})),
            json!({}),
            json!({"a": 2}),
            json!({"a": 2}),
            0,
        ),
        (
            "no more configured, gone live",
            Some(json!({"a": 1})),
            json!({}),
            json!({}),
            json!({}),
            0,
        ),
        ("only live", Some(json!({})), json!({}), json!({"a": 1}), json!({"a": 1}), 0),
        (
            "new on both sides",
            Some(json!({})),
            json!({"a": 1}),
            json!({"a": 2}),
            json!({"a": 1}),
            0,
        ),
        (
            "first run",
            None,
            json!({"a": 1, "b": 1}),
            json!({"a": 2, "c": 3}),
            json!({"a": 1, "b": 1, "c": 3}),
            0,
        ),
        (
            "emptied in the configuration",
            Some(json!({"a": "x"})),
            json!({"a": ""}),
            json!({"a": "x"}),
            json!({}),
            0,
        ),
        (
            "a whole section goes",
            Some(json!({"s": {"a": 1, "b": {"c": 2}}})),
            json!({}),
            json!({"s": {"a": 1, "b": {"c": 2}}}),
            json!({}),
            0,
        ),
        (
            "a section goes but for the foreign",
            Some(json!({"s": {"a": 1}})),
            json!({}),
            json!({"s": {"a": 1, "z": 2}}),
            json!({"s": {"z": 2}}),
            0,
        ),
        (
            "a list changed live",
            Some(json!({"l": [1]})),
            json!({"l": [1]}),
            json!({"l": [1, 2]}),
            json!({"l": [1, 2]}),
            1,
        ),
        (
            "a list changed by us",
            Some(json!({"l": [1]})),
            json!({"l": [1, 3]}),
            json!({"l": [1]}),
            json!({"l": [1, 3]}),
            0,
        ),
        (
            "another type live",
            Some(json!({"a": 1})),
            json!({"a": 1}),
            json!({"a": {"b": 2}}),
            json!({"a": {"b": 2}}),
            1,
        ),
        (
            "an empty value is nobody's",
            Some(json!({"a": false})),
            json!({}),
            json!({"a": null}),
            json!({"a": null}),
            0,
        ),
        (
            "a mapping in place of a scalar",
            Some(json!({"a": 1})),
            json!({"a": {"b": 2}}),
            json!({"a": 1}),
            json!({"a": {"b": 2}}),
            0,
        ),
    ];
    for (name, base, desired, live, merged, conflicts) in cases {
        let last = base.as_ref().map(rendered);
        let base = last.as_ref().map(Rendered::base);
        let result = merge(base.as_ref(), &desired, &live);
        assert_eq!(result.merged, merged, "{name}");
        assert_eq!(result.conflicts.len(), conflicts, "{name}");
        let again = merge(base.as_ref(), &desired, &result.merged);
        let replaced = Vec::new();
        assert_eq!(again, Merge { merged, replaced, ..result }, "{name}: again");
    }
}

#[test]
fn lists_of_named_items_are_merged_by_name() {
    let client = |name: &str, secret: &str| json!({"name": name, "secret": secret});
    let desired = json!({"clients": [client("kubesphere", "new")]});
    let last = rendered(&json!({"clients": [client("kubesphere", "old"), client("gone", "g")]}));
    let live = json!({"clients": [client("theirs", "t"), client("gone", "g"), client("kubesphere", "old")]});
    let result = merge(Some(&last.base()), &desired, &live);
    let merged = json!({"clients": [client("kubesphere", "new"), client("theirs", "t")]});
    assert_eq!(result.merged, merged);
    assert_eq!(shown(&result.foreign), ["clients.theirs.name", "clients.theirs.secret"]);
    // An item that is ours no more but was changed keeps its name.
    let live = json!({"clients": [client("gone", "changed")]});
    let result = merge(Some(&last.base()), &json!({}), &live);
    assert_eq!(result.merged, live);
}
