//! The rooms of the design: who may use whom, read from the `use` lines and paths of every file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What each room may use of the others, beside itself.
const ALLOWED: &[(&str, &[&str])] = &[
    ("diagnostic", &[]),
    ("facts", &[]),
    ("yaml", &["diagnostic"]),
    ("object", &["yaml", "diagnostic"]),
    ("config", &["yaml", "diagnostic", "facts", "object"]),
    ("validate", &["config", "yaml", "diagnostic", "facts"]),
    ("values", &["config", "object", "diagnostic", "facts"]),
    ("health", &["object"]),
    ("diagnose", &["cluster", "health", "object"]),
    ("inventory", &["object", "yaml"]),
    ("cluster", &["object"]),
    ("rights", &["object"]),
    ("check", &["cluster", "config", "facts", "health", "object", "inventory", "rights"]),
    ("render", &["config", "values", "facts", "object", "yaml", "diagnostic"]),
    ("plan", &["object", "inventory", "yaml", "diagnostic"]),
    (
        "target",
        &["object", "inventory", "values", "yaml", "diagnostic", "cluster", "diagnose", "health"],
    ),
    ("engine", &["object", "inventory", "plan", "target", "values", "health"]),
    (
        "install",
        &[
            "check",
            "cluster",
            "config",
            "diagnostic",
            "engine",
            "facts",
            "inventory",
            "object",
            "plan",
            "render",
            "target",
            "validate",
            "values",
            "yaml",
        ],
    ),
    ("ui", &["diagnostic", "engine", "plan", "object", "target"]),
    (
        "cli",
        &[
            "check",
            "cluster",
            "config",
            "diagnose",
            "diagnostic",
            "engine",
            "facts",
            "health",
            "install",
            "inventory",
            "object",
            "plan",
            "render",
            "rights",
            "target",
            "ui",
            "validate",
            "values",
            "yaml",
        ],
    ),
];

/// What only some rooms may name: a clock, the environment, files, threads of control, streams.
const RESTRICTED: &[(&str, &[&str])] = &[
    ("std::env::", &["ui", "cli", "cluster"]),
    ("std::fs::", &["target", "cli"]),
    ("SystemTime::now", &["cli", "install", "target"]),
    ("now_utc", &["cli", "install"]),
    ("tokio", &["cli", "install", "target", "engine", "cluster"]),
    ("kube::", &["cluster"]),
    ("io::stdout", &["ui"]),
    ("io::stderr", &["ui"]),
    ("ExitCode", &["cli"]),
    ("serde_saphyr", &["yaml"]),
    ("minijinja", &["render"]),
];

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}

/// The code of each room, without comments and without tests at the end of files.
fn rooms() -> BTreeMap<String, Vec<(PathBuf, String)>> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&source, &mut files);
    let mut rooms: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for path in files {
        let relative = path.strip_prefix(&source).unwrap().to_owned();
        let first = relative.components().next().unwrap().as_os_str().to_str().unwrap();
        let room = first.trim_end_matches(".rs").to_owned();
        if room == "lib" || room == "main" || path.ends_with("tests.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("\n#[cfg(test)]\nmod ").next().unwrap();
        let code: String = code
            .lines()
            .filter(|l| !l.trim_start().starts_with("//"))
            .map(|l| format!("{l}\n"))
            .collect();
        rooms.entry(room).or_default().push((relative, code));
    }
    rooms
}

/// The rooms that a text names by `crate::room` or in `use crate::{room, …}`.
fn named(code: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let list = rest
            .strip_prefix('{')
            .map_or(rest, |list| &list[..list.find(';').unwrap_or(list.len())]);
        let several = rest.starts_with('{');
        let mut depth = 0;
        let mut word = String::new();
        for c in list.chars() {
            match c {
                c if c.is_alphanumeric() || c == '_' => word.push(c),
                _ => {
                    if depth == 0 && !word.is_empty() {
                        names.push(std::mem::take(&mut word));
                    }
                    word.clear();
                    depth += match c {
                        '{' => 1,
                        '}' => -1,
                        _ => 0,
                    };
                    if !several {
                        break;
                    }
                    // Behind `room::` of a list come names inside of the room.
                    if c == ':' {
                        depth = depth.max(1);
                    } else if c == ',' && depth == 1 {
                        depth = 0;
                    }
                }
            }
        }
    }
    names
}

#[test]
fn rooms_use_only_what_they_may() {
    let rooms = rooms();
    let known: Vec<&str> = ALLOWED.iter().map(|(room, _)| *room).collect();
    let mut wrong = Vec::new();
    for (room, files) in &rooms {
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| name == room) else {
            panic!("room `{room}` has no line in ALLOWED");
        };
        for (path, code) in files {
            for name in named(code) {
                if known.contains(&name.as_str())
                    && name != *room
                    && !allowed.contains(&name.as_str())
                {
                    wrong.push(format!("{}: uses `{name}`", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_core_is_pure() {
    let mut wrong = Vec::new();
    for (room, files) in rooms() {
        for (path, code) in files {
            for (word, allowed) in RESTRICTED {
                if code.contains(word) && !allowed.contains(&room.as_str()) {
                    wrong.push(format!("{}: names `{word}`", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_reader_of_use_lines_sees_them() {
    let code = "use crate::plan::{self, Plan};\nuse crate::{config, engine::{Event, Outcome}, values};\nlet x = crate::ui::Output::new();\n";
    let mut names = named(code);
    names.sort();
    assert_eq!(names, ["config", "engine", "plan", "ui", "values"]);
}

#[test]
fn files_are_small() {
    let mut sizes = Vec::new();
    for (path, code) in rooms().into_values().flatten() {
        let lines = code.lines().filter(|l| !l.trim().is_empty()).count();
        sizes.push((lines, path));
    }
    sizes.sort();
    let median = sizes[sizes.len() / 2].0;
    assert!(median <= 150, "the median file has {median} lines");
    let (most, path) = sizes.last().unwrap();
    assert!(*most <= 500, "{} has {most} lines", path.display());
}
