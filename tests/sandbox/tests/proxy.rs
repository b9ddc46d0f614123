//! The fault proxy in front of a real API server; the audit log tells what arrived.

use std::error::Error;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use sandbox::audit::{self, Mark};
use sandbox::builds::Release;
use sandbox::control_plane::ControlPlane;
use sandbox::light::Light;
use sandbox::process::wait_until;
use sandbox::proxy::{Fault, FaultProxy, Gate, Match, Nth, Rule, Victim};

type Test = Result<(), Box<dyn Error>>;

/// An API server behind a proxy.
struct Rig {
    proxy: FaultProxy,
    light: Light,
}

impl Rig {
    fn start() -> Result<Option<Self>, Box<dyn Error>> {
        let Some(light) = Light::start(Release::Oldest)? else { return Ok(None) };
        let plane = light.control_plane();
        let proxy = FaultProxy::start(&plane.kubeconfig(), &plane.folder().join("proxy"))?;
        Ok(Some(Self { proxy, light }))
    }

    fn plane(&self) -> &ControlPlane {
        self.light.control_plane()
    }

    /// kubectl through the proxy.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.plane().kubectl_command();
        command.env("KUBECONFIG", self.proxy.kubeconfig()).args(args);
        command
    }

    fn run(&self, args: &[&str]) -> Result<Output, Box<dyn Error>> {
        Ok(self.command(args).output()?)
    }

    /// What kubectl says when the rule acts on `create configmap NAME`.
    fn create(&self, name: &str, fault: Fault) -> Result<Output, Box<dyn Error>> {
        let creates = Match::methods(&["POST"]).resource("configmaps");
        self.proxy.set([Rule::new(creates, Nth::Only(1), fault)]);
        self.run(&["create", "configmap", name])
    }

    fn exists(&self, name: &str) -> bool {
        self.plane().kubectl(&["get", "configmap", name]).is_ok()
    }

    /// The codes that the API server gave to writes of configmaps.
    fn arrived(&self, since: Mark) -> Result<Vec<u16>, Box<dyn Error>> {
        let writes = audit::writes(self.plane(), since, "kubectl/")?;
        let of_kubectl = |write: &&audit::Write| write.resource == "configmaps";
        Ok(writes.iter().filter(of_kubectl).map(|write| write.code).collect())
    }
}

fn error(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A client that writes when the reset comes learns of it there, and reads the end after it.
fn broken_off(output: &Output) -> bool {
    let said = error(output);
    let known = ["connection reset", "broken pipe", "EOF"].iter().any(|text| said.contains(text));
    known && !output.status.success()
}

#[test]
fn faults() -> Test {
    let Some(rig) = Rig::start()? else { return Ok(()) };
    passes(&rig)?;
    statuses(&rig)?;
    resets(&rig)?;
    late(&rig)?;
    held(&rig)?;
    broken_answers(&rig)?;
    hanging(&rig)?;
    other_connections(&rig)?;
    nth_write(&rig)?;
    kills(&rig)?;
    watches(&rig)
}

fn passes(rig: &Rig) -> Test {
    let output = rig.run(&["create", "configmap", "plain"])?;
    assert!(output.status.success(), "{}", error(&output));
    rig.run(&["create", "configmap", "dry", "--dry-run=server"])?;
    rig.run(&["auth", "can-i", "get", "pods"])?;
    let writes = rig.proxy.writes();
    let [write] = &writes[..] else { return Err(format!("one write, not {writes:?}").into()) };
    assert_eq!((write.method.as_str(), write.status, write.rule), ("POST", Some(201), None));
    assert!(rig.proxy.seen().iter().any(sandbox::proxy::Seen::is_dry_run));
    assert!(write.user_agent.starts_with("kubectl/"), "{}", write.user_agent);
    Ok(())
}

fn statuses(rig: &Rig) -> Test {
    // kubectl obeys Retry-After, whatever the code is, and asks again.
    for code in [429, 503] {
        let name = format!("code-{code}");
        rig.proxy.forget();
        let since = audit::mark(rig.plane())?;
        let begin = Instant::now();
        let output = rig.create(&name, Fault::Status { code, retry_after: Some(1) })?;
        assert!(output.status.success(), "{}", error(&output));
        assert!(begin.elapsed() >= Duration::from_secs(1));
        let seen: Vec<_> = rig.proxy.writes().iter().map(|seen| seen.status).collect();
        assert_eq!(seen, [Some(code), Some(201)]);
        assert_eq!(rig.arrived(since)?, [201]);
    }
    for (code, reason) in [(500, "InternalError"), (503, "ServiceUnavailable")] {
        let since = audit::mark(rig.plane())?;
        let output = rig.create("refused", Fault::Status { code, retry_after: None })?;
        assert!(error(&output).contains(&format!("fault proxy: {code}")), "{}", error(&output));
        assert_eq!(rig.arrived(since)?, [0; 0]);

        let fault = Fault::Status { code, retry_after: None };
        rig.proxy.set([Rule::new(Match::reads().resource("configmaps"), Nth::All, fault)]);
        let output = rig.run(&["get", "configmaps"])?;
        assert!(error(&output).contains(&format!("({reason})")), "{}", error(&output));
    }
    Ok(())
}

fn resets(rig: &Rig) -> Test {
    let since = audit::mark(rig.plane())?;
    let output = rig.create("reset-before", Fault::ResetBefore)?;
    assert!(broken_off(&output), "{}", error(&output));
    assert!(!rig.exists("reset-before"));
    assert_eq!(rig.arrived(since)?, [0; 0]);

    let output = rig.create("reset-after", Fault::ResetAfter)?;
    assert!(broken_off(&output), "{}", error(&output));
    assert!(rig.exists("reset-after"), "the answer was lost, not the object");
    assert_eq!(rig.arrived(since)?, [201]);
    Ok(())
}

fn late(rig: &Rig) -> Test {
    let begin = Instant::now();
    let output = rig.create("late", Fault::Delay(Duration::from_millis(700)))?;
    assert!(output.status.success(), "{}", error(&output));
    assert!(begin.elapsed() >= Duration::from_millis(700));
    Ok(())
}

fn held(rig: &Rig) -> Test {
    let gate = Gate::default();
    let creates = Match::methods(&["POST"]).resource("configmaps");
    rig.proxy.forget();
    rig.proxy.set([Rule::new(creates, Nth::All, Fault::Hold(gate.clone()))]);
    let mut child = Ended(rig.command(&["create", "configmap", "held"]).spawn()?);
    rig.proxy.wait_for("the request to come", |seen| seen.method == "POST")?;
    assert!(!rig.exists("held"));
    assert_eq!(child.0.try_wait()?, None, "it does not wait");
    gate.open();
    assert!(child.0.wait()?.success());
    assert!(rig.exists("held"));
    // What comes later finds it open.
    assert!(rig.run(&["create", "configmap", "not-held"])?.status.success());
    Ok(())
}

fn broken_answers(rig: &Rig) -> Test {
    let output = rig.create("halved", Fault::Truncate)?;
    assert!(!output.status.success(), "half an answer was taken for a whole one");
    assert!(rig.exists("halved"));
    for code in [200, 502] {
        let output = rig.create("garbage", Fault::Garbage { code })?;
        assert!(!output.status.success() || code == 200, "{}", error(&output));
        assert!(!rig.exists("garbage"));
    }
    Ok(())
}

fn hanging(rig: &Rig) -> Test {
    rig.proxy.set([Rule::new(Match::writes(), Nth::All, Fault::Hang)]);
    let output = rig.run(&["create", "configmap", "hung", "--request-timeout=1s"])?;
    assert!(!output.status.success());
    assert!(!rig.exists("hung"));
    Ok(())
}

/// HTTP/1.1, and a client that is told to open another connection.
fn other_connections(rig: &Rig) -> Test {
    rig.proxy.set([]);
    let mut old = rig.command(&["create", "configmap", "http-1"]);
    let output = old.env("DISABLE_HTTP2", "true").output()?;
    assert!(output.status.success(), "{}", error(&output));
    let creates = Match::methods(&["POST"]).resource("configmaps");
    rig.proxy.set([Rule::new(creates, Nth::Only(1), Fault::ResetAfter)]);
    let mut old = rig.command(&["create", "configmap", "http-1-reset"]);
    assert!(!old.env("DISABLE_HTTP2", "true").output()?.status.success());
    assert!(rig.exists("http-1-reset"));

    rig.proxy.set([Rule::new(Match::any(), Nth::All, Fault::Goaway)]);
    let output = rig.run(&["create", "configmap", "goaway"])?;
    assert!(output.status.success(), "{}", error(&output));
    Ok(())
}

/// Five objects in one file.
fn five(name: &str) -> String {
    let object = |number| {
        let name = format!("{name}-{number}");
        format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n")
    };
    (1..=5).map(object).collect()
}

fn nth_write(rig: &Rig) -> Test {
    let file = rig.plane().folder().join("five.yaml");
    std::fs::write(&file, five("cut"))?;
    let since = audit::mark(rig.plane())?;
    rig.proxy.set([Rule::new(Match::writes(), Nth::From(3), Fault::ResetBefore)]);
    let apply = ["apply", "--server-side", "-f", file.to_str().ok_or("path")?];
    assert!(!rig.run(&apply)?.status.success());
    assert_eq!(rig.arrived(since)?, [201, 201]);

    // Again without the fault: what is missing is made, what is there stays.
    rig.proxy.set([]);
    assert!(rig.run(&apply)?.status.success());
    assert_eq!(rig.arrived(since)?, [201, 201, 200, 200, 201, 201, 201]);
    Ok(())
}

fn kills(rig: &Rig) -> Test {
    let file = rig.plane().folder().join("five.yaml");
    for (name, fault, arrived) in [
        ("kill-before", Fault::Kill as fn(Victim) -> Fault, 2),
        ("kill-after", Fault::KillAfter as fn(Victim) -> Fault, 3),
    ] {
        std::fs::write(&file, five(name))?;
        let since = audit::mark(rig.plane())?;
        let victim = Victim::default();
        let dies = fault(victim.clone());
        rig.proxy.set([Rule::new(Match::writes(), Nth::Only(3), dies)]);
        let apply = ["apply", "--server-side", "-f", file.to_str().ok_or("path")?];
        let mut child = rig.command(&apply).stdout(Stdio::null()).spawn()?;
        victim.set(child.id())?;
        let status = child.wait()?;
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9), "{name}");
        assert_eq!(rig.arrived(since)?.len(), arrived, "{name}");
    }
    Ok(())
}

/// Ends a child that would run for ever.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn watches(rig: &Rig) -> Test {
    rig.proxy.set([]);
    rig.proxy.forget();
    let output = rig.plane().folder().join("watched");
    let watch = ["get", "configmaps", "--watch-only", "-o=name"];
    let _child = Ended(rig.command(&watch).stdout(std::fs::File::create(&output)?).spawn()?);
    rig.proxy.wait_for("the watch to begin", |seen| {
        seen.query.contains("watch=true") && seen.status == Some(200)
    })?;
    for name in ["watched-1", "watched-2"] {
        rig.plane().kubectl(&["create", "configmap", name])?;
        wait_until("the watch to tell", Duration::from_secs(10), || {
            Ok(std::fs::read_to_string(&output)?.contains(name))
        })?;
    }
    Ok(())
}
