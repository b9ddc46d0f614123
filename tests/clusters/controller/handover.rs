//! `ksi apply` where a controller follows another configuration: it gets the new one, and its run is followed.

use std::io::Write as _;

use serde_json::{Value, json};
use tempfile::NamedTempFile;

use super::{Followed, cc};
use crate::hands::Hands as _;
use crate::installed::Said;

/// A controller of ksi, as its Deployment shows it to others. The process itself runs beside the cluster.
fn deployed(followed: &Followed) {
    followed.kubectl("-n kubesphere-system create deployment ks-installer --image=ksi");
    followed
        .kubectl("-n kubesphere-system label deployment ks-installer app.kubernetes.io/name=ksi");
}

fn apply(followed: &Followed, spec: &Value, flags: &[&str]) -> Said {
    let mut file = NamedTempFile::new().unwrap();
    write!(file, "{}", cc(spec)).unwrap();
    let path = file.path().to_str().unwrap();
    followed.rig.ksi(&[&["apply", "-f", path, "--yes"], flags].concat())
}

fn port(number: u16) -> Value {
    json!({"common": {"core": {"console": {"port": number}}}})
}

#[test]
fn apply_beside_a_controller_gives_it_the_configuration_and_follows_its_run() {
    let Some(mut followed) = Followed::start(&json!({})) else { return };
    deployed(&followed);
    let shown =
        |followed: &Followed| followed.field("service ks-console", ".spec.ports[0].nodePort");

    let since = followed.rig.mark();
    let said = apply(&followed, &port(30887), &["--wait=false"]).expect(0);
    assert!(said.err.contains("its run is followed here"), "{}", said.err);
    assert_eq!(shown(&followed), "30887");
    assert_eq!(followed.cc()["spec"], port(30887));
    assert_eq!(followed.status()["lastOperation"]["requestedBy"], "ksi");
    let changes = followed.rig.changes(since);
    let ours = |change: &&String| !change.contains("/status/") && !change.contains("events");
    let written =
        changes.iter().filter(ours).filter(|change| change.contains("clusterconfigurations"));
    assert_eq!(written.collect::<Vec<_>>(), ["update clusterconfigurations/ks-installer"]);

    // What needs a flag needs it here, too; with the flag the plan of the controller is approved.
    let mut host = port(30887);
    host["multicluster"] = json!({"clusterRole": "host"});
    apply(&followed, &host, &["--wait=false"]).expect(0);
    assert_eq!(followed.status()["role"], "host");
    apply(&followed, &port(30887), &["--wait=false"]).expect(2);
    assert_eq!(followed.cc()["spec"], host, "nothing was stored");
    apply(&followed, &port(30887), &["--wait=false", "--allow-role-change"]).expect(0);
    assert_eq!(followed.status()["role"], "none");

    followed.annotate("mode", Some("plan"));
    apply(&followed, &port(30888), &["--wait=false"]).expect(0);
    assert_eq!(shown(&followed), "30888");
    followed.annotate("mode", None);

    // Who may only edit the object may not do this either.
    let mut restricted = port(30889);
    restricted["local_registry"] = "registry.example".into();
    let said = apply(&followed, &restricted, &[]).expect(2);
    assert!(said.err.contains("ksi-policy"), "{}", said.err);
    assert_eq!(followed.cc()["spec"], port(30888), "nothing was stored");
    let said = apply(&followed, &port(30889), &["--only", "redis"]).expect(2);
    assert!(said.err.contains("cannot obey --only"), "{}", said.err);
    assert_eq!(shown(&followed), "30888");
    let said = apply(&followed, &port(30889), &["-o", "json"]).expect(0);
    assert!(said.out.contains(r#""type":"summary""#), "{}", said.out);
    assert_eq!(shown(&followed), "30889");

    followed.child.kill().unwrap();
    let said = apply(&followed, &port(30890), &["--timeout", "10s"]).expect(5);
    assert!(said.err.contains("the controller is not done after 10s"), "{}", said.err);
    assert!(said.err.contains("it has not looked at the configuration yet"), "{}", said.err);
}
