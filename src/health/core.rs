//! Small kinds of the core group.

use serde_json::Value;

use super::Health;

/// A claim whose `StorageClass` binds on first use stays pending until a pod uses it; the claim itself
/// does not show that.
pub(super) fn claim(live: &Value) -> Health {
    match live["status"]["phase"].as_str() {
        Some("Bound") => Health::Healthy,
        Some("Lost") => Health::failed("its volume no longer exists"),
        _ => match live["spec"]["storageClassName"].as_str() {
            Some("") => Health::progressing("waiting for a volume without a StorageClass"),
            Some(class) => {
                Health::progressing(format!("waiting for a volume of StorageClass {class}"))
            }
            None => {
                Health::progressing("waiting for a volume, but there is no default StorageClass")
            }
        },
    }
}

/// The server assigns the cluster IP at once. The address of a load balancer is the business of
/// [`super::address`]: on bare metal it may never be assigned, and the Service works without it.
pub(super) fn service(live: &Value) -> Health {
    let spec = &live["spec"];
    let has_address = spec["clusterIP"].as_str().is_some_and(|ip| !ip.is_empty());
    if spec["type"] == "ExternalName" || has_address {
        Health::Healthy
    } else {
        Health::progressing("no cluster IP yet")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::health::tests::{assert_assessed, changed};

    #[test]
    fn claims() {
        let claim = |path: &str, value: &str| changed("claim-pending", &[(path, json!(value))]);
        assert_assessed(&[
            (claim("/status/phase", "Bound"), "healthy"),
            (claim("/status/phase", "Lost"), "failed: its volume no longer exists"),
            (
                claim("/spec/storageClassName", "local"),
                "progressing: waiting for a volume of StorageClass local",
            ),
            (
                claim("/spec/storageClassName", ""),
                "progressing: waiting for a volume without a StorageClass",
            ),
        ]);
    }

    #[test]
    fn services() {
        let service = |kind: &str, ip: &str| {
            changed("service", &[("/spec/type", json!(kind)), ("/spec/clusterIP", json!(ip))])
        };
        assert_assessed(&[
            (service("LoadBalancer", "10.96.7.7"), "healthy"),
            (service("ExternalName", ""), "healthy"),
            (service("ClusterIP", ""), "progressing: no cluster IP yet"),
        ]);
    }
}
