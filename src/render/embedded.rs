//! The files of `templates/`, inside the binary.

/// Lists files of `templates/`, in the order in which they are rendered.
macro_rules! files {
    ($($path:literal)*) => {
        /// Path below `templates/` and text of each file. A test compares it with the folder.
        pub(super) const FILES: &[(&str, &str)] =
            &[$(($path, include_str!(concat!("../../templates/", $path)))),*];
    };
}

files! {
    "namespaces/component.yaml"
    "namespaces/10-namespaces.yaml.j2"
    "namespaces/20-kubernetes.yaml.j2"
    "crds/component.yaml"
    "crds/10-crds.rows.jsonl"
    "crds/10-crds.yaml.j2"
    "notification-crds/component.yaml"
    "notification-crds/10-crds.rows.jsonl"
    "notification-crds/10-crds.yaml.j2"
    "redis/component.yaml"
    "redis/10-secret.yaml.j2"
    "redis/20-redis.yaml.j2"
    "ks-core/component.yaml"
    "ks-core/10-secrets.yaml.j2"
    "ks-core/20-kubesphere-config.yaml.j2"
    "ks-core/30-rbac.yaml.j2"
    "ks-core/40-router.yaml.j2"
    "ks-core/50-configmaps.yaml.j2"
    "ks-core/60-services.yaml.j2"
    "ks-core/70-ks-apiserver.yaml.j2"
    "ks-core/71-ks-controller-manager.yaml.j2"
    "ks-core/72-ks-console.yaml.j2"
    "ks-core/80-webhooks.rows.jsonl"
    "ks-core/80-webhooks.yaml.j2"
    "ks-core-iam/component.yaml"
    "ks-core-iam/10-roles.rows.jsonl"
    "ks-core-iam/10-roles.yaml.j2"
    "ks-core-iam/20-workspaces.yaml.j2"
    "ks-core-iam/30-cluster-admin.rows.jsonl"
    "ks-core-iam/30-cluster-admin.yaml.j2"
    "ks-core-iam/40-user.yaml.j2"
    "ks-core-iam/50-token.yaml.j2"
    "kubefed/component.yaml"
    "kubefed/10-crds.rows.jsonl"
    "kubefed/10-crds.yaml.j2"
    "kubefed/20-serving-cert.yaml.j2"
    "kubefed/30-rbac.yaml.j2"
    "kubefed/40-services.yaml.j2"
    "kubefed/50-deployments.yaml.j2"
    "kubefed/60-webhooks.yaml.j2"
    "kubefed/70-kubefedconfig.yaml.j2"
    "kubefed-types/component.yaml"
    "kubefed-types/10-crds.common.yaml"
    "kubefed-types/10-crds.rows.jsonl"
    "kubefed-types/10-crds.yaml.j2"
    "kubefed-types/20-federatedtypeconfigs.rows.jsonl"
    "kubefed-types/20-federatedtypeconfigs.yaml.j2"
    "kubefed-types/30-monitoring-federated.yaml.j2"
    "tower/component.yaml"
    "tower/10-ca.yaml.j2"
    "tower/20-rbac.yaml.j2"
    "tower/30-service.yaml.j2"
    "tower/40-networkpolicy.yaml.j2"
    "tower/50-deployment.yaml.j2"
    "metrics-server/component.yaml"
    "metrics-server/10-rbac.yaml.j2"
    "metrics-server/20-metrics-server.yaml.j2"
    "shared/crd.j2"
    "versions/v3.4.1.yaml"
}

/// The text of one file.
pub(super) fn text(path: &str) -> Option<&'static str> {
    FILES.iter().find(|(name, _)| *name == path).map(|(_, text)| *text)
}

/// Whether a file is a template, by its name.
pub(super) fn is_template(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, extension)| extension == "j2")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    fn collect(folder: &Path, below: &str, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{below}{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                collect(&entry.path(), &format!("{name}/"), found);
            } else {
                found.push(name);
            }
        }
    }

    #[test]
    fn the_list_equals_the_folder() {
        let mut found = Vec::new();
        collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("templates"), "", &mut found);
        let listed: Vec<_> = super::FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
        let missing: Vec<_> = found.iter().filter(|file| !listed.contains(file)).collect();
        assert!(
            missing.is_empty(),
            "add these files of templates/ to the list in src/render/embedded.rs, a component after those that it needs: {missing:?}"
        );
        assert_eq!(
            listed.len(),
            found.len(),
            "the list in src/render/embedded.rs names a file twice"
        );
    }
}
