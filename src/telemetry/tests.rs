use super::*;

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

#[test]
fn what_is_told_is_in_the_text() {
    let telemetry = Telemetry::new("1.2.3");
    telemetry.ready(true);
    telemetry.drift("kubectl-edit", "Deployment");
    telemetry.drift("kubectl-edit", "Deployment");
    telemetry.run("succeeded", Duration::from_millis(200));
    telemetry.certificate("tower", at(1_900_000_000));
    telemetry.approval_waiting(true);
    telemetry.paused(Some(at(1_000)));
    telemetry.admission("refused", Duration::from_millis(7));
    let state = |component, state, reason| ComponentState { component, state, reason };
    telemetry.components([state("redis", "failed", "ImagePullBackOff")]);
    telemetry.components([state("redis", "healthy", ""), state("tower", "progressing", "Waiting")]);
    let text = telemetry.text(at(1_090));
    for line in [
        r#"ksi_build_info{version="1.2.3"} 1"#,
        "ksi_ready 1",
        r#"ksi_component_info{component="redis",state="healthy",reason=""} 1"#,
        r#"ksi_component_info{component="tower",state="progressing",reason="Waiting"} 1"#,
        r#"ksi_drift_total{manager="kubectl-edit",kind="Deployment"} 2"#,
        r#"ksi_runs_total{result="succeeded"} 1"#,
        r#"ksi_run_duration_seconds_bucket{le="0.3"} 1"#,
        r#"ksi_certificate_expiry_seconds{name="tower"} 1900000000"#,
        "ksi_approval_waiting 1",
        "ksi_paused_seconds 90",
        r#"ksi_admission_requests_total{verdict="refused"} 1"#,
        r#"ksi_admission_duration_seconds_bucket{le="0.01"} 1"#,
    ] {
        assert!(text.lines().any(|told| told == line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("ImagePullBackOff"), "a state that is over: {text}");
}

#[test]
fn a_pause_that_ended_lasts_no_longer() {
    let telemetry = Telemetry::new("1");
    telemetry.paused(Some(at(1_000)));
    // A clock that was set back.
    assert!(telemetry.text(at(500)).contains("\nksi_paused_seconds 0\n"));
    assert!(telemetry.text(at(1_001)).contains("\nksi_paused_seconds 1\n"));
    telemetry.paused(None);
    assert!(telemetry.text(at(9_000)).contains("\nksi_paused_seconds 0\n"));
}

#[test]
fn many_managers_share_one_line() {
    let telemetry = Telemetry::new("1");
    for number in 0..1_000 {
        telemetry.drift(&format!("manager-{number}"), "ConfigMap");
        telemetry.drift("manager-0", "ConfigMap");
    }
    let text = telemetry.text(at(0));
    assert!(text.lines().count() < 250, "{}", text.lines().count());
    assert!(text.contains(r#"ksi_drift_total{manager="other",kind="ConfigMap"} 900"#), "{text}");
    assert!(
        text.contains(r#"ksi_drift_total{manager="manager-0",kind="ConfigMap"} 1001"#),
        "{text}"
    );
}
