//! Objects of others with our names, and with fields that cannot be changed.

use crate::faults::stage::{Stage, says};
use crate::hands::{Hands as _, SYSTEM};

pub(super) fn fields_that_cannot_be_changed_are_told_and_others_go_on(stage: &Stage) {
    for line in [
        "-n kubesphere-system delete deployment ks-console",
        "-n kubesphere-system delete service ks-console",
        "delete clusterrolebinding kubesphere",
        // Its selector is another one.
        "-n kubesphere-system create deployment ks-console --image=x",
        "-n kubesphere-system create service clusterip ks-console --clusterip=None",
        "create clusterrolebinding kubesphere --clusterrole=view --user=somebody",
        "-n kubesphere-system delete configmap ks-router-config",
    ] {
        stage.kubectl(line);
    }
    let said = stage.apply(&[]).expect(6);
    says(
        &said,
        &[
            "conflict Deployment/kubesphere-system/ks-console",
            "spec.selector: Invalid value",
            "field is immutable",
            "conflict Service/kubesphere-system/ks-console",
            "spec.clusterIP",
            "conflict ClusterRoleBinding/kubesphere",
            "cannot change roleRef",
            "delete it and run again",
            // The others go on.
            "created ConfigMap/kubesphere-system/ks-router-config",
        ],
    );
    let image = "jsonpath={.spec.template.spec.containers[0].image}";
    let image = stage.kubectl(&format!("-n {SYSTEM} get deployment ks-console -o {image}"));
    assert_eq!(image, "x", "it was left alone");
    for line in [
        "-n kubesphere-system delete deployment ks-console",
        "-n kubesphere-system delete service ks-console",
        "delete clusterrolebinding kubesphere",
    ] {
        stage.kubectl(line);
    }
    stage.heals(&[]);
}
