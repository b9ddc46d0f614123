//! What other hands do between two runs, and what the second run makes of it: the rows of
//! `tests/sandbox/foreign-writers.sh`.

use crate::hands::Hands as _;
use crate::installed::{Rig, release, sample};
use crate::writers::foreign_writer;

/// A row, the exit code of the next run, and what it writes beside its lock and its inventory.
type Row = (&'static str, i32, &'static [&'static str]);

const ROWS: &[Row] = &[
    ("foreign-label", 0, &[]),
    ("foreign-key", 0, &[]),
    ("our-label", 6, &["patch roles/tower"]),
    ("our-value", 6, &["update secrets/kubesphere-secret"]),
    ("our-value-and-back", 0, &["patch clusterroles/cluster-viewer"]),
    ("ca-bundle-removed", 0, &["patch validatingwebhookconfigurations/users.iam.kubesphere.io"]),
    ("failure-policy", 6, &[]),
    ("scale", 0, &[]),
    ("set-image", 6, &[]),
    ("rollout-restart", 0, &[]),
    ("extra-container", 0, &[]),
    ("global-role-rules", 6, &[]),
    ("managed-fields-wiped", 0, &["patch configmaps/ks-router-config"]),
    ("deleted-and-created", 0, &["patch configmaps/ks-router-config"]),
    ("configuration-rewritten", 0, &[]),
    ("iam-annotated", 0, &[]),
];

#[test]
fn what_others_own_is_left_to_them_and_what_is_ours_is_kept() {
    let Some(rig) = Rig::start(release()) else { return };
    let host = sample("host.yaml");
    let apply = |more: &[&str]| {
        let arguments = ["apply", "-f", &host, "--yes", "--wait=false", "--timeout", "2m"];
        rig.ksi(&[&arguments, more].concat())
    };
    apply(&[]).expect(0);
    let mut wrong = Vec::new();
    for (row, code, expected) in ROWS {
        foreign_writer(rig.plane(), row);
        let since = rig.mark();
        let run = apply(&[]);
        let written = rig.changes(since);
        if run.code != *code || written != *expected {
            wrong.push(format!("{row}: exit {} and {written:?}\n{}", run.code, run.err));
        }
        if run.code == 6 {
            apply(&["--force-conflicts"]).expect(0);
        }
        let since = rig.mark();
        let run = apply(&[]);
        let written = rig.writes(since);
        if run.code != 0 || !written.is_empty() {
            wrong.push(format!(
                "{row}, the run after: exit {} and {written:?}\n{}",
                run.code, run.err
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
