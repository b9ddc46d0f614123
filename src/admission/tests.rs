use serde_json::json;

use super::*;

fn cc(spec: &Value) -> Value {
    json!({
        "apiVersion": "installer.kubesphere.io/v1alpha1", "kind": "ClusterConfiguration",
        "metadata": {"name": "ks-installer", "namespace": "kubesphere-system"}, "spec": spec,
    })
}

fn host(more: &Value) -> Value {
    let mut spec = json!({"multicluster": {"clusterRole": "host"}});
    for (key, value) in more.as_object().unwrap() {
        spec[key] = value.clone();
    }
    cc(&spec)
}

/// The answer to an update from the second to the first, or to a creation.
fn asked(object: &Value, old: Option<&Value>) -> Value {
    let request = json!({"uid": "u-1", "object": object, "oldObject": old, "options": {}});
    answered(&request)
}

fn answered(request: &Value) -> Value {
    let review =
        json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request});
    let (answer, verdict) = super::review(review.to_string().as_bytes()).unwrap();
    let response = answer["response"].clone();
    assert_eq!((&answer["kind"], &response["uid"]), (&json!("AdmissionReview"), &json!("u-1")));
    assert_eq!(response["allowed"], verdict == Verdict::Allowed);
    response
}

/// The lines of a refusal.
fn refused(object: &Value, old: Option<&Value>) -> Vec<String> {
    let response = asked(object, old);
    assert_eq!(response["allowed"], false, "{response}");
    let status = &response["status"];
    assert_eq!((&status["code"], &status["reason"]), (&json!(422), &json!("Invalid")));
    let lines: Vec<_> = status["message"].as_str().unwrap().lines().map(str::to_owned).collect();
    // kubectl shows the causes, others the message.
    let causes = status["details"]["causes"].as_array().unwrap();
    let cause =
        |c: &Value| format!("{}: {}", c["field"].as_str().unwrap(), c["message"].as_str().unwrap());
    let causes: Vec<_> = causes.iter().map(cause).collect();
    assert!(causes.iter().zip(&lines).all(|(cause, line)| cause.ends_with(line)), "{causes:?}");
    assert_eq!(causes.len(), lines.len());
    lines
}

/// The warnings of what is allowed.
fn allowed(object: &Value, old: Option<&Value>) -> Vec<String> {
    let response = asked(object, old);
    assert_eq!(response["allowed"], true, "{response}");
    assert!(response.get("status").is_none());
    let warnings = response["warnings"].as_array().into_iter().flatten();
    warnings.map(|warning| warning.as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_is_right_is_allowed_without_a_word() {
    assert_eq!(allowed(&host(&json!({})), None), [""; 0]);
}

#[test]
fn all_mistakes_are_told_at_once_with_field_and_code() {
    let object = cc(&json!({
        "multicluster": {"clusterrole": "host"},
        "common": {"redis": {"enabled": "yes"}},
    }));
    assert_eq!(
        refused(&object, None),
        [
            "spec.multicluster.clusterrole: unknown field `clusterrole`: did you mean `clusterRole`? (KSI0012)",
            "spec.common.redis.enabled: `common.redis.enabled` must be true or false, not the text `yes`: \
             remove the quotes (KSI0010)",
        ]
    );
}

#[test]
fn old_forms_are_one_warning_of_each_kind() {
    let old = json!({
        "multicluster": {"enabled": true},
        "common": {"redisVolumSize": "2Gi", "mysqlVolumeSize": "20Gi"},
    });
    let warnings = allowed(&cc(&old), None);
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].contains("KSI0080") && warnings[0].contains("2 times"), "{warnings:?}");
    assert!(warnings[0].contains("ksi config migrate"), "{warnings:?}");
    assert!(warnings[1].starts_with("spec.common.mysqlVolumeSize: "), "{warnings:?}");
    assert!(warnings.iter().all(|line| line.len() <= 256), "{warnings:?}");
}

#[test]
fn keys_of_other_versions_stay_and_new_ones_are_refused() {
    let old = host(&json!({"zzz": {"a": 1}}));
    let changed = host(&json!({"zzz": {"a": 2}, "etcd": {"monitoring": false}}));
    let warnings = allowed(&changed, Some(&old));
    assert!(warnings[0].starts_with("spec.zzz: unknown field `zzz`"), "{warnings:?}");
    // The controller applies it: nothing is said of that.
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    let added = host(&json!({"zzz": {"a": 1}, "yyy": 1}));
    let lines = refused(&added, Some(&old));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("spec.yyy: unknown field `yyy`"), "{lines:?}");
    assert_eq!(refused(&added, None).len(), 2);
}

#[test]
fn mistakes_that_are_stored_can_be_corrected_one_by_one() {
    let wrong = |age: &str, port: u32| {
        host(&json!({
            "authentication": {"maximumClockSkew": age}, "common": {"core": {"console": {"port": port}}},
        }))
    };
    let old = wrong("soon", 99_999);
    let warnings = allowed(&wrong("2s", 99_999), Some(&old));
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].starts_with("ksi applies nothing until"), "{warnings:?}");
    assert!(warnings[1].starts_with("spec.common.core.console.port: "), "{warnings:?}");
    // Another wrong value is another mistake.
    let lines = refused(&wrong("later", 99_999), Some(&old));
    assert!(lines[0].starts_with("spec.authentication.maximumClockSkew: "), "{lines:?}");
    assert_eq!(lines.len(), 1);
}

#[test]
fn what_does_not_change_the_spec_is_not_checked() {
    let wrong = host(&json!({"zzz": 1, "console": {"port": "none"}}));
    let mut finalized = wrong.clone();
    finalized["metadata"]["finalizers"] = json!(["a/b"]);
    finalized["status"] = json!({"core": {"version": "v3.4.1"}});
    assert_eq!(allowed(&finalized, Some(&wrong)), [""; 0]);
    let mut leaving = host(&json!({"yyy": 1}));
    leaving["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    assert_eq!(allowed(&leaving, Some(&wrong)), [""; 0]);
    // A deletion has no object.
    assert_eq!(
        answered(&json!({"uid": "u-1", "object": null, "oldObject": wrong}))["allowed"],
        true
    );
}

#[test]
fn a_second_configuration_is_refused_and_the_first_is_named() {
    let mut second = host(&json!({}));
    second["metadata"]["name"] = json!("mine");
    let lines = refused(&second, None);
    assert!(
        lines[0].starts_with("metadata.name: ") && lines[0].contains("`ks-installer`"),
        "{lines:?}"
    );
    let mut elsewhere = host(&json!({}));
    elsewhere["metadata"]["namespace"] = json!("default");
    let lines = refused(&elsewhere, None);
    assert!(
        lines[0].starts_with("metadata.namespace: ") && lines[0].contains("`kubesphere-system`"),
        "{lines:?}"
    );
    // Who has one already can still edit it.
    let mut edited = second.clone();
    edited["spec"]["etcd"] = json!({"monitoring": false});
    assert_eq!(allowed(&edited, Some(&second)).len(), 2);
}

#[test]
fn ksi_itself_may_store_unknown_keys() {
    let mut request = json!({"uid": "u-1", "object": host(&json!({"zzz": 1})), "oldObject": null});
    assert_eq!(answered(&request)["allowed"], false);
    request["options"]["fieldManager"] = json!("ksi");
    let response = answered(&request);
    assert_eq!(response["allowed"], true);
    assert_eq!(response["warnings"].as_array().unwrap().len(), 1, "{response}");
}

#[test]
fn no_answer_shows_a_secret() {
    let secrets = [
        "canary-of-jwt\u{1}",
        "canary-Password",
        "canary-of-es",
        "canary-in-a-typo",
        "canary-without-a-blank",
    ];
    let object = cc(&json!({
        "authentication": {"jwtSecret": secrets[0], "adminPassword": secrets[1]},
        "common": {"es": {"basicAuth": {"enabled": "x", "password": [secrets[2]]}}},
        "multicluster": {"clusterRole": secrets[0], "jwtSecrett": secrets[3]},
        secrets[1]: secrets[0],
        format!("jwtSecret:{}", secrets[4]): null,
    }));
    let response = asked(&object, Some(&host(&json!({})))).to_string();
    assert!(response.contains("spec.(hidden): unknown field"), "{response}");
    assert!(response.contains("spec.multicluster.jwtSecrett: "), "{response}");
    for secret in secrets {
        assert!(!response.contains(secret.trim_end_matches('\u{1}')), "{response}");
    }
}

#[test]
fn a_file_of_another_kind_gives_a_short_answer() {
    let many: serde_json::Map<_, _> = (0..500).map(|n| (format!("key-{n}"), json!(1))).collect();
    let lines = refused(&cc(&Value::Object(many)), None);
    assert_eq!(lines.len(), 21);
    assert!(lines[20].contains("more mistakes: `ksi validate` shows all"), "{}", lines[20]);
}

#[test]
fn what_is_no_review_is_not_answered() {
    for text in [
        "",
        "{}",
        "[1]",
        r#"{"apiVersion":"admission.k8s.io/v1beta1","kind":"AdmissionReview","request":{"uid":"1"}}"#,
    ] {
        assert_eq!(super::review(text.as_bytes()), Err(Malformed), "{text}");
    }
}
