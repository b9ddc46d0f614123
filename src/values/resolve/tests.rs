use std::time::Duration;

use super::super::entropy::fixed::Fixed;
use super::super::{AT_INSTALL, preview};
use super::*;

const DAY: u64 = 86_400;

fn at(day: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs((20_000 + day) * DAY)
}

fn host<'a>() -> Given<'a> {
    Given { tower: true, kubefed: true, ..Given::default() }
}

fn first() -> (Values, StoredValues) {
    resolve(&host(), &StoredValues::default(), &mut Fixed::new(1), at(0)).unwrap()
}

fn again(given: &Given<'_>, stored: &StoredValues, day: u64) -> (Values, StoredValues) {
    resolve(given, stored, &mut Fixed::new(99), at(day)).unwrap()
}

fn sources(values: &Values) -> Vec<ValueSource> {
    let Values {
        jwt_secret,
        static_token,
        admin_password,
        admin_password_hash,
        redis_password,
        tower_ca,
        webhook_ca,
        controller_manager_webhook,
        kubefed_webhook,
    } = values;
    [jwt_secret, static_token, admin_password, admin_password_hash, redis_password]
        .map(|t| t.source)
        .into_iter()
        .chain(
            [tower_ca, webhook_ca, controller_manager_webhook, kubefed_webhook].map(|c| c.source),
        )
        .collect()
}

#[test]
fn first_everything_is_generated_then_everything_is_stored() {
    let (values, stored) = first();
    assert_eq!(sources(&values), [ValueSource::Generated; 9]);
    assert_eq!(values.jwt_secret.text.len(), 32);
    assert_eq!(stored.0.len(), 13);
    let (later, stored_later) = again(&host(), &stored, 100);
    assert_eq!(sources(&later), [ValueSource::Live; 9]);
    assert_eq!(stored_later, stored);
    assert_eq!(later.jwt_secret.text, values.jwt_secret.text);
    assert_eq!(later.tower_ca.key, values.tower_ca.key);
}

#[test]
fn the_same_entropy_gives_the_same_texts() {
    let (one, other) = (first().0, first().0);
    assert_eq!(one.jwt_secret, other.jwt_secret);
    assert_eq!(one.admin_password_hash, other.admin_password_hash);
    // RSA signatures have no randomness in them; ECDSA's have.
    assert_eq!(one.tower_ca, other.tower_ca);
    assert_eq!(one.webhook_ca.key, other.webhook_ca.key);
}

#[test]
fn a_given_secret_wins_and_mints_the_token_anew() {
    let (values, stored) = first();
    let given = Given { jwt_secret: Some("a-secret-of-the-host-0123456789abcdef"), ..host() };
    let (changed, stored) = again(&given, &stored, 1);
    assert_eq!(changed.jwt_secret.source, ValueSource::Configuration);
    assert_eq!(changed.static_token.source, ValueSource::Generated);
    assert_ne!(changed.static_token.text, values.static_token.text);
    // Taken out of the configuration it stays what it is.
    let (later, stored_later) = again(&host(), &stored, 2);
    assert_eq!(later.jwt_secret.text, changed.jwt_secret.text);
    assert_eq!(
        later.static_token,
        SecretText { source: ValueSource::Live, ..changed.static_token }
    );
    assert_eq!(stored_later, stored);
}

#[test]
fn an_empty_text_in_the_configuration_is_none() {
    let (_, stored) = first();
    let given = Given { jwt_secret: Some(""), admin_password: Some(""), ..host() };
    assert_eq!(again(&given, &stored, 1).1, stored);
}

#[test]
fn a_given_password_is_hashed_once() {
    let given = Given { admin_password: Some("Secret-0001"), ..host() };
    let (values, stored) =
        resolve(&given, &StoredValues::default(), &mut Fixed::new(1), at(0)).unwrap();
    assert!(bcrypt::verify("Secret-0001", &values.admin_password_hash.text).unwrap());
    assert_eq!(values.admin_password.source, ValueSource::Configuration);
    let (later, stored_later) = again(&given, &stored, 1);
    assert_eq!(later.admin_password_hash.text, values.admin_password_hash.text);
    assert_eq!(stored_later, stored);
    let other = Given { admin_password: Some("Secret-0002"), ..host() };
    let (changed, _) = again(&other, &stored, 1);
    assert!(bcrypt::verify("Secret-0002", &changed.admin_password_hash.text).unwrap());
}

#[test]
fn a_given_hash_is_taken_as_it_is_and_nobody_knows_the_password() {
    let hash = "$2a$10$zcHepmzfKPoxCVCYZr5K7ORPZZ/ySe9p/7IUb/8u./xHrnSX2LOCO";
    let (_, stored) = first();
    let (values, stored) = again(&Given { admin_password: Some(hash), ..host() }, &stored, 1);
    assert_eq!(values.admin_password_hash.text, hash);
    assert_eq!(values.admin_password.text, "");
    let (later, stored_later) = again(&host(), &stored, 2);
    assert_eq!(
        (later.admin_password_hash.text.as_str(), later.admin_password.text),
        (hash, String::new())
    );
    assert_eq!(stored_later, stored);
}

#[test]
fn what_a_role_does_not_need_is_not_made_and_what_is_stored_stays() {
    let (values, stored) =
        resolve(&Given::default(), &StoredValues::default(), &mut Fixed::new(1), at(0)).unwrap();
    assert_eq!(values.tower_ca.key, AT_INSTALL);
    assert_eq!(values.kubefed_webhook.certificate, AT_INSTALL);
    assert!(!stored.0.contains_key("towerCA.key"));
    let (_, of_host) = again(&host(), &stored, 1);
    assert_eq!(again(&Given::default(), &of_host, 2).1, of_host);
}

#[test]
fn serving_certificates_are_renewed_under_the_same_authority() {
    let (values, stored) = first();
    let (same, _) = again(&host(), &stored, 1826 - 30);
    assert_eq!(same.kubefed_webhook.certificate, values.kubefed_webhook.certificate);
    let (renewed, renewed_stored) = again(&host(), &stored, 1826 - 29);
    assert_eq!(renewed.webhook_ca.certificate, values.webhook_ca.certificate);
    for pair in [&renewed.kubefed_webhook, &renewed.controller_manager_webhook] {
        assert_eq!(pair.source, ValueSource::Generated);
        assert!(is_signed_by(&pair.certificate, &values.webhook_ca.certificate));
    }
    // And only once.
    assert_eq!(again(&host(), &renewed_stored, 1826 - 28).1, renewed_stored);
}

#[test]
fn serving_certificates_follow_their_names_and_their_authority() {
    let (values, stored) = first();
    let mut swapped = stored.clone();
    for end in ["crt", "key"] {
        let of_kubefed = stored.0[&format!("kubefedWebhook.{end}")].clone();
        swapped.0.insert(format!("controllerManagerWebhook.{end}"), of_kubefed);
    }
    let (renewed, _) = again(&host(), &swapped, 1);
    assert_eq!(renewed.controller_manager_webhook.source, ValueSource::Generated);
    assert_eq!(renewed.kubefed_webhook.source, ValueSource::Live);

    let mut without = stored.clone();
    without.0.remove("webhookCA.crt");
    without.0.remove("webhookCA.key");
    let (renewed, _) = again(&host(), &without, 1);
    assert_ne!(renewed.webhook_ca.certificate, values.webhook_ca.certificate);
    assert!(is_signed_by(&renewed.kubefed_webhook.certificate, &renewed.webhook_ca.certificate));
}

#[test]
fn the_authority_of_the_webhooks_is_replaced_before_its_end_towers_is_an_error() {
    let (_, stored) = first();
    let (near, near_stored) = again(&host(), &stored, 3653 - 20);
    assert_eq!(near.webhook_ca.source, ValueSource::Generated);
    assert_eq!(near.tower_ca.source, ValueSource::Live);
    assert_eq!(again(&host(), &near_stored, 3653 - 19).1, near_stored);
    let late = resolve(&host(), &stored, &mut Fixed::new(1), at(3653));
    let error = late.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the stored certificate authority `towerCA` expired on 2034-10-05"
    );
    assert!(error.help().contains("towerCA.crt"));
}

#[test]
fn a_damaged_stored_value_is_named_and_never_replaced() {
    let (_, stored) = first();
    let broken = |name: &str, text: Option<&str>| {
        let mut stored = stored.clone();
        match text {
            Some(text) => stored.0.insert(name.into(), text.into()),
            None => stored.0.remove(name),
        };
        resolve(&host(), &stored, &mut Fixed::new(1), at(1)).unwrap_err().to_string()
    };
    let cases = [
        broken("towerCA.crt", Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----")),
        broken("towerCA.crt", Some("garbage")),
        broken("towerCA.key", Some("garbage")),
        broken("towerCA.key", None),
        broken("towerCA.crt", None),
        broken("webhookCA.crt", Some(&stored.0["kubefedWebhook.crt"])),
        broken("webhookCA.key", Some(&stored.0["kubefedWebhook.key"])),
        broken("kubefedWebhook.crt", Some("garbage")),
        broken("jwtSecret", Some("")),
        broken("adminPasswordHash", Some("P@88w0rd")),
        broken("staticToken", Some("")),
    ];
    insta::assert_snapshot!(cases.join("\n"));
}

#[test]
fn foreseeing_makes_nothing() {
    let empty = StoredValues::default();
    for given in [
        host(),
        Given { jwt_secret: Some("x"), admin_password: Some("y"), ..host() },
        Given {
            admin_password: Some("$2a$10$zcHepmzfKPoxCVCYZr5K7ORPZZ/ySe9p/7IUb/8u./xHrnSX2LOCO"),
            ..host()
        },
    ] {
        assert_eq!(resolve_without_generating(&given, &empty, at(0)).unwrap(), preview(&given));
    }
    let (values, stored) = first();
    let foreseen = resolve_without_generating(&host(), &stored, at(0)).unwrap();
    assert_eq!(foreseen.tower_ca.certificate, values.tower_ca.certificate);
    assert_eq!(sources(&foreseen), [ValueSource::Live; 9]);
    // What a run would renew shows as such.
    let foreseen = resolve_without_generating(&host(), &stored, at(1826 - 29)).unwrap();
    assert_eq!(foreseen.kubefed_webhook.source, ValueSource::AtInstall);
    let given = Given { jwt_secret: Some("other"), ..host() };
    assert_eq!(
        resolve_without_generating(&given, &stored, at(0)).unwrap().static_token.text,
        AT_INSTALL
    );
}

#[test]
fn impossible_clocks_are_an_error() {
    let before = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
    for now in [before, at(3_000_000)] {
        let answer = resolve(&host(), &StoredValues::default(), &mut Fixed::new(1), now);
        assert_eq!(answer.unwrap_err(), Error::Clock);
    }
}

#[test]
fn debug_output_holds_no_secret() {
    let given = Given {
        jwt_secret: Some("canary-jwt-secret"),
        admin_password: Some("canary-password"),
        ..host()
    };
    let (values, stored) =
        resolve(&given, &StoredValues::default(), &mut Fixed::new(1), at(0)).unwrap();
    let shown = format!("{given:?} {given:#?} {values:?} {values:#?} {stored:?} {stored:#?}");
    for secret in stored.0.values() {
        assert!(!shown.contains(secret.as_str()), "{shown}");
    }
    assert!(!shown.contains("BEGIN") && !shown.contains("canary"), "{shown}");
}
