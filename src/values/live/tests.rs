use std::time::{Duration, SystemTime};

use serde_json::json;

use super::super::entropy::fixed::Fixed;
use super::super::{ValueSource, Values, resolve};
use super::*;

fn host<'a>() -> Given<'a> {
    Given { tower: true, kubefed: true, ..Given::default() }
}

fn at(day: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs((20_000 + day) * 86_400)
}

fn first() -> (Values, StoredValues) {
    resolve(&host(), &StoredValues::default(), &mut Fixed::new(1), at(0)).unwrap()
}

fn secret(place: &Place, data: &Value) -> (ObjectId, Value) {
    let Value::Object(data) = data else { panic!("no map") };
    let encoded = data.iter().map(|(key, text)| (key, STANDARD.encode(text.as_str().unwrap())));
    let data: Value = encoded.map(|(key, text)| (key.clone(), Value::from(text))).collect();
    (place.id(), json!({"data": data}))
}

fn configured(secret: &str) -> (ObjectId, Value) {
    let text = format!("authentication:\n  jwtSecret: \"{secret}\"\n");
    (config(), json!({"data": {"kubesphere.yaml": text}}))
}

/// The objects of a host with these values.
fn objects(values: &Values) -> BTreeMap<ObjectId, Value> {
    let pair = |pair: &super::super::Certificate| json!({"tls.crt": pair.certificate, "tls.key": pair.key});
    let mut webhook = pair(&values.controller_manager_webhook);
    webhook["ca.crt"] = values.webhook_ca.certificate.clone().into();
    BTreeMap::from([
        configured(&values.jwt_secret.text),
        (admin(), json!({"spec": {"password": values.admin_password_hash.text}})),
        secret(
            &TEXTS[0],
            &json!({
                "secret": values.jwt_secret.text, "token": values.static_token.text,
                "initAdminPassword": values.admin_password.text,
            }),
        ),
        secret(&TEXTS[3], &json!({"auth": values.redis_password.text})),
        secret(&TOWER, &pair(&values.tower_ca)),
        secret(&CONTROLLER_MANAGER, &webhook),
        secret(&KUBEFED, &pair(&values.kubefed_webhook)),
    ])
}

#[test]
fn only_what_is_needed_and_not_stored_is_read() {
    let (values, stored) = first();
    assert_eq!(sources(&host(), &stored), [config()]);
    let given = Given { admin_password: Some("x"), ..host() };
    assert_eq!(sources(&given, &stored), [config(), admin()]);
    let nothing = StoredValues::default();
    let all: Vec<ObjectId> = objects(&values).into_keys().collect();
    assert_eq!(sources(&host(), &nothing), all);
    let alone = sources(&Given::default(), &nothing);
    assert!(!alone.contains(&TOWER.id()) && !alone.contains(&KUBEFED.id()), "{alone:?}");
}

#[test]
fn lost_values_are_found_in_the_objects_and_nothing_is_generated() {
    let (values, stored) = first();
    let mut known = completed(&StoredValues::default(), &objects(&values));
    let (again, later) = resolve(&host(), &known, &mut Fixed::new(99), at(1)).unwrap();
    assert_eq!(later, known);
    assert_eq!(again.tower_ca.key, values.tower_ca.key);
    assert_eq!(again.webhook_ca.certificate, values.webhook_ca.certificate);
    // Only the key of the webhooks' authority is nowhere else.
    known.0.insert("webhookCA.key".into(), stored.0["webhookCA.key"].clone());
    assert_eq!(known, stored);
}

#[test]
fn without_its_key_the_authority_of_the_webhooks_is_replaced_when_it_has_to_sign() {
    let (values, _) = first();
    let known = completed(&StoredValues::default(), &objects(&values));
    let (renewed, stored) = resolve(&host(), &known, &mut Fixed::new(99), at(1826 - 29)).unwrap();
    for pair in [&renewed.webhook_ca, &renewed.kubefed_webhook, &renewed.controller_manager_webhook]
    {
        assert_eq!(pair.source, ValueSource::Generated);
    }
    assert!(stored.has_pair(stored::WEBHOOK_CA));
    // So that KubeFed gets a certificate when it is switched on.
    let mut none = objects(&values);
    none.remove(&KUBEFED.id());
    let known = completed(&StoredValues::default(), &none);
    let (made, _) = resolve(&host(), &known, &mut Fixed::new(99), at(1)).unwrap();
    assert!(is_signed_by(&made.kubefed_webhook.certificate, &made.webhook_ca.certificate));
    assert_ne!(made.webhook_ca.certificate, values.webhook_ca.certificate);
}

#[test]
fn the_jwt_secret_in_use_counts_more_than_the_stored_one() {
    let stored = StoredValues([("jwtSecret".to_owned(), "stored".to_owned())].into());
    let of = |live: Option<&str>| {
        let live = live.map(configured).into_iter().collect();
        completed(&stored, &live).0["jwtSecret"].clone()
    };
    assert_eq!(of(Some("live")), "live");
    for none in [None, Some(""), Some(AT_INSTALL)] {
        assert_eq!(of(none), "stored");
    }
    let in_secret: BTreeMap<_, _> = [secret(&TEXTS[0], &json!({"secret": "of the Secret"}))].into();
    assert_eq!(completed(&stored, &in_secret).0["jwtSecret"], "stored");
    let known = completed(&StoredValues::default(), &in_secret);
    assert_eq!(known.0["jwtSecret"], "of the Secret");
}

#[test]
fn what_no_authority_of_ours_signed_and_placeholders_do_not_count() {
    let (values, _) = first();
    let mut foreign = objects(&values);
    // As ks-installer has it: keys of another form, and an authority that signed nothing else.
    let other = json!({"ca.crt": values.tower_ca.certificate, "tls.crt": "c", "tls.key": "k"});
    let (id, body) = secret(&CONTROLLER_MANAGER, &other);
    foreign.insert(id, body);
    foreign.insert(admin(), json!({"spec": {"password": AT_INSTALL}}));
    let (id, body) = secret(&TEXTS[3], &json!({"auth": AT_INSTALL}));
    foreign.insert(id, body);
    let known = completed(&StoredValues::default(), &foreign);
    let names: Vec<&str> = known.0.keys().map(String::as_str).collect();
    assert_eq!(names, ["adminPassword", "jwtSecret", "staticToken", "towerCA.crt", "towerCA.key"]);
    assert_eq!(missing(&host(), &known), []);
}

#[test]
fn a_password_has_no_effect_on_an_admin_with_another_one() {
    let hash = "$2a$10$zcHepmzfKPoxCVCYZr5K7ORPZZ/ySe9p/7IUb/8u./xHrnSX2LOCO"; // P@88w0rd
    let user: BTreeMap<_, _> = [(admin(), json!({"spec": {"password": hash}}))].into();
    let known = StoredValues([("adminPassword".to_owned(), "Initial-0001".to_owned())].into());
    let ignored = |text: &'static str, live: &BTreeMap<ObjectId, Value>| {
        ignores_password(&Given { admin_password: Some(text), ..host() }, &known, live)
    };
    assert!(ignored("Another-0001", &user));
    for has_effect in ["Initial-0001", "P@88w0rd", hash, ""] {
        assert!(!ignored(has_effect, &user), "{has_effect}");
    }
    assert!(!ignored("Another-0001", &BTreeMap::new()));
}
