//! YAML means what kubectl makes of it, and what we write kubectl reads back as we meant it.

use std::io::Write as _;
use std::process::{Command, Stdio};

use ksi::diagnostic::Sources;
use ksi::yaml::{self, Node};
use proptest::prelude::*;
use serde_json::{Value, json};

fn parse(text: &str) -> (Vec<Node>, Vec<ksi::diagnostic::Diagnostic>) {
    let mut sources = Sources::default();
    let id = sources.add("test.yaml", text);
    yaml::parse(&sources, id)
}

/// What kubectl makes of the values of a ConfigMap; `None` where there is no kubectl.
fn kubectl(text: &str) -> Option<Value> {
    let mut child = Command::new("kubectl")
        .args(["annotate", "--local", "--dry-run=client", "-o", "json", "-f", "-", "seen=yes"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

const SCALARS: &[&str] = &[
    "yes",
    "Yes",
    "YES",
    "yEs",
    "no",
    "on",
    "On",
    "off",
    "y",
    "Y",
    "n",
    "N",
    "true",
    "True",
    "TRUE",
    "false",
    "fasle",
    "null",
    "Null",
    "~",
    "",
    "0",
    "-0",
    "+5",
    "-7",
    "007",
    "0400",
    "089",
    "0o14",
    "0o19",
    "0x1F",
    "0x_1F",
    "0xZZ",
    "0b101",
    "0b2",
    "-0b11",
    "-0x1f",
    "-0400",
    "1_000",
    "_1",
    "1_",
    "1.0",
    "1.5",
    ".5",
    "+.5",
    "1.",
    "1e3",
    "1E3",
    "1e-7",
    "1e21",
    "1e22",
    "1e400",
    "0.1e1",
    "-0.0",
    "12345678901234567890123",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "123456789012345678",
    "2001-01-01",
    "12:30:45",
    "1:30",
    "2001-12-14t21:59:43.10-05:00",
    "=",
    "1.2.3",
    "v1.34",
    "+",
    ".",
    "..",
    "1,000",
    "1e",
    "e3",
    "0x",
    "0o",
    "0b",
    "a b",
    "NaN",
    "inf",
    "!!str 123",
    "!!str yes",
    "'yes'",
    "\"0400\"",
    "1__0",
];

#[test]
fn scalars_mean_what_kubectl_makes_of_them() {
    let mut text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: scalars}\ndata:\n".to_owned();
    for (at, scalar) in SCALARS.iter().enumerate() {
        text += &format!("  k{at}: {scalar}\n");
    }
    let (nodes, problems) = parse(&text);
    assert_eq!(problems, []);
    let ours = nodes[0].to_json();
    let Some(theirs) = kubectl(&text) else {
        eprintln!("skipped: no kubectl on this machine");
        return;
    };
    for (at, scalar) in SCALARS.iter().enumerate() {
        let key = format!("k{at}");
        let (our, their) = (&ours["data"][&key], &theirs["data"][&key]);
        // Go prints a float of this size with all its digits; it is the same number.
        let same = our == their || (our.is_f64() && our.as_f64() == their.as_f64());
        assert!(same, "scalar {scalar:?}: {our} is {their} to kubectl");
    }
}

#[test]
fn keys_merges_and_anchors_mean_what_kubectl_makes_of_them() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nbase: &base {a: 1, b: 2}\ndata:\n  1: x\n  1.5: y\n  no: z\n  on: w\n  q:\n    <<: *base\n    b: 3\n  l: [*base, {<<: [*base, {c: 4}]}]\n";
    let (nodes, problems) = parse(text);
    assert_eq!(problems, []);
    if let Some(mut theirs) = kubectl(text) {
        theirs["metadata"].as_object_mut().unwrap().remove("annotations");
        assert_eq!(nodes[0].to_json(), theirs);
    }
}

/// Strings that a YAML reader takes for something else unless they are quoted.
const TRAPS: &[&str] = &[
    "yes",
    "no",
    "on",
    "off",
    "y",
    "n",
    "~",
    "null",
    "",
    "0777",
    "1e3",
    "1_000",
    "12:30:45",
    "0x1f",
    "2001-01-01",
    ".inf",
    ".nan",
    "=",
    "<<",
    "- a",
    "a: b",
    "a #b",
    "#a",
    "'",
    "\"",
    "{{ x }}",
    "---",
    "...",
    "\n",
    "a\n",
    "a\nb",
    " lead",
    "trail ",
    "\ttab",
    "a\tb",
    "{a}",
    "[a]",
    "*a",
    "&a",
    "!a",
    "%a",
    "@a",
    "`a",
    "|",
    ">",
    "?",
    "? a",
    ":",
    "a:",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "\r\n",
    "1.0",
    "-",
    "你好",
];

#[test]
fn what_we_write_is_read_back_as_the_same_strings() {
    let value = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "traps"},
        "data": TRAPS.iter().enumerate().map(|(at, t)| (format!("k{at}"), json!(t))).collect::<serde_json::Map<_, _>>()});
    let text = yaml::emit(&value);
    let (nodes, problems) = parse(&text);
    assert_eq!(problems, [], "{text}");
    assert_eq!(nodes[0].to_json(), value, "{text}");
    if let Some(theirs) = kubectl(&text) {
        assert_eq!(theirs["data"], value["data"], "{text}");
    }
}

#[test]
fn text_of_several_lines_is_a_literal_block() {
    let text = yaml::emit(&json!({"data": {"kubesphere.yaml": "a:\n  b: 1\nc: 2\n"}}));
    insta::assert_snapshot!(text, @r"
    data:
      kubesphere.yaml: |
        a:
          b: 1
        c: 2
    ");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[ -~\n]{0,40}".prop_map(Value::from),
        prop::sample::select(TRAPS).prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec(("[a-z~:# -]{0,6}|[yn0-9.]{1,4}", inner), 0..6)
                .prop_map(|pairs| { Value::Object(pairs.into_iter().collect()) }),
        ]
    })
}

proptest! {
    #[test]
    fn round_trip(value in any_json()) {
        let text = yaml::emit(&value);
        let (nodes, problems) = parse(&text);
        prop_assert_eq!(problems, vec![], "{}", text);
        prop_assert_eq!(nodes.len(), 1, "{}", text);
        prop_assert_eq!(nodes[0].to_json(), value, "{}", text);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "[ -~\n\t\r#:&*{}\\[\\]'\"|>%@!?-]{0,200}") {
        let _ = parse(&text);
    }
}

#[test]
fn places_cover_what_people_mean() {
    let text = "a:\n  b: [1, 2]\n  c: |\n    x\n  d: 'q'\n";
    let (nodes, _) = parse(text);
    let of = |path: &str| {
        let span = nodes[0].at(&yaml::Path::keys(path)).unwrap().span.unwrap();
        &text[span.start..span.end]
    };
    assert_eq!(of("a.b"), "[1, 2]");
    assert_eq!(of("a.d"), "'q'");
    assert_eq!(of("a.c").trim_end(), "x");
    let entry = nodes[0].get("a").unwrap().entry("b").unwrap();
    let key = entry.key_span.unwrap();
    assert_eq!(&text[key.start..key.end], "b");
}

#[test]
fn bombs_and_depth_are_refused_quickly() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let below = format!("*a{}", level - 1);
        bomb += &format!("a{level}: &a{level} [{}]\n", [below.as_str(); 10].join(", "));
    }
    let (_, problems) = parse(&bomb);
    assert_eq!(problems[0].code, ksi::diagnostic::Code::TooLarge);
    let deep = "[".repeat(100_000);
    let (_, problems) = parse(&deep);
    assert!(!problems.is_empty());
    let deep: String = (0..300).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
    let (_, problems) = parse(&deep);
    assert_eq!(problems[0].code, ksi::diagnostic::Code::TooLarge, "{problems:?}");
}
