//! Where images can be had, as a table and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json as value};

use super::availability::{Availability, Row, State};
use crate::availability::{Answer, is_final};
use crate::object::counted;
use crate::registry::Error;

const HEAD: [&str; 6] = ["IMAGE", "USED BY", "STATE", "DIGEST", "PLATFORMS", "NODES"];
/// The first digits of a digest, as other tools show them.
const SHORT: usize = 12;

/// A table, and below it what is wrong and what to do. Images that fail for the same reason share a paragraph.
pub fn table(found: &Availability) -> String {
    let head = HEAD.map(str::to_owned);
    let rows: Vec<[String; 6]> =
        std::iter::once(head).chain(found.rows.iter().map(|row| cells(row, found))).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("   ").trim_end());
        text.push('\n');
    }
    problems(&mut text, found);
    text
}

fn cells(row: &Row, found: &Availability) -> [String; 6] {
    let dash = |text: String| if text.is_empty() { "-".to_owned() } else { text };
    let mut users = row.components.join(", ");
    if row.later {
        users.push_str(" (later)");
    }
    let (digest, platforms) = match &row.asked.answer {
        Ok(image) => {
            let hex = image.digest.hex();
            let short = format!("{}:{}", image.digest.algorithm(), &hex[..SHORT.min(hex.len())]);
            let platforms: Vec<String> = image.platforms.iter().map(ToString::to_string).collect();
            (short, platforms.join(","))
        }
        Err(_) => (String::new(), String::new()),
    };
    let image = row.asked.image.to_string();
    let image = image.split('@').next().unwrap_or_default().to_owned();
    [image, users, state(row.state).to_owned(), dash(digest), dash(platforms), nodes(row, found)]
}

fn state(state: State) -> &'static str {
    match state {
        State::Available => "available",
        State::SomeNodes => "for some nodes",
        State::NoNodes => "for no node",
        State::OnNodes => "only on nodes",
        State::Missing => "missing",
        State::Unknown => "unknown",
    }
}

/// Which nodes hold an image: `?` for those of which it is not known.
fn nodes(row: &Row, found: &Availability) -> String {
    let Some(all) = found.nodes else { return "-".to_owned() };
    let holders = &row.asked.holders;
    if let Some(node) = row.last_copy() {
        return format!("last copy on {node}");
    }
    let mut text = match holders.nodes.len() {
        0 => "none".to_owned(),
        held if held == all => "all".to_owned(),
        1..=3 => holders.nodes.join(","),
        held => format!("{held} of {all}"),
    };
    if !holders.unknown.is_empty() {
        let _ = write!(text, " (unknown: {})", holders.unknown.len());
    }
    text
}

fn problems(text: &mut String, found: &Availability) {
    let mut paragraphs: BTreeMap<(String, &str), Vec<&Row>> = BTreeMap::new();
    for row in &found.rows {
        if let Err(error) = &row.asked.answer {
            let cause = match row.state {
                // About the registry, not about one of its images.
                State::Unknown => format!("{}: {}", row.asked.image.registry(), error.cause),
                _ => error.to_string(),
            };
            paragraphs.entry((cause, &error.help)).or_default().push(row);
        }
    }
    for ((cause, help), rows) in paragraphs {
        let _ = writeln!(text, "\n{cause} ({})", counted(rows.len(), "image"));
        let _ = writeln!(text, "  help: {help}");
        for row in rows {
            if let Some(node) = row.last_copy() {
                let _ = writeln!(
                    text,
                    "  node {node} has the last copy: do not remove it, and do not drain the node for good"
                );
            }
            for (place, answer) in &row.others {
                if let Some(line) = other(&place.image, &place.source, answer) {
                    let _ = writeln!(text, "  {line}");
                }
            }
        }
    }
    for row in &found.rows {
        let lacking: Vec<String> = row.asked.lacking().iter().map(ToString::to_string).collect();
        if !lacking.is_empty() {
            let _ = writeln!(text, "\n{} is not for {}", row.asked.image, lacking.join(", "));
        }
    }
    let uncertain = found.rows.iter().any(|row| !row.asked.holders.unknown.is_empty());
    if uncertain {
        text.push_str(
            "\nSome kubelets do not list all images of their node (nodeStatusMaxImages): there an image can be without \
             being listed.\n",
        );
    }
}

/// What another place says; `None` if it could not be asked.
fn other(image: &str, source: &str, answer: &Answer) -> Option<String> {
    match answer {
        Ok(found) => Some(format!("the same program is at {image} ({source}), {}", found.digest)),
        Err(error) if is_final(error) => {
            Some(format!("the same program is not at {image} ({source}) either: {}", error.cause))
        }
        Err(_) => None,
    }
}

/// One item per image.
pub fn json(found: &Availability) -> Value {
    found.rows.iter().map(|row| item(row, found)).collect()
}

fn item(row: &Row, found: &Availability) -> Value {
    let mut item = Map::new();
    let mut put = |key: &str, value: Value| item.insert(key.to_owned(), value);
    put("name", value!(row.name));
    put("image", value!(row.asked.image.to_string()));
    put("components", value!(row.components));
    put("startedLater", value!(row.later));
    put("state", value!(row.state.as_str()));
    match &row.asked.answer {
        Ok(image) => {
            put("digest", value!(image.digest.as_str()));
            put("platforms", image.platforms.iter().map(ToString::to_string).collect());
        }
        Err(error) => {
            put("error", problem(error));
        }
    }
    if found.nodes.is_some() {
        put("platformsMissing", row.asked.lacking().iter().map(ToString::to_string).collect());
        put("nodes", value!(row.asked.holders.nodes));
        put("nodesUnknown", value!(row.asked.holders.unknown));
        put("lastCopy", value!(row.last_copy().is_some()));
    }
    let others = row.others.iter().map(|(place, answer)| {
        let mut other =
            value!({"image": place.image, "source": place.source, "available": answer.is_ok()});
        match answer {
            Ok(found) => other["digest"] = value!(found.digest.as_str()),
            Err(error) => other["error"] = problem(error),
        }
        other
    });
    put("alternatives", others.collect());
    Value::Object(item)
}

fn problem(error: &Error) -> Value {
    value!({"kind": error.kind.as_str(), "message": error.to_string(), "help": error.help})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::availability::{Asked, Found, Holders};
    use crate::registry::{Digest, ErrorKind};
    use crate::render::Alternative;

    fn row(image: &str, state: State, answer: Answer, nodes: &[&str]) -> Row {
        let holders = Holders {
            nodes: nodes.iter().map(|&name| name.to_owned()).collect(),
            unknown: Vec::new(),
        };
        let wanted = vec!["linux/amd64".parse().unwrap()];
        Row {
            name: "tower".to_owned(),
            components: vec!["tower".to_owned()],
            later: image.contains("kubectl"),
            asked: Asked { image: image.parse().unwrap(), answer, wanted, holders },
            state,
            others: Vec::new(),
        }
    }

    fn found() -> Found {
        let platforms = vec!["linux/amd64".parse().unwrap(), "linux/arm64".parse().unwrap()];
        Found { digest: Digest::of(b"a"), platforms, is_index: true }
    }

    fn refused(image: &str) -> Answer {
        Err(Error::new(ErrorKind::Denied, "read", image, "denied (without credentials)"))
    }

    fn report() -> Availability {
        let console = "kubesphere/ks-console:v3.4.1";
        let mut lost = row(console, State::OnNodes, refused(console), &["n1"]);
        let down = || Err(Error::new(ErrorKind::Name, "connect to", "reg.example", "no such host"));
        for (organisation, answer) in
            [("other", Ok(found())), ("gone", refused("a")), ("down", down())]
        {
            let image = format!("{organisation}/ks-console:v3.4.1");
            lost.others.push((Alternative { image, source: "them".into() }, answer));
        }
        let rows = vec![
            row("kubesphere/tower:v0.2.1", State::Available, Ok(found()), &["n1", "n2"]),
            lost,
            row("reg.example/kubectl:v1", State::Unknown, down(), &[]),
            row("reg.example/b:1", State::Unknown, down(), &["n2"]),
        ];
        Availability { rows, nodes: Some(2) }
    }

    #[test]
    fn a_table_says_what_is_wrong_once() {
        let text = table(&report());
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[1]
                .ends_with("available       sha256:ca978112ca1b   linux/amd64,linux/arm64   all"),
            "{text}"
        );
        assert!(
            lines[2].ends_with(
                "only on nodes   -                     -                         last copy on n1"
            ),
            "{text}"
        );
        assert!(lines[3].contains("tower (later)   unknown"), "{text}");
        assert_eq!(text.matches("reg.example: no such host (2 images)").count(), 1, "{text}");
        assert!(
            text.contains("the same program is at other/ks-console:v3.4.1 (them), sha256:ca97")
        );
        assert!(text.contains("the same program is not at gone/ks-console:v3.4.1 (them) either"));
        assert!(!text.contains("down/ks-console"), "nobody knows: {text}");
        assert!(text.contains("node n1 has the last copy"), "{text}");
    }

    #[test]
    fn json_has_every_image_and_its_error() {
        let report = report();
        assert!(!report.success());
        let json = json(&report);
        assert_eq!(json[0]["state"], "available");
        assert_eq!(json[0]["platforms"][1], "linux/arm64");
        assert_eq!(json[1]["lastCopy"], true);
        assert_eq!(json[1]["error"]["kind"], "denied");
        assert_eq!(json[1]["alternatives"][0]["available"], true);
        assert_eq!(json[2]["startedLater"], true);
        let offline = Availability { nodes: None, ..report };
        assert!(super::json(&offline)[0].get("nodes").is_none());
    }
}
