//! Pipelines with Jenkins.

use super::section::section;
use super::{Quantity, Resources};

section! {
    /// Pipelines with Jenkins.
    Devops {
        /// Whether DevOps is installed.
        enabled: bool,
        /// The CPU request of Jenkins.
        jenkins_cpu_req: Quantity = "0.5".into(),
        /// The CPU limit of Jenkins.
        jenkins_cpu_lim: Quantity = "1".into(),
        /// The memory request of Jenkins.
        jenkins_memory_req: Quantity = "4Gi".into(),
        /// The memory limit of Jenkins. Should be equal to jenkinsMemoryReq.
        jenkins_memory_lim: Quantity = "4Gi".into(),
        /// The size of the volume of Jenkins.
        jenkins_volume_size: Quantity = "16Gi".into(),
        /// Your own SonarQube.
        sonarqube?: Sonarqube,
        /// Argo CD, for continuous deployment.
        argocd: Argocd,
        /// Accepted from older files; no component reads it.
        #[schemars(extend("deprecated" = true))]
        resources?: Resources,
        placement;
    }

    /// Your own SonarQube.
    #[derive(Eq)]
    Sonarqube {
        /// Its address.
        external_sonar_url?: text,
        /// A token for it.
        external_sonar_token?: secret,
    }

    /// Argo CD, for continuous deployment.
    #[derive(Eq)]
    Argocd {
        /// `custom` uses your own Argo CD.
        #[schemars(extend("enum" = ["", "custom"]))]
        installation?: text,
        /// The namespace of Argo CD.
        namespace: String = "argocd".into(),
    }
}
