//! Goldens: what each role gets, whole, and what each sample changes in each role.
//!
//! The three roles are stored whole; a sample is stored as its difference to its role, so that a review
//! sees what a key does and not 300 objects again.

use std::path::{Path, PathBuf};

use ksi::config::{self, Configuration, Input, KUBESPHERE_VERSION, Request, Role};
use ksi::facts::Facts;
use ksi::inventory::{Inventory, Key};
use ksi::object::{Masker, Object};
use ksi::plan::{self, Observed, PlanOptions, TextOptions};
use ksi::render;
use ksi::validate::{self, Options};
use ksi::values::{self, Given};
use ksi::yaml;

const ROLES: [Role; 3] = [Role::Host, Role::Member, Role::None];

/// A file as it is, in another role.
fn configuration(path: &Path, role: Role) -> (Configuration, Facts) {
    let input = Input { name: "sample".into(), bytes: std::fs::read(path).unwrap() };
    let mut sets = vec![format!("multicluster.clusterRole={role}")];
    if role == Role::Member {
        sets.push("authentication.jwtSecretRef=null".into());
        sets.push("authentication.jwtSecret=the-secret-of-the-host-0123456789".into());
    }
    let loaded = config::load(Request { inputs: vec![input], sets });
    let facts = loaded.kubekey.as_ref().map_or_else(Facts::default, |k| k.facts(Facts::default()));
    let valid = validate::validate(&loaded, &facts, Options::default())
        .unwrap_or_else(|found| panic!("{}: {found:?}", path.display()));
    (valid.configuration, facts)
}

fn objects((configuration, facts): &(Configuration, Facts)) -> Vec<Object> {
    let given = Given {
        jwt_secret: configuration.authentication.jwt_secret.as_deref(),
        admin_password: configuration.authentication.admin_password.as_deref(),
        tower: true,
        kubefed: true,
    };
    let values = values::preview(&given);
    let input =
        render::Input { configuration, facts, values: &values, version: KUBESPHERE_VERSION };
    render::render(&input).unwrap()
}

fn base(role: Role) -> (Configuration, Facts) {
    configuration(&root().join("samples/none.yaml"), role)
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_role_is_rendered_as_reviewed() {
    for role in ROLES {
        let mut masker = Masker::new();
        let text = objects(&base(role)).into_iter().fold(String::new(), |text, mut object| {
            masker.mask(&object.id, &mut object.body);
            let policy = format!("{:?}", object.policy).to_lowercase();
            text + &format!("--- # {} ({policy})\n{}", object.component, yaml::emit(&object.body))
        });
        insta::with_settings!({snapshot_suffix => role.to_string()}, {
            insta::assert_snapshot!("role", text);
        });
    }
}

#[test]
fn every_sample_differs_from_its_role_as_reviewed() {
    let samples = ["samples", "samples/legacy"]
        .into_iter()
        .flat_map(|folder| std::fs::read_dir(root().join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file());
    for path in samples {
        for role in ROLES {
            let before = objects(&base(role));
            let mut inventory = Inventory::new(Key::new([0; 32]), "golden");
            for object in &before {
                let entry = inventory.entry(object, None);
                inventory.insert(entry);
            }
            let objects_before = before.into_iter().map(|o| (o.id, o.body)).collect();
            let observed = Observed {
                objects: objects_before,
                inventory: Some(inventory),
                ..Observed::default()
            };
            let after = objects(&configuration(&path, role));
            let plan = plan::plan_with(&after, &observed, &PlanOptions::default());
            let text = plan::text(&plan, TextOptions { context: 1, ..TextOptions::default() });
            // Not how many are unchanged: with that, a new object would change the snapshot of every sample.
            let (text, unchanged) = text.trim_end().rsplit_once(", ").unwrap();
            assert!(unchanged.ends_with(" unchanged"), "{unchanged}");
            let name = path.file_stem().unwrap().to_str().unwrap();
            insta::with_settings!({snapshot_suffix => format!("{name}-{role}")}, {
                insta::assert_snapshot!("sample", text);
            });
        }
    }
}
