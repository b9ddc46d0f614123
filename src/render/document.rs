//! Parses rendered text into objects, and checks what a template must not render.

use serde_json::{Map, Value};

use super::catalogue::Template;
use super::slots::Slots;
use crate::diagnostic::{Code, Diagnostic, Sources};
use crate::object::{Object, ObjectId, Policy};
use crate::yaml;

/// The objects in the text that a template rendered, with its values put back.
pub(super) fn objects(
    template: &Template,
    component: &str,
    text: &str,
    slots: &Slots,
) -> Result<Vec<Object>, Diagnostic> {
    let path = template.path;
    let mut sources = Sources::default();
    let id = sources.add(path, text);
    let (documents, problems) = yaml::parse(&sources, id);
    if let Some(problem) = problems.into_iter().next() {
        let line = problem.span.map_or(1, |span| sources.position(span).line);
        // The text contains no values, so it can be shown.
        let shown = text.lines().nth(line - 1).unwrap_or_default().trim();
        let detail = format!("line {line} of its text, `{shown}`: {}", problem.message);
        return Err(template_error(path, &detail));
    }
    let mut objects = Vec::new();
    for document in documents.into_iter().filter(|document| !document.is_null()) {
        let mut body = document.into_json();
        slots.fill(&mut body).map_err(|text| {
            template_error(
                path,
                &format!("`{text}`: a value must stand alone, behind a key or a dash"),
            )
        })?;
        objects.push(object(path, component, template.policy, body)?);
    }
    Ok(objects)
}

fn object(
    template: &str,
    component: &str,
    policy: Policy,
    mut body: Value,
) -> Result<Object, Diagnostic> {
    without_nulls(&mut body);
    let id = ObjectId::of(&body)
        .ok_or_else(|| template_error(template, "a document without apiVersion, kind or name"))?;
    let refuse = |detail: &str| Err(template_error(template, &format!("{id}: {detail}")));
    // Under server-side apply a key that is removed from stringData stays in data forever.
    if body.get("stringData").is_some() {
        return refuse("stringData is not allowed, write data with the filter b64");
    }
    if id.is_config_map() {
        embed_texts(&mut body);
    }
    Ok(Object { id, component: component.to_owned(), policy, body })
}

/// Removes keys with null values, so that a template can name an optional value in one line.
fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        _ => {}
    }
}

/// Turns documents in a `ConfigMap`, which templates write as YAML, into text, so that no template
/// contains YAML inside YAML.
fn embed_texts(body: &mut Value) {
    let data = body.get_mut("data").and_then(Value::as_object_mut);
    for (_, value) in data.into_iter().flat_map(Map::iter_mut) {
        if value.is_object() || value.is_array() {
            *value = Value::String(yaml::emit(value));
        }
    }
}

fn template_error(template: &str, detail: &str) -> Diagnostic {
    Diagnostic::error(Code::Template, format!("template {template}: {detail}"))
        .help("this is a bug in ksi, not an error in your configuration: please report it")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Object>, Diagnostic> {
        let template =
            Template { path: "t/10-x.yaml.j2", policy: Policy::Apply, common: None, rows: None };
        objects(&template, "t", text, &Slots::default())
    }

    const HEAD: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\n";

    #[test]
    fn nulls_are_absent_and_documents_become_texts() {
        let text = format!("{HEAD}data:\n  a: text\n  b.yaml:\n    x: [1]\n  c: null\n---\n");
        let objects = read(&text).unwrap();
        assert_eq!(objects.len(), 1);
        let data = &objects[0].body["data"];
        assert_eq!(data["a"], "text");
        assert_eq!(data["b.yaml"].as_str().unwrap().trim_end(), "x:\n- 1");
        assert!(data.get("c").is_none());
    }

    #[test]
    fn what_must_not_be_rendered_is_refused() {
        let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {a: b}\n";
        assert!(read(secret).unwrap_err().message.contains("stringData"));
        assert!(read("kind: ConfigMap\n").is_err());
    }

    #[test]
    fn a_value_inside_of_a_text_is_refused() {
        let text = format!("{HEAD}data:\n  a: --name=\"@{{0}}\"\n");
        assert!(read(&text).unwrap_err().message.contains("stand alone"));
    }

    #[test]
    fn text_that_is_not_yaml_names_template_and_line() {
        let problem = read("kind: A\nname: [\n").unwrap_err();
        assert!(
            problem.message.starts_with("template t/10-x.yaml.j2: line "),
            "{}",
            problem.message
        );
    }
}
