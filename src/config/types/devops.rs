//! Pipelines on Jenkins.

use super::section::section;
use super::{Quantity, Resources};

section! {
    /// Pipelines on Jenkins.
    Devops {
        /// Whether DevOps is installed.
        enabled: bool,
        /// CPU that Jenkins reserves.
        jenkins_cpu_req: Quantity = "0.5".into(),
        /// The most CPU that Jenkins may use.
        jenkins_cpu_lim: Quantity = "1".into(),
        /// Memory that Jenkins reserves.
        jenkins_memory_req: Quantity = "4Gi".into(),
        /// The most memory that Jenkins may use. Best the same as jenkinsMemoryReq.
        jenkins_memory_lim: Quantity = "4Gi".into(),
        /// The size of Jenkins' volume.
        jenkins_volume_size: Quantity = "16Gi".into(),
        /// A SonarQube of your own.
        sonarqube?: Sonarqube,
        /// Argo CD, which deploys continuously.
        argocd: Argocd,
        /// Accepted from older files; no component reads it.
        #[schemars(extend("deprecated" = true))]
        resources?: Resources,
        placement;
    }

    /// A SonarQube of your own.
    #[derive(Eq)]
    Sonarqube {
        /// Its address.
        external_sonar_url?: text,
        /// A token for it.
        external_sonar_token?: secret,
    }

    /// Argo CD, which deploys continuously.
    #[derive(Eq)]
    Argocd {
        /// `custom` uses an Argo CD of your own.
        #[schemars(extend("enum" = ["", "custom"]))]
        installation?: text,
        /// The namespace of Argo CD.
        namespace: String = "argocd".into(),
    }
}
