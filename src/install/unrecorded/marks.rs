//! By what an installation of ks-installer is known, and what of its configuration decides which objects
//! there are.

use serde_json::{Value, json};

use super::{Configuration, Error};
use crate::cluster::{Cluster, Kind};
use crate::object::{embedded, kubesphere};
use crate::{config, deploy};

/// The configuration of an installation of KubeSphere 3, as far as it decides which objects there are; `None`
/// where KubeSphere is not installed, or a release that was not installed by ks-installer.
pub(super) async fn configuration(cluster: &Cluster) -> Result<Option<Configuration>, Error> {
    let configuration = config::object_id();
    let map = Kind::new("", "v1", "ConfigMap").named(Some(kubesphere::SYSTEM), kubesphere::CONFIG);
    let deployment = Kind::new("apps", "v1", "Deployment");
    let workloads = [kubesphere::INSTALLER, kubesphere::API_SERVER, kubesphere::CONTROLLER_MANAGER]
        .map(|name| deployment.named(Some(kubesphere::SYSTEM), name));
    // KubeSphere 4 has the same names, and extensions.
    let extension = Kind::new("kubesphere.io", "v1alpha1", "Extension");
    let (configuration, map, [installer, api, manager], extension) = futures_util::try_join!(
        cluster.get(&configuration),
        cluster.get(&map),
        async {
            let [a, b, c] = &workloads;
            let (a, b, c) =
                futures_util::try_join!(cluster.get(a), cluster.get(b), cluster.get(c))?;
            Ok([a, b, c])
        },
        cluster.resource(&extension),
    )?;
    let installer = installer.filter(|installer| !deploy::is_ours(installer));
    let is_there = [&map, &installer, &api, &manager].iter().any(|found| found.is_some());
    if !is_there || extension.is_some() {
        return Ok(None);
    }
    let document = map.as_ref().and_then(|map| embedded::read(map).ok().flatten());
    let spec = configuration.map(|body| body["spec"].clone()).unwrap_or_default();
    let known = relevant(&spec, &document.unwrap_or_default());
    Ok(Some(Configuration::from_json(known).unwrap_or_default()))
}

/// The keys that decide which objects there are. Whatever else is in there, right or wrong, does not matter.
fn relevant(spec: &Value, document: &Value) -> Value {
    let roles = [&spec["multicluster"]["clusterRole"], &document["multicluster"]["clusterRole"]];
    let roles = roles.map(|role| role.as_str().unwrap_or_default());
    let role = ["host", "member"].into_iter().find(|role| roles.contains(role)).unwrap_or("none");
    json!({
        "multicluster": {"clusterRole": role},
        // Everything of this name in its namespace is KubeSphere's.
        "common": {"redis": {"enabled": true}},
        // Many clusters have one that is not.
        "metrics_server": {"enabled": spec["metrics_server"]["enabled"] == true},
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Role;

    #[test]
    fn only_what_decides_about_objects_is_read() {
        let role = |spec: Value, document: Value| {
            Configuration::from_json(relevant(&spec, &document)).unwrap().role()
        };
        let of = |role: &str| json!({"multicluster": {"clusterRole": role}, "junk": [1, "fasle"]});
        assert_eq!(role(json!(null), json!(null)), Role::None);
        assert_eq!(role(of("host"), json!(null)), Role::Host);
        assert_eq!(role(of("none"), of("member")), Role::Member);
        assert_eq!(role(of("hots"), of("host")), Role::Host);
        let spec = json!({"metrics_server": {"enabled": true}});
        let known = Configuration::from_json(relevant(&spec, &json!(null))).unwrap();
        assert!(known.metrics_server.enabled);
        let known = Configuration::from_json(relevant(&json!(null), &json!(null))).unwrap();
        assert!(!known.metrics_server.enabled);
    }
}
