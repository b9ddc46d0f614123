//! The layers of the architecture: who may use whom, read from the paths in every file.

#[path = "layers/source.rs"]
mod source;
#[path = "layers/uses.rs"]
mod uses;

use std::collections::BTreeMap;

use source::{Module, Source, sources};

/// What each layer may use of the others beside itself: lower ones only.
const ALLOWED: &[(&str, &[&str])] = &[
    ("diagnostic", &[]),
    ("facts", &[]),
    ("parallel", &[]),
    ("yaml", &["diagnostic"]),
    ("object", &["yaml", "diagnostic"]),
    ("config", &["yaml", "diagnostic", "facts", "object"]),
    ("validate", &["config", "object", "yaml", "diagnostic", "facts"]),
    ("values", &["config", "object", "diagnostic", "facts"]),
    ("render", &["config", "values", "facts", "object", "parallel", "yaml", "diagnostic"]),
    ("inventory", &["object", "yaml"]),
    ("plan", &["object", "inventory", "parallel", "yaml", "diagnostic"]),
    ("health", &["object"]),
    ("rights", &["object"]),
    ("deploy", &["config", "object", "yaml"]),
    ("member", &["object", "yaml"]),
    ("proxy", &[]),
    ("cluster", &["object", "proxy"]),
    ("registry", &["object", "proxy"]),
    ("images", &["cluster", "object", "registry", "yaml"]),
    ("availability", &["object", "registry"]),
    (
        "check",
        &[
            "availability",
            "cluster",
            "config",
            "facts",
            "health",
            "object",
            "inventory",
            "registry",
            "rights",
        ],
    ),
    ("diagnose", &["cluster", "health", "object"]),
    (
        "target",
        &["object", "inventory", "values", "yaml", "diagnostic", "cluster", "diagnose", "health"],
    ),
    ("engine", &["object", "inventory", "plan", "target", "values", "health", "diagnose"]),
    (
        "status",
        &["cluster", "diagnose", "engine", "health", "inventory", "object", "render", "target"],
    ),
    (
        "bundle",
        &["cluster", "config", "diagnose", "health", "inventory", "object", "status", "yaml"],
    ),
    (
        "install",
        &[
            "availability",
            "check",
            "cluster",
            "config",
            "deploy",
            "diagnostic",
            "engine",
            "facts",
            "inventory",
            "object",
            "plan",
            "registry",
            "render",
            "status",
            "target",
            "validate",
            "values",
            "yaml",
        ],
    ),
    (
        "fleet",
        &[
            "check", "cluster", "config", "facts", "health", "install", "member", "object",
            "render", "target", "values",
        ],
    ),
    (
        "controller",
        &[
            "check",
            "cluster",
            "config",
            "diagnose",
            "diagnostic",
            "engine",
            "health",
            "install",
            "inventory",
            "object",
            "plan",
            "status",
            "target",
        ],
    ),
    ("admission", &["config", "diagnostic", "install", "object", "yaml"]),
    ("telemetry", &["controller", "object"]),
    (
        "serve",
        &["admission", "cluster", "config", "engine", "object", "target", "telemetry", "values"],
    ),
    (
        "ui",
        &[
            "controller",
            "diagnose",
            "diagnostic",
            "engine",
            "images",
            "plan",
            "object",
            "serve",
            "target",
        ],
    ),
    (
        "cli",
        &[
            "bundle",
            "check",
            "cluster",
            "config",
            "controller",
            "deploy",
            "diagnose",
            "diagnostic",
            "engine",
            "facts",
            "fleet",
            "images",
            "install",
            "inventory",
            "member",
            "object",
            "plan",
            "registry",
            "render",
            "serve",
            "status",
            "target",
            "telemetry",
            "ui",
            "validate",
            "values",
            "yaml",
        ],
    ),
];

/// What only some layers may name: a clock, the environment, files, threads of control, streams.
const RESTRICTED: &[(&str, &[&str])] = &[
    ("std::env::", &["ui", "cli", "cluster", "proxy", "registry"]),
    // A bundle is written to a file; a registry's credentials and images are in some.
    ("std::fs::", &["target", "bundle", "cli", "images", "registry"]),
    ("SystemTime::now", &["cli", "install", "serve", "target"]),
    ("now_utc", &["cli", "controller", "fleet", "install", "status", "ui"]),
    (
        "tokio",
        &[
            "availability",
            "cli",
            "controller",
            "fleet",
            "install",
            "serve",
            "target",
            "engine",
            "cluster",
            "images",
            "registry",
            "status",
        ],
    ),
    ("kube::", &["cluster"]),
    ("io::stdout", &["ui"]),
    ("io::stderr", &["ui"]),
    ("process::ExitCode", &["cli"]),
    ("serde_saphyr", &["yaml"]),
    ("minijinja", &["render"]),
    ("hyper::", &["cluster", "fleet", "registry", "serve"]),
    ("tokio_rustls", &["fleet", "registry", "serve"]),
    ("prometheus_client", &["telemetry"]),
];

/// What reads an object, the inventory or the configuration of a cluster: use cases do, verbs do not.
const READS: &[&str] =
    &["Kind::new(", "Selection", "Inventory::", "ObjectId::of(", "embedded::", ".discover("];
/// The most lines of a verb's file, without its tests.
const VERB: usize = 120;

/// The first name of a module path.
fn layer(module: &Module) -> Option<&str> {
    module.first().map(String::as_str)
}

fn files() -> BTreeMap<Module, Source> {
    let mut sources = sources();
    sources.remove(&Module::new());
    sources
}

#[test]
fn layers_use_only_what_they_may() {
    let all = sources();
    let mut wrong = Vec::new();
    for (module, used) in uses::uses(&all) {
        let Some(name) = layer(module) else { continue };
        let Some((_, allowed)) = ALLOWED.iter().find(|(known, _)| *known == name) else {
            panic!("layer `{name}` has no line in ALLOWED");
        };
        for used in used.iter().filter_map(|used| layer(used)) {
            if used != name && !allowed.contains(&used) {
                wrong.push(format!("{}: uses `{used}`", all[module].file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn layers_are_in_order() {
    for (index, (name, allowed)) in ALLOWED.iter().enumerate() {
        for used in *allowed {
            let below = ALLOWED[..index].iter().any(|(lower, _)| lower == used);
            assert!(below, "`{name}` may use `{used}`, which is not below it");
        }
    }
}

#[test]
fn no_files_use_each_other() {
    let all = sources();
    let circles = uses::circles(&uses::uses(&all));
    let circles = circles.iter().map(|circle| {
        let files: Vec<String> = circle.iter().map(|m| m.join("/")).collect();
        files.join(" <-> ")
    });
    let circles: Vec<String> = circles.collect();
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}

#[test]
fn the_core_is_pure() {
    let mut wrong = Vec::new();
    for (module, source) in files() {
        let name = layer(&module).unwrap();
        for (word, allowed) in RESTRICTED {
            if source.code.contains(word) && !allowed.contains(&name) {
                wrong.push(format!("{}: names `{word}`", source.file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn verbs_parse_print_and_leave_the_rest_to_use_cases() {
    let mut wrong = Vec::new();
    for (module, source) in files() {
        if layer(&module) != Some("cli") {
            continue;
        }
        let file = source.file.display();
        let lines = source.code.lines().filter(|line| !line.trim().is_empty()).count();
        if module.len() == 2 && lines > VERB {
            wrong
                .push(format!("{file}: {lines} lines; move what other callers need to a use case"));
        }
        let reads = READS.iter().filter(|read| source.code.contains(**read));
        wrong.extend(reads.map(|read| format!("{file}: `{read}`: a use case reads the cluster")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn circles_and_re_exports_are_seen() {
    let file = |module: &[&str], text: &str| {
        let module: Module = module.iter().map(|part| (*part).to_owned()).collect();
        (module.clone(), source::read(module.join("/").into(), text))
    };
    let sources = BTreeMap::from([
        file(&[], "pub mod a; pub mod b;"),
        file(&["a"], "mod x; mod y; pub use x::X; use y::f;"),
        file(
            &["a", "x"],
            "use super::f; pub struct X;\n#[cfg(test)]\nmod tests { use crate::b::B; }",
        ),
        file(&["a", "y"], "use crate::b::{self, B}; pub fn f() { super::X }"),
        file(&["b"], "pub struct B;"),
    ]);
    let uses = uses::uses(&sources);
    let name = |module: &Module| module.join("/");
    let of = |module: &[&str]| -> Vec<String> {
        let module: Module = module.iter().map(|part| (*part).to_owned()).collect();
        uses[&module].iter().map(|used| name(used)).collect()
    };
    assert_eq!(of(&["a", "x"]), ["a/y"]);
    assert_eq!(of(&["a", "y"]), ["a/x", "b"]);
    let circles = uses::circles(&uses);
    assert_eq!(circles.len(), 1);
    assert_eq!(circles[0].iter().map(|m| name(m)).collect::<Vec<_>>(), ["a/x", "a/y"]);
}

#[test]
fn files_are_small() {
    let mut sizes = Vec::new();
    for source in files().into_values() {
        let lines = source.code.lines().filter(|line| !line.trim().is_empty()).count();
        sizes.push((lines, source.file));
    }
    sizes.sort();
    let median = sizes[sizes.len() / 2].0;
    assert!(median <= 150, "the median file has {median} lines");
    let (most, path) = sizes.last().unwrap();
    assert!(*most <= 500, "{} has {most} lines", path.display());
}
