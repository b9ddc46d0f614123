//! The inventory in a Secret of the cluster: compressed, since a Secret is limited to 1 MiB.

use std::io::{Read as _, Write as _};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::{Error, Inventory};

/// The Secret's name.
pub const SECRET: &str = "ksi-inventory";
/// Its one key: `kubectl get secret … -o jsonpath='{.data.inventory\.json\.gz}' | base64 -d | gunzip`.
const KEY: &str = "inventory.json.gz";
/// No inventory decompresses to more than this.
const MOST: u64 = 64 << 20;

impl Inventory {
    /// The `data` of the Secret.
    pub fn to_secret(&self) -> Value {
        let stored = serde_json::to_vec(self).unwrap_or_default();
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        // Writing to memory does not fail.
        let _ = packed.write_all(&stored);
        json!({ KEY: BASE64_STANDARD.encode(packed.finish().unwrap_or_default()) })
    }

    /// Reads the Secret.
    ///
    /// # Errors
    /// It is damaged, or its format is too new.
    pub fn from_secret(secret: &Value) -> Result<Self, Error> {
        let damaged = |cause: &str| Error::Damaged(cause.to_owned());
        let text = secret["data"][KEY].as_str();
        let text = text.ok_or_else(|| damaged(&format!("it has no key `{KEY}`")))?;
        let packed = BASE64_STANDARD.decode(text).map_err(|error| damaged(&error.to_string()))?;
        let mut stored = Vec::new();
        GzDecoder::new(packed.as_slice())
            .take(MOST)
            .read_to_end(&mut stored)
            .map_err(|error| damaged(&error.to_string()))?;
        let stored = serde_json::from_slice(&stored).map_err(|e| damaged(&e.to_string()))?;
        Self::from_json(stored)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Entry, Key};
    use super::*;
    use crate::object::{Object, ObjectId, Policy};

    fn inventory(objects: usize) -> Inventory {
        let mut inventory = Inventory::new(Key::new([7; 32]), "0.1.0");
        for number in 0..objects {
            let body = json!({
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
                "metadata": {"name": format!("role-template-view-{number}")},
            });
            let component = "ks-core-iam".to_owned();
            let id = ObjectId::of(&body).unwrap();
            let object = Object { id, component, policy: Policy::Apply, body };
            let digest = |salt: &str| inventory.digest(&json!([salt, number]));
            let (mut uid, owned) = (digest("uid"), digest("owned"));
            for at in [8, 13, 18, 23] {
                uid.insert(at, '-');
            }
            let entry = Entry { owned: Some(owned), ..inventory.entry(&object, Some(uid)) };
            inventory.insert(entry);
        }
        inventory
    }

    #[test]
    fn is_read_back_and_damage_is_an_error() {
        let inventory = inventory(3);
        let data = inventory.to_secret();
        assert_eq!(Inventory::from_secret(&json!({ "data": data })).unwrap(), inventory);
        let gzip = data[KEY].as_str().unwrap();
        for damaged in [
            json!({}),
            json!({ KEY: "%" }),
            json!({ KEY: "aGVsbG8=" }),
            json!({ KEY: &gzip[..gzip.len() / 2 / 4 * 4] }),
        ] {
            let error = Inventory::from_secret(&json!({ "data": damaged })).unwrap_err();
            assert!(matches!(error, Error::Damaged(_)), "{error}");
        }
    }

    #[test]
    fn fifty_hosts_fit_into_one_secret() {
        let data = inventory(50 * 290).to_secret();
        let packed = BASE64_STANDARD.decode(data[KEY].as_str().unwrap()).unwrap();
        assert!(packed.len() < 1 << 20, "{} bytes", packed.len());
    }
}
