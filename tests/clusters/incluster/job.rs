//! The Job.

use std::time::Duration;

use sandbox::process::wait_until;
use serde_json::Value;

use super::{LOGS, Terminal, sandbox};
use crate::hands::Hands as _;

const JOB: &str = "job ks-installer-once -n kubesphere-system";

/// The type and the reason of the condition with which a Job ended.
fn ended(terminal: &Terminal) -> (String, String) {
    let mut ended = None;
    wait_until("the Job to end", Duration::from_secs(400), || {
        let job = terminal.json(JOB);
        let conditions = job["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let last = conditions.into_iter().find(|condition| {
            condition["status"] == "True"
                && ["Complete", "Failed"].contains(&text(&condition["type"]))
        });
        ended = last.map(|last| (text(&last["type"]).to_owned(), text(&last["reason"]).to_owned()));
        Ok(ended.is_some())
    })
    .unwrap_or_else(|error| panic!("{error:#}\n{}", terminal.state()));
    ended.unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn log(terminal: &Terminal) -> String {
    terminal.run(LOGS[0].trim_end_matches(" -f"))
}

fn again(terminal: &Terminal) {
    terminal.documented("kubectl -n kubesphere-system delete job ks-installer-once");
    terminal.documented("kubectl apply -f deploy/job.yaml");
}

#[test]
fn a_job_installs_fails_on_a_wrong_configuration_at_once_and_can_be_repeated() {
    let Some(sandbox) = sandbox(4, "job") else { return };
    let terminal = Terminal::at(&sandbox.cluster("job").unwrap());
    terminal.documented("kubectl apply -f deploy/crd.yaml -f deploy/rbac.yaml");
    terminal.documented("kubectl wait --for=condition=Established crd/clusterconfigurations.installer.kubesphere.io");
    terminal.documented("kubectl apply -f samples/none.yaml");
    // What only ksi can find wrong.
    let patch = "kubectl -n kubesphere-system patch cc ks-installer --type=merge -p";
    let port = |value: &str| {
        let spec = format!(
            "{{\"spec\": {{\"common\": {{\"core\": {{\"console\": {{\"port\": {value}}}}}}}}}}}"
        );
        terminal.run(&format!("{patch} '{spec}'"));
    };
    port("99999");
    terminal.documented("kubectl apply -f deploy/job.yaml");
    let (kind, reason) = ended(&terminal);
    assert_eq!(
        (kind.as_str(), reason.as_str()),
        ("Failed", "PodFailurePolicy"),
        "{}",
        log(&terminal)
    );
    let pods = terminal.json("pods -n kubesphere-system -l app=ks-install");
    assert_eq!(pods["items"].as_array().unwrap().len(), 1, "it was repeated");
    let said = log(&terminal);
    assert!(said.contains("KSI") && said.contains("port"), "{said}");

    port("null");
    again(&terminal);
    assert_eq!(ended(&terminal).0, "Complete", "{}", log(&terminal));
    assert!(log(&terminal).contains("Welcome to KubeSphere!"), "{}", log(&terminal));

    // Nothing is left to do.
    let since = terminal.mark();
    again(&terminal);
    assert_eq!(ended(&terminal).0, "Complete", "{}", log(&terminal));
    let written = terminal.changes(since);
    assert!(
        written
            .iter()
            .all(|write| write.contains("clusterconfigurations/") || write.contains("events/")),
        "{written:?}"
    );
}
