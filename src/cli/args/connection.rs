//! The flags that choose a cluster and a user, as in kubectl.

mod lock_holder;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

pub(in crate::cli) use self::lock_holder::lock_holder;
use crate::cluster::{Cluster, ConnectOptions, Error};
use crate::engine::Stop;
use crate::install::Session;
use crate::target::ClusterTarget;

const HEADING: &str = "Cluster";

/// How to reach the cluster.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct ConnectionArgs {
    /// Path of the kubeconfig [default: KUBECONFIG, ~/.kube/config, or the pod's ServiceAccount]
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig
    #[arg(long, help_heading = HEADING, value_name = "NAME", env = "KSI_CONTEXT")]
    context: Option<String>,
    /// Impersonate this user
    #[arg(help_heading = HEADING, long = "as", value_name = "USER")]
    act_as: Option<String>,
    /// Impersonate this group; can be repeated
    #[arg(help_heading = HEADING, long = "as-group", value_name = "GROUP", requires = "act_as")]
    act_as_groups: Vec<String>,
}

impl ConnectionArgs {
    /// The same with another context.
    #[must_use]
    pub(in crate::cli) fn with_context(&self, context: &str) -> Self {
        Self { context: Some(context.to_owned()), ..self.clone() }
    }

    /// Connects; no request is sent yet.
    ///
    /// # Errors
    /// There is no usable kubeconfig.
    pub(in crate::cli) async fn connect(&self) -> Result<Cluster, Error> {
        Cluster::connect(&self.options()).await
    }

    /// Opens a session; no request is sent yet.
    ///
    /// # Errors
    /// There is no usable kubeconfig.
    pub(in crate::cli) async fn session(
        &self,
        timeout: Duration,
        stop: &Stop,
    ) -> Result<Session<ClusterTarget>, Error> {
        let cluster = self.connect().await?;
        Ok(Session::on_cluster(&cluster, lock_holder(), timeout, stop.clone()))
    }

    /// Connects and reads the version, so that an unreachable cluster is reported first, with its address.
    ///
    /// # Errors
    /// There is no usable kubeconfig, or no API server answers.
    pub(in crate::cli) async fn reach(&self, patience: Duration) -> Result<Cluster, Error> {
        let options = ConnectOptions { patience, ..self.options() };
        let cluster = Cluster::connect(&options).await?;
        match cluster.read_path("/version").await {
            Ok(_) => Ok(cluster),
            Err(error) => {
                Err(Error { action: "connect to", place: cluster.place().to_owned(), ..error })
            }
        }
    }

    /// The options of the client.
    pub(in crate::cli) fn options(&self) -> ConnectOptions {
        let Self { kubeconfig, context, act_as, act_as_groups } = self.clone();
        ConnectOptions { kubeconfig, context, act_as, act_as_groups, ..ConnectOptions::default() }
    }
}
