//! Values in the objects of an installation. What KubeSphere uses counts, also if the stored values differ
//! from it or are lost.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::certificate::{Pair, is_signed_by};
use super::{AT_INSTALL, Given, StoredValues, password, stored};
use crate::config::form;
use crate::object::{ObjectId, embedded, kubesphere};

/// Where a text is in a Secret.
struct Place {
    value: &'static str,
    namespace: &'static str,
    secret: &'static str,
    key: &'static str,
}

const fn place(
    value: &'static str,
    (namespace, secret): (&'static str, &'static str),
    key: &'static str,
) -> Place {
    Place { value, namespace, secret, key }
}

const CORE: (&str, &str) = (kubesphere::SYSTEM, kubesphere::SECRET);

/// The single texts. ConfigMap kubesphere-config has the jwtSecret, too.
const TEXTS: [Place; 4] = [
    place(stored::JWT_SECRET, CORE, "secret"),
    place(stored::STATIC_TOKEN, CORE, "token"),
    place(stored::ADMIN_PASSWORD, CORE, "initAdminPassword"),
    place(stored::REDIS_PASSWORD, (kubesphere::SYSTEM, "redis-secret"), "auth"),
];

/// The certificates. Their keys are beside them.
const TOWER: Place = place(stored::TOWER_CA, (kubesphere::SYSTEM, "tower-ca"), "tls.crt");
const CONTROLLER_MANAGER: Place = place(
    stored::CONTROLLER_MANAGER_WEBHOOK,
    (kubesphere::SYSTEM, "ks-controller-manager-webhook-cert"),
    "tls.crt",
);
const KUBEFED: Place = place(
    stored::KUBEFED_WEBHOOK,
    (kubesphere::FEDERATION, "kubefed-admission-webhook-serving-cert"),
    "tls.crt",
);

/// The authority of the webhooks, beside the certificate of ks-controller-manager. Its key is only stored.
const WEBHOOK_CA_KEY: &str = "ca.crt";

/// The objects with values that a configuration needs and that are not stored, and always those whose values
/// count more than the stored ones.
pub fn sources(given: &Given<'_>, stored: &StoredValues) -> Vec<ObjectId> {
    let lacks = |name: &str| !stored.0.contains_key(name);
    let lacks_pair = |name: &str| !stored.has_pair(name);
    let mut found = vec![config()];
    if given.admin_password().is_some() || lacks(stored::ADMIN_PASSWORD_HASH) {
        found.push(admin());
    }
    found.extend(TEXTS.iter().filter(|place| lacks(place.value)).map(Place::id));
    if given.tower && lacks_pair(stored::TOWER_CA) {
        found.push(TOWER.id());
    }
    let webhook_ca = lacks_pair(stored::WEBHOOK_CA);
    if webhook_ca || lacks_pair(stored::CONTROLLER_MANAGER_WEBHOOK) {
        found.push(CONTROLLER_MANAGER.id());
    }
    if given.kubefed && (webhook_ca || lacks_pair(stored::KUBEFED_WEBHOOK)) {
        found.push(KUBEFED.id());
    }
    found.sort();
    found.dedup();
    found
}

/// The stored values, completed by those of live objects. The jwtSecret is the one that KubeSphere uses.
#[must_use]
pub fn completed(stored: &StoredValues, live: &BTreeMap<ObjectId, Value>) -> StoredValues {
    let mut known = stored.clone();
    let mut add = |name: &str, text: Option<String>| {
        if let Some(text) = text {
            known.0.entry(name.to_owned()).or_insert(text);
        }
    };
    let hash = live.get(&admin()).and_then(|user| user["spec"]["password"].as_str());
    let hash = hash.filter(|hash| form::is_bcrypt_hash(hash)).map(str::to_owned);
    add(stored::ADMIN_PASSWORD_HASH, hash);
    for place in &TEXTS {
        add(place.value, place.text(live));
    }
    if let Some(text) = jwt_secret_in_use(live.get(&config())) {
        known.store(stored::JWT_SECRET, text);
    }
    if let Some((certificate, key)) = TOWER.pair(live)
        && !known.has_pair(stored::TOWER_CA)
    {
        known.store_pair(stored::TOWER_CA, &certificate, &key);
    }
    add_webhooks(&mut known, live);
    known
}

/// Whether the configured password is another one than that of an existing User `admin`, so that it has no
/// effect: only KubeSphere changes passwords.
pub fn ignores_password(
    given: &Given<'_>,
    known: &StoredValues,
    live: &BTreeMap<ObjectId, Value>,
) -> bool {
    let (Some(text), Some(user)) = (given.admin_password(), live.get(&admin())) else {
        return false;
    };
    let is_known = |name: &str| known.0.get(name).is_some_and(|known| known == text);
    let current = user["spec"]["password"].as_str().unwrap_or_default();
    !is_known(stored::ADMIN_PASSWORD)
        && !is_known(stored::ADMIN_PASSWORD_HASH)
        && current != text
        && !password::is_of(text, current)
}

/// The values that would be generated although members of a host rely on them, each with the component that
/// brings it to them.
pub fn missing(given: &Given<'_>, known: &StoredValues) -> Vec<(&'static str, &'static str)> {
    let jwt_secret = given.jwt_secret().is_none() && !known.0.contains_key(stored::JWT_SECRET);
    let tower_ca = given.tower && !known.has_pair(stored::TOWER_CA);
    [(jwt_secret, stored::JWT_SECRET, "ks-core"), (tower_ca, stored::TOWER_CA, "tower")]
        .into_iter()
        .filter(|(is_missing, ..)| *is_missing)
        .map(|(_, name, component)| (name, component))
        .collect()
}

/// The jwtSecret in ConfigMap kubesphere-config: the one that KubeSphere signs and checks tokens with.
pub fn jwt_secret_in_use(config: Option<&Value>) -> Option<String> {
    let document = embedded::read(config?).ok().flatten()?;
    document["authentication"]["jwtSecret"].as_str().and_then(real)
}

/// The certificates of webhooks count only together with the authority that signed them: the API server trusts
/// no other. ks-installer's have other names, and another authority each.
fn add_webhooks(known: &mut StoredValues, live: &BTreeMap<ObjectId, Value>) {
    let is_stored = known.has_pair(stored::WEBHOOK_CA);
    let authority = match known.0.get(&format!("{}.crt", stored::WEBHOOK_CA)) {
        Some(certificate) if is_stored => Some(certificate.clone()),
        _ => Place { key: WEBHOOK_CA_KEY, ..CONTROLLER_MANAGER }.text(live),
    };
    let Some(authority) = authority else { return };
    for place in [CONTROLLER_MANAGER, KUBEFED] {
        let Some((certificate, key)) = place.pair(live) else { continue };
        let is_read = Pair::read(place.value, &certificate, &key).is_ok();
        if !is_read || !is_signed_by(&certificate, &authority) {
            continue;
        }
        if !known.has_pair(place.value) {
            known.store_pair(place.value, &certificate, &key);
        }
        if !is_stored {
            known.0.remove(&format!("{}.key", stored::WEBHOOK_CA));
            known.store(format!("{}.crt", stored::WEBHOOK_CA), authority.as_str());
        }
    }
}

fn config() -> ObjectId {
    id("", "v1", "ConfigMap", Some(kubesphere::SYSTEM), kubesphere::CONFIG)
}

fn admin() -> ObjectId {
    id("iam.kubesphere.io", "v1alpha2", "User", None, "admin")
}

fn id(group: &str, version: &str, kind: &str, namespace: Option<&str>, name: &str) -> ObjectId {
    ObjectId {
        group: group.into(),
        version: version.into(),
        kind: kind.into(),
        namespace: namespace.map(str::to_owned),
        name: name.into(),
    }
}

impl Place {
    fn id(&self) -> ObjectId {
        id("", "v1", "Secret", Some(self.namespace), self.secret)
    }

    fn text(&self, live: &BTreeMap<ObjectId, Value>) -> Option<String> {
        let encoded = live.get(&self.id())?["data"][self.key].as_str()?;
        real(&String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?)
    }

    fn pair(&self, live: &BTreeMap<ObjectId, Value>) -> Option<(String, String)> {
        let key = Self { key: "tls.key", ..*self };
        Some((self.text(live)?, key.text(live)?))
    }
}

/// A text, unless it is empty or the placeholder of rendered manifests.
fn real(text: &str) -> Option<String> {
    (!text.is_empty() && text != AT_INSTALL).then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
