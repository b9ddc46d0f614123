use super::super::history::without_secrets;
use super::*;
use crate::config;
use crate::config::{Request, load};
use crate::target::{About, RunResult};

const SECRET: &str = "canary-jwt-0123456789-0123456789";

fn configuration(inputs: Vec<Input>) -> Configuration {
    let loaded = load(Request { inputs, sets: Vec::new() });
    Configuration::from_json(loaded.spec.unwrap().to_json()).unwrap()
}

fn of(text: &str) -> Configuration {
    let frame =
        format!("apiVersion: {}\nkind: {}\nspec:\n{text}", config::API_VERSION, config::KIND);
    configuration(vec![Input { name: "x".into(), bytes: frame.into_bytes() }])
}

fn revision(number: u32, configuration: &Configuration) -> Revision {
    let (text, left_out) = without_secrets(configuration);
    let about = About { spec_hash: configuration.hash(), left_out, ..About::default() };
    Revision { number, about, configuration: text }
}

fn kept(pairs: &[(&str, &str)]) -> StoredValues {
    StoredValues(pairs.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect())
}

#[test]
fn a_configuration_comes_back_whole_with_the_kept_secrets() {
    let member = of(&format!(
        "  authentication: {{jwtSecret: {SECRET}, adminPassword: canary-Passw0rd}}\n  \
         multicluster: {{clusterRole: member}}\n  common: {{redis: {{enabled: true}}}}\n"
    ));
    let revision = revision(1, &member);
    assert!(!revision.configuration.contains("canary"), "{}", revision.configuration);
    assert_eq!(
        revision.about.left_out,
        ["/authentication/jwtSecret", "/authentication/adminPassword"]
    );
    let kept = kept(&[("jwtSecret", SECRET), ("adminPassword", "canary-Passw0rd")]);
    let again = configuration(inputs(&revision, &kept));
    assert_eq!(again.hash(), member.hash());
    assert_eq!(again.authentication.jwt_secret.as_deref(), Some(SECRET));
}

#[test]
fn secrets_of_identity_providers_are_left_out() {
    let host = of("  authentication: {oauthOptions: {identityProviders: [{name: x, provider: \
                   {apiKey: canary, accessKey: canary, kubeconfig: canary, issuer: shown}}]}}\n");
    let revision = revision(1, &host);
    let text = &revision.configuration;
    assert!(text.contains("issuer: shown") && !text.contains("canary"), "{text}");
    assert_eq!(revision.about.left_out.len(), 3);
}

/// Of keys without effect in a role, only those are worth a warning that somebody wrote.
#[test]
fn what_is_so_by_default_is_not_given_again() {
    let member = of("  multicluster: {clusterRole: member, hostClusterName: other}\n");
    let revision = revision(1, &member);
    assert!(revision.configuration.contains("kubefed"), "{}", revision.configuration);
    let inputs = inputs(&revision, &kept(&[]));
    let text = String::from_utf8(inputs[0].bytes.clone()).unwrap();
    assert!(!text.contains("kubefed"), "{text}");
    assert!(text.contains("hostClusterName: other"), "{text}");
    assert_eq!(configuration(inputs).hash(), member.hash());
}

#[test]
fn a_password_that_is_left_empty_stays_empty() {
    let none = of("  authentication: {adminPassword: \"\"}\n");
    let revision = revision(1, &none);
    let kept = kept(&[("adminPassword", "canary-Passw0rd")]);
    assert_eq!(configuration(inputs(&revision, &kept)).hash(), none.hash());
}

#[test]
fn what_was_made_and_not_given_stays_made() {
    let host = of("  multicluster: {clusterRole: host}\n");
    let revision = revision(1, &host);
    let again = configuration(inputs(&revision, &kept(&[("jwtSecret", SECRET)])));
    assert_eq!(again.hash(), host.hash());
    assert!(again.authentication.jwt_secret.is_none());
}

#[test]
fn other_secrets_have_to_be_given_again() {
    let configured =
        of("  common: {es: {basicAuth: {enabled: true, username: a, password: canary-1}}}\n");
    let revision = revision(3, &configured);
    assert!(!revision.configuration.contains("canary"), "{}", revision.configuration);
    let error = complete(&revision, Some(&json!({}))).unwrap_err().to_string();
    assert!(error.contains("common.es.basicAuth.password"), "{error}");
    let given = serde_json::to_value(&configured).unwrap();
    complete(&revision, Some(&given)).unwrap();
}

#[test]
fn only_a_secret_that_authentication_names_is_read_again() {
    let about =
        About { left_out: vec!["/authentication/jwtSecret".to_owned()], ..About::default() };
    let stored = kept(&[("jwtSecret", SECRET)]);
    for (spec, is_read) in [
        ("{authentication: {jwtSecretRef: {name: a, key: b}}}", true),
        ("\n  authentication:\n    jwtSecretRef: {name: a}\n", true),
        ("\n  common: {redis: {enabled: true}}\n  console:\n    jwtSecretRef: {name: a}\n", false),
    ] {
        let configuration = format!("spec: {spec}");
        let revision = Revision { number: 1, about: about.clone(), configuration };
        let names: Vec<_> = inputs(&revision, &stored).into_iter().map(|i| i.name).collect();
        assert_eq!(names.contains(&"stored values".to_owned()), !is_read, "{spec}: {names:?}");
    }
}

/// Revisions from 1 by the hash of their configuration; `!` marks failed runs.
fn runs(hashes: &[&str]) -> Vec<Revision> {
    let of = |(number, hash): (u32, &&str)| {
        let spec_hash = hash.trim_end_matches('!').to_owned();
        let failed = hash.ends_with('!');
        let result = if failed { RunResult::Failed } else { RunResult::Applied };
        let about = About { result, spec_hash, ..About::default() };
        Revision { number, about, configuration: String::new() }
    };
    (1..).zip(hashes).map(of).collect()
}

#[test]
fn without_a_number_it_is_the_last_good_one_that_differs_from_the_newest() {
    for (history, expected) in [
        (&["a", "b", "c"][..], Some(2)),
        (&["a", "b", "c!"], Some(2)),
        (&["a", "b!", "c!"], Some(1)),
        (&["a", "b!", "a"], None),
        // The same configuration failed later: it is the one to get away from.
        (&["a", "b", "b!"], Some(1)),
        (&["a", "b!", "b"], Some(1)),
        (&["a"], None),
        (&["a!"], None),
        (&[], None),
    ] {
        let revisions = runs(history);
        let found = chosen(&revisions, None).ok().map(|revision| revision.number);
        assert_eq!(found, expected, "{history:?}");
    }
    assert_eq!(chosen(&runs(&["a", "b!"]), Some(2)).unwrap().number, 2);
    assert!(chosen(&runs(&["a", "b"]), Some(3)).is_err());
}
