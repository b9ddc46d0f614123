//! From a kubeconfig, or from inside of a pod, to a client.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, RwLock};
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};

use super::error::{Error, Problem};
use super::{Cluster, kinds, limit, proxy, transport};

/// How long a credential plugin of a kubeconfig may take.
const PLUGIN_LIMIT: Duration = Duration::from_secs(30);
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// Which cluster, and as whom.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// The kubeconfig; without one `KUBECONFIG`, then `~/.kube/config`, then the pod's own account.
    pub kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig in place of its current one.
    pub context: Option<String>,
    /// The user to act as, for those who may impersonate.
    pub act_as: Option<String>,
    /// Groups of the user to act as.
    pub act_as_groups: Vec<String>,
    /// For how long errors that pass are waited out, once the server has answered at all.
    pub patience: Duration,
    /// How long one request may take, its answer included.
    pub request_limit: Duration,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            kubeconfig: None,
            context: None,
            act_as: None,
            act_as_groups: Vec::new(),
            patience: Duration::from_secs(60),
            request_limit: Duration::from_secs(30),
        }
    }
}

impl Cluster {
    /// Connects to a cluster. No request is sent yet, but a credential plugin may run.
    ///
    /// # Errors
    /// There is no usable kubeconfig, or a credential plugin fails.
    pub async fn connect(options: &ConnectOptions) -> Result<Self, Error> {
        let (client, place) = client(options).await?;
        Ok(Self {
            client: RwLock::new(client),
            options: options.clone(),
            place,
            kinds: Mutex::new(kinds::Kinds::default()),
            limit: limit::Limit::default(),
            warnings: Mutex::default(),
            date: Mutex::default(),
            answered: AtomicBool::new(false),
            end: Mutex::default(),
        })
    }

    /// Reads the kubeconfig and its credentials again: tokens and certificates are rotated.
    pub(super) async fn reconnect(&self) -> Result<(), Error> {
        let (client, _) = client(&self.options).await?;
        *self.client.write().unwrap_or_else(std::sync::PoisonError::into_inner) = client;
        Ok(())
    }

    pub(super) fn client(&self) -> kube::Client {
        self.client.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

async fn client(options: &ConnectOptions) -> Result<(kube::Client, String), Error> {
    let (mut config, name) = config(options).await?;
    config.default_retry = false;
    config.connect_timeout = Some(CONNECT_LIMIT);
    // Watches are quiet for long; every other request has a limit of its own.
    config.read_timeout = None;
    let impersonated = options.act_as.iter().map(|user| ("impersonate-user", user));
    let groups = options.act_as_groups.iter().map(|group| ("impersonate-group", group));
    for (header, value) in impersonated.chain(groups) {
        let value = HeaderValue::from_str(value)
            .map_err(|_| Error::usage(format!("`{value}` is no name of a user or group")))?;
        config.headers.push((HeaderName::from_static(header), value));
    }
    let place = format!("{name} ({})", config.cluster_url.to_string().trim_end_matches('/'));
    // A credential plugin is run here, and blocks.
    let built = tokio::task::spawn_blocking(move || transport::client(config));
    match tokio::time::timeout(PLUGIN_LIMIT, built).await {
        Ok(Ok(Ok(client))) => Ok((client, place)),
        Ok(Ok(Err(error))) => Err(Error::credentials(&place, &error)),
        Ok(Err(_)) => {
            Err(Error::connect(Problem::Credentials, &place, "the connection cannot be made"))
        }
        Err(_) => Err(Error::connect(
            Problem::Credentials,
            &place,
            "the credential plugin of the kubeconfig gave no answer in 30 s",
        )),
    }
}

async fn config(options: &ConnectOptions) -> Result<(kube::Config, String), Error> {
    let named = options.kubeconfig.is_some() || std::env::var_os("KUBECONFIG").is_some();
    let kubeconfig = match &options.kubeconfig {
        Some(path) => Kubeconfig::read_from(path).map_err(|e| Error::kubeconfig(Some(path), &e))?,
        None => match Kubeconfig::read() {
            Ok(kubeconfig) => kubeconfig,
            Err(KubeconfigError::ReadConfig(..) | KubeconfigError::FindPath) if !named => {
                return in_cluster();
            }
            Err(error) => return Err(Error::kubeconfig(None, &error)),
        },
    };
    let name = options
        .context
        .clone()
        .or_else(|| kubeconfig.current_context.clone())
        .unwrap_or_else(|| "cluster".to_owned());
    let selected =
        KubeConfigOptions { context: options.context.clone(), ..KubeConfigOptions::default() };
    let mut config = kube::Config::from_custom_kubeconfig(kubeconfig.clone(), &selected)
        .await
        .map_err(|error| Error::kubeconfig(options.kubeconfig.as_deref(), &error))?;
    config.proxy_url = proxy::of(&kubeconfig, &name, &config.cluster_url);
    Ok((config, name))
}

/// The pod's own account; outside of a pod there is no cluster at all.
fn in_cluster() -> Result<(kube::Config, String), Error> {
    match kube::Config::incluster() {
        Ok(config) => Ok((config, "this cluster".to_owned())),
        Err(_) => Err(Error::no_cluster()),
    }
}
