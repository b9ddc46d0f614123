//! A policy rule of a role.

use serde::Deserialize;

use super::Right;

/// A policy rule, as in roles and in `SelfSubjectRulesReview`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Rule {
    /// API groups; `*` is every one.
    pub api_groups: Vec<String>,
    /// Plural names; `*` is every one.
    pub resources: Vec<String>,
    /// The names of the objects; empty for all.
    pub resource_names: Vec<String>,
    /// Verbs; `*` is every one.
    pub verbs: Vec<String>,
}

impl Rule {
    /// Whether it grants a right, in whatever namespace the rule applies.
    pub fn allows(&self, right: &Right) -> bool {
        let one_of = |list: &[String], wanted: &str| list.iter().any(|e| e == "*" || e == wanted);
        let every = right.resource.split_once('/').map(|(_, part)| format!("*/{part}"));
        let resource = one_of(&self.resources, &right.resource)
            || every.is_some_and(|every| self.resources.contains(&every));
        let named = self.resource_names.is_empty()
            || right.name.as_ref().is_some_and(|name| self.resource_names.contains(name));
        resource
            && named
            && one_of(&self.verbs, &right.verb)
            && one_of(&self.api_groups, &right.group)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn right(verb: &str, group: &str, resource: &str, name: Option<&str>) -> Right {
        Right {
            verb: verb.into(),
            group: group.into(),
            resource: resource.into(),
            name: name.map(str::to_owned),
            namespace: None,
        }
    }

    #[test]
    fn stars_and_names_are_read_as_rbac_reads_them() {
        let cases = [
            (json!({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}), true, true),
            (
                json!({"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"]}),
                true,
                true,
            ),
            (
                json!({"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"],
                    "resourceNames": ["a"]}),
                true,
                false,
            ),
            (
                json!({"apiGroups": [""], "resources": ["deployments"], "verbs": ["get"]}),
                false,
                false,
            ),
            (
                json!({"apiGroups": ["apps"], "resources": ["deployments/scale"], "verbs": ["get"]}),
                false,
                false,
            ),
            (
                json!({"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["list"]}),
                false,
                false,
            ),
        ];
        for (rule, named, every) in cases {
            let rule: Rule = serde_json::from_value(rule).unwrap();
            let one = right("get", "apps", "deployments", Some("a"));
            assert_eq!(
                (rule.allows(&one), rule.allows(&one.for_all_names())),
                (named, every),
                "{rule:?}"
            );
        }
        let logs: Rule = serde_json::from_value(
            json!({"apiGroups": [""], "resources": ["*/log"], "verbs": ["get"]}),
        )
        .unwrap();
        assert!(logs.allows(&right("get", "", "pods/log", None)));
        assert!(!logs.allows(&right("get", "", "pods", None)));
    }
}
