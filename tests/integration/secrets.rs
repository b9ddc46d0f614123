//! Canaries: a secret in every secret key of a configuration, and no output that shows one.

use std::collections::BTreeMap;
use std::path::Path;

use ksi::yaml;

use crate::canary::canaries;
use crate::cli::ksi;

fn shown(folder: &Path, args: &[&str]) -> String {
    let output = ksi(args).current_dir(folder).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn no_output_shows_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    let (document, canaries) = canaries();
    let good = yaml::emit(&document);
    // The same with a mistake in every line: each snippet shows another one.
    let broken = good.replace("Secret0123456789abcdef", "Secret0123456789abcdef\u{1}");
    let cut = good.replacen("jwtSecret: ", "jwtSecret: \"", 1);
    for (name, text) in [("good.yaml", &good), ("broken.yaml", &broken), ("cut.yaml", &cut)] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    std::fs::write(folder.path().join("old.yaml"), good.replace("abcdef", "fedcba")).unwrap();
    let set = format!("authentication.jwtsecret={}", canaries[0]);
    let runs: &[&[&str]] = &[
        &["validate", "-f", "good.yaml"],
        &["validate", "-f", "good.yaml", "-o", "json"],
        &["validate", "-f", "broken.yaml"],
        &["validate", "-f", "broken.yaml", "-o", "json"],
        &["validate", "-f", "cut.yaml"],
        &["validate", "-f", "good.yaml", "--set", &set],
        &["diff", "-f", "good.yaml"],
        &["diff", "-f", "good.yaml", "-o", "json"],
        &["diff", "-f", "good.yaml", "--against-config", "old.yaml"],
        &["diff", "-f", "good.yaml", "--against-config", "old.yaml", "-o", "json"],
        &["apply", "-f", "good.yaml", "--target", "dir:out", "--dry-run", "-o", "json"],
        &["apply", "-f", "good.yaml", "--target", "dir:out", "-o", "json"],
        &["apply", "-f", "old.yaml", "--target", "dir:out"],
        &["diff", "-f", "good.yaml", "--against", "dir:out"],
        &["diff", "-f", "good.yaml", "--against", "dir:out", "-o", "json"],
        &["apply", "-f", "good.yaml", "--target", "dir:good.yaml"],
        &["config", "view", "-f", "good.yaml"],
        &["config", "view", "-f", "good.yaml", "--show-origin", "-o", "json"],
        &["images", "list", "-f", "good.yaml"],
        &["render", "-f", "broken.yaml"],
    ];
    let encoded = |text: &str| {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(text)
    };
    for args in runs {
        let text = shown(folder.path(), args);
        assert!(!text.is_empty(), "ksi {}", args.join(" "));
        for canary in &canaries {
            let stem = canary.trim_end_matches("abcdef");
            assert!(!text.contains(stem), "ksi {} shows {canary}\n{text}", args.join(" "));
            let encoded = encoded(canary);
            assert!(
                !text.contains(&encoded[..24]),
                "ksi {} shows {canary} in base64",
                args.join(" ")
            );
        }
    }
    assert!(shown(folder.path(), &["render", "-q", "-f", "good.yaml"]).contains(&canaries[0]));
}

#[test]
fn what_has_a_secret_name_in_a_mapping_of_others_is_hidden_too() {
    let names =
        ["apiKey", "accessKey", "kubeconfig", "privateKeyPem", "passphrase", "clientSecret"];
    let provider: String = names.map(|name| format!("{name}: canary-{name}, ")).concat();
    let text = format!(
        "apiVersion: installer.kubesphere.io/v1alpha1\nkind: ClusterConfiguration\nspec:\n  \
         authentication:\n    oauthOptions:\n      identityProviders:\n      \
         - {{name: x, type: y, provider: {{{provider} issuer: shown}}}}\n"
    );
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("good.yaml"), text).unwrap();
    let runs: &[&[&str]] = &[
        &["config", "view", "-f", "good.yaml"],
        &["config", "view", "-f", "good.yaml", "-o", "json"],
        &["config", "view", "-f", "good.yaml", "--show-origin"],
        &["diff", "-f", "good.yaml", "--against", "none"],
        &["diff", "-f", "good.yaml", "--against", "none", "-o", "json"],
    ];
    for args in runs {
        let text = shown(folder.path(), args);
        assert!(text.contains("shown") && !text.contains("canary"), "ksi {args:?}\n{text}");
    }
}

#[cfg(unix)]
#[test]
fn files_with_secrets_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let (document, canaries) = canaries();
    std::fs::write(folder.path().join("good.yaml"), yaml::emit(&document)).unwrap();
    shown(folder.path(), &["apply", "-f", "good.yaml", "--target", "dir:out"]);
    let values: BTreeMap<String, String> =
        serde_json::from_slice(&std::fs::read(folder.path().join("out/.ksi/values")).unwrap())
            .unwrap_or_default();
    let secrets: Vec<&String> = canaries.iter().chain(values.values()).collect();
    let mut checked = 0;
    for (path, bytes) in crate::cli::tree(&folder.path().join("out")) {
        let text = String::from_utf8_lossy(&bytes);
        if secrets.iter().any(|secret| text.contains(secret.as_str())) {
            let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{}", path.display());
            checked += 1;
        }
    }
    assert!(checked >= 2);
}
