//! The examples of the help texts, which are run.

use std::path::Path;

use crate::cli::{ksi, of, root};

/// The command itself and every verb below it.
fn commands(command: &clap::Command) -> Vec<clap::Command> {
    let mut list = vec![command.clone()];
    list.extend(command.get_subcommands().flat_map(commands));
    list
}

#[test]
fn every_verb_has_examples_and_they_run() {
    let folder = tempfile::tempdir().unwrap();
    let samples = folder.path().join("samples");
    copy(&root().join("samples"), &samples);
    let mut examples = Vec::new();
    for command in commands(&ksi::cli::command()) {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let own: Vec<String> =
            help.lines().filter_map(|l| l.strip_prefix("  ksi ")).map(str::to_owned).collect();
        assert!(
            command.get_name() == "ksi" || !own.is_empty(),
            "{}: no example",
            command.get_name()
        );
        examples.extend(own);
    }
    // One example compares with what another one has made.
    examples.insert(0, "apply -f samples/host.yaml --target dir:out".to_owned());
    for example in &examples {
        let words: Vec<&str> = example.split('>').next().unwrap().split_whitespace().collect();
        if needs_a_cluster(&words) {
            ksi::cli::command().try_get_matches_from([&["ksi"], &words[..]].concat()).unwrap();
            continue;
        }
        let output = ksi(&words).current_dir(folder.path()).output().unwrap();
        let (code, _, errors) = of(output);
        let expected = i32::from(words[0] == "diff" && !example.contains("dir:"));
        assert_eq!(code, expected, "ksi {example}\n{errors}");
    }
}

/// Most of them are run in `tests/clusters/member`.
#[test]
fn every_command_of_the_page_about_members_is_one() {
    let page = include_str!("../../docs/members.md");
    let blocks = page.split("```sh").skip(1).filter_map(|text| text.split("```").next());
    let mut count = 0;
    for line in blocks.flat_map(str::lines).filter(|line| line.starts_with("ksi ")) {
        let words = line.split('#').next().unwrap().split_whitespace();
        ksi::cli::command().try_get_matches_from(words).unwrap_or_else(|e| panic!("{line}: {e}"));
        count += 1;
    }
    assert!(count > 15, "only {count}");
}

/// These run in tests/clusters; here only their flags are tried.
fn needs_a_cluster(words: &[&str]) -> bool {
    let names = |flags: &[&str]| words.iter().any(|word| flags.contains(word));
    match words[0] {
        "check" | "member" => !names(&["--list"]),
        "cleanup" | "status" | "wait" | "logs" | "events" | "bundle" | "history" | "rollback"
        | "controller" => true,
        "apply" | "uninstall" => !names(&["--target"]),
        "diff" => !names(&["--against", "--against-config"]),
        "render" => names(&["--live"]),
        // These need a registry.
        "images" => names(&["check", "copy", "rescue", "--digests"]),
        _ => false,
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &to);
        } else {
            std::fs::copy(&path, &to).unwrap();
        }
    }
}

#[test]
fn a_help_heading_has_only_options_of_its_group() {
    const GROUPS: &[(&str, &[&str])] = &[
        ("Cluster", &["kubeconfig", "context", "act_as", "act_as_groups"]),
        ("Cluster facts", &["kube_version", "nodes", "control_plane_nodes", "node_address"]),
        ("Conflicts with", &["take", "force_conflicts"]),
        ("Changes that need", &["allow_role_change", "yes_break_members", "replace_ks_installer"]),
        ("Deletions that need", &["delete_crds", "delete_data", "delete_namespaces"]),
        ("Servers", &["http_addr", "webhook_addr"]),
        ("Registries", &["registry_config", "registry_ca_file", "plain_http"]),
        ("Global options", &["color", "quiet", "verbose"]),
    ];
    for command in commands(&ksi::cli::command()) {
        for argument in command.get_arguments() {
            let Some(heading) = argument.get_help_heading() else { continue };
            // "Cluster" is the beginning of another heading.
            let group = GROUPS.iter().rev().find(|(start, _)| heading.starts_with(start));
            let id = argument.get_id().as_str();
            assert!(
                group.is_some_and(|(_, options)| options.contains(&id)),
                "{}: {id} is under `{heading}`",
                command.get_name()
            );
        }
    }
}

/// The text between two marks.
fn blocks<'t>(text: &'t str, begin: &str) -> Vec<&'t str> {
    text.split(begin).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn the_session_in_the_readme_is_what_ksi_prints() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let wrong = blocks(&readme, "```yaml\n")[0];
    let sessions = blocks(&readme, "```console\n");
    let folder = tempfile::tempdir().unwrap();
    let run = |session: &str, configuration: &str| {
        std::fs::write(folder.path().join("my.yaml"), configuration).unwrap();
        let mut printed = String::new();
        for command in session.lines().filter_map(|line| line.strip_prefix("$ ksi ")) {
            let program = Path::new(env!("CARGO_BIN_EXE_ksi")).display();
            let script = format!("{program} {command} 2>&1");
            let mut shell = std::process::Command::new("sh");
            shell.args(["-c", &script]).env_remove("CLICOLOR_FORCE").env_remove("FORCE_COLOR");
            let output = shell.current_dir(folder.path()).env("NO_COLOR", "1").output().unwrap();
            printed += &format!("$ ksi {command}\n{}", String::from_utf8(output.stdout).unwrap());
        }
        printed
    };
    assert_eq!(run(sessions[0], wrong), sessions[0]);
    let right = wrong.replace("clusterrole", "clusterRole").replace("fasle", "false");
    assert_eq!(run(sessions[1], &right), sessions[1]);
    assert_eq!(sessions.len(), 2, "run the others, too");
}
