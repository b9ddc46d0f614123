//! Every object that ksi renders is accepted by real API servers, without a warning.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use sandbox::builds::Release;
use sandbox::control_plane::ControlPlane;
use sandbox::light::Light;
use tempfile::TempDir;

use crate::hands::Hands as _;
use crate::installed::{release, releases};
use crate::manifests::{Manifests, samples};

/// The first folders hold what the others need to exist: namespaces and definitions.
const FIRST: &[&str] = &["00-", "10-"];
const REST: &[&str] = &["20-", "30-", "40-", "50-", "60-", "70-"];

#[test]
fn every_object_of_every_sample_is_accepted() {
    releases().into_iter().for_each(accepted_by);
}

fn accepted_by(release: Release) {
    let Some(light) = Light::start(release).unwrap() else { return };
    let plane = light.control_plane();
    let mut seen = BTreeSet::new();
    for sample in samples() {
        let manifests = Manifests::of(&sample, &release.to_string());
        let first = copy_new(&manifests.files(FIRST), &mut seen);
        apply(plane, first.path(), &["--dry-run=none"], &sample);
        let definitions = ["wait", "--for=condition=Established", "--timeout=60s", "crd", "--all"];
        plane.kubectl(&definitions).unwrap();
        warn_of_pod_security(plane);
        let rest = copy_new(&manifests.files(REST), &mut seen);
        apply(plane, rest.path(), &["--dry-run=server"], &sample);
    }
    assert!(seen.len() > 300, "only {} different manifests were tried", seen.len());
}

/// A pod that `restricted` refuses makes the API server warn, in dry runs of its workload as well.
fn warn_of_pod_security(plane: &ControlPlane) {
    let label = "pod-security.kubernetes.io/warn=restricted";
    for namespace in ["kubesphere-system", "kubesphere-controls-system", "kube-federation-system"] {
        if plane.kubectl(&["get", "namespace", namespace]).is_ok() {
            plane.kubectl(&["label", "--overwrite", "namespace", namespace, label]).unwrap();
        }
    }
}

/// Applies a folder server-side and strictly. kubectl prints warnings of the server on standard error.
fn apply(plane: &ControlPlane, folder: &Path, how: &[&str], sample: &Path) {
    if fs::read_dir(folder).unwrap().next().is_none() {
        return;
    }
    let out = plane
        .kubectl_command()
        .args(["apply", "--server-side", "--force-conflicts", "--validate=strict"])
        .args(["--field-manager=ksi"])
        .args(how)
        .arg("-f")
        .arg(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success() && said.trim().is_empty(), "{}: {said}", sample.display());
}

/// The manifests that no sample before had, in a folder of their own.
fn copy_new(files: &[PathBuf], seen: &mut BTreeSet<Vec<u8>>) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (number, file) in files.iter().enumerate() {
        let text = fs::read(file).unwrap();
        if seen.insert(text.clone()) {
            fs::write(folder.path().join(format!("{number:03}.yaml")), text).unwrap();
        }
    }
    folder
}

#[test]
fn a_pod_that_is_not_restricted_would_be_noticed() {
    let Some(light) = Light::start(release()).unwrap() else { return };
    light.kubectl("create namespace kubesphere-system");
    let plane = light.plane();
    warn_of_pod_security(plane);
    let out = plane
        .kubectl_command()
        .args(["-n", "kubesphere-system", "create", "deployment", "bad", "--image=bad"])
        .args(["--dry-run=server"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(said.contains("would violate PodSecurity"), "{said}");
}
