//! Runs on a directory that already has an installation.

use super::*;

/// The files of a directory below `folder`, with what they hold.
pub(crate) fn tree(folder: &Path) -> std::collections::BTreeMap<PathBuf, Vec<u8>> {
    let mut files = std::collections::BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(tree(&path));
        } else {
            files.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    files
}

#[test]
fn a_changed_jwt_secret_reaches_everything_that_holds_it() {
    use base64::Engine as _;
    let folder = tempfile::tempdir().unwrap();
    let target = format!("dir:{}", folder.path().join("out").display());
    let run_with = |secret: &str, more: &[&str]| {
        let set = format!("authentication.jwtSecret={secret}");
        let apply = ["apply", "-f", "samples/host.yaml", "--target", &target, "--set", &set];
        run(&[&apply[..], more].concat())
    };
    let apply = |secret: &str| {
        let (code, _, errors) = run_with(secret, &["--yes-break-members"]);
        assert_eq!(code, 0, "{errors}");
        tree(folder.path())
    };
    let (old, new) = ("first-secret-0123456789abcdefghij", "second-secret-0123456789abcdefghi");
    let before = apply(old);
    let (code, _, errors) = run_with(new, &[]);
    assert!(code == 2 && errors.contains("--yes-break-members"), "{errors}");
    let after = apply(new);
    let encoded = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let holders =
        |files: &std::collections::BTreeMap<PathBuf, Vec<u8>>, secret: &str| -> Vec<PathBuf> {
            let forms = [secret.to_owned(), encoded(secret)];
            files
                .iter()
                .filter(|(_, bytes)| {
                    forms.iter().any(|f| String::from_utf8_lossy(bytes).contains(f.as_str()))
                })
                .map(|(path, _)| path.strip_prefix(folder.path()).unwrap().to_owned())
                .collect()
        };
    assert_eq!(holders(&before, old), holders(&after, new));
    assert_eq!(holders(&after, old), Vec::<PathBuf>::new());
    assert_eq!(holders(&after, new).len(), 2 + 1, "ConfigMap, Secret and the kept values");
    // Third run, nothing new: not a byte moves.
    assert_eq!(apply(new), after);
}

#[test]
fn a_published_jwt_secret_is_refused_unless_it_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let target = format!("dir:{}", out.display());
    let apply = |secret: &str| {
        let set = format!("authentication.jwtSecret={secret}");
        run(&["apply", "-f", "samples/host.yaml", "--target", &target, "--set", &set])
    };
    let published = "gfIwilcc0WjNGKJ5DLeksf2JKfcLgTZU";
    for secret in [published, "${JWT_SECRET}", "<jwtSecret>", "“3f9aK2mQ7xWb5TzR8vLd1NcY6sHe4GpU”"]
    {
        let (code, _, errors) = apply(secret);
        assert_eq!(code, 3, "{secret}: {errors}");
        // A template that was not rendered is no secret, and is shown.
        let shown = errors.contains(secret) && !secret.starts_with('$');
        assert!(errors.contains("error[KSI00") && !shown, "{errors}");
        assert!(!out.exists(), "nothing is written");
    }
    // It is in use since before it was refused.
    let mine = "3f9aK2mQ7xWb5TzR8vLd1NcY6sHe4GpU";
    assert_eq!(apply(mine).0, 0);
    let values = out.join(".ksi/values");
    let stored = std::fs::read_to_string(&values).unwrap();
    assert!(stored.contains(mine));
    std::fs::write(&values, stored.replace(mine, published)).unwrap();
    // Only the stored values were replaced, so the manifests would get another one.
    let set = format!("authentication.jwtSecret={published}");
    let (code, _, errors) = run(&[
        "apply",
        "-f",
        "samples/host.yaml",
        "--target",
        &target,
        "--set",
        &set,
        "--yes-break-members",
    ]);
    assert_eq!(code, 0, "{errors}");
    assert!(errors.contains("warning[KSI0057]") && !errors.contains(published), "{errors}");
}

#[test]
fn lost_secrets_are_never_made_anew_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    let target = format!("dir:{}", folder.path().join("out").display());
    let apply = || run(&["apply", "-f", "samples/host.yaml", "--target", &target]);
    assert_eq!(apply().0, 0);
    std::fs::remove_dir_all(folder.path().join("out/.ksi")).unwrap();
    let before = tree(folder.path());
    let (code, _, errors) = apply();
    assert_eq!(code, 4, "{errors}");
    assert!(errors.contains("the generated secrets are missing"), "{errors}");
    assert_eq!(tree(folder.path()), before);
}

#[test]
fn a_secret_that_was_changed_by_hand_is_put_back() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let target = format!("dir:{}", out.display());
    let apply = || run(&["apply", "-f", "samples/none.yaml", "--target", &target]);
    assert_eq!(apply().0, 0);
    let secret = out.join("30-configuration/secret_kubesphere-system_kubesphere-secret.yaml");
    let good = std::fs::read_to_string(&secret).unwrap();
    std::fs::write(&secret, good.replace("  secret: ", "  secret: QUJD")).unwrap();
    let (code, shown, _) = run(&["diff", "-f", "samples/none.yaml", "--against", &target]);
    assert!(code == 1 && shown.contains("values differ"), "{shown}");
    assert_eq!(apply().0, 0);
    assert_eq!(std::fs::read_to_string(&secret).unwrap(), good);
}

#[test]
fn a_switched_off_component_is_pruned_and_its_claim_stays() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let target = format!("dir:{}", out.display());
    let with = |on: &str| {
        let set = format!("common.redis.enabled={on}");
        let (code, _, errors) =
            run(&["apply", "-f", "samples/none.yaml", "--target", &target, "--set", &set]);
        assert_eq!(code, 0, "{errors}");
        errors
    };
    with("true");
    let names = || -> Vec<String> {
        let name = |p: &PathBuf| p.file_name().unwrap().to_str().unwrap().to_owned();
        tree(&out).keys().map(name).filter(|n| n.contains("redis")).collect()
    };
    assert!(names().iter().any(|n| n.starts_with("deployment")), "{:?}", names());
    let said = with("false");
    let left = names();
    assert!(!left.iter().any(|n| n.starts_with("deployment")), "{left:?}");
    assert!(left.iter().any(|n| n.starts_with("persistentvolumeclaim")), "{left:?}");
    assert!(said.contains("kept PersistentVolumeClaim/"), "{said}");
}

#[test]
#[cfg(unix)]
fn a_killed_run_is_finished_by_the_next_one() {
    use std::os::unix::process::ExitStatusExt as _;
    let folder = tempfile::tempdir().unwrap();
    let target = |name: &str| format!("dir:{}", folder.path().join(name).display());
    let args = |place: &str| -> Vec<String> {
        ["apply", "-q", "-f", "samples/host.yaml", "--target", place].map(str::to_owned).to_vec()
    };
    let mut killed = 0;
    for attempt in 0..12 {
        let place = target(&format!("out{attempt}"));
        let args = args(&place);
        let words: Vec<&str> = args.iter().map(String::as_str).collect();
        let mut child = ksi(&words).stderr(Stdio::null()).spawn().unwrap();
        // Not a wait for something: the kill shall come at another moment in each attempt.
        std::thread::sleep(std::time::Duration::from_millis(40 + 25 * attempt));
        child.kill().unwrap();
        killed += usize::from(child.wait().unwrap().signal() == Some(9));
        let values = folder.path().join(format!("out{attempt}/.ksi/values"));
        let kept = std::fs::read(&values).ok();
        let (code, _, errors) = run(&words);
        assert_eq!(code, 0, "{errors}");
        assert!(kept.is_none_or(|kept| kept == std::fs::read(&values).unwrap()), "a value changed");
        let done = tree(folder.path());
        assert_eq!(run(&words).0, 0);
        assert_eq!(tree(folder.path()), done, "the run after the next one wrote something");
    }
    assert!(killed > 0, "no run was killed in time");
}
