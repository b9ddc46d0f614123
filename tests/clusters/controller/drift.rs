//! What others change.

use std::time::Instant;

use serde_json::json;

use super::Followed;
use crate::hands::Hands as _;

#[test]
fn what_others_change_is_put_back_told_and_left_alone_in_a_fight() {
    let Some(followed) = Followed::start(&json!({})) else { return };
    let begin = Instant::now();
    followed.kubectl("-n kubesphere-system delete configmap ks-router-config");
    followed
        .until("the ConfigMap", || followed.has("-n kubesphere-system configmap ks-router-config"));
    eprintln!("deleted to created again: {:?}", begin.elapsed());
    followed.until("the Event", || {
        followed.events("DriftRepaired").iter().any(|text| text.contains("created again"))
    });

    let edit = |image: &str| {
        followed.kubectl(&format!(
            "-n kubesphere-system set image deployment/ks-console ks-console={image}"
        ));
    };
    let image =
        || followed.field("deployment ks-console", ".spec.template.spec.containers[0].image");
    let ours = image();
    for turn in 1..=3 {
        let other = format!("elsewhere/console:v{turn}");
        let begin = Instant::now();
        edit(&other);
        followed.until("the image", || image() == ours);
        eprintln!("edited to put back: {:?}", begin.elapsed());
        followed.until("the Event", || {
            followed.events("DriftRepaired").iter().any(|text| {
                text.contains(&other) && text.contains("kubectl-set") && text.contains("ks-console")
            })
        });
    }
    followed.until("the contest", || followed.condition("Contested")["status"] == "True");
    let message = followed.condition("Contested")["message"].as_str().unwrap().to_owned();
    for part in ["Deployment/kubesphere-system/ks-console", "image", "kubectl-set"] {
        assert!(message.contains(part), "{message}");
    }
    edit("elsewhere/console:v4");
    followed.until("the drift", || followed.status()["drift"] == 1);
    assert_eq!(image(), "elsewhere/console:v4", "it is left alone");
    let since = followed.mark();
    followed.kubectl("-n kubesphere-system delete configmap ks-router-config");
    followed
        .until("the ConfigMap", || followed.has("-n kubesphere-system configmap ks-router-config"));
    assert!(!followed.changes(since).iter().any(|write| write.contains("deployments")));

    followed.annotate("requested-at", Some("1"));
    followed.until("the request", || followed.status()["lastHandledRequestedAt"] == "1");
    followed.until("the image", || image() == ours);
    followed.until("the end of the contest", || followed.condition("Contested").is_null());
}

#[test]
fn its_own_writes_start_no_run() {
    let Some(followed) = Followed::start(&json!({})) else { return };
    followed.edit(&json!({"common": {"core": {"console": {"port": 30883}}}}));
    followed.await_applied();
    let runs = || followed.log().matches(": review").count();
    followed.annotate("requested-at", Some("a"));
    followed.until("the request", || followed.status()["lastHandledRequestedAt"] == "a");
    // The start, the edit and the request; drift begins a line only if it finds something.
    assert_eq!(runs(), 3, "{}", followed.log());
    assert!(!followed.log().contains("drift"), "{}", followed.log());
}
