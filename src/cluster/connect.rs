//! Connects with a kubeconfig, or with the service account of a pod.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use http::{HeaderName, HeaderValue, Uri};
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use time::OffsetDateTime;

use super::discovery::Discovery;
use super::error::{Error, ErrorKind};
use super::limit::Limit;
use super::stored::Stored;
use super::{Cluster, plugin, proxy, transport};

/// How long a credential plugin of a kubeconfig may take.
const PLUGIN_LIMIT: Duration = Duration::from_secs(30);
/// How long a failed login counts for all who wait for one.
const LOGIN_PAUSE: Duration = Duration::from_secs(10);
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// Which cluster to connect to, and as which user.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// The kubeconfig; by default `KUBECONFIG`, then `~/.kube/config`, then the service account of the pod.
    pub kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig instead of the current one.
    pub context: Option<String>,
    /// The user to impersonate.
    pub act_as: Option<String>,
    /// The groups to impersonate.
    pub act_as_groups: Vec<String>,
    /// How long transient errors are retried, after the server has responded once.
    pub patience: Duration,
    /// How long one request may take, with its response.
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

/// The number of the current credentials, incremented each time they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Login(u64);

/// The connection that all runs on one cluster share.
pub(super) struct Connection {
    client: RwLock<(kube::Client, Login)>,
    /// Why the last login failed, of which credentials, and when.
    reconnecting: tokio::sync::Mutex<Option<(Login, Instant, Error)>>,
    /// How to reconnect if the credentials are rejected.
    pub(super) options: ConnectOptions,
    /// A kubeconfig that is no file, and the way to its cluster.
    stored: Option<Stored>,
    pub(super) place: String,
    pub(super) discovery: Discovery,
    pub(super) limit: Limit,
    /// The time in the last response, and when that came.
    date: Mutex<Option<(OffsetDateTime, Instant)>>,
    /// Whether the server ever responded: before that it is retried for a shorter time.
    answered: AtomicBool,
}

impl Cluster {
    /// Connects to a cluster. No request is sent yet, but a credential plugin may run.
    ///
    /// # Errors
    /// There is no usable kubeconfig, or a credential plugin fails.
    pub async fn connect(options: &ConnectOptions) -> Result<Self, Error> {
        Self::open(options, None).await
    }

    /// Connects to a cluster whose kubeconfig another cluster stores. It may name neither a program nor a file of
    /// this machine. No request is sent yet.
    ///
    /// # Errors
    /// The kubeconfig is not valid, or it names a program or a file.
    pub async fn connect_stored(stored: Stored, options: &ConnectOptions) -> Result<Self, Error> {
        Self::open(options, Some(stored)).await
    }

    async fn open(options: &ConnectOptions, stored: Option<Stored>) -> Result<Self, Error> {
        let (client, place) = client(options, stored.as_ref()).await?;
        Ok(Self::new(Connection::new(client, place, options, stored)))
    }
}

impl Connection {
    pub(super) fn new(
        client: kube::Client,
        place: String,
        options: &ConnectOptions,
        stored: Option<Stored>,
    ) -> Self {
        Self {
            client: RwLock::new((client, Login::default())),
            reconnecting: tokio::sync::Mutex::default(),
            options: options.clone(),
            stored,
            place,
            discovery: Discovery::default(),
            limit: Limit::default(),
            date: Mutex::default(),
            answered: AtomicBool::new(false),
        }
    }

    /// Reads the kubeconfig and its credentials again, because tokens and certificates are rotated. If many
    /// requests were rejected, one does it for all: `refused` is the login of the caller.
    pub(super) async fn reconnect(&self, refused: Login) -> Result<(), Error> {
        let mut failed = self.reconnecting.lock().await;
        if self.login() != refused {
            return Ok(());
        }
        // A plugin may open a browser: many watches must not do so one after the other.
        if let Some((login, at, error)) = &*failed
            && *login == refused
            && at.elapsed() < LOGIN_PAUSE
        {
            return Err(error.clone());
        }
        let client = match client(&self.options, self.stored.as_ref()).await {
            Ok((client, _)) => client,
            Err(error) => {
                *failed = Some((refused, Instant::now(), error.clone()));
                return Err(error);
            }
        };
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

async fn client(
    options: &ConnectOptions,
    stored: Option<&Stored>,
) -> Result<(kube::Client, String), Error> {
    let impersonated = options.act_as.iter().map(|user| ("impersonate-user", user));
    let groups = options.act_as_groups.iter().map(|group| ("impersonate-group", group));
    let headers = impersonated
        .chain(groups)
        .map(|(header, name)| Ok((HeaderName::from_static(header), impersonated_name(name)?)));
    let headers = headers.collect::<Result<Vec<_>, Error>>()?;
    let (mut config, name) = match stored {
        Some(stored) => (stored.config().await?, stored.name.clone()),
        None => config(options).await?,
    };
    config.default_retry = false;
    config.connect_timeout = Some(CONNECT_LIMIT);
    // Watches may be silent for long; every other request has its own limit.
    config.read_timeout = None;
    config.headers.extend(headers);
    config.cluster_url = without_user(config.cluster_url);
    let place = format!("{name} ({})", config.cluster_url.to_string().trim_end_matches('/'));
    if let Some(stored) = stored {
        // It has no plugin.
        let client = match stored.through.clone() {
            Some(port) => transport::through(config, port),
            None => transport::client(config),
        };
        return Ok((client.map_err(|error| Error::credentials(&place, &error))?, place));
    }
    // A credential plugin is run here, and blocks.
    let told = place.clone();
    let built = tokio::task::spawn_blocking(move || {
        let refused = |cause| Error::connect(ErrorKind::Credentials, &told, cause);
        plugin::log_in(&mut config.auth_info).map_err(refused)?;
        transport::client(config).map_err(|error| Error::credentials(&told, &error))
    });
    match tokio::time::timeout(PLUGIN_LIMIT, built).await {
        Ok(Ok(client)) => Ok((client?, place)),
        Ok(Err(_)) => {
            Err(Error::connect(ErrorKind::Credentials, &place, "the client could not be created"))
        }
        Err(_) => Err(Error::connect(
            ErrorKind::Credentials,
            &place,
            "the credential plugin of the kubeconfig did not respond within 30 s",
        )),
    }
}

/// A user or group to impersonate. HTTP removes blanks around a value: another name would be left, or none, and
/// without a name nobody is impersonated.
fn impersonated_name(name: &str) -> Result<HeaderValue, Error> {
    let value = HeaderValue::from_str(name).ok();
    let is_whole = !name.is_empty() && name.trim() == name;
    value.filter(|_| is_whole).ok_or_else(|| {
        Error::usage(format!("{name:?} is not a valid name of a user or group to impersonate"))
    })
}

/// The address without user and password, which the library would not send but show.
fn without_user(url: Uri) -> Uri {
    let mut parts = url.clone().into_parts();
    let host = parts.authority.as_ref().and_then(|whole| whole.as_str().rsplit_once('@'));
    let Some(Ok(host)) = host.map(|(_, host)| host.parse()) else { return url };
    parts.authority = Some(host);
    Uri::from_parts(parts).unwrap_or(url)
}

pub(super) async fn config(options: &ConnectOptions) -> Result<(kube::Config, String), Error> {
    let named = options.kubeconfig.is_some() || is_kubeconfig_set();
    let mut kubeconfig = match &options.kubeconfig {
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
    let proxy = proxy::of(&mut kubeconfig, &name)?;
    let mut config = kube::Config::from_custom_kubeconfig(kubeconfig, &selected)
        .await
        .map_err(|error| Error::kubeconfig(options.kubeconfig.as_deref(), &error))?;
    config.proxy_url = proxy;
    Ok((config, name))
}

/// Whether `KUBECONFIG` names a file.
fn is_kubeconfig_set() -> bool {
    let files = std::env::var_os("KUBECONFIG").unwrap_or_default();
    std::env::split_paths(&files).any(|file| !file.as_os_str().is_empty())
}

/// The service account of the pod; an error outside of a pod.
fn in_cluster() -> Result<(kube::Config, String), Error> {
    match kube::Config::incluster() {
        Ok(config) => Ok((config, "this cluster".to_owned())),
        Err(_) => Err(Error::no_cluster()),
    }
}
