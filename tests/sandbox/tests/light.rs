//! The tier without root: starts, survives kills, leaves nothing.

use std::collections::HashSet;
use std::error::Error;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use sandbox::builds::Release;
use sandbox::light::Light;
use sandbox::process::{start_time, wait_until};

type Test = Result<(), Box<dyn Error>>;

#[test]
fn starts_and_survives_kills() -> Test {
    for release in Release::ALL {
        let begin = Instant::now();
        let Some(light) = Light::start(release)? else { return Ok(()) };
        println!("{release}: ready after {:?}", begin.elapsed());
        let plane = light.control_plane();
        assert!(plane.kubectl(&["version"])?.contains(&format!("Server Version: v{release}")));
        plane.kubectl(&["create", "configmap", "kept", "--from-literal=a=b"])?;
        for name in ["apiserver", "etcd"] {
            plane.processes().kill(name)?;
            assert!(!plane.processes().is_running(name));
            plane.processes().restart(name)?;
            plane.ready()?;
            let value = plane.kubectl(&["get", "configmap", "kept", "-o=jsonpath={.data.a}"])?;
            assert_eq!(value, "b", "after {name} was killed");
        }
    }
    Ok(())
}

#[test]
fn controllers_work() -> Test {
    let Some(light) = Light::start(Release::Oldest)? else { return Ok(()) };
    let plane = light.control_plane();
    plane.kubectl(&["create", "namespace", "brief"])?;
    wait_until("the default service account", Duration::from_secs(20), || {
        Ok(plane.kubectl(&["-n=brief", "get", "serviceaccount", "default"]).is_ok())
    })?;
    plane.kubectl(&["delete", "namespace", "brief", "--timeout=30s"])?;
    Ok(())
}

#[test]
fn two_at_once_leave_nothing() -> Test {
    let (Some(one), Some(other)) = (Light::start(Release::Oldest)?, Light::start(Release::Oldest)?)
    else {
        return Ok(());
    };
    let lights = [one, other];
    let mut folders = HashSet::new();
    let mut pids = Vec::new();
    for light in &lights {
        let plane = light.control_plane();
        plane.kubectl(&["create", "namespace", "same-name"])?;
        folders.insert(plane.folder().to_owned());
        for name in plane.processes().names() {
            pids.push(plane.processes().pid(&name).ok_or(name)?);
        }
    }
    assert_eq!((folders.len(), pids.len()), (2, 8));
    drop(lights);
    assert!(pids.iter().all(|pid| start_time(*pid).is_none()), "still running: {pids:?}");
    assert!(!folders.iter().any(|folder| folder.exists()), "still there: {folders:?}");
    Ok(())
}

/// The owner: this test's own program, started again with this variable, and killed.
const OWNER: &str = "SANDBOX_TEST_OWNER";

#[test]
fn what_a_killed_owner_left_goes_with_the_next_start() -> Test {
    if let Some(file) = std::env::var_os(OWNER).map(PathBuf::from) {
        let light = Light::start(Release::Oldest)?.ok_or("skipped")?;
        let processes = light.control_plane().processes();
        let mut lines = vec![light.control_plane().folder().display().to_string()];
        lines.extend(
            processes
                .names()
                .iter()
                .filter_map(|name| processes.pid(name))
                .map(|pid| pid.to_string()),
        );
        let part = file.with_extension("part");
        std::fs::write(&part, lines.join("\n"))?;
        std::fs::rename(part, file)?;
        std::thread::park();
    }
    // Where nothing can be built this says so, and the owner would not start.
    if Light::start(Release::Oldest)?.is_none() {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("left");
    let mut owner = Command::new(std::env::current_exe()?)
        .args(["--exact", "light::what_a_killed_owner_left_goes_with_the_next_start"])
        .env(OWNER, &file)
        .spawn()?;
    let told = wait_until("the owner to start", Duration::from_secs(120), || Ok(file.exists()));
    owner.kill()?;
    owner.wait()?;
    told?;
    let text = std::fs::read_to_string(&file)?;
    let mut lines = text.lines();
    let left = PathBuf::from(lines.next().ok_or("no folder")?);
    let pids = lines.map(str::parse).collect::<Result<Vec<i32>, _>>()?;
    assert_eq!(pids.len(), 4);
    // Another test of this program may have started in the meantime, and cleaned already.
    let _light = Light::start(Release::Oldest)?;
    assert!(pids.iter().all(|pid| start_time(*pid).is_none()), "still running: {pids:?}");
    assert!(!left.exists(), "still there: {}", left.display());
    Ok(())
}

#[test]
fn snapshots_bring_back_what_was() -> Test {
    let Some(light) = Light::start(Release::Oldest)? else { return Ok(()) };
    let plane = light.control_plane();
    // Not namespaces: a deleted one takes ten seconds to go.
    let create = |name: &str| plane.kubectl(&["create", "configmap", name]);
    create("before")?;
    let begin = Instant::now();
    let snapshot = plane.snapshot()?;
    println!("snapshot: {:?}", begin.elapsed());
    for round in 0..2 {
        create("after")?;
        plane.kubectl(&["delete", "configmap", "before"])?;
        let begin = Instant::now();
        plane.restore(&snapshot)?;
        println!("restore: {:?}", begin.elapsed());
        let names = plane.kubectl(&["get", "configmaps", "-o=name"])?;
        assert!(names.contains("configmap/before"), "round {round}: {names}");
        assert!(!names.contains("configmap/after"), "round {round}: {names}");
    }
    plane.kubectl(&["create", "namespace", "controlled"])?;
    wait_until("the controllers to work again", Duration::from_secs(20), || {
        Ok(plane.kubectl(&["-n=controlled", "get", "serviceaccount", "default"]).is_ok())
    })?;
    Ok(())
}
