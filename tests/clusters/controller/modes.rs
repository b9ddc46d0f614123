//! The modes, and approvals.

use serde_json::json;

use super::{Followed, WITHOUT_WAIT, cc, prepared};
use crate::hands::Hands as _;

const ROUTER: &str = "-n kubesphere-system configmap ks-router-config";

#[test]
fn a_plan_waits_for_its_approval_and_another_plan_for_another_one() {
    let Some(rig) = prepared() else { return };
    let mut planned = cc(&json!({}));
    planned["metadata"]["annotations"] = json!({"ksi.kubesphere.io/mode": "plan"});
    rig.make(&planned);
    let followed = Followed::beside(rig, WITHOUT_WAIT);
    let hash = || followed.status()["plan"]["hash"].as_str().unwrap_or_default().to_owned();
    let phase = |wanted: &str| followed.until(wanted, || followed.status()["phase"] == wanted);
    phase("ApprovalRequired");
    assert!(!followed.has(ROUTER));
    assert_eq!(followed.condition("ApprovalRequired")["status"], "True");
    assert_eq!(followed.condition("Ready")["reason"], "ApprovalRequired");
    assert!(followed.status()["plan"]["create"].as_u64().unwrap() > 100);
    let first = hash();
    followed.annotate("requested-at", Some("again"));
    followed.until("the request", || followed.status()["lastHandledRequestedAt"] == "again");
    assert_eq!(hash(), first, "the same plan has the same hash");
    followed.annotate("approve", Some("0000000000000000"));
    followed.await_event("ApprovalRequired");
    followed.edit(&json!({"common": {"core": {"console": {"port": 30884}}}}));
    followed.until("another plan", || hash() != first && !hash().is_empty());
    followed.annotate("approve", Some(&first));
    followed.annotate("requested-at", Some("old"));
    followed.until("the request", || followed.status()["lastHandledRequestedAt"] == "old");
    assert!(!followed.has(ROUTER), "another plan was approved");
    followed.annotate("approve", Some(&hash()));
    followed.await_applied();
    assert!(followed.has(ROUTER));
    assert!(
        followed.condition("ApprovalRequired").is_null() && followed.status()["plan"].is_null()
    );

    followed.kubectl(&format!("delete {ROUTER}"));
    phase("ApprovalRequired");
    assert!(!followed.has(ROUTER), "drift waits for an approval too");
    let used = hash();
    followed.annotate("approve", Some(&used));
    followed.until("the ConfigMap", || followed.has(ROUTER));
    followed.kubectl(&format!("delete {ROUTER}"));
    followed.until("another approval", || !hash().is_empty() && hash() != used);
    assert!(!followed.has(ROUTER), "an approval is good for one run");
}

#[test]
fn what_is_observed_is_told_and_what_is_paused_waits() {
    let Some(followed) = Followed::start(&json!({})) else { return };
    followed.annotate("mode", Some("observe"));
    followed.until("the mode", || followed.status()["mode"] == "observe");
    followed.kubectl(&format!("delete {ROUTER}"));
    followed.until("the drift", || followed.status()["drift"] == 1);
    let told = followed.await_event("DriftDetected");
    assert!(told.contains("ks-router-config"), "{told}");
    assert!(!followed.has(ROUTER));
    followed.annotate("mode", None);
    followed.until("the ConfigMap", || followed.has(ROUTER));

    followed.annotate("mode", Some("paused"));
    followed.until("the pause", || followed.status()["phase"] == "Paused");
    followed.edit(&json!({"common": {"core": {"console": {"port": 30885}}}}));
    followed.until("the edit to be seen", || {
        followed.condition("Ready")["reason"] == "Paused"
            && followed.status()["message"]
                .as_str()
                .unwrap()
                .contains("a newer specification waits")
    });
    let port = || followed.field("service ks-console", ".spec.ports[0].nodePort");
    assert_ne!(port(), "30885");
    // Two seconds from now it goes on.
    let end = time::OffsetDateTime::now_utc() + time::Duration::seconds(2);
    let end = end.format(&time::format_description::well_known::Rfc3339).unwrap();
    followed.annotate("paused-until", Some(&end));
    followed.until("the port", || port() == "30885");
}
