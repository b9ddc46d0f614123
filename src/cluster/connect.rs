//! From a kubeconfig, or from inside of a pod, to a client.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use http::{HeaderName, HeaderValue};
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use time::OffsetDateTime;

use super::discovery::Discovery;
use super::error::{Error, ErrorKind};
use super::limit::Limit;
use super::{Cluster, proxy, transport};

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

/// One reading of the credentials: the next has the next number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Login(u64);

/// What all runs on one cluster share.
pub(super) struct Connection {
    client: RwLock<(kube::Client, Login)>,
    reconnecting: tokio::sync::Mutex<()>,
    /// How to connect again when the credentials are refused.
    pub(super) options: ConnectOptions,
    pub(super) place: String,
    pub(super) discovery: Discovery,
    pub(super) limit: Limit,
    /// What the last answer said of the time, and when it came.
    date: Mutex<Option<(OffsetDateTime, Instant)>>,
    /// Whether the server ever answered: before that there is less patience.
    answered: AtomicBool,
}

impl Cluster {
    /// Connects to a cluster. No request is sent yet, but a credential plugin may run.
    ///
    /// # Errors
    /// There is no usable kubeconfig, or a credential plugin fails.
    pub async fn connect(options: &ConnectOptions) -> Result<Self, Error> {
        let (client, place) = client(options).await?;
        Ok(Self::new(Connection {
            client: RwLock::new((client, Login::default())),
            reconnecting: tokio::sync::Mutex::default(),
            options: options.clone(),
            place,
            discovery: Discovery::default(),
            limit: Limit::default(),
            date: Mutex::default(),
            answered: AtomicBool::new(false),
        }))
    }
}

impl Connection {
    /// Reads the kubeconfig and its credentials again, since tokens and certificates are rotated. Of many
    /// whose credentials were refused one does it for all: `refused` is the login of the caller.
    pub(super) async fn reconnect(&self, refused: Login) -> Result<(), Error> {
        let _reconnecting = self.reconnecting.lock().await;
        if self.login() != refused {
            return Ok(());
        }
        let (client, _) = client(&self.options).await?;
        let mut current = self.client.write().unwrap_or_else(PoisonError::into_inner);
        *current = (client, Login(refused.0 + 1));
        Ok(())
    }

    pub(super) fn client(&self) -> kube::Client {
        self.client.read().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// Which credentials are in use.
    pub(super) fn login(&self) -> Login {
        self.client.read().unwrap_or_else(PoisonError::into_inner).1
    }

    pub(super) fn note_date(&self, date: OffsetDateTime) {
        let mut last = self.date.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some((date, Instant::now()));
    }

    pub(super) fn server_time(&self) -> Option<OffsetDateTime> {
        let date = self.date.lock().unwrap_or_else(PoisonError::into_inner);
        date.map(|(date, at)| date + at.elapsed())
    }

    pub(super) fn note_answer(&self) {
        self.answered.store(true, Ordering::Relaxed);
    }

    pub(super) fn has_answered(&self) -> bool {
        self.answered.load(Ordering::Relaxed)
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
            Err(Error::connect(ErrorKind::Credentials, &place, "the connection cannot be made"))
        }
        Err(_) => Err(Error::connect(
            ErrorKind::Credentials,
            &place,
            "the credential plugin of the kubeconfig gave no answer in 30 s",
        )),
    }
}

async fn config(options: &ConnectOptions) -> Result<(kube::Config, String), Error> {
    let named = options.kubeconfig.is_some() || is_kubeconfig_set();
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
    config.proxy_url = proxy::of(&kubeconfig, &name, &config.cluster_url)?;
    Ok((config, name))
}

/// Whether `KUBECONFIG` names any file; an empty name is none.
fn is_kubeconfig_set() -> bool {
    let files = std::env::var_os("KUBECONFIG").unwrap_or_default();
    std::env::split_paths(&files).any(|file| !file.as_os_str().is_empty())
}

/// The pod's own account; outside of a pod there is no cluster at all.
fn in_cluster() -> Result<(kube::Config, String), Error> {
    match kube::Config::incluster() {
        Ok(config) => Ok((config, "this cluster".to_owned())),
        Err(_) => Err(Error::no_cluster()),
    }
}
