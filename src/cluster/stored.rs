//! Kubeconfigs that are no files: those of members, which their host stores.

use std::fmt;

use kube::config::{AuthInfo, Cluster as KubeconfigCluster, KubeConfigOptions, Kubeconfig};

use super::error::{Error, ErrorKind};
use super::tunnel::PodPort;

/// A kubeconfig that another cluster stores, and the way to its API server.
#[derive(Clone)]
pub struct Stored {
    /// The name of its cluster, for messages.
    pub name: String,
    /// The kubeconfig as text.
    pub kubeconfig: String,
    /// The port of a pod that leads to the API server; without one, the address in the kubeconfig does.
    pub through: Option<PodPort>,
}

/// Without the kubeconfig, which has credentials in it.
impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stored").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Stored {
    pub(super) async fn config(&self) -> Result<kube::Config, Error> {
        let place = format!("the kubeconfig of member {}", self.name);
        let kubeconfig = Kubeconfig::from_yaml(&self.kubeconfig)
            .map_err(|error| Error::stored(&place, &error))?;
        if let Some(what) = foreign(&kubeconfig) {
            let cause = format!("it names {what}, which only exists where it was written");
            return Err(Error::new(ErrorKind::Credentials, "use", place, cause));
        }
        let mut config =
            kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
                .await
                .map_err(|error| Error::stored(&place, &error))?;
        config.proxy_url = None;
        if self.through.is_some() {
            // Tower's certificate has this name and the address of a Service that only exists in the host cluster.
            config.tls_server_name = Some("kubernetes".to_owned());
        }
        Ok(config)
    }
}

/// A program or a file that a kubeconfig names. Whoever can write it could make this machine run and send these.
fn foreign(kubeconfig: &Kubeconfig) -> Option<&'static str> {
    let of_user = |user: &AuthInfo| match user {
        AuthInfo { exec: Some(_), .. } => Some("a credential plugin"),
        AuthInfo { auth_provider: Some(_), .. } => Some("an auth provider"),
        AuthInfo { token_file: Some(_), .. } => Some("a token file"),
        AuthInfo { client_certificate: Some(_), .. } | AuthInfo { client_key: Some(_), .. } => {
            Some("the file of a client certificate")
        }
        _ => None,
    };
    let of_cluster = |cluster: &KubeconfigCluster| {
        cluster.certificate_authority.as_ref().map(|_| "the file of a certificate authority")
    };
    let users = kubeconfig.auth_infos.iter().filter_map(|user| user.auth_info.as_ref());
    let clusters = kubeconfig.clusters.iter().filter_map(|cluster| cluster.cluster.as_ref());
    users.filter_map(of_user).chain(clusters.filter_map(of_cluster)).next()
}
