//! Small kinds of the core group.

use serde_json::Value;

use super::Health;

/// A claim that its `StorageClass` binds to its first consumer is pending until a pod uses it; the claim
/// does not say so itself.
pub(super) fn claim(live: &Value) -> Health {
    match live["status"]["phase"].as_str() {
        Some("Bound") => Health::Healthy,
        Some("Lost") => Health::failed("its volume is gone"),
        _ => match live["spec"]["storageClassName"].as_str() {
            Some("") => Health::progressing("waits for a volume without a StorageClass"),
            Some(class) => {
                Health::progressing(format!("waits for a volume of StorageClass {class}"))
            }
            None => Health::progressing("waits for a volume, and there is no default StorageClass"),
        },
    }
}

/// The server gives an address at once; the address of a load balancer is for [`super::address`] to say:
/// on bare metal it never comes, and the Service works without.
pub(super) fn service(live: &Value) -> Health {
    let spec = &live["spec"];
    let has_address = spec["clusterIP"].as_str().is_some_and(|ip| !ip.is_empty());
    if spec["type"] == "ExternalName" || has_address {
        Health::Healthy
    } else {
        Health::progressing("has no cluster address yet")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::health::tests::{assert_judged, changed};

    #[test]
    fn claims() {
        let claim = |path: &str, value: &str| changed("claim-pending", &[(path, json!(value))]);
        assert_judged(&[
            (claim("/status/phase", "Bound"), "healthy"),
            (claim("/status/phase", "Lost"), "failed: its volume is gone"),
            (
                claim("/spec/storageClassName", "local"),
                "progressing: waits for a volume of StorageClass local",
            ),
            (
                claim("/spec/storageClassName", ""),
                "progressing: waits for a volume without a StorageClass",
            ),
        ]);
    }

    #[test]
    fn services() {
        let service = |kind: &str, ip: &str| {
            changed("service", &[("/spec/type", json!(kind)), ("/spec/clusterIP", json!(ip))])
        };
        assert_judged(&[
            (service("LoadBalancer", "10.96.7.7"), "healthy"),
            (service("ExternalName", ""), "healthy"),
            (service("ClusterIP", ""), "progressing: has no cluster address yet"),
        ]);
    }
}
