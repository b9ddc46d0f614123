//! Somebody who may only look.

use sandbox::control_plane::ControlPlane;
use serde_json::Value;

use crate::hands::Hands;
use crate::installed::{Rig, release, sample};
use crate::manifests::root;

struct World(Rig);

impl Hands for World {
    fn plane(&self) -> &ControlPlane {
        self.0.plane()
    }
}

#[test]
fn view_and_one_role_are_enough_to_look() {
    let Some(rig) = Rig::start(release()) else { return };
    let world = World(rig);
    let none = sample("none.yaml");
    world.0.ksi(&["apply", "-f", &none, "--yes", "--wait=false", "--timeout", "2m"]).expect(0);
    world.kubectl("create clusterrolebinding view-ann --clusterrole=view --user=ann");
    world.await_right("ann", "list deployments.apps", true);
    let refused = world.0.admin(&["status", "--as", "ann"]).expect(7);
    assert!(refused.err.contains("deploy/rbac-view.yaml"), "{}", refused.err);
    let role = root().join("deploy/rbac-view.yaml");
    world.kubectl(&format!("apply -f {}", role.display()));
    world.kubectl("create rolebinding ann -n kubesphere-system --role=ksi-view --user=ann");
    world.await_kubectl("get secret ksi-inventory -n kubesphere-system --as ann", true);
    world.0.admin(&["wait", "--as", "ann", "--timeout", "2m"]).expect(0);
    let status = world.0.admin(&["status", "--as", "ann", "-o", "json"]).expect(0);
    let status: Value = serde_json::from_str(&status.out).unwrap();
    let unreadable = status["unreadable"].as_array().unwrap();
    assert!(unreadable.contains(&"Secret".into()), "{unreadable:?}");
    assert!(!unreadable.contains(&"Deployment".into()), "{unreadable:?}");
    assert_eq!(status["lastRun"]["state"], "succeeded");
    world.0.admin(&["events", "--as", "ann"]).expect(0);
    world.0.admin(&["logs", "ks-core", "--as", "ann"]);
}
