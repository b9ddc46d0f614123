//! Which cluster, and as whom: the flags that kubectl has.

use std::path::PathBuf;

use std::time::Duration;

use clap::Args;

use super::holder::holder;
use crate::cluster::{Cluster, ConnectOptions, Error};
use crate::engine::Stop;
use crate::install::Session;
use crate::target::ClusterTarget;

/// How to reach the cluster.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Cluster")]
pub(super) struct ConnectionArgs {
    /// The kubeconfig; without it KUBECONFIG, ~/.kube/config, or the account of this pod
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig
    #[arg(long, value_name = "NAME", env = "KSI_CONTEXT")]
    context: Option<String>,
    /// Act as this user
    #[arg(long = "as", value_name = "USER")]
    act_as: Option<String>,
    /// Act as a member of this group; may be repeated
    #[arg(long = "as-group", value_name = "GROUP", requires = "act_as")]
    act_as_groups: Vec<String>,
}

impl ConnectionArgs {
    /// Connects; no request is sent yet.
    ///
    /// # Errors
    /// There is no usable kubeconfig.
    pub(super) async fn connect(&self) -> Result<Cluster, Error> {
        Cluster::connect(&self.options()).await
    }

    /// Opens a session; no request is sent yet.
    ///
    /// # Errors
    /// There is no usable kubeconfig.
    pub(super) async fn session(
        &self,
        timeout: Duration,
        stop: &Stop,
    ) -> Result<Session<ClusterTarget>, Error> {
        let cluster = self.connect().await?;
        Ok(Session::on_cluster(&cluster, holder(), timeout, stop.clone()))
    }

    /// Connects and asks for the version, so that a cluster that is not there is told with its
    /// address and before anything else.
    ///
    /// # Errors
    /// There is no usable kubeconfig, or no API server answers.
    pub(super) async fn reach(&self, patience: Duration) -> Result<Cluster, Error> {
        let options = ConnectOptions { patience, ..self.options() };
        let cluster = Cluster::connect(&options).await?;
        match cluster.read_path("/version").await {
            Ok(_) => Ok(cluster),
            Err(error) => {
                Err(Error { action: "connect to", place: cluster.place().to_owned(), ..error })
            }
        }
    }

    /// The same as the client wants it.
    pub(super) fn options(&self) -> ConnectOptions {
        let Self { kubeconfig, context, act_as, act_as_groups } = self.clone();
        ConnectOptions { kubeconfig, context, act_as, act_as_groups, ..ConnectOptions::default() }
    }
}
